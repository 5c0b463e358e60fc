/* How VNIs, subnets and parts are shared out. */
#include "base/unit.h"

#include "keeper/overlay_allot.h"
#include "network/vxlan.h"

static void set_subnet(struct network *n, const char *text)
{
    struct prefix p;

    assert_int_equal(prefix_parse(text, "test", &p, NULL), 0);
    if (strchr(text, ':'))
        n->v6.subnet = p;
    else
        n->v4.subnet = p;
}

static struct network *network(const char *name, const char *subnet, uint32_t vni)
{
    struct network *n = network_new();

    n->name = strdup(name);
    n->driver = NETWORK_OVERLAY;
    n->vni = vni;
    if (subnet)
        set_subnet(n, subnet);
    return n;
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

static void parts_by_size_of_subnet(void **state)
{
    static const struct {
        const char *subnet;
        unsigned n_parts, part;
        const char *range, *gateway;
    } cases[] = {
        {"10.0.0.0/8", 256, 255, "10.255.0.0/16", "10.255.0.1"},
        {"10.1.0.0/16", 256, 0, "10.1.0.0/24", "10.1.0.1"},
        {"10.1.0.0/16", 256, 3, "10.1.3.0/24", "10.1.3.1"},
        {"10.1.16.0/20", 64, 1, "10.1.16.64/26", "10.1.16.65"},
        {"10.1.16.0/20", 64, 63, "10.1.31.192/26", "10.1.31.193"},
        {"10.9.9.0/24", 16, 15, "10.9.9.240/28", "10.9.9.241"},
        {"10.9.9.0/26", 4, 2, "10.9.9.32/28", "10.9.9.33"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_network_ struct network *n = network("n", cases[i].subnet, 0);
        unsigned n_parts = 0;

        assert_int_equal(overlay_count_parts(n, &n_parts, NULL), 0);
        assert_int_equal(n_parts, cases[i].n_parts);
        overlay_set_part(n, cases[i].part);
        assert_prefix(&n->v4.range, cases[i].range);
        assert_ip(&n->v4.gateway, cases[i].gateway);
        assert_prefix(&n->v4.subnet, cases[i].subnet);
    }
}

static void parts_of_ipv6(void **state)
{
    _cleanup_network_ struct network *n = network("n", "10.1.0.0/16", 0);

    (void)state;
    set_subnet(n, "fd12:3456:789a:1::/64");
    overlay_set_part(n, 2);
    assert_prefix(&n->v6.range, "fd12:3456:789a:1:2::/80");
    assert_ip(&n->v6.gateway, "fd12:3456:789a:1:2::1");
    set_subnet(n, "fd12:3456:789a::/48");
    overlay_set_part(n, 255);
    assert_prefix(&n->v6.range, "fd12:3456:789a:ff::/64");
    overlay_clear_part(n);
    assert_false(ip_is_set(&n->v6.range.ip) || ip_is_set(&n->v4.gateway));
}

static void too_small(void **state)
{
    _cleanup_network_ struct network *n = network("n", "10.1.0.0/28", 0);
    unsigned n_parts;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(overlay_count_parts(n, &n_parts, &e), -EINVAL);
    assert_says(&e, "10.1.0.0/28 is too small");
    set_subnet(n, "10.1.0.0/24");
    set_subnet(n, "fd00::/112");
    assert_int_equal(overlay_count_parts(n, &n_parts, &e), -EINVAL);
}

static void chosen_beside_networks_and_routes(void **state)
{
    _cleanup_network_ struct network *other = network("other", "10.128.0.0/20", 5000);
    _cleanup_network_ struct network *n = network("n", NULL, 0);
    struct route route = {.device = "eth0"};
    const struct route_list routes = {.v = &route, .n = 1};
    const struct overlay_taken taken = {.networks = &other, .n_networks = 1, .routes = &routes};

    (void)state;
    assert_int_equal(prefix_parse("10.128.16.0/22", "route", &route.to, NULL), 0);
    n->ipv6 = true;
    assert_int_equal(overlay_allot(n, &taken, NULL), 0);
    assert_prefix(&n->v4.subnet, "10.128.32.0/20");
    assert_int_equal(n->v6.subnet.len, 64);
    assert_int_equal(n->v6.subnet.ip.bytes[0], 0xfd);
    assert_int_equal(n->vni, 5001);
}

static void given_ones_are_checked(void **state)
{
    _cleanup_network_ struct network *other = network("other", "10.128.0.0/20", 5000);
    _cleanup_network_ struct network *n = network("n", "10.128.15.0/24", 0);
    const struct route_list routes = {.n = 0};
    const struct overlay_taken taken = {.networks = &other, .n_networks = 1, .routes = &routes};
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(overlay_allot(n, &taken, &e), -EEXIST);
    assert_says(&e, "overlaps that of overlay network other");
    set_subnet(n, "10.127.0.0/24");
    assert_int_equal(overlay_allot(n, &taken, NULL), 0);
    assert_prefix(&n->v4.subnet, "10.127.0.0/24");
}

static void vnis_go_around(void **state)
{
    struct network *v[] = {network("a", "10.1.0.0/24", VXLAN_VNI_MAX), network("b", "10.2.0.0/24", OVERLAY_VNI_FIRST)};
    _cleanup_network_ struct network *n = network("n", "10.3.0.0/24", 0);
    const struct route_list routes = {.n = 0};
    const struct overlay_taken taken = {.networks = v, .n_networks = ARRAY_SIZE(v), .routes = &routes};

    (void)state;
    assert_int_equal(overlay_allot(n, &taken, NULL), 0);
    assert_int_equal(n->vni, OVERLAY_VNI_FIRST + 1);
    network_free(v[0]);
    network_free(v[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_by_size_of_subnet),
        cmocka_unit_test(parts_of_ipv6),
        cmocka_unit_test(too_small),
        cmocka_unit_test(chosen_beside_networks_and_routes),
        cmocka_unit_test(given_ones_are_checked),
        cmocka_unit_test(vnis_go_around),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
