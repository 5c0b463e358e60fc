/* Two sets that the keeper fills: name servers for containers on several networks, and the hosts of overlay
 * networks. */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "network/firewall_tables.h"

static int commit(struct nft_batch *b, const char *what, struct err *e)
{
    int r = nft_commit(b, e);

    return r < 0 ? err_context(e, "firewall: %s", what) : 0;
}

/* ---- names ---- */

static const uint8_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};
static const uint8_t protocols[] = {IPPROTO_UDP, IPPROTO_TCP};

static void put_clients(struct nft_batch *b, uint8_t family, const struct net_names *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct nft_element el = {.key.len = 0};

        if ((v[i].client.family == AF_INET) != (family == NFPROTO_IPV4))
            continue;
        nft_value_add(&el.key, v[i].client.bytes, ip_size(&v[i].client));
        nft_value_add_port(&el.data, v[i].port);
        nft_add_element(b, MAP_NAMES, &el);
    }
}

static void put_server_ports(struct nft_batch *b, const struct net_names *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < ARRAY_SIZE(protocols); k++) {
            struct nft_element el = {.key.len = 0};

            nft_value_add(&el.key, &protocols[k], sizeof(protocols[k]));
            nft_value_add_port(&el.key, v[i].port);
            nft_add_element(b, SET_NAMES_PORTS, &el);
        }
    }
}

int firewall_set_names(const struct net_instance *in, const struct net_names *v, size_t n, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();

    for (size_t i = 0; i < ARRAY_SIZE(families); i++) {
        nft_use(b, families[i], in->table);
        nft_flush_set(b, MAP_NAMES);
        put_clients(b, families[i], v, n);
    }
    nft_use(b, NFPROTO_INET, in->table);
    nft_flush_set(b, SET_NAMES_PORTS);
    put_server_ports(b, v, n);
    return commit(b, "lead containers to their name servers", e);
}

/* One transaction an address: one that is in no map is the usual case, and fails. */
static int remove_client(const char *table, const struct ip *client, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    struct nft_element el = {.key.len = 0};
    struct err why = ERR_INIT;
    int r;

    if (!ip_is_set(client))
        return 0;
    nft_use(b, client->family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6, table);
    nft_value_add(&el.key, client->bytes, ip_size(client));
    nft_delete_element(b, MAP_NAMES, &el);
    r = nft_commit(b, &why);
    if (r == 0 || r == -ENOENT)
        return 0;
    *e = why;
    return err_context(e, "names");
}

int firewall_remove_names(const char *table, const struct net_plan *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < p->n_interfaces && r == 0; i++) {
        r = remove_client(table, &p->interfaces[i].address4.ip, e);
        if (r == 0)
            r = remove_client(table, &p->interfaces[i].address6.ip, e);
    }
    return r;
}

/* ---- overlay ---- */

static void put_peers(struct nft_batch *b, const char *set, uint8_t family, const struct ip *peers, size_t n)
{
    nft_flush_set(b, set);
    for (size_t i = 0; i < n; i++) {
        struct nft_element el = {.key.len = 0};

        if (peers[i].family != family)
            continue;
        nft_value_add(&el.key, peers[i].bytes, ip_size(&peers[i]));
        nft_add_element(b, set, &el);
    }
}

/* Another's packets on a network of ours, as the VXLAN header says. Source: RFC 7348, section 5. */
static void put_vni(struct nft_batch *b, uint32_t vni)
{
    enum { UDP_HEADER = 8, VNI_AT = 4 };
    const struct nft_expr forged[] = {NFT_PAYLOAD(NFT_PAYLOAD_TRANSPORT_HEADER, UDP_HEADER + VNI_AT, 3, NFT_REG_A),
                                      NFT_EQ_BE24(vni), NFT_DROP, NFT_END};

    nft_add_rule(b, CHAIN_OVERLAY, "@th,96,24 VNI drop", forged);
}

int firewall_overlay_peers(const struct net_instance *in, const uint32_t *vnis, size_t n_vnis, const struct ip *peers,
                           size_t n_peers, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    const struct nft_expr from_peer4[] = {NFT_IP_SADDR, NFT_IN(SET_OVERLAY_PEERS4), NFT_DO_RETURN, NFT_END};
    const struct nft_expr from_peer6[] = {NFT_IP6_SADDR, NFT_IN(SET_OVERLAY_PEERS6), NFT_DO_RETURN, NFT_END};

    nft_use(b, NFPROTO_INET, in->table);
    put_peers(b, SET_OVERLAY_PEERS4, AF_INET, peers, n_peers);
    put_peers(b, SET_OVERLAY_PEERS6, AF_INET6, peers, n_peers);
    nft_flush_chain(b, CHAIN_OVERLAY);
    nft_add_rule(b, CHAIN_OVERLAY, "ip saddr @overlay_peers4 return", from_peer4);
    nft_add_rule(b, CHAIN_OVERLAY, "ip6 saddr @overlay_peers6 return", from_peer6);
    for (size_t i = 0; i < n_vnis; i++)
        put_vni(b, vnis[i]);
    return commit(b, "guard overlay networks", e);
}
