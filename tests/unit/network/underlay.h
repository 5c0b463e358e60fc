/*
 * Network namespaces on one wire, for tests of what hosts do to each other: macvlans over a dummy device, since the
 * kernels of the virtual machines have no veth.
 */
#ifndef SAMPAN_TESTS_UNIT_NETWORK_UNDERLAY_H
#define SAMPAN_TESTS_UNIT_NETWORK_UNDERLAY_H

#include "network/net_box.h"

#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>

static inline void underlay_run(struct netlink_batch *b)
{
    _cleanup_close_ int sock = netlink_open(NULL);
    struct err e = ERR_INIT;

    assert_works(netlink_run(sock, b, &e), &e);
}

static inline void underlay_link_up(const char *name)
{
    const struct ifinfomsg up = {.ifi_index = (int)if_nametoindex(name), .ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, name, RTM_NEWLINK, 0, &up, sizeof(up));
    underlay_run(&b);
}

static inline void underlay_add_address(const char *name, const char *address)
{
    const struct prefix p = prefix_of(address);
    const struct ifaddrmsg header = {
        .ifa_family = p.ip.family, .ifa_prefixlen = p.len, .ifa_index = if_nametoindex(name)};
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, address, RTM_NEWADDR, NLM_F_CREATE, &header, sizeof(header));
    netlink_attr(&b, IFA_LOCAL, p.ip.bytes, ip_size(&p.ip));
    underlay_run(&b);
}

/* The wire, in the caller's namespace. */
static inline void underlay_make(void)
{
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct netlink_batch b;
    struct nlattr *info;

    netlink_batch_init(&b);
    netlink_request(&b, "make a dummy", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
    netlink_attr_str(&b, IFLA_IFNAME, "wire");
    info = netlink_nest(&b, IFLA_LINKINFO);
    netlink_attr_str(&b, IFLA_INFO_KIND, "dummy");
    netlink_nest_end(&b, info);
    underlay_run(&b);
    underlay_link_up("wire");
}

/* "eth0" of a namespace, with this address. */
static inline void underlay_plug(int netns, const char *address)
{
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct netlink_batch b;
    struct nlattr *info, *data;
    int host;

    netlink_batch_init(&b);
    netlink_request(&b, "make a macvlan", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
    netlink_attr_str(&b, IFLA_IFNAME, "eth0");
    netlink_attr_u32(&b, IFLA_LINK, if_nametoindex("wire"));
    netlink_attr_u32(&b, IFLA_NET_NS_FD, (uint32_t)netns);
    info = netlink_nest(&b, IFLA_LINKINFO);
    netlink_attr_str(&b, IFLA_INFO_KIND, "macvlan");
    data = netlink_nest(&b, IFLA_INFO_DATA);
    netlink_attr_u32(&b, IFLA_MACVLAN_MODE, MACVLAN_MODE_BRIDGE);
    netlink_nest_end(&b, data);
    netlink_nest_end(&b, info);
    underlay_run(&b);
    host = box_enter(netns);
    underlay_link_up("eth0");
    underlay_add_address("eth0", address);
    box_leave(host);
}

/* A new namespace on the wire. */
static inline int underlay_host(const char *address)
{
    int host = box_enter(-1);
    int netns = ns_open(0, NS_NET, NULL);

    assert_int_equal(netlink_loopback_up(NULL), 0);
    box_leave(host);
    underlay_plug(netns, address);
    return netns;
}

/* All IP packets that come to a namespace from now on. */
static inline int underlay_listen(int netns)
{
    int host = box_enter(netns);
    int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, htons(ETH_P_IP));
    struct sockaddr_ll address = {
        .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP), .sll_ifindex = (int)if_nametoindex("eth0")};

    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    box_leave(host);
    return fd;
}

/* Of those that have come: how many are ESP, and how many UDP to this port, in clear. Forgets them. */
struct heard {
    unsigned esp, udp;
};

static inline struct heard underlay_heard(int fd, uint16_t udp_port)
{
    struct heard h = {0};
    uint8_t packet[2048];
    ssize_t len;

    while ((len = recv(fd, packet, sizeof(packet), 0)) > 0) {
        const size_t header = (packet[0] & 15) * 4U;

        if (packet[9] == IPPROTO_ESP)
            h.esp++;
        if (packet[9] == IPPROTO_UDP && (packet[header + 2] << 8 | packet[header + 3]) == udp_port)
            h.udp++;
    }
    return h;
}

#endif
