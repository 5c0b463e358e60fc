/* Interfaces, between network namespaces of the test's own. What counts is what arrives. */
#include "network/net_box.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/pkt_sched.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#define BRIDGE "bridge7"
#define MAC_TEXT "02:42:0a:07:00:02"

enum { PORT = 7777 };

static int make_bridge(void **state)
{
    int r = enter_host(state);

    if (r == 0) {
        make_link(BRIDGE, "bridge");
        give_address(BRIDGE, "10.7.0.1/24");
        give_address(BRIDGE, "fd07::1/64");
        give_address("lo", "192.0.2.55/32");
        give_address("lo", "fd55::1/128");
    }
    return r;
}

/* One interface of a plan: 10.7.0.N and, where has_v6, fd07::N. */
static struct net_interface *add_veth(struct net_plan *p, unsigned n, bool has_v6)
{
    struct net_interface *i = net_plan_add_interface(p);
    char text[64];

    i->network_name = strdup("sea");
    snprintf(i->name, sizeof(i->name), "eth%zu", p->n_interfaces - 1);
    snprintf(i->host_name, sizeof(i->host_name), "sv%u", n);
    snprintf(i->master, sizeof(i->master), BRIDGE);
    snprintf(text, sizeof(text), "02:42:0a:07:00:%02x", n);
    assert_int_equal(mac_parse(text, "test", i->mac, NULL), 0);
    snprintf(text, sizeof(text), "10.7.0.%u/24", n);
    i->address4 = prefix_of(text);
    snprintf(text, sizeof(text), "fd07::%x/64", n);
    if (has_v6)
        i->address6 = prefix_of(text);
    if (p->n_interfaces == 1) {
        i->gateway4 = ip_of("10.7.0.1");
        i->gateway6 = has_v6 ? ip_of("fd07::1") : (struct ip){.family = 0};
    }
    return i;
}

static struct box plan_up(const struct net_plan *p)
{
    struct err e = ERR_INIT;
    struct box b = box_new(p);

    assert_works(net_plan_up(p, &b.target, &e), &e);
    return b;
}

/* The other end goes with it, so that the next test has the name. */
static void plan_end(const struct net_plan *p, struct box *b)
{
    for (size_t i = 0; i < p->n_interfaces; i++)
        assert_int_equal(net_interface_down(&p->interfaces[i], &b->target, NULL), 0);
}

static bool box_has(const struct box *b, const char *name)
{
    return netlink_link_index(b->target.sock, name, NULL) > 0;
}

/* ---- veth ---- */

static void container_reaches_host_and_back(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, false);
    _cleanup_box_ struct box b = plan_up(p);
    _cleanup_close_ int on_host = box_listen(-1, "10.7.0.1", PORT);
    _cleanup_close_ int inside = box_listen(b.netns, "10.7.0.2", PORT);

    assert_true(box_reaches(b.netns, "10.7.0.1", PORT, on_host));
    assert_true(box_reaches(-1, "10.7.0.2", PORT, inside));
    plan_end(p, &b);
}

static void default_route_leads_out(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, false);
    _cleanup_box_ struct box b = plan_up(p);
    _cleanup_close_ int far = box_listen(-1, "192.0.2.55", PORT);

    assert_true(box_reaches(b.netns, "192.0.2.55", PORT, far));
    plan_end(p, &b);
}

static void mac_and_mtu_are_the_plans(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, false)->mtu = 1280;
    _cleanup_box_ struct box b = plan_up(p);
    int host = box_enter(b.netns);
    struct ifreq mac = {.ifr_name = "eth0"}, mtu = mac;
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    char text[MAC_TEXT_MAX];

    box_leave(host);
    assert_int_equal(ioctl(fd, SIOCGIFHWADDR, &mac), 0);
    assert_string_equal(mac_format((uint8_t *)mac.ifr_hwaddr.sa_data, text), MAC_TEXT);
    assert_int_equal(ioctl(fd, SIOCGIFMTU, &mtu), 0);
    assert_int_equal(mtu.ifr_mtu, 1280);
    plan_end(p, &b);
}

static void without_ipv6_it_is_off(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, false);
    _cleanup_box_ struct box b = plan_up(p);

    assert_string_equal(box_read(b.netns, "/proc/sys/net/ipv6/conf/eth0/disable_ipv6"), "1\n");
    assert_string_equal(box_read(b.netns, "/proc/sys/net/ipv6/conf/eth0/accept_ra"), "0\n");
    assert_null(strstr(box_read(b.netns, "/proc/net/if_inet6"), "eth0"));
    assert_non_null(strstr(box_read(b.netns, "/proc/net/if_inet6"), "lo"));
    plan_end(p, &b);
}

static void hosts_end_has_no_ipv6_address(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, true);
    _cleanup_box_ struct box b = plan_up(p);

    assert_non_null(strstr(box_read(-1, "/proc/net/if_inet6"), BRIDGE)); /* the test sees addresses */
    assert_null(strstr(box_read(-1, "/proc/net/if_inet6"), "sv2"));
    plan_end(p, &b);
}

static void ipv6_works_at_once(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, true);
    _cleanup_box_ struct box b = plan_up(p);
    _cleanup_close_ int inside = box_listen(b.netns, "fd07::2", PORT); /* a tentative address can't be bound */
    _cleanup_close_ int on_host = box_listen(-1, "fd07::1", PORT);

    assert_true(box_reaches(b.netns, "fd07::1", PORT, on_host));
    assert_true(box_reaches(-1, "fd07::2", PORT, inside));
    assert_string_equal(box_read(b.netns, "/proc/sys/net/ipv6/conf/eth0/accept_ra"), "0\n");
    plan_end(p, &b);
}

static void link_local_address_is_the_macs(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    const char *addresses;

    (void)state;
    add_veth(p, 2, true);
    _cleanup_box_ struct box b = plan_up(p);
    addresses = box_read(b.netns, "/proc/net/if_inet6");

    /* Permanent (80) and not looked for duplicates of (02). */
    assert_non_null(strstr(addresses, "fe8000000000000000420afffe070002 02 40 20 82     eth0"));
    plan_end(p, &b);
}

static void ipv6_is_off_on_the_network_without(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, true);
    add_veth(p, 3, false);
    _cleanup_box_ struct box b = plan_up(p);

    assert_string_equal(box_read(b.netns, "/proc/sys/net/ipv6/conf/eth0/disable_ipv6"), "0\n");
    assert_string_equal(box_read(b.netns, "/proc/sys/net/ipv6/conf/eth1/disable_ipv6"), "1\n");
    plan_end(p, &b);
}

static void connecting_brings_ipv6(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;

    (void)state;
    add_veth(p, 2, false);
    _cleanup_box_ struct box b = plan_up(p);
    add_veth(p, 3, true);

    assert_works(net_interface_up(&p->interfaces[1], &b.target, &e), &e);
    _cleanup_close_ int inside = box_listen(b.netns, "fd07::3", PORT);
    assert_true(box_reaches(-1, "fd07::3", PORT, inside));
    plan_end(p, &b);
}

/* Into a namespace that was not prepared for it: a container that started without a network. */
static void connecting_takes_no_advertisements(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;
    struct box b;
    int host = box_enter(-1);

    (void)state;
    b.netns = ns_open(0, NS_NET, &e);
    box_leave(host);
    assert_works(net_target_open(b.netns, &b.target, &e), &e);
    add_veth(p, 2, true);
    assert_works(net_interface_up(&p->interfaces[0], &b.target, &e), &e);
    assert_string_equal(box_read(b.netns, "/proc/sys/net/ipv6/conf/eth0/accept_ra"), "0\n");
    plan_end(p, &b);
    box_release(&b);
}

static void default_route_moves_to_another_interface(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;

    (void)state;
    add_veth(p, 2, true);
    add_veth(p, 3, true);
    p->interfaces[0].gateway4 = ip_of("10.7.0.99"); /* nobody */
    p->interfaces[0].gateway6 = ip_of("fd07::99");
    _cleanup_box_ struct box b = plan_up(p);
    _cleanup_close_ int far = box_listen(-1, "192.0.2.55", PORT), far6 = box_listen(-1, "fd55::1", PORT);

    assert_false(box_reaches(b.netns, "192.0.2.55", PORT, far));
    p->interfaces[1].gateway4 = ip_of("10.7.0.1");
    p->interfaces[1].gateway6 = ip_of("fd07::1");
    assert_works(net_interface_set_gateways(&p->interfaces[1], &b.target, &e), &e);
    assert_true(box_reaches(b.netns, "192.0.2.55", PORT, far));
    assert_true(box_reaches(b.netns, "fd55::1", PORT, far6));
    plan_end(p, &b);
}

static void isolated_ones_reach_only_the_host(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new(), *q = net_plan_new();

    (void)state;
    add_veth(p, 2, false)->isolated = true;
    add_veth(q, 3, false)->isolated = true;
    _cleanup_box_ struct box b = plan_up(p), c = plan_up(q);
    _cleanup_close_ int on_host = box_listen(-1, "10.7.0.1", PORT);
    _cleanup_close_ int other = box_listen(c.netns, "10.7.0.3", PORT);

    assert_true(box_reaches(b.netns, "10.7.0.1", PORT, on_host));
    assert_true(box_reaches(-1, "10.7.0.3", PORT, other));
    assert_false(box_reaches(b.netns, "10.7.0.3", PORT, other));
    plan_end(p, &b);
    plan_end(q, &c);
}

static void others_reach_each_other(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new(), *q = net_plan_new();

    (void)state;
    add_veth(p, 2, false);
    add_veth(q, 3, false);
    _cleanup_box_ struct box b = plan_up(p), c = plan_up(q);
    _cleanup_close_ int other = box_listen(c.netns, "10.7.0.3", PORT);

    assert_true(box_reaches(b.netns, "10.7.0.3", PORT, other));
    plan_end(p, &b);
    plan_end(q, &c);
}

static void both_ends_go(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, false);
    _cleanup_box_ struct box b = plan_up(p);

    assert_true(box_has(&b, "eth0"));
    assert_int_not_equal(if_nametoindex("sv2"), 0);
    plan_end(p, &b);
    assert_false(box_has(&b, "eth0"));
    assert_int_equal(if_nametoindex("sv2"), 0);
    plan_end(p, &b); /* and once more */
}

static void name_of_an_ended_container_is_taken_over(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();

    (void)state;
    add_veth(p, 2, false);
    _cleanup_box_ struct box before = plan_up(p);
    _cleanup_box_ struct box after = plan_up(p);

    assert_false(box_has(&before, "eth0"));
    assert_true(box_has(&after, "eth0"));
    plan_end(p, &after);
}

static void interface_that_was_there_is_left_alone(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new(), *q = net_plan_new();
    struct err e = ERR_INIT;

    (void)state;
    add_veth(p, 2, false);
    add_veth(q, 3, false);
    _cleanup_box_ struct box b = plan_up(p);
    _cleanup_close_ int inside = box_listen(b.netns, "10.7.0.2", PORT);

    assert_int_equal(net_interface_up(&q->interfaces[0], &b.target, &e), -EEXIST); /* eth0, too */
    assert_int_equal(if_nametoindex("sv3"), 0);
    assert_true(box_reaches(-1, "10.7.0.2", PORT, inside));
    plan_end(p, &b);
}

static void failure_leaves_no_interface(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;

    (void)state;
    add_veth(p, 2, false);
    snprintf(add_veth(p, 3, false)->master, IFNAMSIZ, "gone0");
    _cleanup_box_ struct box b = box_new(p);

    assert_int_equal(net_plan_up(p, &b.target, &e), -ENOENT);
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    assert_says(&e, "the bridge gone0 of network sea does not exist");
    assert_false(box_has(&b, "eth0"));
    assert_int_equal(if_nametoindex("sv2"), 0);
}

static void bad_gateway_is_told_and_undone(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;

    (void)state;
    add_veth(p, 2, false)->gateway4 = ip_of("224.0.0.1"); /* many */
    _cleanup_box_ struct box b = box_new(p);

    assert_true(net_plan_up(p, &b.target, &e) < 0);
    assert_says(&e, "interface eth0 of the container: set its default route");
    assert_false(box_has(&b, "eth0"));
}

/* ---- limits ---- */

static int take_tbf_rate(const struct nlmsghdr *h, void *arg, struct err *e)
{
    const struct nlattr *options = netlink_find(h, sizeof(struct tcmsg), TCA_OPTIONS);

    (void)e;
    if (strcmp(netlink_get_str(netlink_find(h, sizeof(struct tcmsg), TCA_KIND)), "tbf") == 0 && options)
        memcpy(arg, netlink_data(netlink_find_nested(options, TCA_TBF_PARMS)), sizeof(uint32_t) * 3);
    return 0;
}

/* Bytes per second of the interface's token bucket; 0: none. */
static uint32_t limit_of(int sock, const char *name)
{
    const struct tcmsg tc = {.tcm_ifindex = netlink_link_index(sock, name, NULL)};
    struct tc_ratespec rate = {.rate = 0};
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "look for limits", RTM_GETQDISC, NLM_F_DUMP, &tc, sizeof(tc));
    assert_int_equal(netlink_query(sock, &b, take_tbf_rate, &rate, NULL), 0);
    return rate.rate;
}

/* cmocka's skip() leaves a function without its clean-up: these say whether the kernel can do it, and their callers
 * skip. */
static bool limit_both_ends(void)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    _cleanup_close_ int sock = netlink_open(NULL);
    struct err e = ERR_INIT;
    int r;

    add_veth(p, 2, false)->rate = 1250000;
    _cleanup_box_ struct box b = box_new(p);
    r = net_plan_up(p, &b.target, &e);
    if (r == -EOPNOTSUPP)
        return false;
    assert_works(r, &e);
    assert_int_equal(limit_of(sock, "sv2"), 1250000);
    assert_int_equal(limit_of(b.target.sock, "eth0"), 1250000);

    _cleanup_close_ int on_host = box_listen(-1, "10.7.0.1", PORT);
    assert_true(box_reaches(b.netns, "10.7.0.1", PORT, on_host));
    plan_end(p, &b);
    return true;
}

static void rate_is_limited_at_both_ends(void **state)
{
    (void)state;
    if (!limit_both_ends())
        skip(); /* a kernel without tbf */
}

/* ---- macvlan, ipvlan ---- */

/* A container on a parent interface; the other end of that is a port of the bridge, so that the host can be reached. */
static struct net_interface *add_on_parent(struct net_plan *p, enum net_link_kind kind)
{
    struct net_interface *i = add_veth(p, 9, false);

    i->kind = kind;
    i->host_name[0] = '\0';
    snprintf(i->master, sizeof(i->master), "parent0");
    return i;
}

static void make_parent(void)
{
    struct ifreq port = {.ifr_name = BRIDGE};
    _cleanup_close_ int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq up = {.ifr_name = "veth0"};

    if (if_nametoindex("parent0") != 0)
        return;
    make_link("parent0", "veth"); /* the kernel calls its peer veth0 */
    port.ifr_ifindex = (int)if_nametoindex("veth0");
    assert_int_equal(ioctl(fd, SIOCBRADDIF, &port), 0);
    up.ifr_flags = IFF_UP;
    assert_int_equal(ioctl(fd, SIOCSIFFLAGS, &up), 0);
}

/* False, and said so, on a kernel without that kind of interface. */
static bool container_on_a_parent_reaches_its_network(enum net_link_kind kind)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;
    int r;

    make_parent();
    add_on_parent(p, kind);
    _cleanup_box_ struct box b = box_new(p);
    r = net_plan_up(p, &b.target, &e);
    if (r == -EOPNOTSUPP) {
        assert_int_equal(e.kind, ERR_UNSUPPORTED);
        assert_says(&e, "this kernel has no interfaces of kind ");
        assert_says(&e, "modprobe ");
        return false;
    }
    assert_works(r, &e);
    _cleanup_close_ int on_host = box_listen(-1, "10.7.0.1", PORT);
    assert_true(box_reaches(b.netns, "10.7.0.1", PORT, on_host));
    plan_end(p, &b);
    return true;
}

static void macvlan_reaches_its_network(void **state)
{
    (void)state;
    if (!container_on_a_parent_reaches_its_network(NET_MACVLAN))
        skip();
}

static void ipvlan_reaches_its_network(void **state)
{
    (void)state;
    if (!container_on_a_parent_reaches_its_network(NET_IPVLAN))
        skip();
}

/* The same address again, right after the container that had it: its namespace is still being taken down. */
static void macvlan_waits_for_its_mac(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;
    pid_t pid;

    (void)state;
    make_parent();
    add_on_parent(p, NET_MACVLAN);
    _cleanup_box_ struct box before = plan_up(p), after = box_new(p);
    pid = fork();
    if (pid == 0) {
        usleep(100 * 1000);
        _exit(net_interface_down(&p->interfaces[0], &before.target, NULL) < 0);
    }
    assert_works(net_plan_up(p, &after.target, &e), &e);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    plan_end(p, &after);
}

static void missing_parent_is_told(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;

    (void)state;
    snprintf(add_on_parent(p, NET_MACVLAN)->master, IFNAMSIZ, "eth77");
    _cleanup_box_ struct box b = box_new(p);

    assert_int_equal(net_plan_up(p, &b.target, &e), -ENOENT);
    assert_says(&e, "the parent interface eth77 of network sea does not exist");
    assert_says(&e, "-o parent=");
}

static void rate_needs_an_end_on_the_host(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;

    (void)state;
    make_parent();
    add_on_parent(p, NET_MACVLAN)->rate = 1000;
    _cleanup_box_ struct box b = box_new(p);

    assert_int_equal(net_plan_up(p, &b.target, &e), -EOPNOTSUPP);
    assert_false(box_has(&b, "eth0"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(container_reaches_host_and_back),
        cmocka_unit_test(default_route_leads_out),
        cmocka_unit_test(mac_and_mtu_are_the_plans),
        cmocka_unit_test(without_ipv6_it_is_off),
        cmocka_unit_test(hosts_end_has_no_ipv6_address),
        cmocka_unit_test(ipv6_works_at_once),
        cmocka_unit_test(link_local_address_is_the_macs),
        cmocka_unit_test(ipv6_is_off_on_the_network_without),
        cmocka_unit_test(connecting_brings_ipv6),
        cmocka_unit_test(connecting_takes_no_advertisements),
        cmocka_unit_test(default_route_moves_to_another_interface),
        cmocka_unit_test(isolated_ones_reach_only_the_host),
        cmocka_unit_test(others_reach_each_other),
        cmocka_unit_test(both_ends_go),
        cmocka_unit_test(name_of_an_ended_container_is_taken_over),
        cmocka_unit_test(interface_that_was_there_is_left_alone),
        cmocka_unit_test(failure_leaves_no_interface),
        cmocka_unit_test(bad_gateway_is_told_and_undone),
        cmocka_unit_test(rate_is_limited_at_both_ends),
        cmocka_unit_test(macvlan_reaches_its_network),
        cmocka_unit_test(macvlan_waits_for_its_mac),
        cmocka_unit_test(ipvlan_reaches_its_network),
        cmocka_unit_test(missing_parent_is_told),
        cmocka_unit_test(rate_needs_an_end_on_the_host),
    };

    return cmocka_run_group_tests(tests, make_bridge, NULL);
}
