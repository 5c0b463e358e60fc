#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <netinet/in.h>
#include <cmocka.h>

#include "base/strv.h"
#include "cli/port_view.h"
#include "network/plan.h"

static int set_up(void **state)
{
    struct container *c = container_new();

    c->name = strdup("web");
    c->net = net_plan_new();
    *state = c;
    return 0;
}

static int tear_down(void **state)
{
    container_free(*state);
    return 0;
}

static struct ip ip(const char *text)
{
    struct ip parsed = {0};

    if (*text)
        assert_int_equal(ip_parse(text, "test", &parsed, NULL), 0);
    return parsed;
}

static void publish(struct container *c, const char *host, unsigned host_port, unsigned port, uint8_t protocol)
{
    *net_plan_add_port(c->net) = (struct net_port){
        .protocol = protocol,
        .host = ip(host),
        .host_port = (uint16_t)host_port,
        .to = ip("172.18.0.2"),
        .port = (uint16_t)port,
    };
}

static void expose(struct container *c, const char *port)
{
    assert_int_equal(strv_add(&c->config.exposed_ports, port, NULL), 0);
}

static void assert_cell(const struct container *c, const char *expected)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(4096);

    port_view_cell(c, &out);
    assert_string_equal(strbuf_str(&out), expected);
}

static void nothing_of_what_does_not_run(void **state)
{
    struct container *c = *state;

    expose(c, "80/tcp");
    assert_cell(c, "80/tcp");
    net_plan_free(TAKE_PTR(c->net));
    assert_cell(c, "");
}

static void both_families(void **state)
{
    publish(*state, "::", 8080, 80, IPPROTO_TCP);
    publish(*state, "0.0.0.0", 8080, 80, IPPROTO_TCP);
    assert_cell(*state, "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp");
}

static void neighbours_are_one_range(void **state)
{
    publish(*state, "0.0.0.0", 9001, 81, IPPROTO_TCP);
    publish(*state, "0.0.0.0", 9000, 80, IPPROTO_TCP);
    publish(*state, "0.0.0.0", 9002, 82, IPPROTO_TCP);
    publish(*state, "0.0.0.0", 9003, 83, IPPROTO_UDP);
    publish(*state, "127.0.0.1", 9004, 83, IPPROTO_TCP);
    assert_cell(*state, "0.0.0.0:9000-9002->80-82/tcp, 127.0.0.1:9004->83/tcp, 0.0.0.0:9003->83/udp");
}

static void no_range_where_only_one_side_goes_on(void **state)
{
    publish(*state, "0.0.0.0", 9000, 80, IPPROTO_TCP);
    publish(*state, "0.0.0.0", 9005, 81, IPPROTO_TCP);
    publish(*state, "0.0.0.0", 9006, 83, IPPROTO_TCP);
    assert_cell(*state, "0.0.0.0:9000->80/tcp, 0.0.0.0:9005->81/tcp, 0.0.0.0:9006->83/tcp");
}

static void exposed_ports_come_last(void **state)
{
    publish(*state, "0.0.0.0", 8080, 80, IPPROTO_TCP);
    expose(*state, "80/tcp");
    expose(*state, "80/udp");
    expose(*state, "22/tcp");
    expose(*state, "23/tcp");
    assert_cell(*state, "0.0.0.0:8080->80/tcp, 22-23/tcp, 80/udp");
}

static void lines(void **state)
{
    const struct port_range only = {.first = 80, .last = 80, .protocol = IPPROTO_TCP};
    const struct port_range none = {.first = 80, .last = 80, .protocol = IPPROTO_UDP};
    _cleanup_strbuf_ struct strbuf all = STRBUF_INIT(4096), one = STRBUF_INIT(4096);

    publish(*state, "0.0.0.0", 8443, 443, IPPROTO_TCP);
    publish(*state, "0.0.0.0", 8080, 80, IPPROTO_TCP);
    publish(*state, "::", 8080, 80, IPPROTO_TCP);
    assert_int_equal(port_view_lines(*state, NULL, &all), 3);
    assert_string_equal(strbuf_str(&all), "80/tcp -> 0.0.0.0:8080\n80/tcp -> [::]:8080\n443/tcp -> 0.0.0.0:8443\n");
    assert_int_equal(port_view_lines(*state, &only, &one), 2);
    assert_string_equal(strbuf_str(&one), "0.0.0.0:8080\n[::]:8080\n");
    assert_int_equal(port_view_lines(*state, &none, &one), 0);
}

/* ---- who reaches what ---- */

static struct network *make(struct container *c, const char *name, enum network_driver driver, const char *address)
{
    struct network *n = network_new();
    struct net_interface *i = net_plan_add_interface(c->net);

    memset(n->id, *name, NETWORK_ID_LEN);
    n->name = strdup(name);
    n->driver = driver;
    memcpy(i->network, n->id, sizeof(i->network));
    i->address4.ip = ip(address);
    return n;
}

static void assert_row(json_object *rows, size_t i, const char *port, const char *address, const char *from)
{
    json_object *row = json_object_array_get_idx(rows, i);

    assert_string_equal(json_object_get_string(json_get(row, "Container")), "web");
    assert_string_equal(json_object_get_string(json_get(row, "Port")), port);
    assert_string_equal(json_object_get_string(json_get(row, "Address")), address);
    assert_string_equal(json_object_get_string(json_get(row, "From")), from);
}

static void reach_of_published_ports(void **state)
{
    const struct net_config rules = {.publish_to_all = true}, open = {.ports_open = true};
    _cleanup_json_ json_object *rows = json_object_new_array(), *more = json_object_new_array();
    struct network *none = NULL;

    net_plan_add_interface(((struct container *)*state)->net);
    publish(*state, "0.0.0.0", 8080, 80, IPPROTO_TCP);
    publish(*state, "127.0.0.1", 8081, 81, IPPROTO_TCP);
    port_view_reach(*state, &rules, &none, rows);
    assert_int_equal(json_object_array_length(rows), 2);
    assert_row(rows, 0, "80/tcp", "0.0.0.0:8080",
               "this host and its containers, other hosts as far as its input rules let them in");
    assert_row(rows, 1, "81/tcp", "127.0.0.1:8081", "this host");
    port_view_reach(*state, &open, &none, more);
    assert_row(more, 0, "80/tcp", "0.0.0.0:8080", "this host and its containers, other hosts");
}

static void reach_by_own_addresses(void **state)
{
    const struct net_config config = {.publish_to_all = true};
    _cleanup_json_ json_object *rows = json_object_new_array();
    struct network *networks[] = {
        make(*state, "front", NETWORK_BRIDGE, "172.18.0.2"), make(*state, "alone", NETWORK_BRIDGE, "172.19.0.2"),
        make(*state, "lan", NETWORK_MACVLAN, "192.168.1.5"), make(*state, "wide", NETWORK_OVERLAY, "10.0.1.2"), NULL};

    networks[1]->isolated = true;
    memcpy(networks[2]->parent, "eth7", sizeof("eth7"));
    port_view_reach(*state, &config, networks, rows);
    assert_int_equal(json_object_array_length(rows), 4);
    assert_row(rows, 0, "any", "172.18.0.2", "this host, containers of front");
    assert_row(rows, 1, "any", "172.19.0.2", "this host");
    assert_row(rows, 2, "any", "192.168.1.5", "whoever is behind eth7, containers of lan; not this host");
    assert_row(rows, 3, "any", "10.0.1.2", "this host, containers of wide on all hosts");
    for (size_t i = 0; networks[i]; i++)
        network_free(networks[i]);
}

static void reach_without_networks(void **state)
{
    const struct net_config config = {.publish_to_all = true};
    _cleanup_json_ json_object *rows = json_object_new_array();
    struct network *none = NULL;

    port_view_reach(*state, &config, &none, rows);
    assert_int_equal(json_object_array_length(rows), 1);
    assert_row(rows, 0, "none", "", "nobody");
}

static void reach_without_addresses(void **state)
{
    static const struct {
        const char *mode, *address, *from;
    } expected[] = {{"host", "this host's", "whoever reaches this host"},
                    {"none", "", "nobody"},
                    {"container:db", "container:db", "whoever reaches that container"}};
    const struct net_config config = {0};
    struct container *c = *state;
    struct network *none = NULL;

    net_plan_free(TAKE_PTR(c->net));
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
        _cleanup_json_ json_object *rows = json_object_new_array();

        free(c->host.network_mode);
        c->host.network_mode = strdup(expected[i].mode);
        port_view_reach(c, &config, &none, rows);
        assert_row(rows, 0, strcmp(expected[i].mode, "none") == 0 ? "none" : "any", expected[i].address,
                   expected[i].from);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_of_what_does_not_run), TEST(both_families),
        TEST(neighbours_are_one_range),     TEST(no_range_where_only_one_side_goes_on),
        TEST(exposed_ports_come_last),      TEST(lines),
        TEST(reach_of_published_ports),     TEST(reach_by_own_addresses),
        TEST(reach_without_networks),       TEST(reach_without_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
