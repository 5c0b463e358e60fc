#include "engine/attach_ports.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/strv.h"
#include "engine/attach_endpoint.h"
#include "engine/netenv.h"
#include "engine/ports.h"
#include "engine/ports_claim.h"
#include "engine/query.h"

/* ---- who has it ---- */

static bool is_same_place(const struct net_port *p, const struct port_binding *b)
{
    return p->protocol == b->protocol && p->host_port == b->host_port;
}

static bool holds(const struct container *c, const struct port_binding *b)
{
    for (size_t i = 0; c->net && i < c->net->n_ports; i++)
        if (is_same_place(&c->net->ports[i], b))
            return true;
    return false;
}

/* For the sentence only, so what cannot be found out is left out. */
static void name_holder(struct engine *en, const struct port_binding *b, struct err *e)
{
    struct container_list running = {0};
    const struct container *holder = NULL;
    if (b->host_port == 0 || b->host_end > b->host_port || engine_list(en, false, NULL, &running, NULL) < 0)
        return;
    for (size_t i = 0; !holder && i < running.n; i++)
        holder = holds(running.v[i], b) ? running.v[i] : NULL;
    if (holder)
        err_advice(e, "by container %s", holder->name);
    else
        err_advice(e, "by another program of this host: see ss -lnp");
    container_list_release(&running);
}

/* ---- holding ---- */

const struct net_interface *attach_port_target(const struct attachment *a, const struct network **ret_network)
{
    const struct net_interface *first = NULL;
    for (size_t i = 0; i < a->plan->n_interfaces; i++) {
        const struct net_interface *at = &a->plan->interfaces[i];
        if (!network_has_bridge(a->networks[i]) || a->networks[i]->internal)
            continue;
        bool is_default = ip_is_set(&at->gateway4) || ip_is_set(&at->gateway6);
        if (!first || is_default) {
            first = at;
            if (ret_network)
                *ret_network = a->networks[i];
        }
        if (is_default)
            break;
    }
    return first;
}

/* Gives up those from `keep` on. */
static void let_go(const struct net_instance *in, struct ports *p, size_t keep_ports, size_t keep_fds)
{
    for (size_t i = keep_ports; i < p->plan->n_ports; i++)
        port_unclaim(in, p->plan, &p->plan->ports[i]);
    p->plan->n_ports = keep_ports;
    ports_drop(p, keep_fds);
}

/* Bound, and nobody's claim: or neither. */
static int hold_and_claim(const struct net_instance *in, struct ports *p, const struct port_binding *b, struct err *e)
{
    size_t n_ports = p->plan->n_ports, n_fds = p->n_fds;
    int r = ports_hold(p, b, e);
    for (size_t i = n_ports; r == 0 && i < p->plan->n_ports; i++)
        r = port_claim(in, p->plan, &p->plan->ports[i], e);
    if (r < 0)
        let_go(in, p, n_ports, n_fds);
    return r;
}

static int hold(struct engine *en, struct ports *p, const struct port_binding *b, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    struct err own = ERR_INIT;
    unsigned attempt = 0;
    int r = engine_net(en, &in, &config, e);
    if (r < 0)
        return r;
    do {
        own = ERR_INIT;
        r = hold_and_claim(in, p, b, &own);
    } while (r < 0 && own.kind == ERR_CONFLICT && attach_wait_for_ending(en, &attempt));
    if (r < 0 && own.kind == ERR_CONFLICT)
        name_holder(en, b, &own);
    if (r < 0 && e)
        *e = own;
    return r;
}

/* The shim, which holds the sockets later, has this process's limit and needs some files for itself. */
static int check_limit(const struct attachment *a, struct err *e)
{
    enum { OTHER_FILES = 64 };
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || a->n_port_fds + OTHER_FILES < limit.rlim_cur)
        return 0;
    err_set(e, ERR_UNSUPPORTED, EMFILE, "each published port takes an open file, and the limit is %llu",
            (unsigned long long)limit.rlim_cur);
    return err_advice(e, "raise it for this command: ulimit -n %llu", (unsigned long long)limit.rlim_cur * 4);
}

int attach_hold_port(struct engine *en, const struct port_binding *b, struct attachment *a, struct err *e)
{
    const struct network *n = NULL;
    const struct net_interface *i = attach_port_target(a, &n);
    int r = check_limit(a, e);
    if (r < 0)
        return r;
    if (!i) {
        log_warning("Port %u is not published: the container is on no network with a bridge to the outside", b->port);
        return 0;
    }
    struct ports p = {.config = a->config,
                      .is_rootless = en->is_rootless,
                      .publish_ip = n->publish_ip,
                      .to4 = i->address4.ip,
                      .to6 = i->address6.ip,
                      .plan = a->plan,
                      .fds = a->port_fds,
                      .n_fds = a->n_port_fds};
    r = hold(en, &p, b, e);
    a->port_fds = p.fds;
    a->n_port_fds = p.n_fds;
    return r;
}

static bool is_published(const struct container *c, const struct port_range *port)
{
    for (size_t i = 0; i < c->host.n_ports; i++)
        if (c->host.ports[i].port == port->first && c->host.ports[i].protocol == port->protocol)
            return true;
    return false;
}

/* -P */
static int hold_exposed(struct engine *en, const struct container *c, struct attachment *a, struct err *e)
{
    int r = 0;
    STRV_FOREACH (text, c->config.exposed_ports) {
        struct port_range port;
        r = port_range_parse(*text, &port, e);
        if (r == 0 && !is_published(c, &port)) {
            const struct port_binding b = {.port = port.first, .protocol = port.protocol};
            r = attach_hold_port(en, &b, a, e);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

int attach_hold_ports(struct engine *en, const struct container *c, struct attachment *a, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->host.n_ports; i++)
        r = attach_hold_port(en, &c->host.ports[i], a, e);
    return r == 0 && c->host.publish_all ? hold_exposed(en, c, a, e) : r;
}
