/* The static part of the firewall: tables, sets, chains, and the rules over them, each beside its text in nft's
 * language. A unit test compares that text with what nft(8) lists. */
#include "network/firewall_tables.h"

#define IFNAME NFT_TYPE_IFNAME
#define IPV4 NFT_TYPE_IPV4
#define IPV6 NFT_TYPE_IPV6
#define PROTO NFT_TYPE_L4PROTO
#define PORT NFT_TYPE_PORT
#define VERDICT NFT_TYPE_VERDICT

const uint8_t firewall_families[] = {NFPROTO_INET, NFPROTO_IPV4, NFPROTO_IPV6};
const size_t firewall_n_families = ARRAY_SIZE(firewall_families);

struct rule {
    const char *chain;
    const char *text;
    const struct nft_expr *expressions;
};
/* clang-format off */
#define RULE(chain_, text_, ...) {chain_, text_, (const struct nft_expr[]){__VA_ARGS__, NFT_END}}
/* clang-format on */

static void put_sets(struct nft_batch *b, const struct nft_set *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        nft_add_set(b, &s[i]);
}

static void put_chains(struct nft_batch *b, const struct nft_chain *c, size_t n)
{
    for (size_t i = 0; i < n; i++)
        nft_add_chain(b, &c[i]);
}

static void put_rules(struct nft_batch *b, const struct rule *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        nft_add_rule(b, r[i].chain, r[i].text, r[i].expressions);
}

#define PUT(what_, b_, array_) put_##what_(b_, array_, ARRAY_SIZE(array_))

/* ---- table inet: who may talk to whom ---- */

static const struct nft_set inet_sets[] = {
    {.name = SET_BRIDGES, .key = {IFNAME}},
    {.name = SET_LINKS, .key = {IFNAME, IFNAME}},
    {.name = SET_INTERNAL, .key = {IFNAME}},
    {.name = SET_GATEWAYS4, .key = {IFNAME, IPV4}},
    {.name = SET_GATEWAYS6, .key = {IFNAME, IPV6}},
    {.name = MAP_EGRESS_LINKS, .key = {IFNAME}, .data = {VERDICT}},
    {.name = MAP_EGRESS4, .key = {IPV4}, .data = {VERDICT}},
    {.name = MAP_EGRESS6, .key = {IPV6}, .data = {VERDICT}},
    {.name = SET_NAMES_PORTS, .key = {PROTO, PORT}},
    {.name = SET_OVERLAY_PEERS4, .key = {IPV4}},
    {.name = SET_OVERLAY_PEERS6, .key = {IPV6}},
};

static const struct nft_chain inet_chains[] = {
    {.name = "forward", .type = "filter", .hook = NF_INET_FORWARD},
    {.name = "input", .type = "filter", .hook = NF_INET_LOCAL_IN},
    {.name = "egress"},      /* leaves by return what may go on */
    {.name = "gateway"},     /* to the address where a bridge's containers ask for names */
    {.name = CHAIN_OVERLAY}, /* encapsulated packets; filled by firewall_overlay_peers() */
};

#define OIFNAME_AS_SECOND NFT_META(NFT_META_OIFNAME, NFT_REG_AFTER(IFNAMSIZ))
#define IP_DADDR_AS_SECOND NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, NFT_REG_AFTER(IFNAMSIZ))
#define IP6_DADDR_AS_SECOND NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, 24, 16, NFT_REG_AFTER(IFNAMSIZ))
#define ESTABLISHED NFT_CT_STATE_HAS(NFT_CT_ESTABLISHED | NFT_CT_RELATED)

static const struct rule inet_rules[] = {
    /* What a bridge carries from port to port also comes here, with bridge-nf-call-iptables. */
    RULE("forward", "iifname . oifname @links accept", NFT_IIFNAME, OIFNAME_AS_SECOND, NFT_IN(SET_LINKS), NFT_ACCEPT),
    RULE("forward", "iifname @internal drop", NFT_IIFNAME_IN(SET_INTERNAL), NFT_DROP),
    RULE("forward", "oifname @internal drop", NFT_OIFNAME_IN(SET_INTERNAL), NFT_DROP),
    RULE("forward", "ct state established,related accept", ESTABLISHED, NFT_ACCEPT),
    /* What conntrack gives up on is not translated either: it would show a container's own address outside. */
    RULE("forward", "iifname @bridges ct state invalid drop", NFT_IIFNAME_IN(SET_BRIDGES),
         NFT_CT_STATE_HAS(NFT_CT_INVALID), NFT_DROP),
    RULE("forward", "iifname @bridges jump egress", NFT_IIFNAME_IN(SET_BRIDGES), NFT_JUMP_TO("egress")),
    RULE("forward", "ct status dnat accept", NFT_CT_STATUS_DNAT, NFT_ACCEPT),
    RULE("forward", "oifname @bridges drop", NFT_OIFNAME_IN(SET_BRIDGES), NFT_DROP),

    /* First, since forged packets may well be "established". */
    RULE("input", "udp dport 4789 jump overlay", NFT_L4PROTO_IS(IPPROTO_UDP), NFT_TH_DPORT_IS(4789),
         NFT_JUMP_TO(CHAIN_OVERLAY)),
    RULE("input", "iifname != @bridges return", NFT_IIFNAME_NOT_IN(SET_BRIDGES), NFT_DO_RETURN),
    RULE("input", "ct state established,related accept", ESTABLISHED, NFT_ACCEPT),
    /* Whose names they know is asked by way of the translation in tables ip and ip6, or not at all. */
    RULE("input", "meta l4proto . th dport @names_ports ct status ! dnat drop", NFT_L4PROTO_AND_PORT(NFT_REG_A),
         NFT_IN(SET_NAMES_PORTS), NFT_CT_STATUS_NOT_DNAT, NFT_DROP),
    RULE("input", "meta l4proto ipv6-icmp accept", NFT_L4PROTO_IS(IPPROTO_ICMPV6), NFT_ACCEPT),
    RULE("input", "iifname . ip daddr @gateways4 jump gateway", NFT_NFPROTO_IS(NFPROTO_IPV4), NFT_IIFNAME,
         IP_DADDR_AS_SECOND, NFT_IN(SET_GATEWAYS4), NFT_JUMP_TO("gateway")),
    RULE("input", "iifname . ip6 daddr @gateways6 jump gateway", NFT_NFPROTO_IS(NFPROTO_IPV6), NFT_IIFNAME,
         IP6_DADDR_AS_SECOND, NFT_IN(SET_GATEWAYS6), NFT_JUMP_TO("gateway")),
    RULE("input", "iifname @internal drop", NFT_IIFNAME_IN(SET_INTERNAL), NFT_DROP),
    RULE("input", "jump egress", NFT_JUMP_TO("egress")),

    RULE("egress", "iifname vmap @egress_links", NFT_IIFNAME, NFT_VMAP(MAP_EGRESS_LINKS)),
    RULE("egress", "ip saddr vmap @egress4", NFT_IP_SADDR, NFT_VMAP(MAP_EGRESS4)),
    RULE("egress", "ip6 saddr vmap @egress6", NFT_IP6_SADDR, NFT_VMAP(MAP_EGRESS6)),

    RULE("gateway", "meta l4proto icmp accept", NFT_L4PROTO_IS(IPPROTO_ICMP), NFT_ACCEPT),
    RULE("gateway", "udp dport 53 accept", NFT_L4PROTO_IS(IPPROTO_UDP), NFT_TH_DPORT_IS(53), NFT_ACCEPT),
    RULE("gateway", "tcp dport 53 accept", NFT_L4PROTO_IS(IPPROTO_TCP), NFT_TH_DPORT_IS(53), NFT_ACCEPT),
    RULE("gateway", "meta l4proto . th dport @names_ports accept", NFT_L4PROTO_AND_PORT(NFT_REG_A),
         NFT_IN(SET_NAMES_PORTS), NFT_ACCEPT),
};

#define NOT_FROM_BRIDGES(family_) NFT_NFPROTO_IS(family_), NFT_IIFNAME_NOT_IN(SET_BRIDGES)

static const struct rule only_ours4_rules[] = {
    RULE("forward", "meta nfproto ipv4 iifname != @bridges drop", NOT_FROM_BRIDGES(NFPROTO_IPV4), NFT_DROP),
};

static const struct rule only_ours6_rules[] = {
    RULE("forward", "meta nfproto ipv6 iifname != @bridges drop", NOT_FROM_BRIDGES(NFPROTO_IPV6), NFT_DROP),
};

static void put_inet(struct nft_batch *b, const struct firewall_rules *rules)
{
    PUT(sets, b, inet_sets);
    PUT(chains, b, inet_chains);
    PUT(rules, b, inet_rules);
    if (rules->only_ours4)
        PUT(rules, b, only_ours4_rules);
    if (rules->only_ours6)
        PUT(rules, b, only_ours6_rules);
}

/* ---- tables ip and ip6: what is translated to what ---- */

static const struct nft_set ip_sets[] = {
    {.name = SET_BRIDGES, .key = {IFNAME}},
    {.name = SET_MASQUERADED, .key = {IFNAME}},
    {.name = SET_PUBLISHED, .key = {PROTO, PORT}},
};

static const struct nft_set ip4_sets[] = {
    {.name = MAP_PORTS, .key = {PROTO, PORT}, .data = {IPV4, PORT}},
    {.name = MAP_HOST_PORTS, .key = {IPV4, PROTO, PORT}, .data = {IPV4, PORT}},
    {.name = SET_HOST_PUBLISHED, .key = {IPV4, PROTO, PORT}},
    {.name = SET_GATEWAYS, .key = {IFNAME, IPV4}},
    {.name = SET_HOMES, .key = {IPV4, IFNAME}, .is_interval = true},
    {.name = MAP_NAMES, .key = {IPV4}, .data = {PORT}},
};

static const struct nft_set ip6_sets[] = {
    {.name = MAP_PORTS, .key = {PROTO, PORT}, .data = {IPV6, PORT}},
    {.name = MAP_HOST_PORTS, .key = {IPV6, PROTO, PORT}, .data = {IPV6, PORT}},
    {.name = SET_HOST_PUBLISHED, .key = {IPV6, PROTO, PORT}},
    {.name = SET_GATEWAYS, .key = {IFNAME, IPV6}},
    {.name = SET_HOMES, .key = {IPV6, IFNAME}, .is_interval = true},
    {.name = MAP_NAMES, .key = {IPV6}, .data = {PORT}},
};

enum { PRIORITY_RAW = -300, PRIORITY_DSTNAT = -100, PRIORITY_SRCNAT = 100 };

static const struct nft_chain ip_chains[] = {
    {.name = "prerouting", .type = "nat", .hook = NF_INET_PRE_ROUTING, .priority = PRIORITY_DSTNAT},
    {.name = "output", .type = "nat", .hook = NF_INET_LOCAL_OUT, .priority = PRIORITY_DSTNAT},
    {.name = "postrouting", .type = "nat", .hook = NF_INET_POST_ROUTING, .priority = PRIORITY_SRCNAT},
    {.name = "publish"},
    {.name = "names"},
};

static const struct nft_chain ip4_chains[] = {
    {.name = "raw", .type = "filter", .hook = NF_INET_PRE_ROUTING, .priority = PRIORITY_RAW},
};

static const struct rule ip_rules[] = {
    RULE("prerouting", "iifname @bridges jump publish", NFT_IIFNAME_IN(SET_BRIDGES), NFT_JUMP_TO("publish")),
    RULE("publish", "fib daddr type != local return", NFT_DADDR_IS_NOT_LOCAL, NFT_DO_RETURN),
    RULE("postrouting", "iifname @masqueraded oifname != @bridges masquerade", NFT_IIFNAME_IN(SET_MASQUERADED),
         NFT_OIFNAME_NOT_IN(SET_BRIDGES), NFT_MASQUERADE),
};

static const struct rule output_rules[] = {
    RULE("output", "jump publish", NFT_JUMP_TO("publish")),
};

static const struct rule open_rules[] = {
    RULE("prerouting", "jump publish", NFT_JUMP_TO("publish")),
};

#define AT_NETWORK NFT_PAYLOAD_NETWORK_HEADER
#define IP_NET127(at_) NFT_PAYLOAD(AT_NETWORK, at_, 1, NFT_REG_A), NFT_EQ_U8(127)
#define SADDR4 NFT_PAYLOAD(AT_NETWORK, 12, 4, NFT_REG_A)
#define SADDR6 NFT_PAYLOAD(AT_NETWORK, 8, 16, NFT_REG_A)
#define IP_PORT NFT_REG_AFTER(4)
#define IP6_PORT NFT_REG_AFTER(16)

/* In front of published ports: on a network with names the gateway's port 53 is its own. */
static const struct rule ip4_names_rules[] = {
    RULE("prerouting", "th dport 53 iifname . ip daddr @gateways goto names", NFT_TH_DPORT_IS(53), NFT_IIFNAME,
         IP_DADDR_AS_SECOND, NFT_IN(SET_GATEWAYS), NFT_GOTO_TO("names")),
    RULE("names", "meta l4proto udp redirect to :ip saddr map @names", NFT_L4PROTO_IS(IPPROTO_UDP), SADDR4,
         NFT_MAP(MAP_NAMES, NFT_REG_A), NFT_REDIRECT(NFT_REG_A)),
    RULE("names", "meta l4proto tcp redirect to :ip saddr map @names", NFT_L4PROTO_IS(IPPROTO_TCP), SADDR4,
         NFT_MAP(MAP_NAMES, NFT_REG_A), NFT_REDIRECT(NFT_REG_A)),
};

static const struct rule ip6_names_rules[] = {
    RULE("prerouting", "th dport 53 iifname . ip6 daddr @gateways goto names", NFT_TH_DPORT_IS(53), NFT_IIFNAME,
         IP6_DADDR_AS_SECOND, NFT_IN(SET_GATEWAYS), NFT_GOTO_TO("names")),
    RULE("names", "meta l4proto udp redirect to :ip6 saddr map @names", NFT_L4PROTO_IS(IPPROTO_UDP), SADDR6,
         NFT_MAP(MAP_NAMES, NFT_REG_A), NFT_REDIRECT(NFT_REG_A)),
    RULE("names", "meta l4proto tcp redirect to :ip6 saddr map @names", NFT_L4PROTO_IS(IPPROTO_TCP), SADDR6,
         NFT_MAP(MAP_NAMES, NFT_REG_A), NFT_REDIRECT(NFT_REG_A)),
};

static const struct rule ip4_rules[] = {
    /* The container would answer its neighbour directly, with an address that the neighbour did not ask. By
     * addresses, since there is no iifname where a bridge calls the firewall itself. */
    RULE("postrouting", "ip saddr . oifname @homes ct status dnat masquerade", SADDR4,
         NFT_META(NFT_META_OIFNAME, NFT_REG_AFTER(4)), NFT_IN(SET_HOMES), NFT_CT_STATUS_DNAT, NFT_MASQUERADE),
    /* Bridges may route 127.0.0.0/8 (route_localnet), so that the host's localhost reaches published ports; nobody
     * else's packets may have such addresses (CVE-2020-8558). */
    RULE("raw", "iifname @bridges ip daddr 127.0.0.0/8 drop", NFT_IIFNAME_IN(SET_BRIDGES), IP_NET127(16), NFT_DROP),
    RULE("raw", "iifname @bridges ip saddr 127.0.0.0/8 drop", NFT_IIFNAME_IN(SET_BRIDGES), IP_NET127(12), NFT_DROP),
    RULE("publish", "dnat ip to ip daddr . meta l4proto . th dport map @host_ports",
         NFT_PAYLOAD(AT_NETWORK, 16, 4, NFT_REG_A), NFT_L4PROTO_AND_PORT(NFT_REG_AFTER(4)),
         NFT_MAP(MAP_HOST_PORTS, NFT_REG_A), NFT_DNAT(NFPROTO_IPV4, NFT_REG_A, IP_PORT)),
    RULE("publish", "dnat ip to meta l4proto . th dport map @ports", NFT_L4PROTO_AND_PORT(NFT_REG_A),
         NFT_MAP(MAP_PORTS, NFT_REG_A), NFT_DNAT(NFPROTO_IPV4, NFT_REG_A, IP_PORT)),
    RULE("postrouting", "ip saddr 127.0.0.0/8 oifname @bridges masquerade", IP_NET127(12), NFT_OIFNAME_IN(SET_BRIDGES),
         NFT_MASQUERADE),
};

static const uint8_t ip6_loopback[16] = {[15] = 1};

static const struct rule no_localhost6_rules[] = {
    RULE("output", "ip6 daddr ::1 return", NFT_PAYLOAD(AT_NETWORK, 24, 16, NFT_REG_A), NFT_EQ(ip6_loopback, 16),
         NFT_DO_RETURN),
};

static const struct rule ip6_rules[] = {
    RULE("postrouting", "ip6 saddr . oifname @homes ct status dnat masquerade", SADDR6,
         NFT_META(NFT_META_OIFNAME, NFT_REG_AFTER(16)), NFT_IN(SET_HOMES), NFT_CT_STATUS_DNAT, NFT_MASQUERADE),
    RULE("publish", "dnat ip6 to ip6 daddr . meta l4proto . th dport map @host_ports",
         NFT_PAYLOAD(AT_NETWORK, 24, 16, NFT_REG_A), NFT_L4PROTO_AND_PORT(NFT_REG_AFTER(16)),
         NFT_MAP(MAP_HOST_PORTS, NFT_REG_A), NFT_DNAT(NFPROTO_IPV6, NFT_REG_A, IP6_PORT)),
    RULE("publish", "dnat ip6 to meta l4proto . th dport map @ports", NFT_L4PROTO_AND_PORT(NFT_REG_A),
         NFT_MAP(MAP_PORTS, NFT_REG_A), NFT_DNAT(NFPROTO_IPV6, NFT_REG_A, IP6_PORT)),
    RULE("postrouting", "ip6 saddr ::1 oifname @bridges masquerade", NFT_PAYLOAD(AT_NETWORK, 8, 16, NFT_REG_A),
         NFT_EQ(ip6_loopback, 16), NFT_OIFNAME_IN(SET_BRIDGES), NFT_MASQUERADE),
};

static void put_ip(struct nft_batch *b, uint8_t family, const struct firewall_rules *rules)
{
    PUT(sets, b, ip_sets);
    PUT(chains, b, ip_chains);
    if (family == NFPROTO_IPV4) {
        PUT(sets, b, ip4_sets);
        PUT(chains, b, ip4_chains);
        PUT(rules, b, ip4_names_rules);
        PUT(rules, b, ip_rules);
        PUT(rules, b, ip4_rules);
    } else {
        PUT(sets, b, ip6_sets);
        if (!rules->has_localhost6)
            PUT(rules, b, no_localhost6_rules);
        PUT(rules, b, ip6_names_rules);
        PUT(rules, b, ip_rules);
        PUT(rules, b, ip6_rules);
    }
    PUT(rules, b, output_rules);
    if (rules->ports_open)
        PUT(rules, b, open_rules);
    else
        firewall_put_gate(b, family, &rules->gate);
}

/* ---- all of them ---- */

/* To be counted up with every change of the static rules: an engine that is newer than the tables makes them anew. */
enum { RULES_VERSION = 3 };

static uint32_t mark_of(const struct firewall_rules *rules)
{
    return RULES_VERSION << 4 | (rules->has_localhost6 ? 8u : 0) | (rules->ports_open ? 4u : 0) |
           (rules->only_ours4 ? 2u : 0) | (rules->only_ours6 ? 1u : 0);
}

void firewall_put_element(struct nft_batch *b, const char *set, const struct nft_element *el, bool is_removal)
{
    nft_add_element(b, set, el);
    if (is_removal)
        nft_delete_element(b, set, el);
}

/* Nothing is there afterwards, whatever was there before: deleting what is missing would fail. */
static void clear_table(struct nft_batch *b, uint8_t family, const char *table)
{
    nft_use(b, family, table);
    nft_add_table(b);
    nft_delete_table(b);
}

void firewall_put_tables(struct nft_batch *b, const char *table, const struct firewall_rules *rules, bool has_remains)
{
    for (size_t i = 0; i < firewall_n_families; i++) {
        if (has_remains)
            clear_table(b, firewall_families[i], table);
        nft_use(b, firewall_families[i], table);
        nft_add_marked_table(b, mark_of(rules));
        if (firewall_families[i] == NFPROTO_INET)
            put_inet(b, rules);
        else
            put_ip(b, firewall_families[i], rules);
    }
}

void firewall_delete_tables(struct nft_batch *b, const char *table)
{
    for (size_t i = 0; i < firewall_n_families; i++)
        clear_table(b, firewall_families[i], table);
}

void firewall_delete_bridge_table(struct nft_batch *b, const char *table)
{
    clear_table(b, NFPROTO_BRIDGE, table);
}

int firewall_has_tables(int sock, const char *table, const struct firewall_rules *rules, bool *ret, struct err *e)
{
    bool has = true;
    int r = 0;

    for (size_t i = 0; i < firewall_n_families && has && r == 0; i++)
        r = nft_has_table(sock, firewall_families[i], table, mark_of(rules), &has, e);
    if (r == 0)
        *ret = has;
    return r;
}
