/* Subnets against made-up routes, and the whole against those of a network namespace of the test's own. */
#include "storage/unit.h"

#include <sched.h>

#include "base/strv.h"
#include "kernel/netlink.h"
#include "network/config.h"
#include "network/network.h"
#include "network/routes.h"
#include "network/subnets.h"

#define ROUTES_MAX 64

static struct net_config config;
static struct net_instance in = {.default_bridge = "sampan0", .dir_fd = -1};
static struct route routes[ROUTES_MAX];
static struct route_list route_list = {.v = routes};
static struct network_claim claims[4096];
static struct network_surroundings around = {.claims = claims};

static int setup(void **state)
{
    (void)state;
    setenv("SAMPAN_CONFIG", "/nonexistent/config.json", 1);
    route_list.n = 0;
    around.n_claims = 0;
    assert_ok(prefix_parse("fd01:203:405::/48", "ula", &around.ula, e));
    return net_config_load(&config, NULL);
}

static int teardown(void **state)
{
    (void)state;
    net_config_release(&config);
    return 0;
}

static void add_route(const char *to, const char *device)
{
    struct route *r = &routes[route_list.n++];
    assert_ok(prefix_parse(to, "route", &r->to, e));
    snprintf(r->device, sizeof(r->device), "%s", device);
}

static void add_claim(const char *subnet, const char *holder)
{
    struct network_claim *c = &claims[around.n_claims++];
    assert_ok(prefix_parse(subnet, "claim", &c->subnet, e));
    c->holder = holder;
}

static struct network *network_of(const char *name, enum network_driver driver)
{
    struct network *n = network_new();
    n->name = strdup(name);
    n->driver = driver;
    return n;
}

static struct network *with_subnet(const char *subnet, const char *gateway, const char *range)
{
    struct network *n = network_of("web", NETWORK_BRIDGE);
    struct network_subnet *s = strchr(subnet, ':') ? &n->v6 : &n->v4;
    assert_ok(prefix_parse(subnet, "--subnet", &s->subnet, e));
    if (gateway)
        assert_ok(ip_parse(gateway, "--gateway", &s->gateway, e));
    if (range)
        assert_ok(prefix_parse(range, "--ip-range", &s->range, e));
    return n;
}

static void add_aux(struct network_subnet *s, const char *ip)
{
    s->aux = realloc(s->aux, (s->n_aux + 1) * sizeof(*s->aux));
    assert_ok(ip_parse(ip, "aux", &s->aux[s->n_aux++], e));
    assert_ok(strv_add(&s->aux_names, "aux", e));
}

static int settle(struct network *n, struct err *e)
{
    return subnets_settle(&config, &around, &route_list, n, e);
}

static void assert_prefix(const struct prefix *p, const char *text)
{
    char buf[PREFIX_TEXT_MAX];
    assert_string_equal(prefix_format(p, buf), text);
}

static void assert_ip(const struct ip *ip, const char *text)
{
    char buf[IP_TEXT_MAX];
    assert_string_equal(ip_format(ip, buf), text);
}

static void assert_chosen(const char *expected)
{
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE);
    assert_ok(settle(n, e));
    assert_prefix(&n->v4.subnet, expected);
}

/* ---- choosing ---- */

static void chosen_from_the_first_pool_with_gateway_and_range(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE);
    assert_ok(settle(n, e));
    assert_prefix(&n->v4.subnet, "172.24.0.0/24");
    assert_prefix(&n->v4.range, "172.24.0.0/24");
    assert_ip(&n->v4.gateway, "172.24.0.1");
    assert_false(n->ipv6 || ip_is_set(&n->v6.subnet.ip));
}

static void the_default_network_has_room_for_a_full_bridge(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("bridge", NETWORK_BRIDGE);
    add_claim("172.24.0.0/24", "web");
    assert_ok(settle(n, e));
    assert_prefix(&n->v4.subnet, "172.24.16.0/20");
    assert_true(prefix_size(&n->v4.subnet) > NETWORK_BRIDGE_PORTS_MAX);
    add_claim("172.24.16.0/20", "bridge");
    assert_chosen("172.24.1.0/24");
}

static void routes_and_claims_are_avoided(void **state)
{
    (void)state;
    add_route("172.24.0.0/16", "docker0"); /* larger than a candidate */
    add_claim("172.25.0.0/24", "a");
    add_route("172.25.1.128/25", "tun0"); /* smaller */
    add_route("172.25.2.5/32", "wg0");
    add_claim("fd00::/8", "v6"); /* another family is not in the way */
    assert_chosen("172.25.3.0/24");
    add_route("172.24.0.0/13", "vpn"); /* more than the whole pool */
    assert_chosen("172.20.0.0/24");
    add_route("172.16.0.0/12", "vpn");
    assert_chosen("192.168.0.0/24");
    add_route("192.168.0.0/16", "lan");
    assert_chosen("10.0.0.0/24");
}

static void thirty_one_networks_are_not_all(void **state)
{
    (void)state;
    char names[2100][20];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE);
        assert_ok(settle(n, e));
        snprintf(names[i], sizeof(names[i]), "n%zu", i);
        claims[around.n_claims++] = (struct network_claim){.subnet = n->v4.subnet, .holder = names[i]};
    }
    assert_prefix(&claims[1024].subnet, "172.20.0.0/24");
    assert_prefix(&claims[2099].subnet, "192.168.51.0/24");
}

static void exhausted_pools_say_what_to_do(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE);
    add_route("172.16.0.0/12", "a");
    add_route("192.168.0.0/16", "b");
    add_route("10.0.0.0/8", "c");
    assert_err(settle(n, e), ERR_CONFLICT, "give --subnet, or more \"default-address-pools\"");
    config.n_pools = 0;
    assert_err(settle(n, e), ERR_CONFLICT, "all address pools are used up");
}

/* At the very end of the addresses, where there is no next one. */
static void a_pool_at_the_end_ends(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE);
    config.n_pools = 1;
    assert_ok(prefix_parse("255.255.255.0/24", "base", &config.pools[0].base, e));
    config.pools[0].size = 25;
    add_claim("255.255.255.0/24", "all");
    assert_err(settle(n, e), ERR_CONFLICT, "all address pools are used up");
}

static void ipv6_comes_from_the_engine_s_own_bits(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE), *next = network_of("db", NETWORK_BRIDGE);
    n->ipv6 = next->ipv6 = true;
    assert_ok(settle(n, e));
    assert_prefix(&n->v6.subnet, "fd01:203:405::/64");
    assert_ip(&n->v6.gateway, "fd01:203:405::1");
    assert_prefix(&n->v4.subnet, "172.24.0.0/24"); /* and IPv4 as ever */
    add_claim("fd01:203:405::/64", "web");
    assert_ok(settle(next, e));
    assert_prefix(&next->v6.subnet, "fd01:203:405:1::/64");
}

static void ipv6_pools_go_before_them(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE), *none = network_of("db", NETWORK_BRIDGE);
    n->ipv6 = none->ipv6 = true;
    assert_ok(prefix_parse("2001:db8::/63", "base", &config.pools[1].base, e));
    config.pools[1].size = 64;
    add_route("2001:db8::/64", "eth0");
    assert_ok(settle(n, e));
    assert_prefix(&n->v6.subnet, "2001:db8:0:1::/64");
    add_claim("2001:db8:0:1::/64", "web");
    assert_err(settle(none, e), ERR_CONFLICT, "all address pools are used up");
}

/* ---- given ---- */

static void given_ones_are_completed(void **state)
{
    (void)state;
    const struct {
        const char *subnet, *gateway, *range, *gateway_then, *range_then;
    } cases[] = {
        {"10.1.0.0/16", NULL, NULL, "10.1.0.1", "10.1.0.0/16"},
        {"10.1.0.0/16", "10.1.255.254", "10.1.2.0/24", "10.1.255.254", "10.1.2.0/24"},
        {"10.1.0.0/16", NULL, "10.1.2.7/24", "10.1.0.1", "10.1.2.0/24"},
        {"10.1.0.0/31", NULL, NULL, "10.1.0.0", "10.1.0.0/31"},
        {"10.1.0.0/31", "10.1.0.1", NULL, "10.1.0.1", "10.1.0.0/31"},
        {"10.1.0.0/30", NULL, NULL, "10.1.0.1", "10.1.0.0/30"},
        {"fd00:7::/64", NULL, "fd00:7::8000/113", "fd00:7::1", "fd00:7::8000/113"},
        {"fd00:7::/127", NULL, NULL, "fd00:7::", "fd00:7::/127"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_network_ struct network *n = with_subnet(cases[i].subnet, cases[i].gateway, cases[i].range);
        bool is_v6 = strchr(cases[i].subnet, ':');
        assert_ok(settle(n, e));
        assert_int_equal(n->ipv6, is_v6); /* a subnet is as good as --ipv6 */
        assert_ip(is_v6 ? &n->v6.gateway : &n->v4.gateway, cases[i].gateway_then);
        assert_prefix(is_v6 ? &n->v6.range : &n->v4.range, cases[i].range_then);
    }
}

static void the_gateway_is_no_auxiliary_address(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = with_subnet("10.1.0.0/24", NULL, NULL),
                                     *both = with_subnet("10.1.0.0/24", "10.1.0.5", NULL);
    add_aux(&n->v4, "10.1.0.1");
    add_aux(&n->v4, "10.1.0.2");
    assert_ok(settle(n, e));
    assert_ip(&n->v4.gateway, "10.1.0.3");
    add_aux(&both->v4, "10.1.0.5");
    assert_err(settle(both, e), ERR_INVALID, "the gateway cannot be an auxiliary address");
}

static void wrong_ones_are_refused(void **state)
{
    (void)state;
    const struct {
        const char *subnet, *gateway, *range, *says;
    } cases[] = {
        {"10.1.0.5/24", NULL, NULL, "invalid subnet 10.1.0.5/24: it should be 10.1.0.0/24"},
        {"fd00::1/64", NULL, NULL, "it should be fd00::/64"},
        {"10.1.0.0/32", NULL, NULL, "it has one address only"},
        {"0.0.0.0/8", NULL, NULL, "no hosts'"},
        {"10.0.0.0/7", NULL, NULL, "no hosts'"},
        {"127.0.0.0/8", NULL, NULL, "no hosts'"},
        {"224.0.0.0/24", NULL, NULL, "no hosts'"},
        {"fe80::/64", NULL, NULL, "no hosts'"},
        {"ff02::/64", NULL, NULL, "no hosts'"},
        {"::/64", NULL, NULL, "no hosts'"},
        {"10.1.0.0/24", "10.2.0.1", NULL, "--gateway 10.2.0.1 is not in the subnet 10.1.0.0/24"},
        {"10.1.0.0/24", "fd00::1", NULL, "--gateway fd00::1 is not in the subnet"},
        {"10.1.0.0/24", "10.1.0.0", NULL, "--gateway 10.1.0.0 is no host's address"},
        {"10.1.0.0/24", "10.1.0.255", NULL, "--gateway 10.1.0.255 is no host's address"},
        {"10.1.0.0/24", NULL, "10.1.0.0/23", "--ip-range 10.1.0.0/23 is not in the subnet"},
        {"10.1.0.0/24", NULL, "10.2.0.0/25", "--ip-range 10.2.0.0/25 is not in the subnet"},
        {"10.1.0.0/24", NULL, "fd00::/64", "--ip-range fd00::/64 is not in the subnet"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_network_ struct network *n = with_subnet(cases[i].subnet, cases[i].gateway, cases[i].range);
        assert_err(settle(n, e), ERR_INVALID, cases[i].says);
    }
    _cleanup_network_ struct network *aux = with_subnet("10.1.0.0/24", NULL, NULL),
                                     *lonely = network_of("web", NETWORK_BRIDGE);
    add_aux(&aux->v4, "10.2.0.1");
    assert_err(settle(aux, e), ERR_INVALID, "--aux-address 10.2.0.1 is not in the subnet");
    assert_ok(ip_parse("10.1.0.1", "gateway", &lonely->v4.gateway, e));
    assert_err(settle(lonely, e), ERR_INVALID, "need a --subnet");
}

static void overlaps_are_told_with_whom(void **state)
{
    (void)state;
    _cleanup_network_ struct network *inside = with_subnet("10.1.2.0/24", NULL, NULL),
                                     *around_it = with_subnet("10.0.0.0/8", NULL, NULL),
                                     *routed = with_subnet("192.168.7.0/24", NULL, NULL),
                                     *lost = with_subnet("192.168.8.0/24", NULL, NULL);
    add_claim("10.1.0.0/16", "db");
    add_route("192.168.0.0/21", "eth0");
    add_route("192.168.8.8/32", "");
    assert_err(settle(inside, e), ERR_CONFLICT, "subnet 10.1.2.0/24 overlaps with 10.1.0.0/16 of network db");
    assert_err(settle(around_it, e), ERR_CONFLICT, "subnet 10.0.0.0/8 overlaps with 10.1.0.0/16 of network db");
    assert_err(settle(routed, e), ERR_CONFLICT, "overlaps with the host's route to 192.168.0.0/21 by eth0, which");
    assert_err(settle(lost, e), ERR_CONFLICT, "overlaps with the host's route to 192.168.8.8/32, which");
}

/* Its subnet is that of the parent, to which the host has a route; its gateway is somebody else's. */
static void macvlan_is_on_the_host_s_own_subnet(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = with_subnet("192.168.7.0/24", NULL, NULL);
    n->driver = NETWORK_MACVLAN;
    add_route("192.168.7.0/24", "eth0");
    assert_ok(settle(n, e));
    assert_false(ip_is_set(&n->v4.gateway));
}

static void an_overlay_s_subnet_is_the_keeper_s_affair(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_OVERLAY);
    n->ipv6 = true;
    assert_ok(settle(n, e));
    assert_false(ip_is_set(&n->v4.subnet.ip) || ip_is_set(&n->v6.subnet.ip));
}

static void bip_is_the_administrator_s_word(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("bridge", NETWORK_BRIDGE),
                                     *web = network_of("web", NETWORK_BRIDGE),
                                     *again = network_of("bridge", NETWORK_BRIDGE);
    assert_ok(prefix_parse("10.9.3.1/22", "bip", &config.bip, e));
    assert_ok(settle(n, e));
    assert_prefix(&n->v4.subnet, "10.9.0.0/22");
    assert_ip(&n->v4.gateway, "10.9.3.1");
    assert_ok(settle(web, e));
    assert_prefix(&web->v4.subnet, "172.24.0.0/24");
    add_route("10.9.1.0/24", "eth0");
    assert_err(settle(again, e), ERR_CONFLICT, "10.9.1.0/24 by eth0");
}

/* A bridge that the user made himself, with the route of its address. */
static void an_own_bridge_s_routes_are_not_in_the_way(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = with_subnet("10.1.0.0/24", NULL, NULL),
                                     *chosen = network_of("db", NETWORK_BRIDGE);
    memcpy(n->link, "lan0", 5);
    memcpy(chosen->link, "lan0", 5);
    add_route("10.1.0.0/24", "lan0");
    add_route("172.24.0.0/24", "lan0");
    assert_ok(settle(n, e));
    assert_ok(settle(chosen, e)); /* but nobody would choose it */
    assert_prefix(&chosen->v4.subnet, "172.24.1.0/24");
    add_route("10.1.0.0/25", "eth0");
    assert_err(settle(n, e), ERR_CONFLICT, "10.1.0.0/25 by eth0");
}

/* ---- the whole ---- */

static void whole(struct network *n)
{
    assert_ok(network_settle(&in, &config, &around, n, e));
}

static void identity_and_link(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE),
                                     *dflt = network_of("bridge", NETWORK_BRIDGE),
                                     *host = network_of("host", NETWORK_HOST), *bad = network_of("a/b", NETWORK_BRIDGE);
    char expected[IFNAMSIZ];
    config.mtu = 1400;
    config.ipv6 = true;
    whole(n);
    assert_int_equal(strlen(n->id), NETWORK_ID_LEN);
    assert_in_range(n->created, INT64_C(1600000000) * 1000000000, INT64_MAX);
    snprintf(expected, sizeof(expected), "br-%.12s", n->id);
    assert_string_equal(n->link, expected);
    assert_int_equal(n->mtu, 1400);
    assert_true(network_has_names(n));
    assert_false(n->ipv6);
    memset(dflt->id, 'a', NETWORK_ID_LEN);
    dflt->created = 7;
    whole(dflt);
    assert_int_equal(dflt->id[0], 'a'); /* the database's */
    assert_int_equal(dflt->created, 7);
    assert_string_equal(dflt->link, "sampan0");
    assert_true(dflt->ipv6);
    assert_false(network_has_names(dflt));
    whole(host);
    assert_false(ip_is_set(&host->v4.subnet.ip));
    assert_err(network_settle(&in, &config, &around, bad, e), ERR_INVALID, "invalid network name");
}

static void options_go_before_defaults(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("web", NETWORK_BRIDGE);
    config.mtu = 1400;
    assert_ok(strv_add(&n->options, "mtu=9000", e));
    assert_ok(strv_add(&n->options, "bridge_name=lan0", e));
    whole(n);
    assert_int_equal(n->mtu, 9000);
    assert_string_equal(n->link, "lan0");
}

static void macvlan_needs_a_parent_that_is_there(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_of("lan", NETWORK_MACVLAN), *gone = network_of("lan", NETWORK_IPVLAN),
                                     *ok = network_of("lan", NETWORK_MACVLAN),
                                     *egress = network_of("l", NETWORK_MACVLAN);
    assert_err(network_settle(&in, &config, &around, n, e), ERR_INVALID, "-o parent=eth0");
    assert_ok(strv_add(&gone->options, "parent=nope0.7", e));
    assert_err(network_settle(&in, &config, &around, gone, e), ERR_INVALID, "no interface nope0.7");
    assert_ok(strv_add(&ok->options, "parent=lo", e));
    whole(ok);
    assert_string_equal(ok->link, "");
    assert_ok(strv_add(&egress->options, "parent=lo", e));
    egress->egress.deny = true;
    assert_err(network_settle(&in, &config, &around, egress, e), ERR_UNSUPPORTED, "egress rules need a bridge");
}

static void egress_by_name_needs_names(void **state)
{
    (void)state;
    _cleanup_network_ struct network *named = network_of("web", NETWORK_BRIDGE),
                                     *silent = network_of("db", NETWORK_BRIDGE),
                                     *wrong = network_of("x", NETWORK_BRIDGE);
    assert_ok(strv_add(&named->egress.allow, "deb.example.org:443", e));
    whole(named);
    silent->no_dns = true;
    assert_ok(strv_add(&silent->egress.allow, "10.0.0.0/8", e));
    whole(silent);
    assert_ok(strv_add(&silent->egress.allow, "deb.example.org:443", e));
    assert_err(network_settle(&in, &config, &around, silent, e), ERR_INVALID, "only addresses can be allowed");
    assert_ok(strv_add(&wrong->egress.allow, "10.0.0.0/99", e));
    assert_err(network_settle(&in, &config, &around, wrong, e), ERR_INVALID, "99");
}

/* "ip route add TO dev lo", which works without any other interface; as `type`, in `table`. */
static void route_by_lo(const char *to, uint8_t type, uint8_t table)
{
    struct prefix p;
    struct netlink_batch b;
    int sock = netlink_open(NULL);
    assert_ok(prefix_parse(to, "route", &p, e));
    const struct rtmsg route = {.rtm_family = p.ip.family,
                                .rtm_dst_len = p.len,
                                .rtm_table = table,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_scope = type == RTN_UNICAST ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE,
                                .rtm_type = type};
    netlink_batch_init(&b);
    netlink_request(&b, "add a route", RTM_NEWROUTE, NLM_F_CREATE, &route, sizeof(route));
    if (p.len > 0)
        netlink_attr(&b, RTA_DST, p.ip.bytes, ip_size(&p.ip));
    if (type == RTN_UNICAST)
        netlink_attr_u32(&b, RTA_OIF, 1);
    assert_ok(netlink_run(sock, &b, e));
    close(sock);
}

static void the_host_s_routes_are_seen(void **state)
{
    (void)state;
    _cleanup_network_ struct network *chosen = network_of("web", NETWORK_BRIDGE),
                                     *given = with_subnet("10.7.1.0/24", NULL, NULL),
                                     *six = with_subnet("fd00:7:0:1::/64", NULL, NULL);
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    assert_ok(netlink_loopback_up(e));
    route_by_lo("0.0.0.0/0", RTN_UNICAST, RT_TABLE_MAIN); /* the default route takes nothing away, */
    route_by_lo("0.0.0.0/1", RTN_UNICAST, RT_TABLE_MAIN); /* nor do halves of one */
    route_by_lo("128.0.0.0/1", RTN_UNICAST, RT_TABLE_MAIN);
    route_by_lo("172.24.0.0/16", RTN_UNICAST, RT_TABLE_MAIN);
    route_by_lo("172.25.0.0/17", RTN_BLACKHOLE, RT_TABLE_MAIN);
    route_by_lo("10.7.0.0/16", RTN_UNICAST, 77); /* a VPN's policy routing */
    route_by_lo("fd00:7::/48", RTN_UNICAST, RT_TABLE_MAIN);
    whole(chosen);
    assert_prefix(&chosen->v4.subnet, "172.25.128.0/24");
    assert_err(network_settle(&in, &config, &around, given, e), ERR_CONFLICT, "route to 10.7.0.0/16 by lo");
    assert_err(network_settle(&in, &config, &around, six, e), ERR_CONFLICT, "route to fd00:7::/48 by lo");
    assert_ok(network_check_routes(chosen, e));
    route_by_lo("172.25.128.0/30", RTN_UNICAST, RT_TABLE_MAIN);
    assert_err(network_check_routes(chosen, e), ERR_CONFLICT, "make the network anew");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(chosen_from_the_first_pool_with_gateway_and_range),
        TEST(the_default_network_has_room_for_a_full_bridge),
        TEST(routes_and_claims_are_avoided),
        TEST(thirty_one_networks_are_not_all),
        TEST(exhausted_pools_say_what_to_do),
        TEST(a_pool_at_the_end_ends),
        TEST(ipv6_comes_from_the_engine_s_own_bits),
        TEST(ipv6_pools_go_before_them),
        TEST(given_ones_are_completed),
        TEST(the_gateway_is_no_auxiliary_address),
        TEST(wrong_ones_are_refused),
        TEST(overlaps_are_told_with_whom),
        TEST(macvlan_is_on_the_host_s_own_subnet),
        TEST(an_overlay_s_subnet_is_the_keeper_s_affair),
        TEST(bip_is_the_administrator_s_word),
        TEST(an_own_bridge_s_routes_are_not_in_the_way),
        TEST(identity_and_link),
        TEST(options_go_before_defaults),
        TEST(macvlan_needs_a_parent_that_is_there),
        TEST(egress_by_name_needs_names),
        TEST(the_host_s_routes_are_seen),
    };
    if (geteuid() != 0) {
        puts("1..0 # SKIP needs root, for a network namespace");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
