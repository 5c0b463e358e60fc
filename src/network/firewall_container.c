/* A container's part of the firewall: its ports, and what it may reach. */
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "network/firewall_ports.h"
#include "network/firewall_tables.h"

static int run(struct nft_batch *b, struct err *e)
{
    _cleanup_close_ int sock = nft_open(e);

    return sock < 0 ? sock : nft_run(sock, b, e);
}

/* ---- adding ---- */

static int check_ports(const struct net_plan *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; i < p->n_ports && r == 0; i++)
        r = firewall_check_port(&p->ports[i], e);
    return r;
}

/* The ports are the last objects of the transaction; the first of them is number `first`. */
static int explain_failure(const struct net_plan *p, const struct nft_batch *b, size_t first, int error, struct err *e)
{
    size_t i = (nft_failed(b) - first) / PORT_OBJECTS;
    char text[PORT_TEXT_MAX];

    if (error == -ENOENT)
        return err_advice(e, "somebody removed our tables (nft flush ruleset?): the next start makes them anew");
    if (nft_failed(b) < first || i >= p->n_ports || error != -EEXIST)
        return error;
    return err_conflict(e, "port is already allocated: %s", firewall_port_format(&p->ports[i], text));
}

int firewall_add_container(const char *table, const struct net_plan *p, struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    size_t first;
    int r = check_ports(p, e);

    if (r < 0)
        return r;
    first = nft_count(b);
    for (size_t i = 0; i < p->n_ports; i++)
        firewall_put_port(b, table, &p->ports[i]);
    if (nft_count(b) == 0)
        return 0;
    r = run(b, e);
    return r < 0 ? explain_failure(p, b, first, r, e) : 0;
}

/* ---- removing ---- */

/* Those ports that are not gone already; *ret_lost: the one that another container has by now. */
static int remove_ports(const char *table, const struct net_plan *p, const bool *is_lost, size_t *ret_lost,
                        struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
    _cleanup_free_ size_t *owner = calloc(p->n_ports + 1, sizeof(*owner)); /* of the ports in b */
    int r;

    if (!owner)
        abort();
    for (size_t i = 0; i < p->n_ports; i++) {
        if (is_lost[i])
            continue;
        owner[nft_count(b) / PORT_REMOVAL_OBJECTS] = i;
        firewall_put_port_removal(b, table, &p->ports[i]);
    }
    r = nft_count(b) > 0 ? run(b, e) : 0;
    if (r == -EEXIST)
        *ret_lost = owner[nft_failed(b) / PORT_REMOVAL_OBJECTS];
    return r;
}

int firewall_remove_container(const char *table, const struct net_plan *p, struct err *e)
{
    _cleanup_free_ bool *is_lost = calloc(p->n_ports + 1, sizeof(*is_lost));
    struct err why = ERR_INIT;
    size_t lost = 0;
    int r = -EEXIST;

    if (!is_lost)
        abort();
    for (size_t tries = 0; r == -EEXIST && tries <= p->n_ports; tries++) {
        r = remove_ports(table, p, is_lost, &lost, &why);
        is_lost[lost] = is_lost[lost] || r == -EEXIST;
    }
    if (r == 0 || r == -ENOENT) /* the table is gone, and the ports with it */
        return 0;
    if (e)
        *e = why;
    return err_context(e, "firewall");
}
