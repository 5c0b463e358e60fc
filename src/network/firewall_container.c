/* A container's part of the firewall: its ports, and what it may reach. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "kernel/conntrack.h"
#include "network/firewall_egress.h"
#include "network/firewall_ports.h"
#include "network/firewall_sources.h"
#include "network/firewall_tables.h"

/* ---- flows ---- */

/* Of the UDP ports, which a client may go on sending to: as the container sees them (translated), or the host (not
 * yet). TCP ends by itself. */
static int forget_flows(const struct net_plan *p, bool is_translated, struct err *e)
{
    _cleanup_free_ struct conntrack_flows *kinds = calloc(p->n_ports + 1, sizeof(*kinds));
    size_t n = 0;

    if (!kinds)
        abort();
    for (size_t i = 0; i < p->n_ports; i++) {
        const struct net_port *port = &p->ports[i];
        const struct ip *server = is_translated ? &port->to : &port->host;

        if (port->protocol != IPPROTO_UDP)
            continue;
        kinds[n++] = (struct conntrack_flows){.family = server->family,
                                              .protocol = port->protocol,
                                              .server = ip_is_any(server) ? NULL : server->bytes,
                                              .server_port = is_translated ? port->port : port->host_port};
    }
    return n > 0 ? conntrack_forget(kinds, n, e) : 0;
}

/* ---- adding ---- */

static int check_ports(const struct net_plan *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < p->n_ports && r == 0; i++)
        r = firewall_check_port(&p->ports[i], e);
    return r;
}

/* What comes from the address goes to the chain. */
static void put_source(struct nft_batch *b, const char *map, const struct ip *ip, const char *chain, bool is_removal)
{
    struct nft_element el = {.jump = chain};

    if (!ip_is_set(ip))
        return;
    nft_value_add(&el.key, ip->bytes, ip_size(ip));
    firewall_put_element(b, map, &el, is_removal);
}

static void put_egress(struct nft_batch *b, const char *table, const struct net_plan *p, const struct egress_chain *c)
{
    nft_use(b, NFPROTO_INET, table);
    egress_chain_put(b, c);
    for (size_t i = 0; i < p->n_interfaces; i++) {
        put_source(b, MAP_EGRESS4, &p->interfaces[i].address4.ip, c->name, false);
        put_source(b, MAP_EGRESS6, &p->interfaces[i].address6.ip, c->name, false);
    }
    for (size_t i = 0; i < p->n_interfaces; i++)
        firewall_put_sources(b, table, &p->interfaces[i]);
}

/* The ports are the last objects of the transaction; the first of them is number `first`. */
static int explain_failure(const struct net_plan *p, const struct nft_batch *b, size_t first, int error, struct err *e)
{
    size_t i = (nft_failed(b) - first) / PORT_OBJECTS;
    char text[PORT_TEXT_MAX];

    if (error == -ENOENT)
        return err_advice(e, "somebody removed our tables (nft flush ruleset?): the next start makes them anew");
    if (p->egress.deny && nft_failed(b) < first && (error == -EOPNOTSUPP || error == -EAFNOSUPPORT))
        return err_advice(e, "egress rules need nft_ct, nft_reject and nf_tables_bridge in the kernel");
    if (nft_failed(b) < first || i >= p->n_ports || error != -EEXIST)
        return error;
    return err_conflict(e, "port is already allocated: %s", firewall_port_format(&p->ports[i], text));
}

int firewall_add_container(const char *table, const struct net_plan *p, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    _cleanup_egress_chain_ struct egress_chain chain = {.n_rules = 0};
    size_t first;
    int r = check_ports(p, e);

    if (r == 0 && p->egress.deny)
        r = egress_chain_init(p->container, &p->egress, &chain, e);
    if (r < 0)
        return r;
    if (p->egress.deny)
        put_egress(b, table, p, &chain);
    first = nft_count(b);
    for (size_t i = 0; i < p->n_ports; i++)
        firewall_put_port(b, table, &p->ports[i]);
    r = nft_commit(b, e);
    return r < 0 ? explain_failure(p, b, first, r, e) : 0;
}

int firewall_forget_early_flows(const struct net_plan *p, struct err *e)
{
    return forget_flows(p, false, e);
}

/* ---- removing ports ---- */

/* Those that are not lost; *ret_lost: one that another container has by now. */
static int remove_ports_once(const char *table, const struct net_plan *p, const bool *is_lost, size_t *ret_lost,
                             struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    _cleanup_free_ size_t *ports = calloc(p->n_ports + 1, sizeof(*ports)); /* of those in the batch */
    int r;

    if (!ports)
        abort();
    for (size_t i = 0; i < p->n_ports; i++) {
        if (is_lost[i])
            continue;
        ports[nft_count(b) / PORT_REMOVAL_OBJECTS] = i;
        firewall_put_port_removal(b, table, &p->ports[i]);
    }
    r = nft_commit(b, e);
    if (r == -EEXIST)
        *ret_lost = ports[nft_failed(b) / PORT_REMOVAL_OBJECTS];
    return r;
}

static int remove_ports(const char *table, const struct net_plan *p, struct err *e)
{
    _cleanup_free_ bool *is_lost = calloc(p->n_ports + 1, sizeof(*is_lost));
    size_t lost = 0;
    int r = -EEXIST;

    if (!is_lost)
        abort();
    for (size_t tries = 0; r == -EEXIST && tries <= p->n_ports; tries++) {
        r = remove_ports_once(table, p, is_lost, &lost, e);
        is_lost[lost] = is_lost[lost] || r == -EEXIST;
    }
    return r;
}

/* ---- removing egress rules ---- */

static int remove_source(const char *table, const struct egress_chain *c, const char *map, const struct ip *ip,
                         struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    const struct nft_chain chain = {.name = c->name};
    int r;

    nft_use(b, NFPROTO_INET, table);
    nft_add_chain(b, &chain);
    put_source(b, map, ip, c->name, true);
    r = nft_commit(b, e);
    return r == -EEXIST ? 0 : r; /* the address is another container's by now */
}

static int remove_interface(const char *table, const struct egress_chain *c, const struct net_interface *i,
                            struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    int r = remove_source(table, c, MAP_EGRESS4, &i->address4.ip, e);

    if (r == 0)
        r = remove_source(table, c, MAP_EGRESS6, &i->address6.ip, e);
    if (r < 0)
        return r;
    firewall_put_sources_removal(b, table, i);
    return nft_commit(b, e);
}

static int remove_egress(const char *table, const struct net_plan *p, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    _cleanup_egress_chain_ struct egress_chain c = {.n_rules = 0};
    int r = egress_chain_init(p->container, &p->egress, &c, e);

    for (size_t i = 0; i < p->n_interfaces && r == 0; i++)
        r = remove_interface(table, &c, &p->interfaces[i], e);
    if (r < 0)
        return r;
    nft_use(b, NFPROTO_INET, table);
    egress_chain_put_removal(b, &c);
    r = nft_commit(b, e);
    return r == -EBUSY ? 0 : r; /* another interface of the container's goes by it still */
}

int firewall_remove_container(const char *table, const struct net_plan *p, struct err *e)
{
    struct err why = ERR_INIT;
    int r = remove_ports(table, p, &why);

    if (r == 0 || r == -ENOENT)
        r = forget_flows(p, true, &why); /* or it would lead to whoever has the container's address next */
    if (r == 0 && p->egress.deny)
        r = remove_egress(table, p, &why);
    if (r == 0 && (p->n_interfaces > 1 || p->egress.deny)) /* only these have a name server of their own */
        r = firewall_remove_names(table, p, &why);
    if (r == 0 || r == -ENOENT) /* the table is gone, and all of it */
        return 0;
    *e = why;
    return err_context(e, "firewall");
}
