/* One host of an overlay over a real etcd. The other hosts are records that the test itself writes, or a second engine
 * that only asks for numbers; tests/integration/overlay.bats has whole hosts. */
#include "keeper/etcd_server.h"

#include <fcntl.h>
#include <net/if.h>
#include <sys/stat.h>

#include <linux/neighbour.h>

#include "base/strv.h"
#include "keeper/clock.h"
#include "keeper/overlay.h"
#include "network/bridge.h"
#include "network/names.h"
#include "network/plan.h"
#include "network/vxlan.h"

#define ADDRESS "127.0.0.2" /* an underlay that needs no links */
#define CONTAINER "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0"
#define STRANGER "d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1d1"

static struct etcd_server server;
static char *endpoints[] = {(char *)ETCD_URL, NULL};
static struct net_instance instance = NET_INSTANCE_INIT;
static struct net_config config1, config2;
static char run_root[] = "/tmp/sampan-overlay-XXXXXX";

/* The test's own view of etcd. */
static struct events loop;
static const struct etcd_settings settings = {.endpoints = endpoints};
static struct etcd *etcd;

static struct net_config config_of(const char *node)
{
    struct net_config c = {.overlay = {.etcd = endpoints, .prefix = (char *)"/test", .node = (char *)node, .lease = 5}};

    assert_int_equal(ip_parse(ADDRESS, "address", &c.overlay.address, NULL), 0);
    return c;
}

static int add_address(const char *text)
{
    struct prefix p = {0};
    struct ifaddrmsg lo = {.ifa_family = AF_INET, .ifa_index = 1};
    _cleanup_close_ int sock = netlink_open(NULL);
    struct netlink_batch b;

    assert_int_equal(prefix_parse(text, "address", &p, NULL), 0);
    lo.ifa_prefixlen = p.len;
    netlink_batch_init(&b);
    netlink_request(&b, "add an address", RTM_NEWADDR, NLM_F_CREATE, &lo, sizeof(lo));
    netlink_attr(&b, IFA_LOCAL, p.ip.bytes, ip_size(&p.ip));
    return netlink_run(sock, &b, NULL);
}

static int set_up(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    if (etcd_server_set_up(&server) < 0 || events_init(&loop, &e) < 0 || etcd_new(&loop, &settings, &etcd, &e) < 0)
        return -1;
    etcd_server_wait(etcd);
    config1 = config_of("host1");
    config2 = config_of("host2");
    if (!mkdtemp(run_root) || net_instance_open(run_root, &instance, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        return -1;
    }
    /* That lo answers for all of 127.0.0.0/8 does not make them addresses of an interface. */
    return add_address(ADDRESS "/32");
}

static int tear_down(void **state)
{
    (void)state;
    etcd_free(etcd);
    events_release(&loop);
    net_instance_close(&instance);
    (void)dir_remove_all(AT_FDCWD, run_root, NULL);
    return etcd_server_tear_down(&server);
}

static struct overlay *overlay(const struct net_config *config)
{
    struct overlay *o = NULL;
    struct err e = ERR_INIT;

    if (overlay_new(&instance, config, &o, &e) < 0)
        fail_msg("%s", e.text);
    return o;
}

/* A network as the engine hands it over to be created. The first letter makes its id: a to f. */
static struct network *wish(const char *name)
{
    struct network *n = network_new();

    memset(n->id, name[0], NETWORK_ID_LEN);
    n->name = strdup(name);
    n->driver = NETWORK_OVERLAY;
    snprintf(n->link, sizeof(n->link), "br-%.12s", n->id);
    return n;
}

static void create(struct overlay *o, struct network *n)
{
    struct err e = ERR_INIT;

    if (overlay_create(o, n, &e) < 0)
        fail_msg("%s", e.text);
}

static void take_away(struct overlay *o, const struct network *n)
{
    struct err e = ERR_INIT;

    if (overlay_remove(o, n, &e) < 0)
        fail_msg("%s", e.text);
}

static size_t count_keys(const char *prefix)
{
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;
    struct err e = ERR_INIT;

    if (etcd_range(etcd, prefix, &l, &e) < 0)
        fail_msg("%s", e.text);
    return l.n;
}

static void put_key(const char *key, const char *value)
{
    _cleanup_json_ json_object *txn = etcd_txn_new();
    bool done = false;

    etcd_txn_put(txn, key, value, 0);
    assert_int_equal(etcd_txn_commit(etcd, txn, &done, NULL), 0);
}

static void delete_key(const char *key)
{
    _cleanup_json_ json_object *txn = etcd_txn_new();
    bool done = false;

    etcd_txn_delete(txn, key);
    assert_int_equal(etcd_txn_commit(etcd, txn, &done, NULL), 0);
}

/* Lets the overlay work until the condition holds, for at most ten seconds. */
#define wait_until(o, condition)                                                                                       \
    do {                                                                                                               \
        const int64_t deadline = clock_ms() + 10000;                                                                   \
        while (!(condition) && clock_ms() < deadline) {                                                                \
            overlay_dispatch(o);                                                                                       \
            usleep(5000);                                                                                              \
        }                                                                                                              \
        assert_true(condition);                                                                                        \
    } while (0)

/* ---- what all agree on */

static void two_hosts_share_a_network(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o1 = overlay(&config1), *o2 = overlay(&config2);
    _cleanup_network_ struct network *n = wish("ashare"), *found = NULL, *again = NULL;
    struct err e = ERR_INIT;

    (void)state;
    create(o1, n);
    assert_int_equal(n->v4.range.len, 26);
    assert_true(n->vni >= 4096);
    assert_int_equal(n->mtu, 65536 - 50);
    if (overlay_find(o2, "ashare", &found, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(found->id, n->id);
    assert_int_equal(found->vni, n->vni);
    assert_true(ip_equal(&found->v4.subnet.ip, &n->v4.subnet.ip));
    assert_false(ip_equal(&found->v4.range.ip, &n->v4.range.ip));
    /* The same host gets the same part. */
    assert_int_equal(overlay_find(o2, n->id, &again, &e), 0);
    assert_true(ip_equal(&found->v4.range.ip, &again->v4.range.ip));
    take_away(o1, n);
    assert_int_equal(count_keys("/test/networks/"), 1);
    take_away(o2, found);
    assert_int_equal(count_keys("/test/"), 0);
    take_away(o2, found); /* nothing is left of it: success */
}

static void names_and_subnets_are_taken_once(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o1 = overlay(&config1), *o2 = overlay(&config2);
    _cleanup_network_ struct network *first = wish("first"), *same = wish("bsame"), *overlap = wish("coverlap");
    _cleanup_network_ struct network *found = NULL;
    struct err e = ERR_INIT;

    (void)state;
    create(o1, first);
    free(same->name);
    same->name = strdup("first");
    assert_int_equal(overlay_create(o2, same, &e), -EEXIST);
    assert_says(&e, "first already exists");
    overlap->v4.subnet = first->v4.subnet;
    assert_int_equal(overlay_create(o2, overlap, &e), -EEXIST);
    assert_says(&e, "overlaps");
    assert_int_equal(overlay_find(o2, "nothing", &found, &e), -ENOENT);
    assert_int_equal(count_keys("/test/networks/"), 1);
    take_away(o1, first);
}

static void what_each_host_decides_is_not_given(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o = overlay(&config1);
    _cleanup_network_ struct network *n = wish("agiven");
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(prefix_parse("10.84.0.0/24", "subnet", &n->v4.subnet, NULL), 0);
    assert_int_equal(ip_parse("10.84.0.9", "gateway", &n->v4.gateway, NULL), 0);
    assert_int_equal(overlay_create(o, n, &e), -EINVAL);
    assert_says(&e, "no --gateway");
    n->v4.gateway = (struct ip){0};
    assert_int_equal(prefix_parse("10.84.0.0/28", "range", &n->v4.range, NULL), 0);
    assert_int_equal(overlay_create(o, n, &e), -EINVAL);
    assert_int_equal(count_keys("/test/"), 0);
}

static void a_subnet_that_leads_elsewhere_here(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o1 = overlay(&config1), *o2 = overlay(&config2);
    _cleanup_network_ struct network *n = wish("broute"), *found = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(prefix_parse("10.83.0.0/24", "subnet", &n->v4.subnet, NULL), 0);
    create(o1, n);
    assert_int_equal(add_address("10.83.0.65/26"), 0);
    assert_int_equal(overlay_find(o2, "broute", &found, &e), -EEXIST);
    assert_says(&e, "overlaps with this host's route to 10.83.0.6");
    take_away(o1, n);
    assert_int_equal(count_keys("/test/"), 0);
}

static void parts_run_out(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o1 = overlay(&config1), *o2 = overlay(&config2);
    _cleanup_network_ struct network *n = wish("eparts"), *found = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(prefix_parse("10.77.0.0/27", "subnet", &n->v4.subnet, NULL), 0);
    create(o1, n);
    for (int i = 1; i < 4; i++) {
        char key[256];

        snprintf(key, sizeof(key), "/test/members/%s/parts/%d", n->id, i);
        put_key(key, "another");
    }
    assert_true(overlay_find(o2, "eparts", &found, &e) < 0);
    assert_says(&e, "all 4 parts");
    assert_int_equal(count_keys("/test/networks/"), 1);
    for (int i = 1; i < 4; i++) {
        char key[256];

        snprintf(key, sizeof(key), "/test/members/%s/parts/%d", n->id, i);
        delete_key(key);
    }
    take_away(o1, n);
}

/* ---- serving */

struct seen {
    int ifindex;
    const char *address;
    bool found;
};

static int look_for(const struct nlmsghdr *h, void *arg, struct err *e)
{
    struct seen *s = arg;
    const struct ndmsg *entry = NLMSG_DATA(h);
    const struct nlattr *dst = netlink_find(h, sizeof(*entry), NDA_DST);
    struct ip ip;

    (void)e;
    assert_int_equal(ip_parse(s->address, "address", &ip, NULL), 0);
    if (entry->ndm_ifindex == s->ifindex && dst && netlink_data_len(dst) == ip_size(&ip) &&
        memcmp(netlink_data(dst), ip.bytes, ip_size(&ip)) == 0)
        s->found = true;
    return 0;
}

/* Whether the VXLAN device knows that neighbour (AF_INET), or forwards to that host (AF_BRIDGE). */
static bool device_knows(const struct network *n, uint8_t family, const char *address)
{
    char device[IFNAMSIZ];
    struct seen s = {.address = address};
    struct ndmsg all = {.ndm_family = family};
    struct ifinfomsg all_links = {.ifi_family = family};
    _cleanup_close_ int sock = netlink_open(NULL);
    struct netlink_batch b;

    snprintf(device, sizeof(device), "vx-%.12s", n->id);
    s.ifindex = (int)if_nametoindex(device);
    netlink_batch_init(&b);
    if (family == AF_BRIDGE)
        netlink_request(&b, "forwarding entries", RTM_GETNEIGH, NLM_F_DUMP, &all_links, sizeof(all_links));
    else
        netlink_request(&b, "neighbours", RTM_GETNEIGH, NLM_F_DUMP, &all, sizeof(all));
    assert_int_equal(netlink_query(sock, &b, look_for, &s, NULL), 0);
    return s.found;
}

static void serve(struct overlay *o, const struct net_config *config, const struct network *n)
{
    struct err e = ERR_INIT;

    if (network_up(&instance, config, n, &e) < 0 || overlay_serve(o, n, &e) < 0)
        fail_msg("%s", e.text);
}

static void done_with(struct overlay *o, const struct network *n)
{
    struct err e = ERR_INIT;

    take_away(o, n);
    if (network_down(&instance, n, &e) < 0)
        fail_msg("%s", e.text);
}

static bool remote_name_is(const struct network *n, const char *container, const char *text)
{
    _cleanup_free_ char *path = NULL, *found = NULL;

    assert_true(asprintf(&path, "%s/networks/%s/remote/%s", run_root, n->id, container) > 0);
    if (file_read(AT_FDCWD, path, 4096, &found, NULL, NULL) < 0)
        return !text;
    return text && strcmp(found, text) == 0;
}

static void other_hosts_are_programmed(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o = overlay(&config1);
    _cleanup_network_ struct network *n = wish("aserve");
    char host[256], endpoint[256];

    (void)state;
    assert_int_equal(prefix_parse("10.78.0.0/24", "subnet", &n->v4.subnet, NULL), 0);
    create(o, n);
    snprintf(host, sizeof(host), "/test/members/%s/hosts/other", n->id);
    snprintf(endpoint, sizeof(endpoint), "/test/members/%s/endpoints/" STRANGER, n->id);
    /* What is there before it is served, and what comes later. */
    put_key(host,
            "{\"node\":\"other\",\"address\":\"127.0.0.3\",\"mac\":\"02:00:00:00:00:03\",\"ip4\":\"10.78.0.17\"}");
    serve(o, &config1, n);
    assert_true(device_knows(n, AF_INET, "10.78.0.17"));
    assert_true(device_knows(n, AF_BRIDGE, "127.0.0.3"));
    put_key(endpoint,
            "{\"node\":\"other\",\"address\":\"127.0.0.4\",\"mac\":\"02:00:00:00:00:04\",\"ip4\":\"10.78.0.18\","
            "\"names\":[\"web\",\"www\"]}");
    wait_until(o, device_knows(n, AF_INET, "10.78.0.18"));
    assert_true(device_knows(n, AF_BRIDGE, "127.0.0.4"));
    wait_until(o, remote_name_is(n, STRANGER, "10.78.0.18 web www\n"));
    delete_key(endpoint);
    wait_until(o, !device_knows(n, AF_INET, "10.78.0.18"));
    assert_false(device_knows(n, AF_BRIDGE, "127.0.0.4"));
    assert_true(remote_name_is(n, STRANGER, NULL));
    assert_true(device_knows(n, AF_INET, "10.78.0.17"));
    delete_key(host);
    done_with(o, n);
    assert_int_equal(count_keys("/test/"), 0);
}

static void nonsense_is_not_programmed(void **state)
{
    static const char *const values[] = {
        "not JSON",
        "[]",
        "{\"node\":\"other\",\"address\":\"127.0.0.5\",\"mac\":\"02:00:00:00:00:05\",\"ip4\":\"192.168.0.1\"}",
        "{\"node\":\"other\",\"address\":\"127.0.0.5\",\"mac\":\"01:00:5e:00:00:05\",\"ip4\":\"10.79.0.18\"}",
        "{\"node\":\"other\",\"address\":\"127.0.0.5\",\"ip4\":\"10.79.0.18\"}",
        "{\"node\":\"other\",\"mac\":\"02:00:00:00:00:05\",\"ip4\":\"10.79.0.18\"}",
        ("{\"node\":\"other\",\"address\":\"127.0.0.5\",\"mac\":\"02:00:00:00:00:05\",\"ip4\":\"10.79.0.18\","
         "\"names\":[\"a\\n10.79.0.1 b\"]}"),
    };
    _cleanup_(cleanup_overlay) struct overlay *o = overlay(&config1);
    _cleanup_network_ struct network *n = wish("bnonsense");
    char key[256];

    (void)state;
    assert_int_equal(prefix_parse("10.79.0.0/24", "subnet", &n->v4.subnet, NULL), 0);
    create(o, n);
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        snprintf(key, sizeof(key), "/test/members/%s/endpoints/%zu", n->id, i);
        put_key(key, values[i]);
    }
    serve(o, &config1, n);
    assert_false(device_knows(n, AF_BRIDGE, "127.0.0.5"));
    assert_false(device_knows(n, AF_INET, "10.79.0.18"));
    for (size_t i = 0; i < ARRAY_SIZE(values); i++) {
        snprintf(key, sizeof(key), "/test/members/%s/endpoints/%zu", n->id, i);
        delete_key(key);
    }
    done_with(o, n);
}

/* A container: its endpoint file, and then its plan. */
static void add_container(const struct network *n)
{
    _cleanup_net_plan_ struct net_plan *plan = net_plan_new();
    struct net_interface *i = net_plan_add_interface(plan);
    _cleanup_close_ int network_dir = -1, run_dir = -1;
    _cleanup_free_ char *path = NULL;
    struct err e = ERR_INIT;

    snprintf(plan->container, sizeof(plan->container), "%s", CONTAINER);
    plan->directory = strdup("x");
    snprintf(i->network, sizeof(i->network), "%s", n->id);
    i->network_name = strdup(n->name);
    snprintf(i->name, sizeof(i->name), "eth0");
    memcpy(i->mac, "\x02\x42\x0a\x50\x00\x02", NET_MAC_LEN);
    i->address4 = (struct prefix){.ip = prefix_nth(&n->v4.range, 2), .len = n->v4.subnet.len};
    assert_int_equal(strv_add(&i->names, "web", NULL), 0);

    assert_true(asprintf(&path, "%s/containers/%s", run_root, CONTAINER) > 0);
    network_dir = openat(instance.dir_fd, n->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (endpoint_write(network_dir, CONTAINER, i, &e) < 0 || dir_make_all(AT_FDCWD, path, 0700, NULL, &e) < 0)
        fail_msg("%s", e.text);
    run_dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (net_plan_save(plan, run_dir, &e) < 0)
        fail_msg("%s", e.text);
}

static void remove_container(const struct network *n)
{
    _cleanup_close_ int network_dir = openat(instance.dir_fd, n->id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_int_equal(endpoint_remove(network_dir, CONTAINER, NULL), 0);
}

static bool key_is(const char *key, const char *value)
{
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;

    assert_int_equal(etcd_range(etcd, key, &l, NULL), 0);
    return value ? l.n == 1 && strcmp(l.pairs[0].value, value) == 0 : l.n == 0;
}

static void own_containers_are_published(void **state)
{
    static const char value[] = "{\"node\":\"host1\",\"address\":\"" ADDRESS "\",\"mac\":\"02:42:0a:50:00:02\","
                                "\"ip4\":\"10.80.0.2\",\"names\":[\"web\"]}";
    _cleanup_(cleanup_overlay) struct overlay *o = overlay(&config1);
    _cleanup_network_ struct network *n = wish("cpublish");
    _cleanup_json_ json_object *leases = NULL;
    _cleanup_json_ json_object *nothing = json_object_new_object();
    json_object *list;
    char key[256];

    (void)state;
    assert_int_equal(prefix_parse("10.80.0.0/24", "subnet", &n->v4.subnet, NULL), 0);
    create(o, n);
    snprintf(key, sizeof(key), "/test/members/%s/endpoints/" CONTAINER, n->id);
    put_key(key,
            "{\"node\":\"host1\",\"address\":\"" ADDRESS "\",\"mac\":\"02:00:00:00:00:09\",\"ip4\":\"10.80.0.9\"}");
    serve(o, &config1, n);
    wait_until(o, key_is(key, NULL)); /* what an earlier life left */

    add_container(n);
    overlay_endpoints_changed(o, n->id);
    wait_until(o, key_is(key, value));

    /* Every lease is taken away, as after a long absence: it is all there again by itself. */
    assert_int_equal(etcd_call(etcd, "/v3/lease/leases", nothing, &leases, NULL), 0);
    list = json_get(leases, "leases");
    assert_true(list && json_object_array_length(list) > 0);
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        _cleanup_json_ json_object *body = etcd_lease_body(etcd_int64(json_object_array_get_idx(list, i), "ID"));

        assert_int_equal(etcd_call(etcd, "/v3/lease/revoke", body, NULL, NULL), 0);
    }
    assert_true(key_is(key, NULL));
    wait_until(o, key_is(key, value));

    remove_container(n);
    overlay_endpoints_changed(o, n->id);
    wait_until(o, key_is(key, NULL));
    done_with(o, n);
    assert_int_equal(count_keys("/test/"), 0);
}

static void a_name_is_of_one_host(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o = overlay(&config1);
    _cleanup_network_ struct network *n = wish("drival");
    struct err e = ERR_INIT;
    char key[256];

    (void)state;
    assert_int_equal(prefix_parse("10.81.0.0/24", "subnet", &n->v4.subnet, NULL), 0);
    create(o, n);
    snprintf(key, sizeof(key), "/test/members/%s/hosts/host1", n->id);
    put_key(key, "{\"node\":\"host1\",\"address\":\"127.0.0.9\",\"mac\":\"02:00:00:00:00:05\",\"ip4\":\"10.81.0.17\"}");
    assert_int_equal(network_up(&instance, &config1, n, &e), 0);
    assert_int_equal(overlay_serve(o, n, &e), -EEXIST);
    assert_says(&e, "127.0.0.9 calls itself host1 too");
    delete_key(key);
    done_with(o, n);
}

/* A keeper that died left its device with entries: what is right is kept, the rest removed. */
static void a_device_that_is_there_is_taken_over(void **state)
{
    _cleanup_(cleanup_overlay) struct overlay *o = overlay(&config1);
    _cleanup_network_ struct network *n = wish("etaken");
    struct vxlan v = {.port = VXLAN_PORT, .local = config1.overlay.address, .mtu = 65486};
    struct vxlan_station stale = {.mac = {2, 0, 0, 0, 0, 7}};
    _cleanup_close_ int sock = netlink_open(NULL);
    struct err e = ERR_INIT;
    int ifindex = 0;
    char key[256];

    (void)state;
    assert_int_equal(prefix_parse("10.82.0.0/24", "subnet", &n->v4.subnet, NULL), 0);
    create(o, n);
    assert_int_equal(network_up(&instance, &config1, n, &e), 0);
    snprintf(v.name, sizeof(v.name), "vx-%.12s", n->id);
    snprintf(v.bridge, sizeof(v.bridge), "%s", n->link);
    v.vni = n->vni;
    assert_int_equal(vxlan_add(sock, &v, &ifindex, &e), 0);
    ip_parse("127.0.0.7", "remote", &stale.remote, NULL);
    ip_parse("10.82.0.77", "address", &stale.ip4, NULL);
    assert_int_equal(vxlan_add_station(sock, ifindex, &stale, &e), 0);
    assert_true(device_knows(n, AF_INET, "10.82.0.77"));

    snprintf(key, sizeof(key), "/test/members/%s/hosts/other", n->id);
    put_key(key, "{\"node\":\"other\",\"address\":\"127.0.0.3\",\"mac\":\"02:00:00:00:00:03\",\"ip4\":\"10.82.0.17\"}");
    serve(o, &config1, n);
    assert_int_equal(if_nametoindex(v.name), ifindex);
    assert_true(device_knows(n, AF_INET, "10.82.0.17"));
    assert_false(device_knows(n, AF_INET, "10.82.0.77"));
    assert_false(device_knows(n, AF_BRIDGE, "127.0.0.7"));
    delete_key(key);
    done_with(o, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_hosts_share_a_network),
        cmocka_unit_test(names_and_subnets_are_taken_once),
        cmocka_unit_test(what_each_host_decides_is_not_given),
        cmocka_unit_test(a_subnet_that_leads_elsewhere_here),
        cmocka_unit_test(parts_run_out),
        cmocka_unit_test(other_hosts_are_programmed),
        cmocka_unit_test(nonsense_is_not_programmed),
        cmocka_unit_test(own_containers_are_published),
        cmocka_unit_test(a_name_is_of_one_host),
        cmocka_unit_test(a_device_that_is_there_is_taken_over),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
