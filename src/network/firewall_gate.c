#include "network/firewall_gate.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/if_link.h>
#include <linux/veth.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/netlink.h"
#include "network/firewall_tables.h"
#include "network/link_request.h"

/* Locally administered; on no other link than this. */
static const uint8_t gate_mac[6] = {0x02, 0x73, 0x70, 0x6e, 0x67, 0x74};

/* 169.254.77.2, fd73:616d:7061:6e00::2; with an instance's tag 169.254.x.y, fd73:616d:7061:6e00::TAG. */
struct firewall_gate firewall_gate_of(const struct net_instance *in)
{
    struct firewall_gate g = {.next_hop4 = {169, 254, 77, 2},
                              .next_hop6 = {0xfd, 0x73, 0x61, 0x6d, 0x70, 0x61, 0x6e, [15] = 2}};
    unsigned long tag = strtoul(in->tag, NULL, 16);

    (void)snprintf(g.in, sizeof(g.in), "%s", in->gate_in);
    (void)snprintf(g.out, sizeof(g.out), "%s", in->gate_out);
    if (tag == 0)
        return g;
    /* Of the 65,536 not the first and last 256 (RFC 3927), nor the first instance's. */
    g.next_hop4[2] = (uint8_t)(128 + (tag >> 8) % 127);
    g.next_hop4[3] = (uint8_t)tag & 0xfe;
    for (int i = 0; i < 4; i++)
        g.next_hop6[12 + i] = (uint8_t)(tag >> (24 - 8 * i));
    return g;
}

/* ---- links ---- */

enum { GATE_MTU = 65535 };

static void put_end(struct netlink_batch *b, const char *name)
{
    netlink_attr_str(b, IFLA_IFNAME, name);
    netlink_attr(b, IFLA_ADDRESS, gate_mac, sizeof(gate_mac));
    netlink_attr_u32(b, IFLA_MTU, GATE_MTU);
}

/* ip link add GATE_IN arp off address MAC type veth peer name GATE_OUT address MAC */
static int make_pair(int sock, const struct firewall_gate *g, struct err *e)
{
    const struct ifinfomsg head = {.ifi_family = AF_UNSPEC, .ifi_flags = IFF_NOARP, .ifi_change = IFF_NOARP};
    const struct ifinfomsg peer_head = {.ifi_family = AF_UNSPEC};
    struct err why = ERR_INIT;
    struct nlattr *info, *data, *peer;
    struct netlink_batch b;
    int r;

    netlink_batch_init(&b);
    netlink_request(&b, "make the gate for published ports", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &head,
                    sizeof(head));
    put_end(&b, g->in);
    info = netlink_nest(&b, IFLA_LINKINFO);
    netlink_attr_str(&b, IFLA_INFO_KIND, "veth");
    data = netlink_nest(&b, IFLA_INFO_DATA);
    peer = netlink_nest_with_header(&b, VETH_INFO_PEER, &peer_head, sizeof(peer_head));
    put_end(&b, g->out);
    netlink_nest_end(&b, peer);
    netlink_nest_end(&b, data);
    netlink_nest_end(&b, info);
    r = netlink_run(sock, &b, &why);
    if (r == -EEXIST || r == 0)
        return 0;
    *e = why;
    return err_advice(e,
                      "this kernel may lack veth; \"published-ports\": \"open\" in the configuration does without the "
                      "gate, and without the host's input rules");
}

static void request_up(struct netlink_batch *b, int index, bool has_ipv6)
{
    const struct ifinfomsg quiet = {.ifi_family = AF_UNSPEC, .ifi_index = index};
    const struct ifinfomsg up = {
        .ifi_family = AF_UNSPEC, .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP};

    if (has_ipv6) {
        netlink_request(b, "silence the gate", RTM_NEWLINK, 0, &quiet, sizeof(quiet));
        link_put_no_ipv6_addresses(b); /* nobody shall talk to it */
    }
    netlink_request(b, "bring the gate up", RTM_NEWLINK, 0, &up, sizeof(up));
}

static void request_route(struct netlink_batch *b, uint8_t family, const uint8_t *next_hop, uint8_t len, int index)
{
    const struct rtmsg route = {.rtm_family = family,
                                .rtm_dst_len = (uint8_t)(len * 8),
                                .rtm_table = RT_TABLE_MAIN,
                                .rtm_protocol = RTPROT_STATIC,
                                .rtm_scope = RT_SCOPE_LINK,
                                .rtm_type = RTN_UNICAST};

    netlink_request(b, "route into the gate", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, &route, sizeof(route));
    netlink_attr(b, RTA_DST, next_hop, len);
    netlink_attr_u32(b, RTA_OIF, (uint32_t)index);
}

/* The next hop's neighbour: the reverse path filter takes nothing from a link that has no address. */
static void request_address(struct netlink_batch *b, const struct firewall_gate *g, int index)
{
    const struct ifaddrmsg header = {
        .ifa_family = AF_INET, .ifa_prefixlen = 32, .ifa_scope = RT_SCOPE_LINK, .ifa_index = (uint32_t)index};
    uint8_t address[sizeof(g->next_hop4)];

    memcpy(address, g->next_hop4, sizeof(address));
    address[3]++;
    netlink_request(b, "give the gate an address", RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &header, sizeof(header));
    netlink_attr(b, IFA_LOCAL, address, sizeof(address));
    netlink_attr(b, IFA_ADDRESS, address, sizeof(address));
}

static int set_sysctl(const char *family, const char *link, const char *name, const char *value, struct err *e)
{
    char path[128];

    (void)snprintf(path, sizeof(path), "/proc/sys/net/%s/conf/%s/%s", family, link, name);
    return file_write_existing(AT_FDCWD, path, value, e);
}

/* Packets come in again on gate_out that the routes would send to another link, and are forwarded. IPv6 may be off
 * for new links. */
static int set_sysctls(const struct firewall_gate *g, bool has_ipv6, struct err *e)
{
    int r = set_sysctl("ipv4", g->out, "rp_filter", "2", e);

    if (r == 0)
        r = set_sysctl("ipv4", g->out, "forwarding", "1", e);
    if (r == 0 && has_ipv6)
        r = set_sysctl("ipv6", g->in, "disable_ipv6", "0", e);
    if (r == 0 && has_ipv6)
        r = set_sysctl("ipv6", g->out, "disable_ipv6", "0", e);
    return r;
}

int firewall_gate_up(const struct firewall_gate *g, struct err *e)
{
    bool has_ipv6 = file_exists(AT_FDCWD, "/proc/sys/net/ipv6");
    _cleanup_close_ int sock = netlink_open(e);
    struct netlink_batch b;
    int index_in, index_out;
    int r;

    if (sock < 0)
        return sock;
    r = make_pair(sock, g, e);
    if (r == 0)
        r = set_sysctls(g, has_ipv6, e);
    if (r < 0)
        return r;
    index_in = (int)if_nametoindex(g->in);
    index_out = (int)if_nametoindex(g->out);
    netlink_batch_init(&b);
    /* In this order: the end that comes up second finds a carrier and can send at once; the other only when the
     * kernel gets round to it, up to a second later. */
    request_up(&b, index_out, has_ipv6);
    request_up(&b, index_in, has_ipv6);
    request_address(&b, g, index_out);
    request_route(&b, AF_INET, g->next_hop4, sizeof(g->next_hop4), index_in);
    if (has_ipv6)
        request_route(&b, AF_INET6, g->next_hop6, sizeof(g->next_hop6), index_in);
    return netlink_run(sock, &b, e);
}

bool firewall_gate_is_up(const struct firewall_gate *g)
{
    return if_nametoindex(g->in) != 0;
}

int firewall_gate_down(const struct firewall_gate *g, struct err *e)
{
    const struct ifinfomsg head = {.ifi_family = AF_UNSPEC};
    struct err why = ERR_INIT;
    struct netlink_batch b;
    _cleanup_close_ int sock = netlink_open(e);
    int r;

    if (sock < 0)
        return sock;
    netlink_batch_init(&b);
    netlink_request(&b, "remove the gate", RTM_DELLINK, 0, &head, sizeof(head));
    netlink_attr_str(&b, IFLA_IFNAME, g->in); /* the other end goes with it */
    r = netlink_run(sock, &b, &why);
    if (r == 0 || r == -ENODEV)
        return 0;
    *e = why;
    return r;
}

/* ---- rules ---- */

/* Last of all that looks at input, but in front of conntrack's own (INT_MAX), which remembers what passes: the
 * connection is to be remembered as it comes in the second time. */
enum { PRIORITY_GATE = INT_MAX - 1 };

static const struct nft_chain gate_chain = {
    .name = "gate", .type = "filter", .hook = NF_INET_LOCAL_IN, .priority = PRIORITY_GATE};

/* Last in output too, so that a route that the host's rules chose is seen. */
static const struct nft_chain guard_chain = {
    .name = "guard", .type = "filter", .hook = NF_INET_LOCAL_OUT, .priority = PRIORITY_GATE};

static const struct nft_chain enter_chain = {.name = "enter"};

static const char lo[IFNAMSIZ] = "lo";

/* Behind the host's own input rules: new connections to what is published go through the gate, once. */
static void put_gate(struct nft_batch *b, const struct firewall_gate *g)
{
    const struct nft_expr by_lo[] = {NFT_IIFNAME_IS(lo), NFT_DO_RETURN, NFT_END};
    const struct nft_expr from_bridge[] = {NFT_IIFNAME_IN(SET_BRIDGES), NFT_DO_RETURN, NFT_END};
    const struct nft_expr again[] = {NFT_IIFNAME_IS(g->out), NFT_DO_RETURN, NFT_END};
    const struct nft_expr is_new[] = {NFT_CT_STATE_HAS(NFT_CT_NEW), NFT_DADDR_IS_LOCAL, NFT_JUMP_TO("enter"), NFT_END};

    nft_add_chain(b, &gate_chain);
    nft_add_rule(b, "gate", "iifname \"lo\" return", by_lo);
    nft_add_rule(b, "gate", "iifname OUT return", again);
    nft_add_rule(b, "gate", "iifname @bridges return", from_bridge); /* translated in prerouting, or not at all */
    nft_add_rule(b, "gate", "ct state new fib daddr type local jump enter", is_new);
}

static void put_enter(struct nft_batch *b, uint8_t family, const struct firewall_gate *g)
{
    bool is_ip4 = family == NFPROTO_IPV4;
    const uint8_t *next_hop = is_ip4 ? g->next_hop4 : g->next_hop6;
    uint32_t size = is_ip4 ? sizeof(g->next_hop4) : sizeof(g->next_hop6);
    uint32_t daddr_at = is_ip4 ? 16 : 24;
    const struct nft_expr host[] = {NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, daddr_at, size, NFT_REG_A),
                                    NFT_L4PROTO_AND_PORT(NFT_REG_AFTER(size)),
                                    NFT_IN(SET_HOST_PUBLISHED),
                                    NFT_SET_REG(NFT_REG_A, next_hop, size),
                                    NFT_DUP(NFT_REG_A),
                                    NFT_DROP,
                                    NFT_END};
    const struct nft_expr any[] = {NFT_L4PROTO_AND_PORT(NFT_REG_A),
                                   NFT_IN(SET_PUBLISHED),
                                   NFT_SET_REG(NFT_REG_A, next_hop, size),
                                   NFT_DUP(NFT_REG_A),
                                   NFT_DROP,
                                   NFT_END};

    nft_add_chain(b, &enter_chain);
    nft_add_rule(b, "enter", "DADDR . meta l4proto . th dport @host_published dup to NEXT_HOP drop", host);
    nft_add_rule(b, "enter", "meta l4proto . th dport @published dup to NEXT_HOP drop", any);
}

/* A copy for ourselves that leaves by another link than a gate: the route is missing. Other engines have gates of their own,
 * by the names of network/instance.h. */
static void put_guard(struct nft_batch *b)
{
    static const char gates[] = "sampan-gate", tagged_gates[] = "spg-";
    const struct nft_expr astray[] = {NFT_CT_STATE_HAS(NFT_CT_UNTRACKED),
                                      NFT_OIFNAME_IS_NOT(lo),
                                      NFT_OIFNAME,
                                      NFT_NE(gates, sizeof(gates) - 1),
                                      NFT_OIFNAME,
                                      NFT_NE(tagged_gates, sizeof(tagged_gates) - 1),
                                      NFT_DADDR_IS_LOCAL,
                                      NFT_DROP,
                                      NFT_END};

    nft_add_chain(b, &guard_chain);
    nft_add_rule(
        b, "guard",
        "ct state untracked oifname != \"lo\" oifname != \"sampan-gate*\" oifname != \"spg-*\" fib daddr type local drop",
        astray);
}

void firewall_put_gate(struct nft_batch *b, uint8_t family, const struct firewall_gate *g)
{
    static const uint8_t no_fragment_bits[2];
    const struct nft_expr publish[] = {NFT_IIFNAME_IS(g->out), NFT_JUMP_TO("publish"), NFT_END};
    const struct nft_expr may_fragment[] = {NFT_IIFNAME_IS(g->out), NFT_SET_REG(NFT_REG_A, no_fragment_bits, 2),
                                            NFT_SET_IP_FRAG_OFF(NFT_REG_A), NFT_END};

    put_enter(b, family, g);
    put_gate(b, g);
    put_guard(b);
    if (family == NFPROTO_IPV4)
        nft_add_rule(b, "raw", "iifname OUT ip frag-off set 0", may_fragment);
    nft_add_rule(b, "prerouting", "iifname OUT jump publish", publish);
}
