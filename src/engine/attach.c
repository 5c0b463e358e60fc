#include "engine/attach.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "engine/attach_endpoint.h"
#include "engine/attach_ports.h"
#include "engine/attach_settle.h"
#include "engine/netenv.h"
#include "engine/networks.h"
#include "engine/paths.h"
#include "engine/ports_claim.h"
#include "engine/rootless.h"
#include "keeper/client.h"
#include "network/egress.h"
#include "network/leases.h"
#include "shim/shim.h"

void attachment_release(struct attachment *a)
{
    for (size_t i = 0; i < a->n_networks; i++)
        network_free(a->networks[i]);
    for (size_t i = 0; i < a->n_port_fds; i++)
        fd_close(&a->port_fds[i]);
    free(a->networks);
    free(a->port_fds);
    net_plan_free(a->plan);
    *a = ATTACHMENT_INIT;
}

int attach_find(struct engine *en, const struct container *c, struct attachment *a, struct err *e)
{
    if (c->n_endpoints == 0)
        return 0;
    a->networks = calloc(c->n_endpoints, sizeof(struct network *));
    if (!a->networks)
        return err_set(e, ERR_SYS, ENOMEM, "networks");
    int r = 0;
    for (; r == 0 && a->n_networks < c->n_endpoints; a->n_networks += r == 0)
        r = engine_network_for_start(en, c->endpoints[a->n_networks].network, c->id, &a->networks[a->n_networks], e);
    return r;
}

/* ---- the keeper ---- */

static size_t count_names(const struct attachment *a)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_networks; i++)
        n += network_has_names(a->networks[i]);
    return n;
}

/* Rules by name are kept by whoever answers for the names. */
static int check_egress_names(const struct attachment *a, struct err *e)
{
    struct egress_rule rule;
    STRV_FOREACH (text, count_names(a) > 0 ? NULL : a->plan->egress.allow) {
        int r = egress_rule_parse(*text, &rule, e);
        if (r < 0 || !rule.name[0])
            continue;
        err_set(e, ERR_UNSUPPORTED, 0, "--egress allow=%.200s: none of the container's networks has names", *text);
        return err_advice(e, "use a network of your own: network create");
    }
    return 0;
}

int attach_serve_names(struct engine *en, const struct attachment *a, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    _cleanup_free_ char *program = NULL;
    size_t n = count_names(a);
    if (n == 0 || (n == 1 && strv_len(a->plan->egress.allow) == 0))
        return 0;
    int r = engine_net(en, &in, &config, e);
    if (r == 0)
        r = program_find(en, "sampan-network", &program, e);
    return r == 0 ? keeper_serve_container(in, program, a->plan->container, e) : r;
}

void attach_watch(struct engine *en, const struct attachment *a)
{
    const struct net_instance *in;
    const struct net_config *config;
    _cleanup_free_ char *program = NULL;
    struct err e = ERR_INIT;
    if (!a->plan)
        return;
    int r = engine_net(en, &in, &config, &e);
    if (r == 0)
        r = program_find(en, "sampan-network", &program, &e);
    if (r == 0)
        r = keeper_ensure(in, program, &e);
    if (r < 0)
        log_warning("%s", e.text);
}

/* ---- the plan ---- */

int attach_plan_init(struct engine *en, const struct container *c, struct net_plan *plan, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    int r = engine_net(en, &in, &config, e);
    if (r < 0)
        return r;
    memcpy(plan->container, c->id, sizeof(plan->container));
    memcpy(plan->table, in->table, sizeof(plan->table));
    if (asprintf(&plan->directory, "%s/networks", in->run_root) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "network");
    return 0;
}

/* Without root what is bridged reaches the world through pasta. */
static int connect_base(struct engine *en, const struct attachment *a, struct err *e)
{
    bool has_bridge = false;
    for (size_t i = 0; i < a->n_networks; i++)
        has_bridge |= network_has_bridge(a->networks[i]);
    return en->is_rootless && has_bridge ? rootless_connect(en->run_fd, e) : 0;
}

static int fill(struct engine *en, const struct container *c, struct attachment *a, struct err *e)
{
    int r = attach_plan_init(en, c, a->plan, e);
    if (r == 0)
        r = connect_base(en, a, e);
    for (size_t i = 0; r == 0 && i < c->n_endpoints; i++)
        r = attach_endpoint(en, c, a->networks[i], &c->endpoints[i], a->plan, e);
    if (r < 0)
        return r;
    attach_choose_gateways(a->plan, a->networks, c->endpoints);
    r = attach_parse_egress(c->host.egress, &a->plan->egress, e);
    if (r == 0)
        r = check_egress_names(a, e);
    return r == 0 ? attach_hold_ports(en, c, a, e) : r;
}

int attach_prepare(struct engine *en, const struct container *c, int run_dir_fd, struct attachment *a, struct err *e)
{
    const struct net_instance *in;
    if (c->n_endpoints == 0)
        return 0;
    int r = engine_net(en, &in, &a->config, e);
    if (r < 0)
        return r;
    a->plan = net_plan_new();
    r = fill(en, c, a, e);
    if (r == 0)
        r = net_plan_save(a->plan, run_dir_fd, e);
    return r == 0 ? attach_serve_names(en, a, e) : r;
}

/* ---- undoing ---- */

/* Whether there may be leases that no network.json tells of. */
static bool needs_sweep(int run_dir)
{
    return !file_exists(run_dir, SHIM_STATE_NAME) || file_exists(run_dir, NETWORK_LOCK_NAME);
}

static int sweep(struct engine *en, const char *id, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    int r = engine_net(en, &in, &config, e);
    if (r == 0)
        r = leases_sweep(in, id, e);
    return r == 0 ? ports_sweep(in, id, e) : r;
}

int attach_undo(struct engine *en, const char *id, int run_dir_fd, struct err *e)
{
    _cleanup_net_plan_ struct net_plan *plan = NULL;
    if (run_dir_fd < 0)
        return 0;
    _cleanup_close_ int lock = openat(run_dir_fd, NETWORK_LOCK_NAME, O_RDONLY | O_CLOEXEC);
    if (lock >= 0)
        flock(lock, LOCK_EX); /* until whoever is changing it has seen that it ended */
    int r = net_plan_load(run_dir_fd, &plan, e);
    if (r == 0)
        r = net_plan_down(plan, e);
    else if (r == -ENOENT)
        r = 0;
    return r == 0 && needs_sweep(run_dir_fd) ? sweep(en, id, e) : r;
}
