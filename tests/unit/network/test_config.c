#include "storage/unit.h"

#include <fcntl.h>

#include "base/strv.h"
#include "network/config.h"

static char path[] = "/tmp/sampan-unit-XXXXXX";

static int setup(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 || close(fd) < 0 || setenv("SAMPAN_CONFIG", path, 1);
}

static int teardown(void **state)
{
    (void)state;
    return unlink(path);
}

static int load(const char *text, struct net_config *ret, struct err *e)
{
    assert_int_equal(file_write(AT_FDCWD, path, text, strlen(text), 0600, NULL), 0);
    return net_config_load(ret, e);
}

static void assert_prefix(const struct prefix *p, const char *text)
{
    char buf[PREFIX_TEXT_MAX];
    assert_string_equal(prefix_format(p, buf), text);
}

static void assert_defaults(const struct net_config *c)
{
    assert_true(c->publish_to_all);
    assert_false(c->ports_open || c->ipv6);
    assert_false(ip_is_set(&c->publish_ip) || ip_is_set(&c->bip.ip));
    assert_string_equal(c->default_network, "bridge");
    assert_string_equal(c->overlay.prefix, "/sampan");
    assert_int_equal(c->overlay.lease, 15);
    assert_null(c->overlay.etcd);
    assert_int_equal(c->mtu, 0);
    assert_int_equal(c->n_pools, 4);
    assert_prefix(&c->pools[0].base, "172.24.0.0/14");
    assert_int_equal(c->pools[0].size, 24);
}

static void no_file_and_an_empty_one_are_defaults(void **state)
{
    (void)state;
    struct net_config c;
    assert_ok(load("{}", &c, e));
    assert_defaults(&c);
    net_config_release(&c);
    setenv("SAMPAN_CONFIG", "/nonexistent/config.json", 1);
    assert_ok(net_config_load(&c, e));
    assert_defaults(&c);
    net_config_release(&c);
    setenv("SAMPAN_CONFIG", path, 1);
}

static void every_member_is_read(void **state)
{
    (void)state;
    const char *text =
        "{\"ip\":\"127.0.0.1\",\"publish-to-all\":false,\"published-ports\":\"open\","
        "\"default-network\":\"none\",\"bip\":\"10.9.0.1/20\",\"mtu\":1400,\"ipv6\":true,"
        "\"default-address-pools\":[{\"base\":\"10.8.0.0/16\",\"size\":26},"
        "{\"base\":\"fd00:8::/48\",\"size\":64}],"
        "\"dns\":[\"10.0.0.53\",\"fd00::53\"],\"dns-search\":[\"example.org\"],\"dns-opts\":[\"ndots:2\"],"
        "\"overlay\":{\"etcd\":[\"https://a:2379\",\"http://b:2379\"],\"ca\":\"/ca\",\"cert\":\"/cert\","
        "\"key\":\"/key\",\"prefix\":\"/p\",\"address\":\"10.0.0.7\",\"node\":\"host7\",\"lease\":2}}";
    struct net_config c;
    char ip[IP_TEXT_MAX];
    assert_ok(load(text, &c, e));
    assert_string_equal(ip_format(&c.publish_ip, ip), "127.0.0.1");
    assert_false(c.publish_to_all);
    assert_true(c.ports_open && c.ipv6);
    assert_string_equal(c.default_network, "none");
    assert_prefix(&c.bip, "10.9.0.1/20");
    assert_int_equal(c.mtu, 1400);
    assert_int_equal(c.n_pools, 2);
    assert_prefix(&c.pools[1].base, "fd00:8::/48");
    assert_int_equal(c.pools[0].size, 26);
    assert_int_equal(strv_len(c.dns), 2);
    assert_string_equal(c.dns_search[0], "example.org");
    assert_string_equal(c.dns_opts[0], "ndots:2");
    const struct overlay_config *o = &c.overlay;
    assert_string_equal(o->etcd[1], "http://b:2379");
    assert_string_equal(o->ca, "/ca");
    assert_string_equal(o->cert, "/cert");
    assert_string_equal(o->key, "/key");
    assert_string_equal(o->prefix, "/p");
    assert_string_equal(o->node, "host7");
    assert_string_equal(ip_format(&o->address, ip), "10.0.0.7");
    assert_int_equal(o->lease, 2);
    net_config_release(&c);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    const struct {
        const char *json, *says;
    } cases[] = {
        {"{\"publish\":true}", "\"publish\" is no setting; there are: ip, publish-to-all, "},
        {"{\"overlay\":{\"etc\":[]}}", "\"overlay\": \"etc\" is no setting; there are: etcd, "},
        {"{\"mtu\":67}", "\"mtu\": 67 is not from 68 to 65535"},
        {"{\"mtu\":\"big\"}", "\"mtu\" must be a whole number"},
        {"{\"ip\":\"localhost\"}", "ip: \"localhost\" is not an IP address"},
        {"{\"dns\":[\"10.0.0.53\",\"resolver\"]}", "dns: \"resolver\""},
        {"{\"published-ports\":\"closed\"}", "\"host-input\" or \"open\", not \"closed\""},
        {"{\"bip\":\"10.0.0.0/24\"}", "not the bridge's IPv4 address"},
        {"{\"bip\":\"10.0.0.1\"}", "not the bridge's IPv4 address"},
        {"{\"bip\":\"fd00::1/64\"}", "not the bridge's IPv4 address"},
        {"{\"default-address-pools\":{}}", "\"default-address-pools\" must be an array"},
        {"{\"default-address-pools\":[{\"base\":\"10.0.0.0/16\",\"size\":8}]}", "from 16 to 30"},
        {"{\"default-address-pools\":[{\"base\":\"10.0.0.0/16\",\"size\":31}]}", "from 16 to 30"},
        {"{\"default-address-pools\":[{\"base\":\"fd00::/48\",\"size\":127}]}", "from 48 to 126"},
        {"{\"default-address-pools\":[{\"size\":24}]}", "\"\" is not"},
        {"{\"overlay\":{}}", "\"etcd\" is missing"},
        {"{\"overlay\":{\"etcd\":[]}}", "\"etcd\" is missing"},
        {"{\"overlay\":{\"etcd\":[\"10.0.0.1:2379\"]}}", "is not a URL"},
        {"{\"overlay\":{\"etcd\":[\"http://a\"],\"cert\":\"/c\"}}", "belong together"},
        {"{\"overlay\":{\"etcd\":[\"http://a\"],\"ca\":\"ca.pem\"}}", "ca.pem does not begin with /"},
        {"{\"overlay\":{\"etcd\":[\"http://a\"],\"lease\":1}}", "from 2 to 3600"},
        {"[]", "it must be an object"},
        {"null", "it must be an object"},
        {"{\"mtu\":", "line 1, column"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct net_config c;
        struct err e = ERR_INIT;
        if (load(cases[i].json, &c, &e) >= 0)
            fail_msg("accepted: %s", cases[i].json);
        assert_int_equal(e.kind, ERR_INVALID);
        if (!strstr(e.text, cases[i].says) || !strstr(e.text, path))
            fail_msg("%s: \"%s\" does not say \"%s\"", cases[i].json, e.text, cases[i].says);
    }
}

/* Whatever else keeps the file from being read must not pass for "no settings". */
static void an_unreadable_file_is_no_default(void **state)
{
    (void)state;
    struct net_config c;
    setenv("SAMPAN_CONFIG", "/tmp", 1);
    assert_err(net_config_load(&c, e), ERR_SYS, "configuration /tmp: ");
    setenv("SAMPAN_CONFIG", path, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_file_and_an_empty_one_are_defaults),
        cmocka_unit_test(every_member_is_read),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(an_unreadable_file_is_no_default),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
