/* A network's part of the firewall: its bridge in the sets that the static rules ask. */
#include <sys/socket.h>

#include "base/fd.h"
#include "network/firewall_tables.h"

/* One element that a network has in a set of a table. */
static void put(struct nft_batch *b, const char *set, const struct nft_element *el, bool is_removal)
{
    /* Adding what is there changes nothing; and what was just added can be removed. */
    nft_add_element(b, set, el);
    if (is_removal)
        nft_delete_element(b, set, &el->key);
}

static void put_link(struct nft_batch *b, const char *set, const char *link, bool is_removal)
{
    struct nft_element el = {.key.len = 0};

    nft_value_add_ifname(&el.key, link);
    put(b, set, &el, is_removal);
}

static void put_pair(struct nft_batch *b, const char *link, bool is_removal)
{
    struct nft_element el = {.key.len = 0};

    nft_value_add_ifname(&el.key, link);
    nft_value_add_ifname(&el.key, link);
    put(b, SET_LINKS, &el, is_removal);
}

static void put_gateway(struct nft_batch *b, const char *set, const char *link, const struct ip *gateway,
                        bool is_removal)
{
    struct nft_element el = {.key.len = 0};

    if (!ip_is_set(gateway))
        return;
    nft_value_add_ifname(&el.key, link);
    nft_value_add(&el.key, gateway->bytes, ip_size(gateway));
    put(b, set, &el, is_removal);
}

static void put_network(struct nft_batch *b, const char *table, const struct network *n, bool is_removal)
{
    for (size_t i = 0; i < firewall_n_families; i++) {
        nft_use(b, firewall_families[i], table);
        put_link(b, SET_BRIDGES, n->link, is_removal);
        /* Not for isolated ones: what a bridge keeps apart is not to be routed around it. Published ports may hairpin
         * still, in tables ip and ip6. */
        if (firewall_families[i] != NFPROTO_INET || !n->isolated)
            put_pair(b, n->link, is_removal);
        if (firewall_families[i] != NFPROTO_INET && !n->no_masquerade && !n->internal)
            put_link(b, SET_MASQUERADED, n->link, is_removal);
    }
    nft_use(b, NFPROTO_INET, table);
    if (n->internal)
        put_link(b, SET_INTERNAL, n->link, is_removal);
    put_gateway(b, SET_GATEWAYS4, n->link, &n->v4.gateway, is_removal);
    put_gateway(b, SET_GATEWAYS6, n->link, &n->v6.gateway, is_removal);
}

int firewall_add_network(const struct net_instance *in, const struct network *n, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    _cleanup_close_ int sock = nft_open(e);
    int r = sock;

    put_network(b, in->table, n, false);
    if (r >= 0)
        r = nft_run(sock, b, e);
    return r < 0 ? err_context(e, "firewall: add network %s", n->name) : 0;
}

int firewall_remove_network(const struct net_instance *in, const struct network *n, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    _cleanup_close_ int sock = nft_open(e);
    int r = sock;

    put_network(b, in->table, n, true);
    if (r >= 0)
        r = nft_run(sock, b, e);
    return r < 0 ? err_context(e, "firewall: remove network %s", n->name) : 0;
}
