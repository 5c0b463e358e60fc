/* A network's part of the firewall: its bridge in the sets that the static rules ask. */
#include <sys/socket.h>

#include "network/firewall_egress.h"
#include "network/firewall_tables.h"

static void put_link(struct nft_batch *b, const char *set, const char *link, bool is_removal)
{
    struct nft_element el = {.key.len = 0};

    nft_value_add_ifname(&el.key, link);
    firewall_put_element(b, set, &el, is_removal);
}

static void put_pair(struct nft_batch *b, const char *link, bool is_removal)
{
    struct nft_element el = {.key.len = 0};

    nft_value_add_ifname(&el.key, link);
    nft_value_add_ifname(&el.key, link);
    firewall_put_element(b, SET_LINKS, &el, is_removal);
}

static void put_gateway(struct nft_batch *b, const char *set, const char *link, const struct ip *gateway,
                        bool is_removal)
{
    struct nft_element el = {.key.len = 0};

    if (!ip_is_set(gateway))
        return;
    nft_value_add_ifname(&el.key, link);
    nft_value_add(&el.key, gateway->bytes, ip_size(gateway));
    firewall_put_element(b, set, &el, is_removal);
}

/* All of a subnet's addresses, on its bridge. */
static void put_home(struct nft_batch *b, const char *link, const struct network_subnet *s, bool is_removal)
{
    struct nft_element el = {.key.len = 0};
    struct prefix first = prefix_network(&s->subnet);
    struct ip last = prefix_last(&s->subnet);

    if (!ip_is_set(&s->subnet.ip))
        return;
    nft_value_add(&el.key, first.ip.bytes, ip_size(&first.ip));
    nft_value_add_ifname(&el.key, link);
    nft_value_add(&el.key_end, last.bytes, ip_size(&last));
    nft_value_add_ifname(&el.key_end, link);
    firewall_put_element(b, SET_HOMES, &el, is_removal);
}

/* Into the table of one address family. */
static void put_family(struct nft_batch *b, const struct network *n, const struct network_subnet *s, bool is_removal)
{
    put_link(b, SET_BRIDGES, n->link, is_removal);
    put_home(b, n->link, s, is_removal);
    if (network_has_names(n))
        put_gateway(b, SET_GATEWAYS, n->link, &s->gateway, is_removal);
    if (!n->no_masquerade && !n->internal)
        put_link(b, SET_MASQUERADED, n->link, is_removal);
}

static void put_network(struct nft_batch *b, const char *table, const struct network *n, bool is_removal)
{
    nft_use(b, NFPROTO_IPV4, table);
    put_family(b, n, &n->v4, is_removal);
    nft_use(b, NFPROTO_IPV6, table);
    put_family(b, n, &n->v6, is_removal);

    nft_use(b, NFPROTO_INET, table);
    put_link(b, SET_BRIDGES, n->link, is_removal);
    if (!n->isolated) /* what a bridge keeps apart is not to be routed around it; published ports may be */
        put_pair(b, n->link, is_removal);
    if (n->internal)
        put_link(b, SET_INTERNAL, n->link, is_removal);
    put_gateway(b, SET_GATEWAYS4, n->link, &n->v4.gateway, is_removal);
    put_gateway(b, SET_GATEWAYS6, n->link, &n->v6.gateway, is_removal);
}

/* What comes from the bridge goes to the network's own chain. */
static void put_egress(struct nft_batch *b, const struct network *n, const struct egress_chain *c, bool is_removal)
{
    struct nft_element el = {.jump = c->name};

    nft_value_add_ifname(&el.key, n->link);
    egress_chain_put(b, c);
    firewall_put_element(b, MAP_EGRESS_LINKS, &el, is_removal);
    if (is_removal)
        egress_chain_put_removal(b, c);
}

static int change(const char *table, const struct network *n, bool is_removal, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    _cleanup_egress_chain_ struct egress_chain chain = {.n_rules = 0};
    int r = 0;

    if (n->egress.deny)
        r = egress_chain_init(n->id, &n->egress, &chain, e);
    if (r < 0)
        return r;
    put_network(b, table, n, is_removal);
    if (n->egress.deny)
        put_egress(b, n, &chain, is_removal);
    return nft_commit(b, e);
}

int firewall_add_network(const struct net_instance *in, const struct network *n, struct err *e)
{
    int r = change(in->table, n, false, e);

    return r < 0 ? err_context(e, "firewall: add network %s", n->name) : 0;
}

int firewall_remove_network(const struct net_instance *in, const struct network *n, struct err *e)
{
    struct err why = ERR_INIT;
    int r = change(in->table, n, true, &why);

    if (r == 0 || r == -ENOENT) /* the table is gone, and all of it */
        return 0;
    *e = why;
    return err_context(e, "firewall: remove network %s", n->name);
}
