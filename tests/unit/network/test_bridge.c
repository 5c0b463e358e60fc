/* Networks' bridges on a host of the test's own: its network namespace. */
#include "network/net_box.h"

#include <linux/if_link.h>
#include <sys/stat.h>

#include "network/bridge.h"
#include "network/firewall.h"

enum { PORT = 7777 };

#define DEFINITION_OF_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/network.json"

struct host {
    struct net_instance in;
    struct net_config config;
};

static int host_new(void **state)
{
    struct host *h = calloc(1, sizeof(*h));
    char run_root[] = "/tmp/sampan-unit-XXXXXX";
    struct err e = ERR_INIT;

    h->in = NET_INSTANCE_INIT;
    *state = h;
    return enter_host(state) < 0 || !mkdtemp(run_root) || net_instance_open(run_root, &h->in, &e) < 0;
}

static int host_free(void **state)
{
    struct host *h = *state;
    struct err e = ERR_INIT;
    int r = dir_remove_all(AT_FDCWD, h->in.run_root, &e);

    (void)firewall_remove(&h->in, NULL);
    net_instance_close(&h->in);
    free(h);
    return r;
}

static struct network *network_with(char digit, const char *v4, const char *v6)
{
    struct network *n = network_new();

    memset(n->id, digit, NETWORK_ID_LEN);
    n->name = strdup("sea");
    n->driver = NETWORK_BRIDGE;
    snprintf(n->link, sizeof(n->link), "br-%.12s", n->id);
    if (v4) {
        n->v4.subnet = prefix_of(v4);
        n->v4.range = n->v4.subnet;
        n->v4.gateway = prefix_nth(&n->v4.subnet, 1);
    }
    if (v6) {
        n->ipv6 = true;
        n->v6.subnet = prefix_of(v6);
        n->v6.range = n->v6.subnet;
        n->v6.gateway = prefix_nth(&n->v6.subnet, 1);
    }
    return n;
}

static void up(struct host *h, const struct network *n)
{
    struct err e = ERR_INIT;

    assert_works(network_up(&h->in, &h->config, n, &e), &e);
}

static void down(struct host *h, const struct network *n)
{
    struct err e = ERR_INIT;

    assert_works(network_down(&h->in, n, &e), &e);
}

static const char *setting(const char *format, const struct network *n)
{
    char path[128];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(path, sizeof(path), format, n->link);
#pragma GCC diagnostic pop
    return box_read(-1, path);
}

static bool has_mark(const struct host *h, const char *name)
{
    return file_exists(h->in.dir_fd, name);
}

/* ---- what there is then ---- */

static void bridge_has_the_gateways_address(void **state)
{
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);

    up(*state, n);
    _cleanup_close_ int on_host = box_listen(-1, "10.8.0.1", PORT);
    assert_true(box_reaches(-1, "10.8.0.1", PORT, on_host));
    down(*state, n);
    assert_int_equal(if_nametoindex(n->link), 0);
}

static void dual_stack_bridge_has_both(void **state)
{
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", "fd08::/64");
    const char *addresses;

    up(*state, n);
    _cleanup_close_ int on_host = box_listen(-1, "fd08::1", PORT);
    assert_true(on_host >= 0); /* a tentative address could not be bound */
    addresses = box_read(-1, "/proc/net/if_inet6");
    assert_non_null(strstr(addresses, "fd080000000000000000000000000001"));
    assert_non_null(strstr(addresses, "fe800000000000000000000000000001"));
    down(*state, n);
}

/* And one for each bridge, with the first one's still there. */
static void localhost_is_local_by_the_bridge_too(void **state)
{
    _cleanup_network_ struct network *a = network_with('a', NULL, "fd08::/64"),
                                     *b = network_with('b', NULL, "fd09::/64");
    const char *routes;

    up(*state, a);
    up(*state, b);
    assert_int_equal(unlinkat(((struct host *)*state)->in.dir_fd, DEFINITION_OF_A, 0), 0);
    up(*state, a); /* again, as after a crash */
    routes = box_read(-1, "/proc/net/ipv6_route");
    assert_non_null(strstr(routes, "00000800 00000001 00000000 80000001 br-aaaaaaaaaaaa"));
    assert_non_null(strstr(routes, "00000800 00000001 00000000 80000001 br-bbbbbbbbbbbb"));
    _cleanup_close_ int on_host = box_listen(-1, "::1", PORT);
    assert_true(box_reaches(-1, "::1", PORT, on_host));
    down(*state, a);
    down(*state, b);
}

static void ipv6_is_off_on_a_bridge_without(void **state)
{
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);

    up(*state, n);
    assert_string_equal(setting("/proc/sys/net/ipv6/conf/%s/disable_ipv6", n), "1\n");
    assert_string_equal(setting("/proc/sys/net/ipv6/conf/%s/accept_ra", n), "0\n");
    assert_string_equal(setting("/proc/sys/net/ipv4/conf/%s/route_localnet", n), "1\n");
    down(*state, n);
}

static void again_is_nothing_new(void **state)
{
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);
    unsigned index;

    up(*state, n);
    index = if_nametoindex(n->link);
    up(*state, n);
    assert_int_equal(if_nametoindex(n->link), index);
    down(*state, n);
    down(*state, n); /* too */
}

static void bridge_that_somebody_deleted_is_made_again(void **state)
{
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);
    struct ifreq before = {.ifr_name = ""}, after = before;
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    memcpy(before.ifr_name, n->link, IFNAMSIZ);
    memcpy(after.ifr_name, n->link, IFNAMSIZ);
    up(*state, n);
    assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &before), 0);
    delete_link(n->link);
    up(*state, n);
    assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &after), 0);
    assert_memory_equal(before.ifr_hwaddr.sa_data, after.ifr_hwaddr.sa_data, NET_MAC_LEN);
    down(*state, n);
}

/* Killed after the bridge was made, before it was whole. */
static void half_made_network_is_completed(void **state)
{
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);

    make_link(n->link, "bridge");
    up(*state, n);
    _cleanup_close_ int on_host = box_listen(-1, "10.8.0.1", PORT);
    assert_true(box_reaches(-1, "10.8.0.1", PORT, on_host));
    down(*state, n);
    assert_int_not_equal(if_nametoindex(n->link), 0); /* which was not ours */
    delete_link(n->link);
}

static void interface_of_another_kind_is_refused(void **state)
{
    struct host *h = *state;
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);
    struct err e = ERR_INIT;

    make_link(n->link, "veth");
    assert_true(network_up(&h->in, &h->config, n, &e) < 0);
    assert_int_equal(e.kind, ERR_CONFLICT);
    assert_says(&e, "which is no bridge");
    delete_link(n->link);
    down(h, n);
}

/* ---- forwarding ---- */

static void forwarding_is_turned_on_and_noted(void **state)
{
    struct host *h = *state;
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);

    assert_string_equal(box_read(-1, "/proc/sys/net/ipv4/ip_forward"), "0\n");
    up(h, n);
    assert_string_equal(box_read(-1, "/proc/sys/net/ipv4/ip_forward"), "1\n");
    assert_string_equal(box_read(-1, "/proc/sys/net/ipv6/conf/all/forwarding"), "0\n");
    assert_true(has_mark(h, "forwarding"));
    assert_false(has_mark(h, "forwarding6"));
    down(h, n);
}

static void forwarding_of_the_administrator_is_not_noted(void **state)
{
    struct host *h = *state;
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", NULL);

    assert_int_equal(file_write_existing(AT_FDCWD, "/proc/sys/net/ipv4/ip_forward", "1", NULL), 0);
    up(h, n);
    assert_false(has_mark(h, "forwarding"));
    down(h, n);
}

static void internal_network_needs_no_forwarding(void **state)
{
    struct host *h = *state;
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", "fd08::/64");

    n->internal = true;
    up(h, n);
    assert_string_equal(box_read(-1, "/proc/sys/net/ipv4/ip_forward"), "0\n");
    assert_string_equal(box_read(-1, "/proc/sys/net/ipv6/conf/all/forwarding"), "0\n");
    down(h, n);
}

static void host_keeps_its_own_router(void **state)
{
    struct host *h = *state;
    _cleanup_network_ struct network *n = network_with('a', "10.8.0.0/24", "fd08::/64");

    make_link("uplink0", "veth");
    make_link("static0", "veth");
    assert_int_equal(file_write_existing(AT_FDCWD, "/proc/sys/net/ipv6/conf/uplink0/accept_ra", "1", NULL), 0);
    assert_int_equal(file_write_existing(AT_FDCWD, "/proc/sys/net/ipv6/conf/static0/accept_ra", "0", NULL), 0);
    up(h, n);
    assert_string_equal(box_read(-1, "/proc/sys/net/ipv6/conf/all/forwarding"), "1\n");
    assert_string_equal(box_read(-1, "/proc/sys/net/ipv6/conf/uplink0/accept_ra"), "2\n");
    assert_string_equal(box_read(-1, "/proc/sys/net/ipv6/conf/static0/accept_ra"), "0\n");
    assert_string_equal(setting("/proc/sys/net/ipv6/conf/%s/accept_ra", n), "0\n");
    assert_true(has_mark(h, "forwarding6"));
    down(h, n);
}

#define on_a_host(test) cmocka_unit_test_setup_teardown(test, host_new, host_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        on_a_host(bridge_has_the_gateways_address),
        on_a_host(dual_stack_bridge_has_both),
        on_a_host(localhost_is_local_by_the_bridge_too),
        on_a_host(ipv6_is_off_on_a_bridge_without),
        on_a_host(again_is_nothing_new),
        on_a_host(bridge_that_somebody_deleted_is_made_again),
        on_a_host(half_made_network_is_completed),
        on_a_host(interface_of_another_kind_is_refused),
        on_a_host(forwarding_is_turned_on_and_noted),
        on_a_host(forwarding_of_the_administrator_is_not_noted),
        on_a_host(internal_network_needs_no_forwarding),
        on_a_host(host_keeps_its_own_router),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
