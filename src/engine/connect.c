/*
 * Connecting and disconnecting: what every later start of the container does, and, where it runs, at once.
 *
 * To connect, the configuration is written first (in the transaction that knows the network to be there, so that it is not
 * removed meanwhile), then, under the lock of the running container's network: address and endpoint file, network.json, the
 * interface, the files in the container. What fails is undone, the configuration last. To disconnect, the same backwards.
 *
 * Source: Docker's `network connect`; its sentences.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/strv.h"
#include "engine/attach_endpoint.h"
#include "engine/attach_ports.h"
#include "engine/attach_settle.h"
#include "engine/connect_live.h"
#include "engine/connect_ports.h"
#include "engine/connect_record.h"
#include "engine/networks.h"
#include "engine/nsmode.h"
#include "engine/query.h"

/* ---- the configuration ---- */

static int copy_string(const char *s, char **ret, struct err *e)
{
    *ret = s && *s ? strdup(s) : NULL;
    return s && *s && !*ret ? err_set(e, ERR_SYS, ENOMEM, "network") : 0;
}

static int copy_endpoint(const char *network, const struct endpoint_config *from, struct endpoint_config *to,
                         struct err *e)
{
    to->gw_priority = from->gw_priority;
    int r = copy_string(network, &to->network, e);
    if (r == 0)
        r = copy_string(from->ip, &to->ip, e);
    if (r == 0)
        r = copy_string(from->ip6, &to->ip6, e);
    if (r == 0)
        r = copy_string(from->mac, &to->mac, e);
    if (r == 0 && from->aliases)
        r = strv_copy(from->aliases, &to->aliases, e);
    if (r == 0 && from->driver_opts)
        r = strv_copy(from->driver_opts, &to->driver_opts, e);
    return r;
}

static size_t find_endpoint(const struct container *c, const char *network)
{
    size_t i = 0;
    while (i < c->n_endpoints && strcmp(c->endpoints[i].network, network) != 0)
        i++;
    return i;
}

/* The mode is the first endpoint's network, or none. */
static int set_mode(struct container *c, struct err *e)
{
    char *mode = strdup(c->n_endpoints > 0 ? c->endpoints[0].network : "none");
    if (!mode)
        return err_set(e, ERR_SYS, ENOMEM, "network");
    free(c->host.network_mode);
    c->host.network_mode = mode;
    return 0;
}

struct connection {
    const struct network *n;
    const struct endpoint_config *o;
};

static int add_endpoint(struct engine *en, struct container *c, const void *arg, struct err *e)
{
    const struct connection *x = arg;
    _cleanup_network_ struct network *still = NULL;
    const char *mode = c->host.network_mode ? c->host.network_mode : "";
    if (strcmp(mode, "host") == 0 || nsmode_target(mode))
        return err_conflict(e,
                            "container sharing network namespace with another container or host cannot be connected to "
                            "any other network");
    if (find_endpoint(c, x->n->name) < c->n_endpoints)
        return err_conflict(e, "endpoint with name %s already exists in network %s", c->name, x->n->name);
    int r = engine_network_for_start(en, x->n->name, c->id, &still, e);
    if (r == 0)
        r = copy_endpoint(x->n->name, x->o, container_add_endpoint(c), e);
    return r == 0 ? set_mode(c, e) : r;
}

static int drop_endpoint(struct engine *en, struct container *c, const void *arg, struct err *e)
{
    const struct network *n = arg;
    (void)en;
    size_t i = find_endpoint(c, n->name);
    if (i == c->n_endpoints)
        return err_conflict(e, "container %s is not connected to network %s", c->name, n->name);
    container_drop_endpoint(c, i);
    return set_mode(c, e);
}

/* ---- a running container: default routes ---- */

static int priority_of(const struct container *c, const struct net_interface *i)
{
    size_t at = find_endpoint(c, i->network_name);
    return at < c->n_endpoints ? c->endpoints[at].gw_priority : 0;
}

static struct ip *gateway_of(struct net_interface *i, int family)
{
    return family == AF_INET ? &i->gateway4 : &i->gateway6;
}

static const struct ip *router_of(const struct network *n, int family)
{
    static const struct ip none;
    return n->internal ? &none : family == AF_INET ? &n->v4.gateway : &n->v6.gateway;
}

/* A new interface has a default route where no other has it, or one of a lower priority, which loses it. */
static void take_gateway(struct live *l, struct net_interface *i, const struct network *n, int priority, int family)
{
    const struct ip *router = router_of(n, family);
    struct net_interface *holder = NULL;
    for (size_t k = 0; k < l->net.plan->n_interfaces; k++)
        if (ip_is_set(gateway_of(&l->net.plan->interfaces[k], family)))
            holder = &l->net.plan->interfaces[k];
    if (!ip_is_set(router) || (holder && priority_of(l->c, holder) >= priority))
        return;
    if (holder)
        *gateway_of(holder, family) = (struct ip){0};
    *gateway_of(i, family) = *router;
}

/* That of the highest priority of what is left takes over from one that went. */
static int pass_gateway_on(struct live *l, int family, struct err *e)
{
    struct net_interface *best = NULL;
    const struct ip *router = NULL;
    for (size_t k = 0; k < l->net.plan->n_interfaces; k++) {
        struct net_interface *i = &l->net.plan->interfaces[k];
        const struct ip *own = router_of(l->net.networks[k], family);
        if (!ip_is_set(own) || (best && priority_of(l->c, i) <= priority_of(l->c, best)))
            continue;
        best = i;
        router = own;
    }
    if (!best)
        return 0;
    *gateway_of(best, family) = *router;
    return net_interface_set_gateways(best, &l->target, e);
}

/* Takes an interface out of the plan: its default routes and the ports that led to it go to others. */
static int leave(struct live *l, struct net_interface *i, struct err *e)
{
    const struct net_interface gone = *i;
    struct ip address4 = gone.address4.ip, address6 = gone.address6.ip;
    int r = 0;
    live_drop_interface(l, i);
    if (ip_is_set(&gone.gateway4))
        r = pass_gateway_on(l, AF_INET, e);
    if (r == 0 && ip_is_set(&gone.gateway6))
        r = pass_gateway_on(l, AF_INET6, e);
    return r == 0 ? connect_move_ports(l, &address4, &address6, e) : r;
}

/* ---- connecting a running container ---- */

/* Its default routes last: they replace those of another interface. */
static int bring_up(const struct live *l, const struct net_interface *i, struct err *e)
{
    struct net_interface without = *i;
    without.gateway4 = without.gateway6 = (struct ip){0};
    int r = net_interface_up(&without, &l->target, e);
    bool has_gateway = ip_is_set(&i->gateway4) || ip_is_set(&i->gateway6);
    return r == 0 && has_gateway ? net_interface_set_gateways(i, &l->target, e) : r;
}

/* Where the default route has moved, published ports follow it, so that answers go back the way the questions came. */
static int move_ports(struct live *l, const struct net_interface *new, struct err *e)
{
    static const struct ip none;
    int r = 0;
    for (size_t k = 0; r == 0 && attach_port_target(&l->net, NULL) == new &&k < l->net.plan->n_interfaces; k++) {
        const struct net_interface *i = &l->net.plan->interfaces[k];
        const struct ip *from4 = ip_is_set(&new->address4.ip) ? &i->address4.ip : &none;
        const struct ip *from6 = ip_is_set(&new->address6.ip) ? &i->address6.ip : &none;
        if (i != new)
            r = connect_move_ports(l, from4, from6, e);
    }
    return r;
}

static int make_interface(struct live *l, const struct network *n, const struct endpoint_config *o, struct err *e)
{
    int r = attach_endpoint(l->en, l->c, n, o, l->net.plan, e);
    if (r == 0)
        r = engine_network_find(l->en, n->id, &l->net.networks[l->net.n_networks], e);
    if (r < 0)
        return r;
    l->net.n_networks++;
    struct net_interface *i = live_interface(l, n->id);
    take_gateway(l, i, n, o->gw_priority, AF_INET);
    take_gateway(l, i, n, o->gw_priority, AF_INET6);
    r = live_save(l, e);
    if (r == 0)
        r = attach_serve_names(l->en, &l->net, e);
    if (r == 0)
        r = bring_up(l, i, e);
    if (r == 0)
        r = connect_egress(l, i, true, e);
    if (r == 0)
        r = move_ports(l, i, e);
    if (r == 0)
        r = connect_publish(l, e);
    if (r == 0)
        r = live_save(l, e);
    return r == 0 ? live_finish(l, e) : r;
}

static void unmake_interface(struct live *l, const struct network *n)
{
    struct net_interface *i = live_interface(l, n->id);
    if (!i)
        return;
    connect_egress(l, i, false, NULL);
    net_interface_down(i, &l->target, NULL);
    live_remove_files(l, n->id);
    leave(l, i, NULL);
    live_save(l, NULL);
}

static int connect_live(struct engine *en, const struct container *c, const struct connection *x, struct err *e)
{
    _cleanup_live_ struct live l = LIVE_INIT;
    int r = live_open(en, c, &l, e);
    if (r < 0)
        return r;
    if (live_interface(&l, x->n->id)) /* a restart was quicker: it is there */
        return 0;
    r = make_interface(&l, x->n, x->o, e);
    if (r < 0)
        unmake_interface(&l, x->n);
    return r;
}

static int check_connectable(const struct network *n, const struct endpoint_config *o, struct err *e)
{
    if (!network_has_addresses(n))
        return err_conflict(
            e, "container cannot be connected to %s network - container must be created in %s network mode", n->name,
            n->name);
    return attach_check_endpoint(n, o, e);
}

int engine_network_connect(struct engine *en, const char *network, const char *container,
                           const struct endpoint_config *o, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    _cleanup_network_ struct network *n = NULL;
    int r = engine_find(en, container, &c, e);
    if (r == 0)
        r = engine_network_find(en, network, &n, e);
    if (r == 0)
        r = check_connectable(n, o, e);
    const struct connection x = {.n = n, .o = o};
    if (r == 0)
        r = record_change(en, c->id, add_endpoint, &x, e);
    if (r != 0 || !container_is_active(c))
        return r;
    r = connect_live(en, c, &x, e);
    if (r < 0)
        record_change(en, c->id, drop_endpoint, n, NULL);
    return r;
}

/* ---- disconnecting ---- */

/* It has left: that it has ended meanwhile, or that hosts cannot name its gateway any more, changes nothing of that. */
static void finish_leaving(struct live *l)
{
    struct err e = ERR_INIT;
    if (live_finish(l, &e) < 0 && e.kind != ERR_CONFLICT)
        log_warning("%s", e.text);
}

static int disconnect_live(struct engine *en, const struct container *c, const struct network *n, struct err *e)
{
    _cleanup_live_ struct live l = LIVE_INIT;
    int r = live_open(en, c, &l, e);
    struct net_interface *i = r == 0 ? live_interface(&l, n->id) : NULL;
    if (!i)
        return r;
    r = connect_egress(&l, i, false, e);
    if (r == 0)
        r = net_interface_down(i, &l.target, e);
    if (r < 0)
        return r;
    live_remove_files(&l, n->id);
    r = leave(&l, i, e);
    if (r == 0)
        r = live_save(&l, e);
    if (r == 0)
        finish_leaving(&l);
    return r;
}

static bool is_connected(const struct container *c, const struct network *n)
{
    return find_endpoint(c, n->name) < c->n_endpoints;
}

/* force: what cannot be undone in the running container is left to its end. */
int engine_network_disconnect(struct engine *en, const char *network, const char *container, bool force, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    _cleanup_network_ struct network *n = NULL;
    int r = engine_find(en, container, &c, e);
    if (r == 0)
        r = engine_network_find(en, network, &n, e);
    if (r == 0 && !is_connected(c, n))
        return err_conflict(e, "container %s is not connected to network %s", c->name, n->name);
    if (r < 0)
        return r;
    r = container_is_active(c) ? disconnect_live(en, c, n, e) : 0;
    if (r < 0 && !force)
        return r;
    return record_change(en, c->id, drop_endpoint, n, e);
}
