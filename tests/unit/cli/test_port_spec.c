#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "cli/port_spec.h"

static void forms(void **state)
{
    static const struct {
        const char *text;
        struct port_spec expected;
    } rows[] = {
        {"80", {"", 0, 0, 80, 1, IPPROTO_TCP}},
        {"8080:80", {"", 8080, 0, 80, 1, IPPROTO_TCP}},
        {":80", {"", 0, 0, 80, 1, IPPROTO_TCP}},
        {"0:80", {"", 0, 0, 80, 1, IPPROTO_TCP}},
        {"53:53/udp", {"", 53, 0, 53, 1, IPPROTO_UDP}},
        {"53/UDP", {"", 0, 0, 53, 1, IPPROTO_UDP}},
        {"9899:9899/sctp", {"", 9899, 0, 9899, 1, IPPROTO_SCTP}},
        {"127.0.0.1:8080:80", {"127.0.0.1", 8080, 0, 80, 1, IPPROTO_TCP}},
        {"127.0.0.1::80", {"127.0.0.1", 0, 0, 80, 1, IPPROTO_TCP}},
        {"0.0.0.0:80:80", {"0.0.0.0", 80, 0, 80, 1, IPPROTO_TCP}},
        {"[::1]:8080:80", {"::1", 8080, 0, 80, 1, IPPROTO_TCP}},
        {"[::1]::80/udp", {"::1", 0, 0, 80, 1, IPPROTO_UDP}},
        {"[fd00:0:0::5]:1:2", {"fd00::5", 1, 0, 2, 1, IPPROTO_TCP}},
        {"8000-8010", {"", 0, 0, 8000, 11, IPPROTO_TCP}},
        {"8000-8010:9000-9010", {"", 8000, 0, 9000, 11, IPPROTO_TCP}},
        {"127.0.0.1:8000-8001:9000-9001/udp", {"127.0.0.1", 8000, 0, 9000, 2, IPPROTO_UDP}},
        {"8000-8010:80", {"", 8000, 8010, 80, 1, IPPROTO_TCP}},
        {"65535:65535", {"", 65535, 0, 65535, 1, IPPROTO_TCP}},
        {"1-65535", {"", 0, 0, 1, 65535, IPPROTO_TCP}},
        {"target=80", {"", 0, 0, 80, 1, IPPROTO_TCP}},
        {"target=80,published=8080,protocol=udp", {"", 8080, 0, 80, 1, IPPROTO_UDP}},
        {"published=8080,target=80,mode=host,host_ip=::1", {"::1", 8080, 0, 80, 1, IPPROTO_TCP}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct port_spec s = {0};
        const struct port_spec *x = &rows[i].expected;
        struct err e = ERR_INIT;

        if (port_spec_parse(rows[i].text, "--publish", &s, &e) < 0)
            fail_msg("%s: %s", rows[i].text, e.text);
        if (strcmp(s.host_ip, x->host_ip) != 0 || s.host_port != x->host_port || s.host_end != x->host_end ||
            s.port != x->port || s.count != x->count || s.protocol != x->protocol)
            fail_msg("%s: %s %u %u %u %u %u", rows[i].text, s.host_ip, s.host_port, s.host_end, s.port, s.count,
                     s.protocol);
    }
}

static void mistakes(void **state)
{
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "--publish \"\": "},
        {"x", "invalid port"},
        {"0", "ports are 1 to 65535"},
        {"80:", "invalid port"},
        {"80:0", "ports are 1 to 65535"},
        {"65536", "ports are 1 to 65535"},
        {"8080:80:x:y", "[[HOST_IP:][HOST_PORT]:]PORT[/PROTOCOL]"},
        {"::1:8080:80", "in brackets: [::1]:8080:80"},
        {"[::1:8080:80", "invalid port"},
        {"127.0.0.1:80", "write 127.0.0.1:80:80, or 127.0.0.1::80"},
        {"localhost:8080:80", "\"localhost\" is no address"},
        {"80/tpc", "tcp, udp or sctp"},
        {"80/", "tcp, udp or sctp"},
        {"8000-8005:80-81", "6 ports of the host for 2"},
        {"80:8000-8005", "1 port of the host for 6"},
        {"8010-8000", "invalid port range"},
        {"8000-8010:9010-9000", "invalid port range"},
        {"80 81", "invalid port"},
        {"80,81", "one port or range at a time"},
        {"+80", "invalid port"},
        {"8080:80:tcp", "\"8080\" is no address"},
        {"published=80", "target=PORT is missing"},
        {"target=80,publish=81", "unknown word \"publish\""},
        {"target=80,published", "unknown word \"published\""},
        {"target=80,protocol=icmp", "tcp, udp or sctp"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct port_spec s = {0};
        struct err e = ERR_INIT;

        if (port_spec_parse(rows[i].text, "--publish", &s, &e) >= 0)
            fail_msg("\"%s\" was taken", rows[i].text);
        assert_int_equal(e.kind, ERR_INVALID);
        if (!strstr(e.text, rows[i].says))
            fail_msg("\"%s\": %s", rows[i].text, e.text);
    }
}

static void bindings(void **state)
{
    struct port_spec s = {0};
    struct port_binding p;

    (void)state;
    assert_int_equal(port_spec_parse("127.0.0.1:8000-8002:9000-9002/udp", "--publish", &s, NULL), 0);
    p = port_spec_binding(&s, 2);
    assert_string_equal(p.host_ip, "127.0.0.1");
    assert_int_equal(p.host_port, 8002);
    assert_int_equal(p.port, 9002);
    assert_int_equal(p.protocol, IPPROTO_UDP);
    assert_int_equal(port_spec_parse("9000-9002", "--publish", &s, NULL), 0);
    p = port_spec_binding(&s, 1);
    assert_null(p.host_ip);
    assert_int_equal(p.host_port, 0);
    assert_int_equal(p.port, 9001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(bindings),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
