#include "storage/unit.h"

#include "base/strv.h"
#include "network/network.h"
#include "network/options.h"

#define ID "b0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde"

static struct network *parse(const char *text, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    struct network *n = network_new();
    assert_int_equal(json_parse(text, strlen(text), "test", &o, e), 0);
    if (network_from_json(o, n, e) == 0)
        return n;
    network_free(n);
    return NULL;
}

static char *print(const struct network *n)
{
    _cleanup_json_ json_object *o = NULL;
    assert_ok(network_to_json(n, &o, e));
    return strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void drivers_have_docker_s_names(void **state)
{
    (void)state;
    const char *names[] = {"bridge", "host", "null", "macvlan", "ipvlan", "overlay"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        enum network_driver d = NETWORK_OVERLAY + 1;
        assert_ok(network_driver_parse(names[i], &d, e));
        assert_int_equal(d, i);
        assert_string_equal(network_driver_name(d), names[i]);
    }
    enum network_driver d;
    assert_err(network_driver_parse("weave", &d, e), ERR_INVALID, "it may be bridge, macvlan, ipvlan or overlay");
}

static void names_are_checked(void **state)
{
    (void)state;
    assert_ok(network_check_name("n", e));
    assert_ok(network_check_name("my_net-1.x", e));
    const char *bad[] = {"", "-x", ".x", "a b", "a/b", "container:x", "ä"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_err(network_check_name(bad[i], e), ERR_INVALID, "invalid network name");
    assert_true(network_is_reserved_name("bridge"));
    assert_true(network_is_reserved_name("default"));
    assert_false(network_is_reserved_name("bridge2"));
}

static void links_are_names_that_fit(void **state)
{
    (void)state;
    char link[IFNAMSIZ];
    assert_ok(network_set_link_name("abcdefghij12345", "parent", link, e));
    assert_string_equal(link, "abcdefghij12345");
    const char *bad[] = {"", "abcdefghij123456", "a/b", "eth%d", "br 0", "../x", "\"x"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_err(network_set_link_name(bad[i], "parent", link, e), ERR_INVALID, "parent: ");
}

static void add_aux(struct network_subnet *s, const char *name, const char *ip)
{
    s->aux = realloc(s->aux, (s->n_aux + 1) * sizeof(*s->aux));
    assert_ok(ip_parse(ip, name, &s->aux[s->n_aux++], e));
    assert_ok(strv_add(&s->aux_names, name, e));
}

static void json_is_docker_s(void **state)
{
    (void)state;
    _cleanup_network_ struct network *n = network_new();
    memcpy(n->id, ID, sizeof(ID));
    n->name = strdup("web");
    n->created = INT64_C(1700000000000000001);
    n->driver = NETWORK_BRIDGE;
    n->ipv6 = n->internal = true;
    assert_ok(prefix_parse("10.1.0.0/16", "s", &n->v4.subnet, e));
    assert_ok(prefix_parse("10.1.2.0/24", "s", &n->v4.range, e));
    assert_ok(ip_parse("10.1.0.1", "s", &n->v4.gateway, e));
    add_aux(&n->v4, "router", "10.1.0.9");
    assert_ok(prefix_parse("fd00:1::/64", "s", &n->v6.subnet, e));
    n->v6.range = n->v6.subnet;
    assert_ok(strv_add(&n->options, "mtu=1400", e));
    assert_ok(strv_add(&n->labels, "a=b=c", e));
    memcpy(n->link, "br-web", 7);
    n->mtu = 1400;
    _cleanup_free_ char *text = print(n);
    assert_string_equal(text, "{\"Name\":\"web\",\"Id\":\"" ID "\",\"Created\":\"2023-11-14T22:13:20.000000001Z\","
                              "\"Scope\":\"local\",\"Driver\":\"bridge\",\"EnableIPv4\":true,\"EnableIPv6\":true,"
                              "\"Internal\":true,\"IPAM\":{\"Driver\":\"default\",\"Options\":{},\"Config\":["
                              "{\"Subnet\":\"10.1.0.0/16\",\"IPRange\":\"10.1.2.0/24\",\"Gateway\":\"10.1.0.1\","
                              "\"AuxiliaryAddresses\":{\"router\":\"10.1.0.9\"}},{\"Subnet\":\"fd00:1::/64\"}]},"
                              "\"Attachable\":false,\"Ingress\":false,\"ConfigFrom\":{\"Network\":\"\"},"
                              "\"ConfigOnly\":false,\"Options\":{\"mtu\":\"1400\"},\"Labels\":{\"a\":\"b=c\"},"
                              "\"Sampan\":{\"Link\":\"br-web\",\"Parent\":\"\",\"Mode\":\"\",\"MTU\":1400,\"VNI\":0,"
                              "\"Isolated\":false,\"NoMasquerade\":false,\"NoNames\":false,\"Encrypted\":false,"
                              "\"Egress\":{\"Deny\":false,\"Allow\":[]}}}");
}

static void json_comes_back_whole(void **state)
{
    (void)state;
    const char *text =
        "{\"Name\":\"lan\",\"Id\":\"" ID "\",\"Created\":\"2023-11-14T22:13:20Z\",\"Driver\":\"macvlan\","
        "\"EnableIPv6\":true,\"Internal\":true,\"IPAM\":{\"Config\":[{\"Subnet\":\"fd00::/64\",\"Gateway\":\"fd00::1\"},"
        "{\"Subnet\":\"10.1.0.0/16\",\"IPRange\":\"10.1.2.0/24\",\"AuxiliaryAddresses\":{\"a\":\"10.1.0.2\"}}]},"
        "\"Options\":{\"parent\":\"eth0\"},\"Labels\":{\"k\":\"\"},\"Sampan\":{\"Link\":\"br-x\",\"Parent\":\"eth0\","
        "\"Mode\":\"private\",\"MTU\":9000,\"VNI\":4096,\"Isolated\":true,\"NoMasquerade\":true,\"NoNames\":true,"
        "\"Encrypted\":true,\"PublishIP\":\"127.0.0.1\",\"Egress\":{\"Deny\":true,\"Allow\":[\"10.0.0.0/8\"]}}}";
    struct err e = ERR_INIT;
    char ip[IP_TEXT_MAX];
    _cleanup_network_ struct network *n = parse(text, &e);
    assert_non_null(n);
    assert_string_equal(n->name, "lan");
    assert_string_equal(n->id, ID);
    assert_int_equal(n->created, INT64_C(1700000000000000000));
    assert_int_equal(n->driver, NETWORK_MACVLAN);
    assert_true(n->ipv6 && n->internal && n->isolated && n->no_masquerade && n->no_dns && n->encrypted);
    assert_string_equal(n->parent, "eth0");
    assert_int_equal(n->mode, MACVLAN_PRIVATE);
    assert_int_equal(n->mtu, 9000);
    assert_int_equal(n->vni, 4096);
    assert_string_equal(ip_format(&n->publish_ip, ip), "127.0.0.1");
    assert_true(n->egress.deny);
    assert_string_equal(n->egress.allow[0], "10.0.0.0/8");
    assert_string_equal(ip_format(&n->v6.gateway, ip), "fd00::1");
    assert_int_equal(n->v6.range.len, 64); /* the subnet's own where none was given */
    assert_int_equal(n->v4.range.len, 24);
    assert_string_equal(n->v4.aux_names[0], "a");
    assert_string_equal(n->labels[0], "k=");
    /* and the same again */
    _cleanup_free_ char *once = print(n);
    _cleanup_network_ struct network *copy = parse(once, &e);
    assert_non_null(copy);
    _cleanup_free_ char *twice = print(copy);
    assert_string_equal(once, twice);
}

static void broken_json_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *json, *says;
    } cases[] = {
        {"{\"Id\":\"../../etc\"}", "is not an id"},
        {"{\"Id\":\"" ID "0\"}", "is not an id"},
        {"{\"Name\":\"a/b\"}", "invalid network name"},
        {"{\"Driver\":\"weave\"}", "no network driver"},
        {"{\"Driver\":7}", "\"Driver\" must be a string"},
        {"{\"EnableIPv6\":\"yes\"}", "\"EnableIPv6\" must be true or false"},
        {"{\"IPAM\":{\"Config\":{}}}", "\"Config\" must be an array"},
        {"{\"IPAM\":{\"Config\":[{}]}}", "without \"Subnet\""},
        {"{\"IPAM\":{\"Config\":[7]}}", "without \"Subnet\""},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/40\"}]}}", "/40"},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\"},{\"Subnet\":\"11.0.0.0/8\"}]}}", "more than one subnet"},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\",\"Gateway\":\"11.0.0.1\"}]}}",
         "gateway is not in the subnet"},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\",\"Gateway\":\"fd00::1\"}]}}",
         "gateway is not in the subnet"},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\",\"IPRange\":\"10.0.0.0/7\"}]}}", "range of addresses"},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\",\"IPRange\":\"fd00::/64\"}]}}", "range of addresses"},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\",\"AuxiliaryAddresses\":{\"a\":\"9.0.0.1\"}}]}}",
         "auxiliary address a=9.0.0.1"},
        {"{\"IPAM\":{\"Config\":[{\"Subnet\":\"10.0.0.0/8\",\"AuxiliaryAddresses\":{\"a\":\"\"}}]}}", "IP address"},
        {"{\"Labels\":[\"a\"]}", "\"Labels\" must be an object of strings"},
        {"{\"Options\":{\"mtu\":1500}}", "Options: \"mtu\" must be a string"},
        {"{\"Sampan\":{\"Link\":\"a/b\"}}", "Link"},
        {"{\"Sampan\":{\"MTU\":4294967296}}", "\"MTU\" is out of range"},
        {"{\"Driver\":\"ipvlan\",\"Sampan\":{\"Mode\":\"vepa\"}}", "it may be l2, l3, l3s"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = ERR_INIT;
        _cleanup_network_ struct network *n = parse(cases[i].json, &e);
        if (n)
            fail_msg("accepted: %s", cases[i].json);
        assert_int_equal(e.kind, ERR_INVALID);
        if (!strstr(e.text, cases[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].json, e.text, cases[i].says);
    }
}

/* ---- options ---- */

static struct network *with_options(enum network_driver driver, const char *a, const char *b, struct err *e)
{
    struct network *n = network_new();
    n->driver = driver;
    strv_add(&n->options, a, NULL);
    if (b)
        strv_add(&n->options, b, NULL);
    if (network_options_apply(n, e) == 0)
        return n;
    network_free(n);
    return NULL;
}

static void options_have_long_and_short_names(void **state)
{
    (void)state;
    const char *mtus[] = {"mtu=1400", "com.docker.network.driver.mtu=1400"};
    for (size_t i = 0; i < ARRAY_SIZE(mtus); i++) {
        for (enum network_driver d = NETWORK_MACVLAN; d <= NETWORK_OVERLAY; d++) {
            _cleanup_network_ struct network *n = with_options(d, mtus[i], NULL, NULL);
            assert_int_equal(n->mtu, 1400);
        }
    }
    _cleanup_network_ struct network *bridge =
        with_options(NETWORK_BRIDGE, "com.docker.network.bridge.name=br7",
                     "com.docker.network.bridge.host_binding_ipv4=127.0.0.1", NULL);
    assert_string_equal(bridge->link, "br7");
    assert_int_equal(bridge->publish_ip.bytes[0], 127);
    _cleanup_network_ struct network *macvlan =
        with_options(NETWORK_MACVLAN, "parent=eth0.5", "macvlan_mode=vepa", NULL);
    assert_string_equal(macvlan->parent, "eth0.5");
    assert_int_equal(macvlan->mode, MACVLAN_VEPA);
    _cleanup_network_ struct network *ipvlan = with_options(NETWORK_IPVLAN, "parent=eth0", "mode=l3s", NULL);
    assert_int_equal(ipvlan->mode, IPVLAN_L3S);
}

static void switches_go_both_ways(void **state)
{
    (void)state;
    const struct {
        const char *option;
        bool isolated, no_masquerade;
    } cases[] = {
        {"com.docker.network.bridge.enable_icc=false", true, false},
        {"com.docker.network.bridge.enable_icc=true", false, false},
        {"isolate=true", true, false},
        {"isolate", true, false},
        {"isolate=", true, false},
        {"isolate=0", false, false},
        {"com.docker.network.bridge.enable_ip_masquerade=false", false, true},
        {"masquerade=true", false, false},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_network_ struct network *n = with_options(NETWORK_BRIDGE, cases[i].option, NULL, NULL);
        assert_int_equal(n->isolated, cases[i].isolated);
        assert_int_equal(n->no_masquerade, cases[i].no_masquerade);
    }
}

static void wrong_options_are_refused(void **state)
{
    (void)state;
    const struct {
        enum network_driver driver;
        const char *option, *says;
    } cases[] = {
        {NETWORK_BRIDGE, "mtu=67", "is not from 68"},
        {NETWORK_BRIDGE, "mtu=65536", "is not from 68"},
        {NETWORK_BRIDGE, "mtu=big", "mtu"},
        {NETWORK_BRIDGE, "mt=1500",
         "option mt is not known to bridge networks; they have: com.docker.network.driver.mtu (mtu)"},
        {NETWORK_BRIDGE, "mtux=1500", "option mtux is not known"},
        {NETWORK_BRIDGE, "parent=eth0", "option parent is not known to bridge networks"},
        {NETWORK_BRIDGE, "isolate=strict", "isolate"},
        {NETWORK_BRIDGE, "host_binding_ipv4=::1", "::1 is not an IPv4 address"},
        {NETWORK_BRIDGE, "bridge_name=a/b", "com.docker.network.bridge.name: "},
        {NETWORK_MACVLAN, "mode=l2", "it may be bridge, private, vepa, passthru"},
        {NETWORK_MACVLAN, "parent=", "parent: "},
        {NETWORK_OVERLAY, "bridge_name=br0", "they have: com.docker.network.driver.mtu (mtu), "},
        {NETWORK_HOST, "mtu=1500", "they have: none"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct err e = ERR_INIT;
        _cleanup_network_ struct network *n = with_options(cases[i].driver, cases[i].option, NULL, &e);
        if (n)
            fail_msg("accepted: %s", cases[i].option);
        assert_int_equal(e.kind, ERR_INVALID);
        if (!strstr(e.text, cases[i].says))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].option, e.text, cases[i].says);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(drivers_have_docker_s_names),
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(links_are_names_that_fit),
        cmocka_unit_test(json_is_docker_s),
        cmocka_unit_test(json_comes_back_whole),
        cmocka_unit_test(broken_json_is_refused),
        cmocka_unit_test(options_have_long_and_short_names),
        cmocka_unit_test(switches_go_both_ways),
        cmocka_unit_test(wrong_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
