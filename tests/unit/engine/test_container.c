#include "storage/unit.h"

#include <netinet/in.h>

#include "base/strv.h"
#include "engine/container.h"
#include "network/plan.h"

static struct container *parse(const char *text)
{
    _cleanup_json_ json_object *o = NULL;
    struct container *c = container_new();
    assert_ok(json_parse(text, strlen(text), "test", &o, e));
    assert_ok(container_from_json(o, c, e));
    return c;
}

static const char everything[] =
    "{\"Id\":\"ab\",\"Created\":\"2023-11-14T22:13:20Z\",\"Image\":\"sha256:1\",\"Name\":\"/web\","
    "\"Config\":{\"Hostname\":\"h\",\"User\":\"33:33\",\"Tty\":true,\"Env\":[\"A=b\",\"C=\"],\"Cmd\":[\"sh\"],"
    "\"Labels\":{\"k\":\"v=w\",\"empty\":\"\"},\"ExposedPorts\":{\"80/tcp\":{},\"53/udp\":{}},"
    "\"StopTimeout\":0,\"Entrypoint\":[\"tini\",\"--\"]},"
    "\"HostConfig\":{\"Memory\":67108864,\"NanoCpus\":1500000000,\"MemorySwappiness\":0,"
    "\"PidsLimit\":-1,\"BlkioWeight\":300,"
    "\"NetworkMode\":\"shop\",\"PublishAllPorts\":true,"
    "\"PortBindings\":{\"80/tcp\":[{\"HostIp\":\"127.0.0.1\",\"HostPort\":\"8080\"},{\"HostIp\":\"\",\"HostPort\":\"\"}],"
    "\"53/udp\":[{\"HostIp\":\"::1\",\"HostPort\":\"5000-5009\"}]},"
    "\"CapAdd\":[\"NET_ADMIN\"],\"Sysctls\":{\"net.x\":\"1\"},"
    "\"BlkioDeviceReadBps\":[{\"Path\":\"/dev/a:b\",\"Rate\":18446744073709551615}],"
    "\"LogConfig\":{\"Type\":\"json-file\",\"Config\":{\"max-size\":\"1m\"}},"
    "\"Devices\":[{\"PathOnHost\":\"/dev/null\",\"PathInContainer\":\"/dev/n\",\"CgroupPermissions\":\"r\"}],"
    "\"Ulimits\":[{\"Name\":\"nofile\",\"Soft\":-1,\"Hard\":9}]},"
    "\"Mounts\":[{\"Type\":\"volume\",\"Name\":\"v\",\"Source\":\"/s\",\"Destination\":\"/d\",\"RW\":true},"
    "{\"Type\":\"bind\",\"Source\":\"/s\",\"Destination\":\"/e\",\"RW\":false,\"Options\":[\"ro\"]}],"
    "\"NetworkSettings\":{\"Networks\":{"
    "\"shop\":{\"IPAMConfig\":{\"IPv4Address\":\"10.1.0.9\"},\"Aliases\":[\"db\",\"sql\"],\"MacAddress\":\"02:00:00:00:00:09\"},"
    "\"bridge\":{\"IPAMConfig\":null,\"Aliases\":null,\"GwPriority\":7,\"DriverOpts\":{\"k\":\"v\"}}}},"
    "\"State\":{\"Status\":\"exited\",\"ExitCode\":137,\"OOMKilled\":true,\"FinishedAt\":\"2023-11-14T22:13:20.5Z\"},"
    "\"Sampan\":{\"Layers\":[\"/l2\",\"/l1\"],\"TimeOffsets\":[\"boottime=5\"],"
    "\"Egress\":[\"deny\",\"allow=10.0.0.0/8:443\"],\"NetworkRate\":1000000}}";

static void check_network(const struct container *c)
{
    const struct host_config *h = &c->host;
    assert_string_equal(h->network_mode, "shop");
    assert_string_equal(c->config.exposed_ports[1], "53/udp");
    assert_int_equal(h->n_ports, 3);
    assert_string_equal(h->ports[0].host_ip, "127.0.0.1");
    assert_int_equal(h->ports[0].host_port, 8080);
    assert_int_equal(h->ports[0].protocol, IPPROTO_TCP);
    assert_null(h->ports[1].host_ip);
    assert_int_equal(h->ports[1].host_port, 0);
    assert_int_equal(h->ports[2].host_port, 5000);
    assert_int_equal(h->ports[2].host_end, 5009);
    assert_int_equal(h->ports[2].port, 53);
    assert_int_equal(h->ports[2].protocol, IPPROTO_UDP);
    assert_int_equal(c->n_endpoints, 2); /* in their order, which is that of the interfaces */
    assert_string_equal(c->endpoints[0].network, "shop");
    assert_string_equal(c->endpoints[0].ip, "10.1.0.9");
    assert_null(c->endpoints[0].ip6);
    assert_string_equal(c->endpoints[0].aliases[1], "sql");
    assert_string_equal(c->endpoints[1].network, "bridge");
    assert_int_equal(c->endpoints[1].gw_priority, 7);
    assert_string_equal(c->endpoints[1].driver_opts[0], "k=v");
    assert_string_equal(h->egress[1], "allow=10.0.0.0/8:443");
    assert_int_equal(h->network_rate, 1000000);
}

static void check_everything(const struct container *c)
{
    const struct host_config *h = &c->host;
    assert_string_equal(c->name, "web");
    assert_int_equal(c->created, INT64_C(1700000000000000000));
    assert_string_equal(c->config.user, "33:33");
    assert_true(c->config.tty);
    assert_string_equal(c->config.env[1], "C=");
    assert_string_equal(c->config.entrypoint[1], "--");
    assert_int_equal(strv_len(c->config.labels), 2);
    assert_string_equal(c->config.labels[0], "k=v=w");
    assert_int_equal(c->config.stop_timeout, 0);
    assert_int_equal(h->memory, 67108864);
    assert_int_equal(h->memory_swappiness, 0);
    assert_int_equal(h->pids_limit, -1);
    assert_int_equal(h->blkio_weight, 300);
    assert_string_equal(h->device_read_bps[0], "/dev/a:b:18446744073709551615");
    assert_string_equal(h->log_opts[0], "max-size=1m");
    assert_string_equal(h->devices[0].path_in_container, "/dev/n");
    assert_int_equal(h->ulimits[0].soft, -1);
    assert_int_equal(c->n_mounts, 2);
    assert_true(c->mounts[0].rw);
    assert_false(c->mounts[1].rw);
    assert_string_equal(c->mounts[1].options[0], "ro");
    assert_string_equal(c->layers[0], "/l2");
    assert_string_equal(h->time_offsets[0], "boottime=5");
    check_network(c);
}

static void both_forms_come_back_as_they_were(void **state)
{
    (void)state;
    int (*const forms[])(const struct container *, json_object **, struct err *) = {container_to_json,
                                                                                    container_to_spec};
    for (size_t i = 0; i < 2; i++) {
        _cleanup_container_ struct container *c = parse(everything);
        _cleanup_json_ json_object *o = NULL;
        check_everything(c);
        assert_int_equal(c->state.exit_code, 137);
        assert_true(c->state.oom_killed);
        assert_ok(forms[i](c, &o, e));
        _cleanup_container_ struct container *back = parse(json_object_to_json_string(o));
        check_everything(back);
    }
}

static void the_stored_form_leaves_out_what_is_unset(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = container_new();
    _cleanup_json_ json_object *o = NULL;
    assert_ok(container_to_spec(c, &o, e));
    assert_null(json_get(json_get(o, "HostConfig"), "Memory"));
    assert_null(json_get(o, "State"));
    assert_true(strlen(json_object_to_json_string(o)) < 400);
}

static void the_inspected_form_has_docker_s_members(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = parse(everything);
    _cleanup_json_ json_object *o = NULL;
    const char *path;
    assert_ok(container_to_json(c, &o, e));
    assert_ok(json_get_str(o, "Path", "", &path, e));
    assert_string_equal(path, "tini");
    assert_string_equal(json_object_to_json_string_ext(json_get(o, "Args"), JSON_C_TO_STRING_PLAIN), "[\"--\",\"sh\"]");
    json_object *value;
    assert_true(json_object_object_get_ex(json_get(o, "HostConfig"), "CapDrop", &value)); /* there, and null */
    assert_null(value);
    assert_non_null(json_path(o, "State", "Running", NULL));
}

static const char *text_at(json_object *o, const char *key)
{
    const char *s = "";
    assert_ok(json_get_str(o, key, "", &s, e));
    return s;
}

static struct net_plan *plan_of_shop(void)
{
    struct net_plan *p = net_plan_new();
    struct net_interface *i = net_plan_add_interface(p);
    memset(i->network, 'a', NETWORK_ID_LEN);
    i->network_name = strdup("shop");
    assert_ok(prefix_parse("10.1.0.9/16", "test", &i->address4, e));
    assert_ok(ip_parse("10.1.0.1", "test", &i->gateway4, e));
    assert_ok(mac_parse("02:42:0a:01:00:09", "test", i->mac, e));
    assert_ok(strv_add(&i->names, "web", e));
    struct net_port *port = net_plan_add_port(p);
    *port = (struct net_port){.protocol = IPPROTO_TCP, .host_port = 32768, .port = 80};
    assert_ok(ip_parse("0.0.0.0", "test", &port->host, e));
    return p;
}

static void what_a_running_container_has_got_is_shown(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = parse(everything);
    _cleanup_json_ json_object *o = NULL, *spec = NULL;
    memset(c->id, 'b', CONTAINER_ID_LEN);
    c->net = plan_of_shop();
    assert_ok(container_to_json(c, &o, e));
    json_object *settings = json_get(o, "NetworkSettings"), *shop = json_path(settings, "Networks", "shop", NULL);
    assert_string_equal(text_at(shop, "IPAddress"), "10.1.0.9");
    assert_string_equal(text_at(shop, "Gateway"), "10.1.0.1");
    assert_string_equal(text_at(shop, "MacAddress"), "02:42:0a:01:00:09"); /* not the one that was wished for */
    assert_string_equal(text_at(shop, "GlobalIPv6Address"), "");
    assert_int_equal(strlen(text_at(shop, "EndpointID")), CONTAINER_ID_LEN);
    assert_string_equal(json_object_to_json_string_ext(json_get(settings, "Ports"), JSON_C_TO_STRING_PLAIN),
                        "{\"80\\/tcp\":[{\"HostIp\":\"0.0.0.0\",\"HostPort\":\"32768\"}],\"53\\/udp\":null}");
    assert_string_equal(text_at(json_path(settings, "Networks", "bridge", NULL), "IPAddress"), ""); /* not yet */
    assert_ok(container_to_spec(c, &spec, e));
    assert_string_equal(text_at(json_path(spec, "NetworkSettings", "Networks", "shop", NULL), "MacAddress"),
                        "02:00:00:00:00:09"); /* what is stored is the wish */
    assert_null(json_path(spec, "NetworkSettings", "Networks", "shop", "IPAddress", NULL));
}

static void a_wrong_type_is_named(void **state)
{
    (void)state;
    const struct {
        const char *text, *part;
    } cases[] = {
        {"{\"HostConfig\":{\"Memory\":\"much\"}}", "Memory"},
        {"{\"Config\":{\"Labels\":[]}}", "Labels"},
        {"{\"HostConfig\":{\"BlkioWeight\":70000}}", "BlkioWeight"},
        {"{\"State\":{\"Status\":\"flying\"}}", "flying"},
        {"{\"Mounts\":{}}", "Mounts"},
        {"{\"HostConfig\":{\"PortBindings\":[]}}", "PortBindings"},
        {"{\"HostConfig\":{\"PortBindings\":{\"http\":[]}}}", "invalid port: http"},
        {"{\"HostConfig\":{\"PortBindings\":{\"80\":[{\"HostPort\":\"70000\"}]}}}", "HostPort"},
        {"{\"NetworkSettings\":{\"Networks\":{\"shop\":{\"GwPriority\":\"high\"}}}}", "network shop"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        _cleanup_json_ json_object *o = NULL;
        _cleanup_container_ struct container *c = container_new();
        assert_ok(json_parse(cases[i].text, strlen(cases[i].text), "test", &o, e));
        assert_err(container_from_json(o, c, e), ERR_INVALID, cases[i].part);
    }
}

static void ids_are_no_numbers(void **state)
{
    (void)state;
    char a[CONTAINER_ID_LEN + 1], b[CONTAINER_ID_LEN + 1];
    for (int i = 0; i < 2000; i++) { /* about one in 280 random ones would begin with twelve decimals */
        assert_ok(container_new_id(a, e));
        assert_int_equal(strlen(a), CONTAINER_ID_LEN);
        assert_int_equal(strspn(a, "0123456789abcdef"), CONTAINER_ID_LEN);
        assert_true(strspn(a, "0123456789") < CONTAINER_SHORT_ID_LEN);
    }
    assert_ok(container_new_id(b, e));
    assert_string_not_equal(a, b);
}

static void names_follow_docker_s_rule(void **state)
{
    (void)state;
    assert_ok(container_check_name("Web-1_x.y", e));
    const char *bad[] = {"", "x", "-web", "we b", "we/b", "wéb"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_err(container_check_name(bad[i], e), ERR_INVALID, "invalid container name");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms_come_back_as_they_were),
        cmocka_unit_test(the_stored_form_leaves_out_what_is_unset),
        cmocka_unit_test(the_inspected_form_has_docker_s_members),
        cmocka_unit_test(what_a_running_container_has_got_is_shown),
        cmocka_unit_test(a_wrong_type_is_named),
        cmocka_unit_test(ids_are_no_numbers),
        cmocka_unit_test(names_follow_docker_s_rule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
