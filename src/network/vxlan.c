#include "network/vxlan.h"

#include <arpa/inet.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <string.h>

#include "kernel/netlink.h"
#include "network/link_request.h"

/* Outer Ethernet is not counted by the MTU, the inner one is: 14 + VXLAN 8 + UDP 8 + IP 20 or 40. ESP in transport mode
 * with AES-GCM: 8 header, 8 IV, up to 3 padding, 2 trailer, 16 check value, rounded up. */
enum { OVERHEAD_4 = 50, OVERHEAD_6 = 70, OVERHEAD_ESP = 40 };

uint32_t vxlan_overhead(uint8_t underlay_family, bool encrypted)
{
    return (underlay_family == AF_INET6 ? OVERHEAD_6 : OVERHEAD_4) + (encrypted ? OVERHEAD_ESP : 0U);
}

/* ---- the device */

static void add_vxlan_data(struct netlink_batch *b, const struct vxlan *v)
{
    struct nlattr *info = netlink_nest(b, IFLA_LINKINFO);
    struct nlattr *data;

    netlink_attr_str(b, IFLA_INFO_KIND, "vxlan");
    data = netlink_nest(b, IFLA_INFO_DATA);
    netlink_attr_u32(b, IFLA_VXLAN_ID, v->vni);
    netlink_attr_u16(b, IFLA_VXLAN_PORT, htons(v->port));
    netlink_attr(b, v->local.family == AF_INET6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL, v->local.bytes,
                 ip_size(&v->local));
    netlink_attr_u8(b, IFLA_VXLAN_LEARNING, 0);
    netlink_attr_u8(b, IFLA_VXLAN_PROXY, 1);
    netlink_nest_end(b, data);
    netlink_nest_end(b, info);
}

static int device_make(int sock, const struct vxlan *v, struct err *e)
{
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "make a VXLAN device", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
    netlink_attr_str(&b, IFLA_IFNAME, v->name);
    netlink_attr_u32(&b, IFLA_MTU, v->mtu);
    add_vxlan_data(&b, v);
    return netlink_run(sock, &b, e);
}

/* Broadcast and multicast reach the device, since ARP and neighbour solicitations come that way; it drops the rest. */
static void request_port_flags(struct netlink_batch *b, const struct vxlan *v, int ifindex)
{
    const struct ifinfomsg link = {.ifi_family = AF_BRIDGE, .ifi_index = ifindex};
    struct nlattr *port;

    netlink_request(b, "configure the bridge's VXLAN port", RTM_SETLINK, 0, &link, sizeof(link));
    port = netlink_nest(b, IFLA_PROTINFO);
    netlink_attr_u8(b, IFLA_BRPORT_LEARNING, 0);
    netlink_attr_u8(b, IFLA_BRPORT_UNICAST_FLOOD, 0);
    netlink_attr_u8(b, IFLA_BRPORT_ISOLATED, v->isolated);
    netlink_nest_end(b, port);
}

/* It needs no address of its own, and would announce itself with one. */
static void request_no_ipv6_address(struct netlink_batch *b, int ifindex)
{
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};

    netlink_request(b, "configure the VXLAN device", RTM_SETLINK, 0, &link, sizeof(link));
    link_put_no_ipv6_addresses(b);
}

static int device_configure(int sock, const struct vxlan *v, int ifindex, struct err *e)
{
    const struct ifinfomsg up = {.ifi_index = ifindex, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    int bridge = netlink_link_index(sock, v->bridge, e);
    struct netlink_batch b;

    if (bridge < 0)
        return err_context(e, "bridge %s", v->bridge);
    netlink_batch_init(&b);
    request_no_ipv6_address(&b, ifindex);
    netlink_request(&b, "bring the VXLAN device up", RTM_SETLINK, 0, &up, sizeof(up));
    netlink_attr_u32(&b, IFLA_MASTER, (uint32_t)bridge);
    netlink_attr_u32(&b, IFLA_MTU, v->mtu);
    request_port_flags(&b, v, ifindex);
    return netlink_run(sock, &b, e);
}

static int check_same(const struct nlmsghdr *h, void *arg, struct err *e)
{
    const struct vxlan *v = arg;
    const uint16_t local_type = v->local.family == AF_INET6 ? IFLA_VXLAN_LOCAL6 : IFLA_VXLAN_LOCAL;
    const uint16_t port = htons(v->port);
    const struct nlattr *info = netlink_find(h, sizeof(struct ifinfomsg), IFLA_LINKINFO);
    const struct nlattr *data = info ? netlink_find_nested(info, IFLA_INFO_DATA) : NULL;
    const struct nlattr *local = data ? netlink_find_nested(data, local_type) : NULL;
    const struct nlattr *dport = data ? netlink_find_nested(data, IFLA_VXLAN_PORT) : NULL;

    if (!data || strcmp(netlink_get_str(netlink_find_nested(info, IFLA_INFO_KIND)), "vxlan") != 0 || !local || !dport)
        return err_set(e, ERR_CONFLICT, EEXIST, "%s is another device", v->name);
    if (netlink_get_u32(netlink_find_nested(data, IFLA_VXLAN_ID)) != v->vni ||
        netlink_data_len(dport) != sizeof(port) || memcmp(netlink_data(dport), &port, sizeof(port)) != 0 ||
        netlink_data_len(local) != ip_size(&v->local) ||
        memcmp(netlink_data(local), v->local.bytes, ip_size(&v->local)) != 0)
        return err_set(e, ERR_CONFLICT, EEXIST, "%s is another network's or host's", v->name);
    return 0;
}

/* Whether the device of that name is this one. */
static bool is_same_device(int sock, const struct vxlan *v, int ifindex)
{
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC, .ifi_index = ifindex};
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "look at the VXLAN device", RTM_GETLINK, 0, &link, sizeof(link));
    return netlink_query(sock, &b, check_same, (void *)v, NULL) == 0;
}

int vxlan_add(int sock, const struct vxlan *v, int *ret, struct err *e)
{
    int ifindex = netlink_link_index(sock, v->name, NULL);
    int r = 0;

    if (ifindex > 0 && !is_same_device(sock, v, ifindex)) {
        r = vxlan_remove(sock, v->name, e);
        ifindex = -ENODEV;
    }
    if (r == 0 && ifindex < 0) {
        r = device_make(sock, v, e);
        if (r == -EOPNOTSUPP)
            r = err_advice(e, "this kernel has no VXLAN: load its module vxlan");
        else if (r == -EEXIST)
            r = err_advice(e, "another device has VNI %u on port %u", v->vni, v->port);
        ifindex = r < 0 ? r : netlink_link_index(sock, v->name, e);
    }
    if (r < 0 || ifindex < 0)
        return r < 0 ? r : ifindex;
    r = device_configure(sock, v, ifindex, e);
    if (r < 0) {
        (void)vxlan_remove(sock, v->name, NULL);
        return r;
    }
    *ret = ifindex;
    return 0;
}

int vxlan_remove(int sock, const char *name, struct err *e)
{
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct netlink_batch b;
    int r;

    link.ifi_index = netlink_link_index(sock, name, NULL);
    if (link.ifi_index <= 0)
        return 0;
    netlink_batch_init(&b);
    netlink_request(&b, "remove a VXLAN device", RTM_DELLINK, 0, &link, sizeof(link));
    r = netlink_run(sock, &b, e);
    return r == -ENODEV ? 0 : r;
}

/* ---- its entries */

/* In the device: this MAC is behind that host. */
static void request_forwarding(struct netlink_batch *b, uint16_t type, int ifindex, const uint8_t *mac,
                               const struct ip *remote)
{
    const struct ndmsg entry = {
        .ndm_family = AF_BRIDGE, .ndm_ifindex = ifindex, .ndm_state = NUD_NOARP | NUD_PERMANENT, .ndm_flags = NTF_SELF};
    const bool is_new = type == RTM_NEWNEIGH;

    netlink_request(b, "a VXLAN forwarding entry", type, is_new ? NLM_F_CREATE | NLM_F_REPLACE : 0, &entry,
                    sizeof(entry));
    netlink_attr(b, NDA_LLADDR, mac, NET_MAC_LEN);
    if (is_new)
        netlink_attr(b, NDA_DST, remote->bytes, ip_size(remote));
}

/* In the bridge: this MAC is behind the device, whoever else says so. */
static void request_bridge_entry(struct netlink_batch *b, uint16_t type, int ifindex, const uint8_t *mac)
{
    const struct ndmsg entry = {.ndm_family = AF_BRIDGE,
                                .ndm_ifindex = ifindex,
                                .ndm_state = NUD_NOARP | NUD_REACHABLE,
                                .ndm_flags = NTF_MASTER | (type == RTM_NEWNEIGH ? NTF_STICKY : 0)};

    netlink_request(b, "a bridge's entry for VXLAN", type, type == RTM_NEWNEIGH ? NLM_F_CREATE | NLM_F_REPLACE : 0,
                    &entry, sizeof(entry));
    netlink_attr(b, NDA_LLADDR, mac, NET_MAC_LEN);
}

/* In the device: this address has that MAC. mac NULL: of any. */
static void request_neighbour(struct netlink_batch *b, uint16_t type, int ifindex, const struct ip *ip,
                              const uint8_t *mac)
{
    const struct ndmsg entry = {.ndm_family = ip->family, .ndm_ifindex = ifindex, .ndm_state = NUD_PERMANENT};

    if (!ip_is_set(ip))
        return;
    netlink_request(b, "a VXLAN neighbour entry", type, type == RTM_NEWNEIGH ? NLM_F_CREATE | NLM_F_REPLACE : 0, &entry,
                    sizeof(entry));
    netlink_attr(b, NDA_DST, ip->bytes, ip_size(ip));
    if (mac)
        netlink_attr(b, NDA_LLADDR, mac, NET_MAC_LEN);
}

int vxlan_add_station(int sock, int ifindex, const struct vxlan_station *s, struct err *e)
{
    struct netlink_batch b;

    netlink_batch_init(&b);
    request_forwarding(&b, RTM_NEWNEIGH, ifindex, s->mac, &s->remote);
    request_bridge_entry(&b, RTM_NEWNEIGH, ifindex, s->mac);
    request_neighbour(&b, RTM_NEWNEIGH, ifindex, &s->ip4, s->mac);
    request_neighbour(&b, RTM_NEWNEIGH, ifindex, &s->ip6, s->mac);
    return netlink_run(sock, &b, e);
}

/* One entry after the other: that one is gone already says nothing of the next. */
static int run_removal(int sock, struct netlink_batch *b, struct err *e)
{
    struct err e2 = ERR_INIT;
    int r = netlink_run(sock, b, &e2);

    if (r == 0 || r == -ENOENT || r == -ENODEV)
        return 0;
    if (e)
        *e = e2;
    return r;
}

static int remove_mac(int sock, int ifindex, const uint8_t *mac, struct err *e)
{
    struct netlink_batch b;
    int r;

    netlink_batch_init(&b);
    request_forwarding(&b, RTM_DELNEIGH, ifindex, mac, NULL);
    r = run_removal(sock, &b, e);
    if (r < 0)
        return r;
    netlink_batch_init(&b);
    request_bridge_entry(&b, RTM_DELNEIGH, ifindex, mac);
    return run_removal(sock, &b, e);
}

static int remove_neighbour(int sock, int ifindex, const struct ip *ip, struct err *e)
{
    struct netlink_batch b;

    netlink_batch_init(&b);
    request_neighbour(&b, RTM_DELNEIGH, ifindex, ip, NULL);
    return run_removal(sock, &b, e);
}

int vxlan_remove_station(int sock, int ifindex, const struct vxlan_station *s, struct err *e)
{
    int r = remove_mac(sock, ifindex, s->mac, e);

    if (r == 0)
        r = remove_neighbour(sock, ifindex, &s->ip4, e);
    if (r == 0)
        r = remove_neighbour(sock, ifindex, &s->ip6, e);
    return r;
}

/* ---- what is there that nobody wants */

enum { SWEEP_BATCH = 256 };

struct sweep {
    int ifindex;
    bool (*keep)(const uint8_t mac[NET_MAC_LEN], void *arg);
    void *arg;
    size_t n;
    struct vxlan_station unwanted[SWEEP_BATCH]; /* a MAC, and an address or none */
};

static int sweep_take(const struct nlmsghdr *h, void *arg, struct err *e)
{
    struct sweep *s = arg;
    const struct ndmsg *entry = NLMSG_DATA(h);
    const struct nlattr *mac = netlink_find(h, sizeof(*entry), NDA_LLADDR);
    const struct nlattr *dst = netlink_find(h, sizeof(*entry), NDA_DST);
    struct vxlan_station *u = &s->unwanted[s->n];

    (void)e;
    if (h->nlmsg_type != RTM_NEWNEIGH || entry->ndm_ifindex != s->ifindex || !mac ||
        netlink_data_len(mac) != NET_MAC_LEN || s->n == SWEEP_BATCH)
        return 0;
    /* The bridge's entry for the device's own MAC. Multicast groups are the kernel's. */
    if (entry->ndm_family == AF_BRIDGE && (entry->ndm_state & NUD_PERMANENT) && !(entry->ndm_flags & NTF_SELF))
        return 0;
    if ((((const uint8_t *)netlink_data(mac))[0] & 1) || s->keep(netlink_data(mac), s->arg))
        return 0;
    *u = (struct vxlan_station){0};
    memcpy(u->mac, netlink_data(mac), NET_MAC_LEN);
    if (entry->ndm_family != AF_BRIDGE && dst && netlink_data_len(dst) <= sizeof(u->ip4.bytes)) {
        u->ip4.family = entry->ndm_family; /* either family's: vxlan_remove_station looks at the address itself */
        memcpy(u->ip4.bytes, netlink_data(dst), netlink_data_len(dst));
    }
    s->n++;
    return 0;
}

static int sweep_family(int sock, struct sweep *s, uint8_t family, struct err *e)
{
    const struct ndmsg entry = {.ndm_family = family, .ndm_ifindex = s->ifindex};
    const struct ifinfomsg link = {.ifi_family = family, .ifi_index = s->ifindex};
    struct netlink_batch b;
    int r = 0;

    netlink_batch_init(&b);
    /* A dump of forwarding entries is asked for with a link's header; the kernel checks which. */
    if (family == AF_BRIDGE)
        netlink_request(&b, "list VXLAN entries", RTM_GETNEIGH, NLM_F_DUMP, &link, sizeof(link));
    else
        netlink_request(&b, "list VXLAN entries", RTM_GETNEIGH, NLM_F_DUMP, &entry, sizeof(entry));
    s->n = 0;
    r = netlink_query(sock, &b, sweep_take, s, e);
    for (size_t i = 0; r == 0 && i < s->n; i++)
        r = vxlan_remove_station(sock, s->ifindex, &s->unwanted[i], e);
    return r;
}

int vxlan_sweep(int sock, int ifindex, bool (*keep)(const uint8_t mac[NET_MAC_LEN], void *arg), void *arg,
                struct err *e)
{
    static const uint8_t families[] = {AF_BRIDGE, AF_INET, AF_INET6};
    struct sweep s = {.ifindex = ifindex, .keep = keep, .arg = arg};
    int r = 0;

    /* As long as a round removes something: of many, not all fit into one. */
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++) {
        do
            r = sweep_family(sock, &s, families[i], e);
        while (r == 0 && s.n == SWEEP_BATCH);
    }
    return r;
}

/* ---- the underlay */

struct underlay {
    const struct ip *address;
    int ifindex;
    uint32_t mtu;
};

static int match_address(const struct nlmsghdr *h, void *arg, struct err *e)
{
    struct underlay *u = arg;
    const struct ifaddrmsg *address = NLMSG_DATA(h);
    /* Of a point-to-point link, IFA_ADDRESS is the other side's. */
    const struct nlattr *a = netlink_find(h, sizeof(*address), IFA_LOCAL);

    (void)e;
    if (!a)
        a = netlink_find(h, sizeof(*address), IFA_ADDRESS);
    if (h->nlmsg_type == RTM_NEWADDR && a && netlink_data_len(a) == ip_size(u->address) &&
        memcmp(netlink_data(a), u->address->bytes, ip_size(u->address)) == 0)
        u->ifindex = (int)address->ifa_index;
    return 0;
}

static int take_mtu(const struct nlmsghdr *h, void *arg, struct err *e)
{
    struct underlay *u = arg;

    (void)e;
    u->mtu = netlink_get_u32(netlink_find(h, sizeof(struct ifinfomsg), IFLA_MTU));
    return 0;
}

int vxlan_underlay(int sock, const struct ip *address, int *ret_ifindex, uint32_t *ret_mtu, struct err *e)
{
    const struct ifaddrmsg any = {.ifa_family = address->family};
    struct underlay u = {.address = address};
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct netlink_batch b;
    char text[IP_TEXT_MAX];
    int r;

    netlink_batch_init(&b);
    netlink_request(&b, "list addresses", RTM_GETADDR, NLM_F_DUMP, &any, sizeof(any));
    r = netlink_query(sock, &b, match_address, &u, e);
    if (r < 0)
        return r;
    if (u.ifindex == 0) {
        err_invalid(e, "no interface of this host has the address %s", ip_format(address, text));
        return err_advice(e, "set \"address\" of \"overlay\" in the configuration");
    }
    link.ifi_index = u.ifindex;
    netlink_batch_init(&b);
    netlink_request(&b, "look at the underlay's interface", RTM_GETLINK, 0, &link, sizeof(link));
    r = netlink_query(sock, &b, take_mtu, &u, e);
    if (r < 0)
        return r;
    *ret_ifindex = u.ifindex;
    *ret_mtu = u.mtu;
    return 0;
}
