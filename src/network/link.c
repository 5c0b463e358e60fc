#include "network/link.h"

#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <string.h>
#include <sys/socket.h>

#include "base/file.h"
#include "kernel/netlink.h"
#include "network/link_request.h"

/* ---- parts of a request ---- */

/* Index 0 goes by IFLA_IFNAME. */
static void request_link(struct netlink_batch *b, const char *what, uint16_t type, uint16_t flags, int index,
                         bool is_going_up)
{
    const struct ifinfomsg link = {
        .ifi_index = index,
        .ifi_flags = is_going_up ? IFF_UP : 0,
        .ifi_change = is_going_up ? IFF_UP : 0,
    };

    netlink_request(b, what, type, flags, &link, sizeof(link));
}

/* What the container's end is born with. */
static void put_inner(struct netlink_batch *b, const struct net_interface *i, int netns_fd)
{
    static const uint8_t chosen_by_kernel[NET_MAC_LEN];

    netlink_attr_str(b, IFLA_IFNAME, i->name);
    netlink_attr_u32(b, IFLA_NET_NS_FD, (uint32_t)netns_fd);
    if (memcmp(i->mac, chosen_by_kernel, NET_MAC_LEN) != 0 && i->kind != NET_IPVLAN) /* which has its parent's */
        netlink_attr(b, IFLA_ADDRESS, i->mac, NET_MAC_LEN);
    if (i->mtu > 0)
        netlink_attr_u32(b, IFLA_MTU, i->mtu);
}

/* One queue is what a container's traffic goes through; each more costs memory, and time at birth. */
static void put_one_queue(struct netlink_batch *b)
{
    netlink_attr_u32(b, IFLA_NUM_TX_QUEUES, 1);
    netlink_attr_u32(b, IFLA_NUM_RX_QUEUES, 1);
}

static struct nlattr *begin_kind(struct netlink_batch *b, const char *kind, struct nlattr **ret_data)
{
    struct nlattr *info = netlink_nest(b, IFLA_LINKINFO);

    netlink_attr_str(b, IFLA_INFO_KIND, kind);
    *ret_data = netlink_nest(b, IFLA_INFO_DATA);
    return info;
}

static void end_kind(struct netlink_batch *b, struct nlattr *info, struct nlattr *data)
{
    netlink_nest_end(b, data);
    netlink_nest_end(b, info);
}

/* ---- veth ---- */

static void request_pair(struct netlink_batch *b, const struct net_interface *i, int bridge, int netns_fd)
{
    static const struct ifinfomsg peer_header;
    struct nlattr *info, *data, *peer;

    request_link(b, "make a veth pair", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, false);
    netlink_attr_str(b, IFLA_IFNAME, i->host_name);
    netlink_attr_u32(b, IFLA_MASTER, (uint32_t)bridge);
    if (i->mtu > 0)
        netlink_attr_u32(b, IFLA_MTU, i->mtu);
    put_one_queue(b);
    info = begin_kind(b, "veth", &data);
    peer = netlink_nest_with_header(b, VETH_INFO_PEER, &peer_header, sizeof(peer_header));
    put_inner(b, i, netns_fd);
    put_one_queue(b);
    netlink_nest_end(b, peer);
    end_kind(b, info, data);
}

/* br_netfilter translates what a container sends to a port of its own while that is still in the bridge, which then
 * has to send it back where it came from. */
static bool needs_hairpin(void)
{
    return file_exists(AT_FDCWD, "/proc/sys/net/bridge/bridge-nf-call-iptables");
}

static void put_port_options(struct netlink_batch *b, bool is_isolated, bool is_hairpin)
{
    struct nlattr *info = netlink_nest(b, IFLA_LINKINFO);
    struct nlattr *port;

    netlink_attr_str(b, IFLA_INFO_SLAVE_KIND, "bridge");
    port = netlink_nest(b, IFLA_INFO_SLAVE_DATA);
    if (is_isolated)
        netlink_attr_u8(b, IFLA_BRPORT_ISOLATED, 1);
    if (is_hairpin)
        netlink_attr_u8(b, IFLA_BRPORT_MODE, 1);
    netlink_nest_end(b, port);
    netlink_nest_end(b, info);
}

static void request_port(struct netlink_batch *b, const struct net_interface *i, bool has_ipv6)
{
    const bool is_hairpin = needs_hairpin();

    /* Not RTM_SETLINK, which passes over what is for the bridge. */
    request_link(b, "set up the host's end of a veth pair", RTM_NEWLINK, 0, 0, true);
    netlink_attr_str(b, IFLA_IFNAME, i->host_name);
    /* A bridge's port that has an address of its own makes all the others dearer: at 1,000 containers a start took
     * five times as long. Its other end is still down, and without a carrier none was made yet. */
    if (has_ipv6)
        link_put_no_ipv6_addresses(b);
    if (i->isolated || is_hairpin)
        put_port_options(b, i->isolated, is_hairpin);
}

/* A host without IPv6 (ipv6.disable=1), or an MTU that is too small for it: there is nothing to turn off. */
static int set_up_port_without_ipv6(int host, const struct net_interface *i, struct err *e)
{
    struct netlink_batch b;

    netlink_batch_init(&b);
    request_port(&b, i, false);
    return netlink_run(host, &b, e);
}

static int create_pair(int host, const struct net_interface *i, int bridge, int netns_fd, struct err *e)
{
    struct netlink_batch b;
    struct err why = ERR_INIT;
    int r;

    netlink_batch_init(&b);
    request_pair(&b, i, bridge, netns_fd);
    request_port(&b, i, true);
    r = netlink_run(host, &b, &why);
    if (r == -EAFNOSUPPORT)
        return set_up_port_without_ipv6(host, i, e);
    if (r < 0 && e)
        *e = why;
    return r;
}

static int bridge_is_full(const struct net_interface *i, struct err *e)
{
    err_set(e, ERR_UNSUPPORTED, EXFULL, "network %s is full: its bridge has %d ports", i->network_name,
            NETWORK_BRIDGE_PORTS_MAX);
    return err_advice(e, "put further containers on another network");
}

static int create_veth(int host, const struct net_interface *i, int bridge, const struct net_target *t, struct err *e)
{
    struct err why = ERR_INIT;
    int r = create_pair(host, i, bridge, t->netns_fd, &why);

    /* The name is one of ours, so who has it is a container that just ended, or what a crash left. */
    if (r == -EEXIST && link_delete(host, i->host_name, NULL) == 0) {
        why = ERR_INIT;
        r = create_pair(host, i, bridge, t->netns_fd, &why);
    }
    if (r == 0)
        return 0;
    (void)link_delete(host, i->host_name, NULL); /* where only its setting up failed */
    if (r == -EXFULL)
        return bridge_is_full(i, e);
    if (e)
        *e = why;
    return r;
}

/* ---- macvlan, ipvlan ---- */

static const uint32_t macvlan_modes[] = {
    [LINK_MODE_DEFAULT] = MACVLAN_MODE_BRIDGE,  [MACVLAN_BRIDGE] = MACVLAN_MODE_BRIDGE,
    [MACVLAN_PRIVATE] = MACVLAN_MODE_PRIVATE,   [MACVLAN_VEPA] = MACVLAN_MODE_VEPA,
    [MACVLAN_PASSTHRU] = MACVLAN_MODE_PASSTHRU,
};

static const uint16_t ipvlan_modes[] = {
    [LINK_MODE_DEFAULT] = IPVLAN_MODE_L2,
    [IPVLAN_L2] = IPVLAN_MODE_L2,
    [IPVLAN_L3] = IPVLAN_MODE_L3,
    [IPVLAN_L3S] = IPVLAN_MODE_L3S,
};

static void put_macvlan(struct netlink_batch *b, const struct net_interface *i)
{
    if (i->mode < ARRAY_SIZE(macvlan_modes))
        netlink_attr_u32(b, IFLA_MACVLAN_MODE, macvlan_modes[i->mode]);
}

static void put_ipvlan(struct netlink_batch *b, const struct net_interface *i)
{
    if (i->mode < ARRAY_SIZE(ipvlan_modes))
        netlink_attr_u16(b, IFLA_IPVLAN_MODE, ipvlan_modes[i->mode]);
}

static int make_on_parent(int host, const struct net_interface *i, const char *kind,
                          void (*put_mode)(struct netlink_batch *, const struct net_interface *), int parent,
                          int netns_fd, struct err *e)
{
    struct netlink_batch b;
    struct nlattr *info, *data;

    netlink_batch_init(&b);
    request_link(&b, "make the interface", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, 0, false);
    netlink_attr_u32(&b, IFLA_LINK, (uint32_t)parent);
    put_inner(&b, i, netns_fd);
    info = begin_kind(&b, kind, &data);
    put_mode(&b, i);
    end_kind(&b, info, data);
    return netlink_run(host, &b, e);
}

static int rename_link(int sock, const char *from, const char *to, struct err *e)
{
    struct netlink_batch b;
    int index = netlink_link_index(sock, from, e);
    int r;

    if (index < 0)
        return index;
    netlink_batch_init(&b);
    request_link(&b, "name the interface", RTM_NEWLINK, 0, index, false);
    netlink_attr_str(&b, IFLA_IFNAME, to);
    r = netlink_run(sock, &b, e);
    if (r < 0)
        (void)link_delete(sock, from, NULL);
    return r;
}

/* Kernels before 6.14 look for the name in the host's namespace too, where an "eth0" is nothing rare: then it is born with
 * a name that nobody has. */
static int create_on_parent(int host, const struct net_interface *i, const char *kind,
                            void (*put_mode)(struct netlink_batch *, const struct net_interface *), int parent,
                            const struct net_target *t, struct err *e)
{
    struct net_interface newborn = *i;
    struct err why = ERR_INIT;
    int r = make_on_parent(host, i, kind, put_mode, parent, t->netns_fd, &why);

    if (r == -EEXIST) {
        (void)snprintf(newborn.name, sizeof(newborn.name), "sampan-newborn");
        r = make_on_parent(host, &newborn, kind, put_mode, parent, t->netns_fd, e);
        return r < 0 ? r : rename_link(t->sock, newborn.name, i->name, e);
    }
    if (r < 0 && e)
        *e = why;
    return r;
}

static int create_macvlan(int host, const struct net_interface *i, int parent, const struct net_target *t,
                          struct err *e)
{
    int r = create_on_parent(host, i, "macvlan", put_macvlan, parent, t, e);

    if (r == -EBUSY)
        err_advice(e, "%s is in use by a bridge, a bond or an ipvlan: choose another parent", i->master);
    return r;
}

static int create_ipvlan(int host, const struct net_interface *i, int parent, const struct net_target *t, struct err *e)
{
    int r = create_on_parent(host, i, "ipvlan", put_ipvlan, parent, t, e);

    if (r == -EBUSY)
        err_advice(e, "%s is in use by a bridge, a bond or a macvlan: choose another parent", i->master);
    return r;
}

/* ---- all kinds ---- */

static const struct link_kind {
    const char *name;
    const char *module;
    const char *master; /* what net_interface.master is to it */
    const char *advice; /* where that is missing */
    int (*create)(int host, const struct net_interface *i, int master, const struct net_target *t, struct err *e);
} kinds[] = {
    [NET_VETH] = {"veth", "CONFIG_VETH", "bridge", "somebody removed it: start the container again", create_veth},
    [NET_MACVLAN] = {"macvlan", "CONFIG_MACVLAN", "parent interface",
                     "make it, or name another one with -o parent=", create_macvlan},
    [NET_IPVLAN] = {"ipvlan", "CONFIG_IPVLAN", "parent interface",
                    "make it, or name another one with -o parent=", create_ipvlan},
};

static int no_master(const struct net_interface *i, struct err *e)
{
    const struct link_kind *k = &kinds[i->kind];

    err_not_found(e, "the %s %s of network %s does not exist", k->master, i->master, i->network_name);
    return err_advice(e, "%s", k->advice);
}

int link_create(int host, const struct net_interface *i, const struct net_target *t, struct err *e)
{
    const struct link_kind *k = &kinds[i->kind];
    int master = netlink_link_index(host, i->master, e);
    int r;

    if (master < 0)
        return master == -ENODEV ? no_master(i, e) : master;
    r = k->create(host, i, master, t, e);
    if (r == -EOPNOTSUPP) {
        err_set(e, ERR_UNSUPPORTED, EOPNOTSUPP, "this kernel has no interfaces of kind %s", k->name);
        r = err_advice(e, "it needs %s: modprobe %s", k->module, k->name);
    }
    return r;
}

int link_delete(int sock, const char *name, struct err *e)
{
    struct netlink_batch b;
    struct err why = ERR_INIT;
    int r;

    netlink_batch_init(&b);
    request_link(&b, "delete an interface", RTM_DELLINK, 0, 0, false);
    netlink_attr_str(&b, IFLA_IFNAME, name);
    r = netlink_run(sock, &b, &why);
    if (r < 0 && r != -ENODEV) {
        if (e)
            *e = why;
        return err_context(e, "%s", name);
    }
    return 0;
}
