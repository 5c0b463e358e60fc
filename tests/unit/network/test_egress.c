/* Egress rules as text. */
#include "base/unit.h"

#include <netinet/in.h>

#include "network/egress.h"

/* The rule in one notation for all: "10.0.0.0/8 443 tcp", "deb.example.org 0 any". */
static const char *parsed(const char *text)
{
    static char buf[512];
    struct egress_rule r;
    struct err e = ERR_INIT;
    char prefix[PREFIX_TEXT_MAX];

    if (egress_rule_parse(text, &r, &e) < 0) {
        assert_int_equal(e.kind, ERR_INVALID);
        return "";
    }
    snprintf(buf, sizeof(buf), "%s %u %s", ip_is_set(&r.to.ip) ? prefix_format(&r.to, prefix) : r.name, r.port,
             r.protocol == 0             ? "any"
             : r.protocol == IPPROTO_TCP ? "tcp"
             : r.protocol == IPPROTO_UDP ? "udp"
                                         : "sctp");
    return buf;
}

static void addresses(void **state)
{
    (void)state;
    assert_string_equal(parsed("10.0.0.1"), "10.0.0.1/32 0 any");
    assert_string_equal(parsed("10.1.2.3/8"), "10.0.0.0/8 0 any");
    assert_string_equal(parsed("0.0.0.0/0:53/udp"), "0.0.0.0/0 53 udp");
    assert_string_equal(parsed("10.0.0.1:443"), "10.0.0.1/32 443 any");
    assert_string_equal(parsed("10.0.0.0/8:443/tcp"), "10.0.0.0/8 443 tcp");
    assert_string_equal(parsed("10.0.0.0/8/sctp"), "10.0.0.0/8 0 sctp");
}

static void ipv6_addresses(void **state)
{
    (void)state;
    assert_string_equal(parsed("fd00::1"), "fd00::1/128 0 any");
    assert_string_equal(parsed("fd00::/8"), "fd00::/8 0 any");
    assert_string_equal(parsed("fd00::/8/udp"), "fd00::/8 0 udp");
    assert_string_equal(parsed("[fd00::1]"), "fd00::1/128 0 any");
    assert_string_equal(parsed("[fd00::1]:53/udp"), "fd00::1/128 53 udp");
    assert_string_equal(parsed("[fd00::]/8:53"), "fd00::/8 53 any");
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(parsed("deb.example.org"), "deb.example.org 0 any");
    assert_string_equal(parsed("Deb.Example.ORG:443/TCP"), "deb.example.org 443 tcp");
    assert_string_equal(parsed("*.example.org"), "example.org 0 any");
    assert_string_equal(parsed("localhost:80"), "localhost 80 any");
}

static void what_is_none(void **state)
{
    static const char *const bad[] = {
        "",
        ":443",
        "/tcp",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "10.0.0.1:http",
        "10.0.0.0/33",
        "10.0.0",
        "10.0.0.256",
        "fd00::1::2",
        "[fd00::1",
        "[fd00::1]x",

        "a..b",
        ".a",
        "a.",
        "a b",
        "a/b",
        "a#b",
        "*.",
        "*",
        "a.*.b",
        "exa,mple",
        "10.0.0.1/icmp",
    };
    char long_name[600];

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        if (*parsed(bad[i]) != '\0')
            fail_msg("\"%s\" is taken for \"%s\"", bad[i], parsed(bad[i]));
    }
    memset(long_name, 'a', sizeof(long_name));
    long_name[EGRESS_NAME_MAX + 1] = '\0';
    assert_string_equal(parsed(long_name), "");
    long_name[EGRESS_NAME_MAX + 1] = 'a';
    long_name[sizeof(long_name) - 1] = '\0';
    assert_string_equal(parsed(long_name), "");
}

static void the_error_says_what_a_rule_is(void **state)
{
    struct egress_rule r;
    struct err e = ERR_INIT;

    (void)state;
    assert_true(egress_rule_parse("a b", &r, &e) < 0);
    assert_says(&e, "\"a b\" is no egress rule: ADDRESS, PREFIX or NAME, and then [:PORT][/PROTOCOL]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses),
        cmocka_unit_test(ipv6_addresses),
        cmocka_unit_test(names),
        cmocka_unit_test(what_is_none),
        cmocka_unit_test(the_error_says_what_a_rule_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
