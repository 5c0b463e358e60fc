/*
 * From what a user asked for to a complete network, step by step; none of them can be left half done, because nothing is
 * made: the engine writes the result down, and bridge.h makes it so.
 */
#include <stdio.h>

#include "base/id.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "network/config.h"
#include "network/egress.h"
#include "network/network.h"
#include "network/options.h"
#include "network/subnets.h"

/* What exists already keeps its identity: the predefined networks have theirs from the database. */
static int settle_identity(struct network *n, struct err *e)
{
    int r = n->name ? network_check_name(n->name, e) : err_invalid(e, "a network needs a name");

    if (r == 0 && !*n->id)
        r = id_new(n->id, e);
    if (r == 0 && n->created == 0)
        n->created = timestamp_now();
    return r;
}

static int check_parent(const struct network *n, struct err *e)
{
    if (network_has_bridge(n))
        return 0;
    if (!*n->parent)
        return err_invalid(e, "a %s network needs the host's interface that it is on: -o parent=eth0",
                           network_driver_name(n->driver));
    if (if_nametoindex(n->parent) != 0)
        return 0;
    err_invalid(e, "the host has no interface %s for -o parent", n->parent);
    return err_advice(e, "a VLAN's is made with ip link add link eth0 name eth0.10 type vlan id 10");
}

/* A name in a rule means what the network's own names say. */
static int check_egress_rule(const struct network *n, const char *text, struct err *e)
{
    struct egress_rule rule;
    int r = egress_rule_parse(text, &rule, e);

    if (r == 0 && !ip_is_set(&rule.to.ip) && !network_has_names(n))
        r = err_invalid(e, "--egress allow=%s: without names on the network only addresses can be allowed", text);
    return r;
}

static int check_egress(const struct network *n, struct err *e)
{
    int r = 0;

    if (!network_has_bridge(n) && (n->egress.deny || n->egress.allow))
        return err_set(e, ERR_UNSUPPORTED, 0,
                       "egress rules need a bridge: what a %s network sends does not pass the host's firewall",
                       network_driver_name(n->driver));
    STRV_FOREACH (rule, n->egress.allow) {
        if (r == 0)
            r = check_egress_rule(n, *rule, e);
    }
    return r;
}

/* The bridge's name and the MTU, where no option gave them. */
static void settle_link(const struct net_instance *in, const struct net_config *config, struct network *n)
{
    if (network_is_default(n) && !*n->link)
        (void)snprintf(n->link, sizeof(n->link), "%s", in->default_bridge);
    else if (network_has_bridge(n) && !*n->link)
        (void)snprintf(n->link, sizeof(n->link), "br-%.*s", SHORT_ID_LEN, n->id);
    if (n->mtu == 0 && n->driver == NETWORK_BRIDGE)
        n->mtu = config->mtu;
}

static int settle_subnets(const struct net_config *config, const struct network_surroundings *around, struct network *n,
                          struct err *e)
{
    _cleanup_routes_ struct route_list routes = {.n = 0};
    int r = routes_list(&routes, e);

    return r == 0 ? subnets_settle(config, around, &routes, n, e) : r;
}

int network_settle(const struct net_instance *in, const struct net_config *config,
                   const struct network_surroundings *around, struct network *n, struct err *e)
{
    int r = settle_identity(n, e);

    if (r == 0 && network_is_default(n)) {
        n->no_dns = true; /* as Docker's */
        n->ipv6 = n->ipv6 || config->ipv6;
    }
    if (r == 0)
        r = network_options_apply(n, e);
    if (r < 0 || !network_has_addresses(n))
        return r;
    r = check_parent(n, e);
    if (r == 0)
        r = check_egress(n, e);
    if (r == 0)
        settle_link(in, config, n);
    return r == 0 ? settle_subnets(config, around, n, e) : r;
}

int network_check_routes(const struct network *n, struct err *e)
{
    _cleanup_routes_ struct route_list routes = {.n = 0};
    int r = routes_list(&routes, e);

    if (r < 0)
        return r;
    r = subnets_check_routes(&routes, n, e);
    if (r < 0)
        err_advice(e, "make the network anew with another --subnet");
    return r;
}
