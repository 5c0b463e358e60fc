/* What a container may ask of its networks. Needs root, as everything of the engine; makes no interface. */
#include "storage/unit.h"

#include <netinet/in.h>

#include "base/strv.h"
#include "engine/attach_endpoint.h"
#include "engine/attach_settle.h"
#include "engine/engine.h"

static char *dir;
static struct engine en;

static int setup(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    static char root[64], run_root[64];
    dir = scratch_make();
    snprintf(root, sizeof(root), "%s/root", dir);
    snprintf(run_root, sizeof(run_root), "%s/run", dir);
    setenv("SAMPAN_CONFIG", "/nonexistent/config.json", 1); /* defaults, whatever this machine has */
    const struct engine_options o = {.root = root, .run_root = run_root};
    return engine_open(&o, &en, NULL);
}

static int teardown(void **state)
{
    (void)state;
    if (geteuid() != 0)
        return 0;
    engine_close(&en);
    scratch_remove(dir);
    return 0;
}

static void need_root(void)
{
    if (geteuid() != 0)
        skip();
}

static struct endpoint_config *endpoint(struct container *c, const char *network)
{
    struct endpoint_config *o = container_add_endpoint(c);
    o->network = network ? strdup(network) : NULL;
    return o;
}

static void without_a_word_it_is_the_default_network(void **state)
{
    (void)state;
    need_root();
    const char *const words[] = {NULL, "", "default", "bridge"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        _cleanup_container_ struct container *c = container_new();
        c->host.network_mode = words[i] ? strdup(words[i]) : NULL;
        assert_ok(attach_settle(&en, c, e));
        assert_string_equal(c->host.network_mode, "bridge");
        assert_int_equal(c->n_endpoints, 1);
        assert_string_equal(c->endpoints[0].network, "bridge");
    }
}

static void options_alone_are_for_the_default_network(void **state)
{
    (void)state;
    need_root();
    _cleanup_container_ struct container *c = container_new();
    endpoint(c, NULL)->mac = strdup("02:00:00:00:00:01");
    assert_ok(attach_settle(&en, c, e));
    assert_int_equal(c->n_endpoints, 1);
    assert_string_equal(c->endpoints[0].network, "bridge");
    assert_string_equal(c->endpoints[0].mac, "02:00:00:00:00:01");
}

static void words_are_no_endpoints(void **state)
{
    (void)state;
    need_root();
    const char *const words[] = {"none", "host", "container:web"};
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        _cleanup_container_ struct container *c = container_new();
        endpoint(c, words[i]);
        assert_ok(attach_settle(&en, c, e));
        assert_string_equal(c->host.network_mode, words[i]);
        assert_int_equal(c->n_endpoints, 0);
    }
}

/* ---- what is refused ---- */

static void publish(struct container *c)
{
    container_add_port(c)->port = 80;
    c->host.ports[0].protocol = IPPROTO_TCP;
}
static void join(struct container *c)
{
    endpoint(c, "container:web");
}
static void join_and_publish(struct container *c)
{
    join(c);
    publish(c);
}
static void join_and_expose(struct container *c)
{
    join(c);
    strv_add(&c->config.exposed_ports, "80", NULL);
}
static void join_with_dns(struct container *c)
{
    join(c);
    strv_add(&c->host.dns, "10.0.0.1", NULL);
}
static void join_with_hosts(struct container *c)
{
    join(c);
    strv_add(&c->host.extra_hosts, "a:10.0.0.1", NULL);
}
static void host_with_mac(struct container *c)
{
    endpoint(c, "host")->mac = strdup("02:00:00:00:00:01");
}
static void none_with_address(struct container *c)
{
    endpoint(c, "none")->ip = strdup("10.0.0.1");
}
static void none_with_egress(struct container *c)
{
    endpoint(c, "none");
    strv_add(&c->host.egress, "deny", NULL);
}
static void host_and_another(struct container *c)
{
    endpoint(c, "host");
    endpoint(c, "bridge");
}
static void twice(struct container *c)
{
    endpoint(c, "bridge");
    endpoint(c, "bridge");
}
static void nowhere(struct container *c)
{
    endpoint(c, "nowhere");
}
static void alias_on_default(struct container *c)
{
    strv_add(&endpoint(c, NULL)->aliases, "db", NULL);
}
static void address_on_default(struct container *c)
{
    endpoint(c, "bridge")->ip = strdup("172.17.0.9");
}
static void group_mac(struct container *c)
{
    endpoint(c, "bridge")->mac = strdup("01:00:00:00:00:01");
}
static void bad_expose(struct container *c)
{
    strv_add(&c->config.exposed_ports, "http", NULL);
}
static void bad_egress(struct container *c)
{
    strv_add(&c->host.egress, "allow", NULL);
}
static void allow_alone(struct container *c)
{
    strv_add(&c->host.egress, "allow=10.0.0.0/8", NULL);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    need_root();
    const struct {
        void (*make)(struct container *c);
        enum err_kind kind;
        const char *part;
    } cases[] = {
        {join_and_publish, ERR_CONFLICT, "port publishing and the container type network mode"},
        {join_and_expose, ERR_CONFLICT, "port exposing and the container type network mode"},
        {join_with_dns, ERR_CONFLICT, "dns and the network mode"},
        {join_with_hosts, ERR_CONFLICT, "custom host-to-IP mapping and the network mode"},
        {host_with_mac, ERR_CONFLICT, "mac-address and the network mode"},
        {none_with_address, ERR_INVALID, "user defined networks only"},
        {none_with_egress, ERR_CONFLICT, "egress rules and the network mode none"},
        {host_and_another, ERR_CONFLICT, "cannot be combined with other networks"},
        {twice, ERR_INVALID, "specified multiple times"},
        {nowhere, ERR_NOT_FOUND, "nowhere"},
        {alias_on_default, ERR_INVALID, "only for containers in user defined networks"},
        {address_on_default, ERR_INVALID, "user defined networks only"},
        {group_mac, ERR_INVALID, "--mac-address"},
        {bad_expose, ERR_INVALID, "--expose"},
        {bad_egress, ERR_INVALID, "invalid --egress allow"},
        {allow_alone, ERR_INVALID, "--egress deny"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_container_ struct container *c = container_new();
        cases[i].make(c);
        assert_err(attach_settle(&en, c, e), cases[i].kind, cases[i].part);
    }
}

static void an_endpoint_fits_its_network(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_new();
    struct endpoint_config o = {0};
    char *aliases[] = {(char *)"db.internal_1", NULL}, *evil[] = {(char *)"a b", NULL};
    n->name = strdup("shop");
    assert_ok(prefix_parse("10.7.0.0/16", "test", &n->v4.subnet, e));
    o.ip = (char *)"10.7.3.3";
    o.aliases = aliases;
    assert_ok(attach_check_endpoint(n, &o, e));
    o.ip = (char *)"10.8.0.1";
    assert_err(attach_check_endpoint(n, &o, e), ERR_INVALID, "--ip 10.8.0.1 is not in 10.7.0.0/16");
    o.ip = (char *)"fd00::1";
    assert_err(attach_check_endpoint(n, &o, e), ERR_INVALID, "is not in 10.7.0.0/16");
    o.ip = NULL;
    o.ip6 = (char *)"fd00::1";
    assert_err(attach_check_endpoint(n, &o, e), ERR_INVALID, "has no such addresses");
    o.ip6 = NULL;
    o.aliases = evil; /* it would be a line of its own in the list of names */
    assert_err(attach_check_endpoint(n, &o, e), ERR_INVALID, "invalid network alias");
}

/* ---- default routes ---- */

static void the_default_route_is_the_first_s_or_that_of_the_highest_priority(void **state)
{
    (void)state;
    const struct {
        bool internal[3];
        int priority[3];
        size_t chosen; /* 3: none */
    } cases[] = {
        {{false, false, false}, {0, 0, 0}, 0}, {{true, false, false}, {0, 0, 0}, 1},
        {{false, false, false}, {0, 1, 0}, 1}, {{false, false, false}, {0, 5, 5}, 1},
        {{false, true, false}, {0, 9, 1}, 2},  {{false, false, false}, {-1, -2, -1}, 0},
        {{true, true, true}, {0, 0, 0}, 3},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_net_plan_ struct net_plan *plan = net_plan_new();
        struct network *networks[3];
        struct endpoint_config endpoints[3] = {0};
        for (size_t k = 0; k < 3; k++) {
            net_plan_add_interface(plan);
            networks[k] = network_new();
            networks[k]->internal = cases[i].internal[k];
            endpoints[k].gw_priority = cases[i].priority[k];
            assert_ok(ip_parse("10.0.0.1", "test", &networks[k]->v4.gateway, e));
        }
        attach_choose_gateways(plan, networks, endpoints);
        for (size_t k = 0; k < 3; k++) {
            assert_int_equal(ip_is_set(&plan->interfaces[k].gateway4), k == cases[i].chosen);
            network_free(networks[k]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_word_it_is_the_default_network),
        cmocka_unit_test(options_alone_are_for_the_default_network),
        cmocka_unit_test(words_are_no_endpoints),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(an_endpoint_fits_its_network),
        cmocka_unit_test(the_default_route_is_the_first_s_or_that_of_the_highest_priority),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
