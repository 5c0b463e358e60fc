#include "network/firewall_sources.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#define SET_GUARDED "guarded"   /* ifname */
#define SET_SOURCES4 "sources4" /* ifname . address */
#define SET_SOURCES6 "sources6"

enum { PRIORITY_FIRST = -300, ND_SOLICIT = 135, ND_ADVERT = 136 };

static const struct nft_set sets[] = {
    {.name = SET_GUARDED, .key = {NFT_TYPE_IFNAME}},
    {.name = SET_SOURCES4, .key = {NFT_TYPE_IFNAME, NFT_TYPE_IPV4}},
    {.name = SET_SOURCES6, .key = {NFT_TYPE_IFNAME, NFT_TYPE_IPV6}},
};

/* The hooks of the bridge family have the numbers of those of IP. */
static const struct nft_chain chain = {
    .name = "prerouting", .type = "filter", .hook = NF_INET_PRE_ROUTING, .priority = PRIORITY_FIRST};

#define IS(protocol_) NFT_META(NFT_META_PROTOCOL, NFT_REG_A), NFT_EQ_BE16(protocol_)
#define PORT_AND(base_, at_, len_) NFT_IIFNAME, NFT_PAYLOAD(base_, at_, len_, NFT_REG_AFTER(IFNAMSIZ))
#define IS_ICMPV6(type_)                                                                                               \
    NFT_L4PROTO_IS(IPPROTO_ICMPV6), NFT_PAYLOAD(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, NFT_REG_A), NFT_EQ_U8(type_)
#define IP6_SADDR NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, 8, 16, NFT_REG_A)

/* clang-format off */
#define RULE(text_, ...) {text_, (const struct nft_expr[]){__VA_ARGS__, NFT_END}}
/* clang-format on */

static const uint8_t none[16], link_local[16] = {0xfe, 0x80}, link_local_mask[16] = {0xff, 0xc0};

static const struct {
    const char *text;
    const struct nft_expr *expressions;
} rules[] = {
    RULE("iifname != @guarded accept", NFT_IIFNAME_NOT_IN(SET_GUARDED), NFT_ACCEPT),
    RULE("iifname . ip saddr @sources4 accept", IS(ETH_P_IP), PORT_AND(NFT_PAYLOAD_NETWORK_HEADER, 12, 4),
         NFT_IN(SET_SOURCES4), NFT_ACCEPT),
    RULE("iifname . arp saddr ip @sources4 accept", IS(ETH_P_ARP), PORT_AND(NFT_PAYLOAD_NETWORK_HEADER, 14, 4),
         NFT_IN(SET_SOURCES4), NFT_ACCEPT),
    RULE("icmpv6 type nd-neighbor-advert iifname . icmpv6 taddr != @sources6 drop", IS(ETH_P_IPV6),
         IS_ICMPV6(ND_ADVERT), PORT_AND(NFT_PAYLOAD_TRANSPORT_HEADER, 8, 16), NFT_NOT_IN(SET_SOURCES6), NFT_DROP),
    RULE("iifname . ip6 saddr @sources6 accept", IS(ETH_P_IPV6), PORT_AND(NFT_PAYLOAD_NETWORK_HEADER, 8, 16),
         NFT_IN(SET_SOURCES6), NFT_ACCEPT),
    /* While it makes sure that nobody has its address, and for its link-local one. */
    RULE("icmpv6 type nd-neighbor-solicit ip6 saddr :: accept", IS(ETH_P_IPV6), IS_ICMPV6(ND_SOLICIT), IP6_SADDR,
         NFT_EQ(none, 16), NFT_ACCEPT),
    RULE("icmpv6 type nd-neighbor-solicit ip6 saddr fe80::/10 accept", IS(ETH_P_IPV6), IS_ICMPV6(ND_SOLICIT), IP6_SADDR,
         NFT_MASK(link_local_mask, none, 16), NFT_EQ(link_local, 16), NFT_ACCEPT),
    RULE("drop", NFT_DROP),
};

/* Whoever comes first makes it, and all others make it again: in one transaction nobody sees it without its rules. */
static void put_table(struct nft_batch *b, const char *table)
{
    nft_use(b, NFPROTO_BRIDGE, table);
    nft_add_table(b);
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        nft_add_set(b, &sets[i]);
    nft_add_chain(b, &chain);
    nft_flush_chain(b, chain.name);
    for (size_t i = 0; i < ARRAY_SIZE(rules); i++)
        nft_add_rule(b, chain.name, rules[i].text, rules[i].expressions);
}

static void put_source(struct nft_batch *b, const char *set, const char *port, const struct ip *ip, bool is_removal)
{
    struct nft_element el = {.key.len = 0};

    if (!ip_is_set(ip))
        return;
    nft_value_add_ifname(&el.key, port);
    nft_value_add(&el.key, ip->bytes, ip_size(ip));
    firewall_put_element(b, set, &el, is_removal);
}

static void put_interface(struct nft_batch *b, const char *table, const struct net_interface *i, bool is_removal)
{
    struct nft_element port = {.key.len = 0};

    if (i->kind != NET_VETH)
        return;
    put_table(b, table);
    nft_value_add_ifname(&port.key, i->host_name);
    firewall_put_element(b, SET_GUARDED, &port, is_removal);
    put_source(b, SET_SOURCES4, i->host_name, &i->address4.ip, is_removal);
    put_source(b, SET_SOURCES6, i->host_name, &i->address6.ip, is_removal);
}

void firewall_put_sources(struct nft_batch *b, const char *table, const struct net_interface *i)
{
    put_interface(b, table, i, false);
}

void firewall_put_sources_removal(struct nft_batch *b, const char *table, const struct net_interface *i)
{
    put_interface(b, table, i, true);
}
