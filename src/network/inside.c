#include "network/inside.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/mount.h"
#include "kernel/namespaces.h"
#include "kernel/netlink.h"
#include "network/link_request.h"

enum { MACVLAN_PATIENCE_MS = 2000, MACVLAN_PAUSE_MS = 5 };

/* ---- before there are interfaces ---- */

/*
 * In one procfs the same file of each network namespace is another one of the same name, and the kernel finds it by
 * going through all of them: with 900 containers that takes 0.3 ms a start, and more with each one. In a procfs of
 * its own the namespace is alone. Where that may not be mounted (a user namespace over another's processes), /proc
 * has to do.
 */
static int open_procfs(struct err *e)
{
    int fd = mount_new("proc", NULL, 0, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, NULL);

    if (fd < 0)
        fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return fd < 0 ? err_sys(e, "open /proc") : fd;
}

/* lo keeps its ::1: `default` is for what comes later. */
static int set_defaults(const struct net_plan *p, int procfs, struct err *e)
{
    static const char conf[] = "sys/net/ipv6/conf/default";
    _cleanup_close_ int dir = openat(procfs, conf, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r;

    if (dir < 0)
        return errno == ENOENT && !net_plan_has_ipv6(p) ? 0 : err_sys(e, "open /proc/%s", conf);
    r = file_write_existing(dir, "accept_ra", "0", e);
    return r < 0 || net_plan_has_ipv6(p) ? r : file_write_existing(dir, "disable_ipv6", "1", e);
}

int net_prepare_namespace(const struct net_plan *p, int *ret_procfs, struct err *e)
{
    _cleanup_close_ int procfs = open_procfs(e);
    int r = procfs < 0 ? procfs : set_defaults(p, procfs, e);

    if (r == 0)
        r = netlink_loopback_up(e);
    if (r == 0)
        *ret_procfs = TAKE_FD(procfs);
    return r;
}

/* ---- entering ---- */

typedef int (*inside_call)(const void *arg, struct err *e);

/* What `call` returns, in the namespace; the caller is back in its own when this returns. */
static int call_inside(int netns_fd, inside_call call, const void *arg, struct err *e)
{
    _cleanup_close_ int own = ns_open(0, NS_NET, e);
    int r;

    if (own < 0)
        return own;
    if (setns(netns_fd, CLONE_NEWNET) < 0)
        return err_sys(e, "enter the container's network namespace");
    r = call(arg, e);
    if (setns(own, CLONE_NEWNET) < 0)
        abort(); /* or all that follows would be done to the wrong one */
    return r;
}

static int open_socket(const void *arg, struct err *e)
{
    (void)arg;
    return netlink_open(e);
}

int net_target_open(int netns_fd, struct net_target *ret, struct err *e)
{
    int sock = call_inside(netns_fd, open_socket, NULL, e);

    if (sock < 0)
        return sock;
    *ret = (struct net_target){.sock = sock, .netns_fd = netns_fd};
    return 0;
}

void net_target_close(struct net_target *t)
{
    fd_close(&t->sock);
}

struct ipv6_switch {
    const char *interface;
    bool is_on;
};

static int write_ipv6_settings(const void *arg, struct err *e)
{
    const struct ipv6_switch *s = arg;
    char path[64 + IFNAMSIZ];
    _cleanup_close_ int dir = -1;
    int r;

    (void)snprintf(path, sizeof(path), "/proc/sys/net/ipv6/conf/%s", s->interface);
    dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0) /* a kernel without IPv6 */
        return errno == ENOENT && !s->is_on ? 0 : err_sys(e, "open %s", path);
    r = file_write_existing(dir, "accept_ra", "0", e);
    return r == 0 ? file_write_existing(dir, "disable_ipv6", s->is_on ? "0" : "1", e) : r;
}

int inside_set_ipv6(int netns_fd, const char *name, bool is_on, struct err *e)
{
    const struct ipv6_switch s = {.interface = name, .is_on = is_on};

    return call_inside(netns_fd, write_ipv6_settings, &s, e);
}

/* ---- addresses ---- */

static void request_address(struct netlink_batch *b, const struct prefix *p, int index)
{
    link_request_address(b, "give it its address", NLM_F_EXCL, p, index);
}

static bool has_link_local(const struct net_interface *i)
{
    static const uint8_t chosen_by_kernel[NET_MAC_LEN];

    return ip_is_set(&i->address6.ip) && memcmp(i->mac, chosen_by_kernel, NET_MAC_LEN) != 0;
}

/* fe80:: and the hardware address as RFC 4291, appendix A, has it. */
static struct prefix link_local(const uint8_t mac[static NET_MAC_LEN])
{
    struct prefix p = {.ip = {.family = AF_INET6, .bytes = {0xfe, 0x80}}, .len = 64};
    uint8_t *id = p.ip.bytes + 8;

    memcpy(id, mac, 3);
    memcpy(id + 5, mac + 3, 3);
    id[0] ^= 0x02;
    id[3] = 0xff;
    id[4] = 0xfe;
    return p;
}

/* ---- routes ---- */

/* A router outside of the subnet (as some providers' are) is on the link all the same. No gateway: by the interface
 * alone. */
static void request_default_route(struct netlink_batch *b, const struct ip *gateway, const struct prefix *address,
                                  int index, uint16_t flags)
{
    const struct rtmsg header = {
        .rtm_family = address->ip.family,
        .rtm_table = RT_TABLE_MAIN,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_scope = ip_is_set(gateway) ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK,
        .rtm_type = RTN_UNICAST,
        .rtm_flags = ip_is_set(gateway) && !prefix_contains(address, gateway) ? RTNH_F_ONLINK : 0,
    };

    netlink_request(b, "set its default route", RTM_NEWROUTE, NLM_F_CREATE | flags, &header, sizeof(header));
    if (ip_is_set(gateway))
        link_put_ip(b, RTA_GATEWAY, gateway);
    netlink_attr_u32(b, RTA_OIF, (uint32_t)index);
}

/* An ipvlan that routes has no neighbours, so no router either. */
static bool routes_by_itself(const struct net_interface *i)
{
    return i->kind == NET_IPVLAN && (i->mode == IPVLAN_L3 || i->mode == IPVLAN_L3S);
}

static void request_family(struct netlink_batch *b, const struct net_interface *i, const struct prefix *address,
                           const struct ip *gateway, int index)
{
    if (!ip_is_set(&address->ip))
        return;
    request_address(b, address, index);
    if (ip_is_set(gateway) || routes_by_itself(i))
        request_default_route(b, gateway, address, index, NLM_F_EXCL);
}

/* ---- all of it ---- */

/* The kernel would make the link-local address, and check a second long that it is unique. */
static void request_no_generated_address(struct netlink_batch *b, int index)
{
    const struct ifinfomsg link = {.ifi_index = index};

    netlink_request(b, "keep the kernel from making addresses", RTM_SETLINK, 0, &link, sizeof(link));
    link_put_no_ipv6_addresses(b);
}

static void request_up(struct netlink_batch *b, const struct net_interface *i, int index)
{
    const struct ifinfomsg link = {.ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

    if (has_link_local(i))
        request_no_generated_address(b, index);
    netlink_request(b, "bring it up", RTM_NEWLINK, 0, &link, sizeof(link));
}

static int bring_up(int sock, const struct net_interface *i, int index, struct err *e)
{
    struct netlink_batch b;

    netlink_batch_init(&b);
    request_up(&b, i, index);
    return netlink_run(sock, &b, e);
}

/* A macvlan has its MAC for itself on its parent. That of a container which had the same address before lives on
 * while the kernel takes down its namespace: 50 ms, and more where many end. */
static int bring_macvlan_up(int sock, const struct net_interface *i, int index, struct err *e)
{
    const struct timespec pause = {.tv_nsec = MACVLAN_PAUSE_MS * 1000 * 1000};
    struct err why = ERR_INIT;
    int r = bring_up(sock, i, index, &why);

    for (int waited = 0; r == -EADDRINUSE && waited < MACVLAN_PATIENCE_MS; waited += MACVLAN_PAUSE_MS) {
        (void)nanosleep(&pause, NULL);
        why = ERR_INIT;
        r = bring_up(sock, i, index, &why);
    }
    if (r < 0 && e)
        *e = why;
    return r;
}

static int configure(int sock, const struct net_interface *i, int index, struct err *e)
{
    struct prefix local = link_local(i->mac);
    struct netlink_batch b;

    netlink_batch_init(&b);
    request_up(&b, i, index);
    if (has_link_local(i))
        request_address(&b, &local, index);
    request_family(&b, i, &i->address4, &i->gateway4, index);
    request_family(&b, i, &i->address6, &i->gateway6, index);
    return netlink_run(sock, &b, e);
}

int inside_configure(int sock, const struct net_interface *i, struct err *e)
{
    int index = netlink_link_index(sock, i->name, e);
    int r = 0;

    if (index < 0)
        return index;
    if (i->kind == NET_MACVLAN)
        r = bring_macvlan_up(sock, i, index, e);
    if (r == 0)
        r = configure(sock, i, index, e);
    return r < 0 ? err_context(e, "interface %s of the container", i->name) : 0;
}

/* ---- another default route ---- */

int net_interface_set_gateways(const struct net_interface *i, const struct net_target *t, struct err *e)
{
    struct netlink_batch b;
    int index = netlink_link_index(t->sock, i->name, e);
    int r;

    if (index < 0)
        return index;
    netlink_batch_init(&b);
    if (ip_is_set(&i->gateway4))
        request_default_route(&b, &i->gateway4, &i->address4, index, NLM_F_REPLACE);
    if (ip_is_set(&i->gateway6))
        request_default_route(&b, &i->gateway6, &i->address6, index, NLM_F_REPLACE);
    r = netlink_run(t->sock, &b, e);
    return r < 0 ? err_context(e, "interface %s of the container", i->name) : 0;
}
