/* An encrypted network over two hosts: keys by etcd, the data path tested, and nothing of it on the wire in clear.
 * Needs a kernel with ESP: tests/vm/kernel-modules has one. */
#include "network/underlay.h"

#include "keeper/clock.h"
#include "keeper/etcd_server.h"
#include "keeper/overlay.h"
#include "network/ipsec.h"
#include "network/vxlan.h"

#define URL "http://10.9.0.10:2379"

static struct etcd_server server = {.url = URL};
static char *endpoints[] = {(char *)URL, NULL};

struct host {
    const char *node, *address;
    int netns;
    char run_root[64];
    struct net_instance instance;
    struct net_config config;
    struct overlay *overlay;
    struct network *network;
};

static struct host hosts[2] = {{.node = "host1", .address = "10.9.0.1/24"},
                               {.node = "host2", .address = "10.9.0.2/24"}};

static void skip_without_esp(void)
{
    _cleanup_close_ int sock = netlink_open_protocol(NETLINK_XFRM, NULL);
    struct err e = ERR_INIT;

    if (ipsec_check(sock, &e) < 0) {
        fprintf(stderr, "%s\n", e.text);
        exit(77); /* skipped, to Meson */
    }
}

/* As the keeper begins: it has no other life but this struct. */
static void begin(struct host *h)
{
    struct err e = ERR_INIT;
    int home = box_enter(h->netns);

    assert_works(overlay_new(&h->instance, &h->config, &h->overlay, &e), &e);
    box_leave(home);
}

static void make_host(struct host *h)
{
    struct err e = ERR_INIT;

    h->netns = underlay_host(h->address);
    snprintf(h->run_root, sizeof(h->run_root), "/tmp/sampan-crypt-XXXXXX");
    assert_non_null(mkdtemp(h->run_root));
    assert_works(net_instance_open(h->run_root, &h->instance, &e), &e);
    h->config.overlay = (struct overlay_config){.etcd = endpoints,
                                                .prefix = (char *)"/test",
                                                .node = (char *)h->node,
                                                .lease = 5,
                                                .address = prefix_of(h->address).ip};
    begin(h);
}

static int set_up(void **state)
{
    struct events loop;
    const struct etcd_settings settings = {.endpoints = endpoints};
    struct etcd *c = NULL;
    int self;

    (void)state;
    if (etcd_server_prepare(&server) < 0)
        return -1;
    skip_without_esp();
    underlay_make();
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++)
        make_host(&hosts[i]);
    /* The last to be plugged in: the others' "eth0" would be taken for this one. */
    self = ns_open(0, NS_NET, NULL);
    underlay_plug(self, "10.9.0.10/24");
    close(self);
    etcd_server_start(&server);
    if (events_init(&loop, NULL) < 0 || etcd_new(&loop, &settings, &c, NULL) < 0)
        return -1;
    etcd_server_wait(c);
    etcd_free(c);
    events_release(&loop);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        network_free(hosts[i].network);
        net_instance_close(&hosts[i].instance);
        (void)dir_remove_all(AT_FDCWD, hosts[i].run_root, NULL);
    }
    return etcd_server_tear_down(&server);
}

/* What network_up does of it, without the firewall, for which these kernels lack modules. */
static void make_bridge(const struct host *h)
{
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    const struct network *n = h->network;
    const uint8_t mac[NET_MAC_LEN] = {2, 0, 0, 0, 0, n->v4.gateway.bytes[3]};
    struct prefix gateway = {.ip = n->v4.gateway, .len = n->v4.subnet.len};
    char text[PREFIX_TEXT_MAX];
    struct netlink_batch b;
    struct nlattr *info;

    netlink_batch_init(&b);
    netlink_request(&b, "make a bridge", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
    netlink_attr_str(&b, IFLA_IFNAME, n->link);
    netlink_attr(&b, IFLA_ADDRESS, mac, sizeof(mac));
    info = netlink_nest(&b, IFLA_LINKINFO);
    netlink_attr_str(&b, IFLA_INFO_KIND, "bridge");
    netlink_nest_end(&b, info);
    underlay_run(&b);
    underlay_link_up(n->link);
    underlay_add_address(n->link, prefix_format(&gateway, text));
}

static void serve(struct host *h)
{
    struct err e = ERR_INIT;
    int home = box_enter(h->netns);

    if (if_nametoindex(h->network->link) == 0)
        make_bridge(h);
    assert_works(overlay_serve(h->overlay, h->network, &e), &e);
    box_leave(home);
}

static void dispatch_all(void)
{
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        int home = box_enter(hosts[i].netns);

        overlay_dispatch(hosts[i].overlay);
        box_leave(home);
    }
    usleep(5000);
}

/* "ok", "testing", … of the other host, as this one sees it. */
static bool peer_is(struct host *h, const char *state)
{
    _cleanup_json_ json_object *peers = NULL;
    const char *found = "";
    int home = box_enter(h->netns);

    assert_int_equal(overlay_peers(h->overlay, h->network->id, &peers, NULL), 0);
    box_leave(home);
    if (json_object_array_length(peers) == 1)
        (void)json_get_str(json_object_array_get_idx(peers, 0), "State", "", &found, NULL);
    return strcmp(found, state) == 0;
}

/* The other one's keeper has to run meanwhile, so states are asked for only now and then. */
static void wait_for_peers(const char *state)
{
    const int64_t deadline = clock_ms() + 20000;
    bool reached = false;

    while (!reached && clock_ms() < deadline) {
        const int64_t turn = clock_ms() + 500;

        while (clock_ms() < turn)
            dispatch_all();
        reached = peer_is(&hosts[0], state) && peer_is(&hosts[1], state);
    }
    assert_true(reached);
}

static void create_network(void)
{
    struct network *n = network_new();
    struct err e = ERR_INIT;
    int home = box_enter(hosts[0].netns);

    memset(n->id, 'a', NETWORK_ID_LEN);
    n->name = strdup("secret");
    n->driver = NETWORK_OVERLAY;
    n->encrypted = true;
    snprintf(n->link, sizeof(n->link), "br-%.12s", n->id);
    assert_works(overlay_create(hosts[0].overlay, n, &e), &e);
    hosts[0].network = n;
    box_leave(home);
    home = box_enter(hosts[1].netns);
    assert_works(overlay_find(hosts[1].overlay, "secret", &hosts[1].network, &e), &e);
    box_leave(home);
}

static void hosts_talk_inside_esp_only(void **state)
{
    _cleanup_close_ int wire = underlay_listen(hosts[1].netns);
    struct heard heard;

    (void)state;
    create_network();
    assert_int_equal(hosts[0].network->mtu, 1500 - 50 - 40);
    serve(&hosts[0]);
    serve(&hosts[1]);
    wait_for_peers("ok");
    heard = underlay_heard(wire, VXLAN_PORT_ENCRYPTED);
    assert_true(heard.esp > 0);
    assert_int_equal(heard.udp, 0);
}

/* A keeper that begins anew gets new keys from the others: its counters begin anew, too. */
static void a_new_life_gets_new_keys(void **state)
{
    struct err e = ERR_INIT;
    int home = box_enter(hosts[1].netns);

    (void)state;
    overlay_free(hosts[1].overlay);
    box_leave(home);
    begin(&hosts[1]);
    serve(&hosts[1]);
    wait_for_peers("ok");
    for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
        home = box_enter(hosts[i].netns);
        assert_works(overlay_remove(hosts[i].overlay, hosts[i].network, &e), &e);
        overlay_free(hosts[i].overlay);
        box_leave(home);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hosts_talk_inside_esp_only),
        cmocka_unit_test(a_new_life_gets_new_keys),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
