#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sys/socket.h>
#include <cmocka.h>

#include "cli/network_request.h"

static void assert_prefix(const struct prefix *p, const char *expected)
{
    char text[PREFIX_TEXT_MAX];

    assert_string_equal(prefix_format(p, text), expected);
}

static void assert_ip(const struct ip *ip, const char *expected)
{
    char text[IP_TEXT_MAX];

    assert_string_equal(ip_format(ip, text), expected);
}

static void all_options(void **state)
{
    struct network_request q = {
        .driver = (char[]){"macvlan"},
        .subnets = (char *[]){"10.1.0.0/16", "fd00:1::/64", NULL},
        .ranges = (char *[]){"10.1.5.0/24", NULL},
        .gateways = (char *[]){"fd00:1::1", "10.1.0.1", NULL},
        .aux = (char *[]){"router=10.1.5.1", "printer=10.1.5.2", "six=fd00:1::9", NULL},
        .options = (char *[]){"parent=eth0", "flag", NULL},
        .labels = (char *[]){"a=b=c", NULL},
        .egress = (char *[]){"deny", "allow=10.0.0.0/8", NULL},
        .internal = true,
        .disable_dns = true,
    };
    _cleanup_network_ struct network *n = NULL;
    struct err e = ERR_INIT;

    (void)state;
    if (network_request_read(&q, "lan", &n, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(n->name, "lan");
    assert_int_equal(n->driver, NETWORK_MACVLAN);
    assert_prefix(&n->v4.subnet, "10.1.0.0/16");
    assert_prefix(&n->v4.range, "10.1.5.0/24");
    assert_ip(&n->v4.gateway, "10.1.0.1");
    assert_prefix(&n->v6.subnet, "fd00:1::/64");
    assert_ip(&n->v6.gateway, "fd00:1::1");
    assert_int_equal(n->v4.n_aux, 2);
    assert_int_equal(n->v6.n_aux, 1);
    assert_string_equal(n->options[0], "parent=eth0");
    assert_string_equal(n->options[1], "flag=");
    assert_string_equal(n->labels[0], "a=b=c");
    assert_true(n->ipv6 && n->internal && n->no_dns && n->egress.deny);
    assert_string_equal(n->egress.allow[0], "10.0.0.0/8");
}

static void no_options(void **state)
{
    const struct network_request q = {0};
    _cleanup_network_ struct network *n = NULL;

    (void)state;
    assert_int_equal(network_request_read(&q, "web", &n, NULL), 0);
    assert_int_equal(n->driver, NETWORK_BRIDGE);
    assert_int_equal(n->v4.subnet.ip.family, 0);
    assert_false(n->ipv6 || n->internal || n->no_dns || n->egress.deny);
}

static void assert_refused(const struct network_request *q, const char *says)
{
    struct network *n = NULL;
    struct err e = ERR_INIT;

    if (network_request_read(q, "web", &n, &e) >= 0)
        fail_msg("taken in spite of: %s", says);
    if (!strstr(e.text, says))
        fail_msg("%s, not: %s", e.text, says);
}

#define LIST(...)                                                                                                      \
    (char *[])                                                                                                         \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static void mistakes(void **state)
{
    char **subnet = LIST("10.1.0.0/16");

    (void)state;
    assert_refused(&(struct network_request){.driver = (char[]){"bridg"}}, "no network driver \"bridg\"");
    assert_refused(&(struct network_request){.subnets = LIST("10.1.0.0")}, "10.1.0.0/24");
    assert_refused(&(struct network_request){.subnets = LIST("10.1.0/24")}, "--subnet");
    assert_refused(&(struct network_request){.subnets = LIST("10.1.0.1/24")}, "it should be 10.1.0.0/24");
    assert_refused(&(struct network_request){.subnets = LIST("10.1.0.0/16", "10.2.0.0/16")}, "one of each family");
    assert_refused(&(struct network_request){.gateways = LIST("10.1.0.1")}, "needs a --subnet");
    assert_refused(&(struct network_request){.subnets = subnet, .gateways = LIST("10.2.0.1")}, "in no --subnet");
    assert_refused(&(struct network_request){.subnets = subnet, .gateways = LIST("10.1.0.1", "10.1.0.2")},
                   "has one already");
    assert_refused(&(struct network_request){.subnets = subnet, .ranges = LIST("10.0.0.0/8")}, "--ip-range");
    assert_refused(&(struct network_request){.subnets = subnet, .aux = LIST("10.1.0.9")}, "it is NAME=ADDRESS");
    assert_refused(&(struct network_request){.subnets = subnet, .aux = LIST("x=10.2.0.9")}, "in no --subnet");
    assert_refused(&(struct network_request){.options = LIST("=x")}, "it is KEY=VALUE");
    assert_refused(&(struct network_request){.egress = LIST("allow=10.0.0.1")}, "add --egress deny");
    assert_refused(&(struct network_request){.egress = LIST("deny", "allow=10.0.0.1:x")},
                   "--egress: egress rule \"10.0.0.1:x\"");
    assert_refused(&(struct network_request){.egress = LIST("allow")}, "it is deny, or allow=HOST");
    assert_refused(&(struct network_request){.ipam_driver = (char[]){"dhcp"}}, "there is only \"default\"");
    assert_refused(&(struct network_request){.no_ipv4 = true}, "every network has IPv4");
}

static void a_bad_name(void **state)
{
    const struct network_request q = {0};
    struct network *n = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_true(network_request_read(&q, "we b", &n, &e) < 0);
    assert_non_null(strstr(e.text, "invalid network name"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_options),
        cmocka_unit_test(no_options),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(a_bad_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
