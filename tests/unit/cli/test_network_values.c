#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strv.h"
#include "cli/container_options.h"
#include "cli/network_values.h"

static int set_up(void **state)
{
    *state = container_new();
    return 0;
}

static int tear_down(void **state)
{
    container_free(*state);
    return 0;
}

typedef int value_parser(const char *value, void *target, struct err *e);

static void assert_taken(value_parser *parse, void *target, const char *value)
{
    struct err e = ERR_INIT;

    if (parse(value, target, &e) < 0)
        fail_msg("%s: %s", value, e.text);
}

static void assert_refused(value_parser *parse, void *target, const char *value, const char *says)
{
    struct err e = ERR_INIT;

    if (parse(value, target, &e) >= 0)
        fail_msg("\"%s\" was taken", value);
    if (!strstr(e.text, says))
        fail_msg("\"%s\": %s", value, e.text);
}

static void networks_short_and_long(void **state)
{
    struct container *c = *state;

    assert_taken(value_network, c, "front");
    assert_taken(value_network, c,
                 "name=back,alias=db,alias=sql,alias=db,ip=10.0.0.5,ip6=fd00::5,mac-address=02:42:ac:11:00:05,"
                 "gw-priority=-3,driver-opt=com.example=1=2");
    assert_taken(value_network, c, "container:web");
    assert_int_equal(c->n_endpoints, 3);
    assert_string_equal(c->endpoints[0].network, "front");
    assert_null(c->endpoints[0].ip);
    assert_string_equal(c->endpoints[1].network, "back");
    assert_string_equal(c->endpoints[1].ip, "10.0.0.5");
    assert_string_equal(c->endpoints[1].ip6, "fd00::5");
    assert_string_equal(c->endpoints[1].mac, "02:42:ac:11:00:05");
    assert_int_equal(c->endpoints[1].gw_priority, -3);
    assert_int_equal(strv_len(c->endpoints[1].aliases), 2);
    assert_string_equal(c->endpoints[1].driver_opts[0], "com.example=1=2");
    assert_string_equal(c->endpoints[2].network, "container:web");
}

static void network_mistakes(void **state)
{
    struct container *c = *state;

    assert_refused(value_network, c, "", "the network's name is missing");
    assert_refused(value_network, c, "contianer:web", "is container:NAME");
    assert_refused(value_network, c, "alias=db", "the network's name is missing");
    assert_refused(value_network, c, "name=", "the network's name is missing");
    assert_refused(value_network, c, "name=a,alais=db", "did you mean alias=?");
    assert_refused(value_network, c, "name=a,x=1", "known are name, alias");
    assert_refused(value_network, c, "name=a,db", "\"db\" has no value");
    assert_refused(value_network, c, "name=a,gw-priority=high", "use a whole number");
    assert_refused(value_network, c, "name=a,gw-priority=99999999999", "out of range");
    assert_refused(value_network, c, "name=a,driver-opt=x", "it is KEY=VALUE");
    assert_int_equal(c->n_endpoints, 0);
}

static void wishes_of_the_first_network(void **state)
{
    struct endpoint_config common = {.ip = strdup("10.0.0.5")};
    struct container *c = *state;

    assert_int_equal(strv_add(&common.aliases, "db", NULL), 0);
    assert_taken(value_network, c, "name=back,alias=sql");
    assert_taken(value_network, c, "front");
    assert_int_equal(endpoint_values_finish(c, &common, NULL), 0);
    assert_null(common.ip);
    assert_string_equal(c->endpoints[0].ip, "10.0.0.5");
    assert_int_equal(strv_len(c->endpoints[0].aliases), 2);
    assert_null(c->endpoints[1].ip);
}

static void wishes_without_a_network(void **state)
{
    struct endpoint_config common = {.mac = strdup("02:42:ac:11:00:05")};
    struct endpoint_config none = {0};
    struct container *c = *state;

    assert_int_equal(endpoint_values_finish(c, &none, NULL), 0);
    assert_int_equal(c->n_endpoints, 0);
    assert_int_equal(endpoint_values_finish(c, &common, NULL), 0);
    assert_int_equal(c->n_endpoints, 1);
    assert_string_equal(c->endpoints[0].network, "default");
    assert_string_equal(c->endpoints[0].mac, "02:42:ac:11:00:05");
}

static void wishes_said_twice(void **state)
{
    struct endpoint_config common = {.ip = strdup("10.0.0.5")};
    struct container *c = *state;
    struct err e = ERR_INIT;

    assert_taken(value_network, c, "name=back,ip=10.0.0.6");
    assert_true(endpoint_values_finish(c, &common, &e) < 0);
    assert_int_equal(e.kind, ERR_CONFLICT);
    assert_non_null(strstr(e.text, "--ip and ip="));
}

static void published_ports_are_exposed(void **state)
{
    struct container *c = *state;

    assert_taken(value_publish, c, "127.0.0.1:8000-8001:80-81");
    assert_taken(value_publish, c, "8000-8010:80");
    assert_taken(value_expose, c, "80-82");
    assert_taken(value_expose, c, "53/udp");
    assert_int_equal(c->host.n_ports, 3);
    assert_string_equal(c->host.ports[1].host_ip, "127.0.0.1");
    assert_int_equal(c->host.ports[1].host_port, 8001);
    assert_int_equal(c->host.ports[1].port, 81);
    assert_null(c->host.ports[2].host_ip);
    assert_int_equal(c->host.ports[2].host_end, 8010);
    assert_int_equal(strv_len(c->config.exposed_ports), 4);
    assert_string_equal(c->config.exposed_ports[0], "80-81/tcp");
    assert_string_equal(c->config.exposed_ports[1], "80-80/tcp");
    assert_string_equal(c->config.exposed_ports[2], "80-82");
    assert_string_equal(c->config.exposed_ports[3], "53/udp");
    assert_refused(value_expose, c, "80:80", "--expose");
}

static void added_hosts(void **state)
{
    struct container *c = *state;
    char **hosts;

    assert_taken(value_add_host, c, "db:10.0.0.5");
    assert_taken(value_add_host, c, "db6=fd00::5");
    assert_taken(value_add_host, c, "bracketed:[fd00::5]");
    assert_taken(value_add_host, c, "outside:host-gateway");
    hosts = c->host.extra_hosts;
    assert_string_equal(hosts[0], "db:10.0.0.5");
    assert_string_equal(hosts[1], "db6:fd00::5");
    assert_string_equal(hosts[2], "bracketed:fd00::5");
    assert_string_equal(hosts[3], "outside:host-gateway");
    assert_refused(value_add_host, c, "db", "it is NAME:ADDRESS");
    assert_refused(value_add_host, c, ":10.0.0.5", "it is NAME:ADDRESS");
    assert_refused(value_add_host, c, "db:10.0.0.500", "is no IP address");
    assert_refused(value_add_host, c, "db:", "is no IP address");
    assert_refused(value_add_host, c, "a\n10.0.0.1 b:10.0.0.5", "is no host name");
    assert_refused(value_add_host, c, "a b:10.0.0.5", "is no host name");
}

static void name_servers(void **state)
{
    struct container *c = *state;

    assert_taken(value_dns, c, "10.0.0.53");
    assert_taken(value_dns, c, "fd00::53");
    assert_refused(value_dns, c, "dns.example.org", "not an IP address");
    assert_int_equal(strv_len(c->host.dns), 2);
}

static void rates(void **state)
{
    static const struct {
        const char *text;
        int64_t bytes;
    } rows[] = {{"0", 0},
                {"1000", 1000},
                {"10m", 10 * 1024 * 1024},
                {"10MB", 10 * 1024 * 1024},
                {"1.5k", 1536},
                {"100mbit", 12500000},
                {"1gbit", 125000000},
                {"1.5Gbit", 187500000},
                {"800kbit", 100000},
                {"64bit", 8},
                {"9000000000gbit", INT64_C(1125000000000000000)}};
    static const char *const wrong[] = {"", "m", "-1", "bit", "10mbits", "10 mbit", "10m/s", "ten"};
    struct container *c = *state;

    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        assert_taken(value_network_rate, c, rows[i].text);
        assert_int_equal(c->host.network_rate, rows[i].bytes);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
        assert_refused(value_network_rate, c, wrong[i], "bytes a second (500k, 10m, 1g) or bits");
}

static void links_are_refused_with_advice(void **state)
{
    assert_refused(value_link, *state, "db:sql", "sampan network create NET");
    assert_refused(value_link, *state, "db:sql", "another name for db is");
}

static void options_of_the_command_line(void **state)
{
    static const char *const words[] = {"run",
                                        "--net",
                                        "front",
                                        "--network",
                                        "back",
                                        "--ip=10.0.0.5",
                                        "--network-alias",
                                        "a",
                                        "-p",
                                        "80:80",
                                        "-P",
                                        "--egress",
                                        "deny",
                                        "--egress=allow=10.0.0.1:443",
                                        "--network-rate",
                                        "1m",
                                        "--dns-opt",
                                        "ndots:1",
                                        "busybox"};
    struct container *c = *state;
    struct container_options o = {.c = c};
    struct option_def table[CONTAINER_OPTIONS_MAX];
    char *argv[ARRAY_SIZE(words) + 1] = {NULL};
    bool help = false;
    int args = 0;

    for (size_t i = 0; i < ARRAY_SIZE(words); i++)
        argv[i] = (char *)words[i];
    table[container_options_table(&o, table, 0)] = (struct option_def){0};
    assert_int_equal(options_parse(table, ARRAY_SIZE(words), argv, OPTIONS_STOP_AT_ARG, &args, &help, NULL), 0);
    assert_int_equal(container_options_finish(&o, (int)ARRAY_SIZE(words) - args, argv + args, NULL), 0);
    container_options_release(&o);
    assert_int_equal(c->n_endpoints, 2);
    assert_string_equal(c->endpoints[0].ip, "10.0.0.5");
    assert_string_equal(c->endpoints[0].aliases[0], "a");
    assert_true(c->host.publish_all);
    assert_int_equal(strv_len(c->host.egress), 2);
    assert_int_equal(c->host.network_rate, 1024 * 1024);
    assert_string_equal(c->host.dns_options[0], "ndots:1");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(networks_short_and_long),
        TEST(network_mistakes),
        TEST(wishes_of_the_first_network),
        TEST(wishes_without_a_network),
        TEST(wishes_said_twice),
        TEST(published_ports_are_exposed),
        TEST(added_hosts),
        TEST(name_servers),
        TEST(rates),
        TEST(links_are_refused_with_advice),
        TEST(options_of_the_command_line),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
