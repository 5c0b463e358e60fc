#include "engine/connect_ports.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/log.h"
#include "engine/attach_ports.h"
#include "engine/connect_record.h"
#include "engine/netenv.h"
#include "engine/networks.h"
#include "engine/ports.h"
#include "engine/ports_claim.h"
#include "engine/query.h"
#include "engine/remote.h"
#include "network/firewall.h"
#include "shim/client.h"

/* A plan with no more in it than what changes; borrows. */
static struct net_plan part_of(const struct net_plan *plan)
{
    struct net_plan part = {.directory = plan->directory};
    memcpy(part.container, plan->container, sizeof(part.container));
    memcpy(part.table, plan->table, sizeof(part.table));
    return part;
}

int connect_egress(const struct live *l, const struct net_interface *i, bool is_added, struct err *e)
{
    struct net_interface one = *i;
    struct net_plan part = part_of(l->net.plan);
    part.interfaces = &one;
    part.n_interfaces = 1;
    part.egress = l->net.plan->egress;
    if (!part.egress.deny)
        return 0;
    return is_added ? firewall_add_container(part.table, &part, e) : firewall_remove_container(part.table, &part, e);
}

/* ---- ports that lead elsewhere ---- */

static int change_ports(const struct net_plan *plan, size_t from, size_t n, bool is_added, struct err *e)
{
    struct net_plan part = part_of(plan);
    part.ports = plan->ports + from;
    part.n_ports = n;
    if (n == 0)
        return 0;
    if (!is_added)
        return firewall_remove_container(part.table, &part, e);
    int r = firewall_add_container(part.table, &part, e);
    return r == 0 ? firewall_forget_early_flows(&part, e) : r;
}

/* Nobody holds it any more. The element goes first: a port that somebody else takes at once must not still lead here. */
static int withdraw(struct live *l, size_t i, int sock, struct err *e)
{
    struct net_plan *plan = l->net.plan;
    const struct net_port at = plan->ports[i];
    const struct shim_port held = {.protocol = at.protocol, .host = at.host, .port = at.host_port};
    int r = change_ports(plan, i, 1, false, e);
    if (r < 0)
        return r;
    port_unclaim(l->in, plan, &at);
    r = shim_client_release(sock, &held, e);
    memmove(&plan->ports[i], &plan->ports[i + 1], (--plan->n_ports - i) * sizeof(*plan->ports));
    return r;
}

static int redirect(struct live *l, size_t i, const struct ip *to, struct err *e)
{
    int r = change_ports(l->net.plan, i, 1, false, e);
    l->net.plan->ports[i].to = *to;
    return r == 0 ? change_ports(l->net.plan, i, 1, true, e) : r;
}

int connect_move_ports(struct live *l, const struct ip *address4, const struct ip *address6, struct err *e)
{
    struct net_plan *plan = l->net.plan;
    const struct net_interface *target = attach_port_target(&l->net, NULL);
    _cleanup_close_ int sock = plan->n_ports > 0 ? remote_connect(l->en, l->c->id, e) : -1;
    int r = plan->n_ports > 0 && sock < 0 ? sock : 0;
    for (size_t i = plan->n_ports; r == 0 && i-- > 0;) {
        const struct net_port *p = &plan->ports[i];
        if (!ip_equal(&p->to, address4) && !ip_equal(&p->to, address6))
            continue;
        const struct ip *to = !target ? NULL : p->to.family == AF_INET ? &target->address4.ip : &target->address6.ip;
        if (to && ip_is_set(to)) {
            r = redirect(l, i, to, e);
            continue;
        }
        log_warning("Port %u is no longer published: no network is left that leads to it", p->host_port);
        r = withdraw(l, i, sock, e);
    }
    return r;
}

/* ---- one more ---- */

static int add_binding(struct engine *en, struct container *c, const void *arg, struct err *e)
{
    const struct port_binding *p = arg;
    (void)en;
    char *ip = p->host_ip ? strdup(p->host_ip) : NULL;
    if (p->host_ip && !ip)
        return err_set(e, ERR_SYS, ENOMEM, "publish a port");
    struct port_binding *b = container_add_port(c);
    *b = *p;
    b->host_ip = ip;
    return 0;
}

/* The shim holds the port from now on. */
static int hand_over(const struct live *l, struct err *e)
{
    _cleanup_close_ int sock = remote_connect(l->en, l->c->id, e);
    int r = sock < 0 ? sock : 0;
    for (size_t i = 0; r == 0 && i < l->net.n_port_fds; i++)
        r = shim_client_hold(sock, l->net.port_fds[i], e);
    return r;
}

/* What was held since there were `before` ports: written down, led in, handed over; or none of it. */
static int publish_held(struct live *l, size_t before, struct err *e)
{
    struct net_plan *plan = l->net.plan;
    int r = live_save(l, e);
    if (r == 0)
        r = change_ports(plan, before, plan->n_ports - before, true, e);
    if (r == 0)
        r = hand_over(l, e);
    if (r < 0) {
        change_ports(plan, before, plan->n_ports - before, false, NULL);
        for (; plan->n_ports > before; plan->n_ports--)
            port_unclaim(l->in, plan, &plan->ports[plan->n_ports - 1]);
        live_save(l, NULL);
    }
    return r;
}

static int publish_live(struct engine *en, const struct container *c, const struct port_binding *p, struct err *e)
{
    _cleanup_live_ struct live l = LIVE_INIT;
    int r = live_open(en, c, &l, e);
    if (r < 0)
        return r;
    size_t before = l.net.plan->n_ports;
    if (!attach_port_target(&l.net, NULL))
        return err_conflict(e, "container %s is on no network with a bridge to the outside", c->name);
    r = attach_hold_port(en, p, &l.net, e);
    if (r == 0)
        r = publish_held(&l, before, e);
    return r == 0 ? live_finish(&l, e) : r;
}

int connect_publish(struct live *l, struct err *e)
{
    if (l->net.plan->n_ports > 0 || !attach_port_target(&l->net, NULL))
        return 0;
    int r = attach_hold_ports(l->en, l->c, &l->net, e);
    return r == 0 ? publish_held(l, 0, e) : r;
}

/* Only a network of ours has ports. */
static int check_publishable(const struct container *c, const struct port_binding *p, struct engine *en, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    if (c->n_endpoints == 0)
        return err_conflict(e, "container %s has network mode %s: no port of it can be published", c->name,
                            c->host.network_mode);
    int r = engine_net(en, &in, &config, e);
    return r == 0 ? port_check(config, p, e) : r;
}

int engine_port_add(struct engine *en, const char *container, const struct port_binding *p, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int r = engine_find(en, container, &c, e);
    if (r == 0)
        r = check_publishable(c, p, en, e);
    if (r == 0 && container_is_active(c))
        r = publish_live(en, c, p, e);
    return r == 0 ? record_change(en, c->id, add_binding, p, e) : r;
}

/* ---- one less ---- */

static bool is_same_address(const char *text, const struct ip *ip)
{
    struct ip wanted;
    return !text || !*text || (ip_parse(text, "address", &wanted, NULL) == 0 && ip_equal(&wanted, ip));
}

static bool is_meant(const struct port_binding *p, const struct net_port *at)
{
    return at->port == p->port && at->protocol == p->protocol && (!p->host_port || at->host_port == p->host_port) &&
           is_same_address(p->host_ip, &at->host);
}

/* is_any: also a binding that left the host's port open, which may have become the one that is named. */
static bool is_meant_binding(const struct port_binding *p, const struct port_binding *b, bool is_any)
{
    bool is_open = !b->host_port || b->host_end;
    bool is_same_port = !p->host_port || (is_open ? is_any : b->host_port == p->host_port);
    bool is_same_ip = !p->host_ip || !*p->host_ip || (b->host_ip && strcmp(b->host_ip, p->host_ip) == 0);
    return b->port == p->port && b->protocol == p->protocol && is_same_port && is_same_ip;
}

/* Those that name the port; where there is none, an open one. */
static int drop_bindings(struct engine *en, struct container *c, const void *arg, struct err *e)
{
    (void)en;
    (void)e;
    size_t before = c->host.n_ports;
    for (size_t i = before; i-- > 0;)
        if (is_meant_binding(arg, &c->host.ports[i], false))
            container_drop_port(c, i);
    for (size_t i = c->host.n_ports; c->host.n_ports == before && i-- > 0;)
        if (is_meant_binding(arg, &c->host.ports[i], true))
            container_drop_port(c, i);
    return 0;
}

static bool is_published(const struct container *c, const struct port_binding *p)
{
    for (size_t i = 0; i < c->host.n_ports; i++)
        if (is_meant_binding(p, &c->host.ports[i], true))
            return true;
    for (size_t i = 0; c->net && i < c->net->n_ports; i++) /* with -P there is no binding */
        if (is_meant(p, &c->net->ports[i]))
            return true;
    return false;
}

static int withdraw_live(struct engine *en, const struct container *c, const struct port_binding *p, struct err *e)
{
    _cleanup_live_ struct live l = LIVE_INIT;
    int r = live_open(en, c, &l, e);
    _cleanup_close_ int sock = r == 0 ? remote_connect(en, c->id, e) : r;
    if (sock < 0)
        return sock;
    for (size_t i = l.net.plan->n_ports; r == 0 && i-- > 0;)
        if (is_meant(p, &l.net.plan->ports[i]))
            r = withdraw(&l, i, sock, e);
    return r == 0 ? live_save(&l, e) : r;
}

int engine_port_remove(struct engine *en, const char *container, const struct port_binding *p, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int r = engine_find(en, container, &c, e);
    if (r == 0 && !is_published(c, p)) {
        err_not_found(e, "port %u/%s of container %s is not published", p->port, net_protocol_name(p->protocol),
                      c->name);
        return err_advice(e, "see: port %s", c->name);
    }
    if (r == 0 && container_is_active(c))
        r = withdraw_live(en, c, p, e);
    return r == 0 ? record_change(en, c->id, drop_bindings, p, e) : r;
}
