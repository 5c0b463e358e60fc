#include "engine/attach_endpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "engine/lock.h"
#include "engine/netenv.h"
#include "engine/paths.h"
#include "keeper/client.h"
#include "network/bridge.h"
#include "network/leases.h"
#include "network/names.h"
#include "shim/shim.h"

/* ---- waiting for those who end ---- */

/* Its shim has reported the end and still undoes its part: it holds the lock. */
static bool is_ending(struct engine *en, const char *id)
{
    _cleanup_close_ int run_dir = run_dir_open(en, id, NULL);
    if (run_dir < 0 || !file_exists(run_dir, SHIM_EXIT_NAME))
        return false;
    _cleanup_close_ int lock = lock_take(en, id, NULL);
    return lock == -EWOULDBLOCK;
}

static bool is_anybody_ending(struct engine *en)
{
    bool found = false;
    int fd = openat(en->locks_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return false;
    for (struct dirent *d; !found && (d = readdir(dir));)
        found = d->d_name[0] != '.' && is_ending(en, d->d_name);
    closedir(dir);
    return found;
}

/* The last thing that goes with a shim are its open files, when nothing else tells of it any more: hence the grace. */
bool attach_wait_for_ending(struct engine *en, unsigned *attempt)
{
    enum { ATTEMPTS = 250, GRACE = 5, STEP_NS = 4 * 1000 * 1000 };
    if ((*attempt)++ == 0) {
        engine_recover(en); /* one whose shim was killed cannot let go by itself */
        return true;
    }
    if (*attempt > ATTEMPTS || (*attempt > GRACE && !is_anybody_ending(en)))
        return false;
    nanosleep(&(struct timespec){.tv_nsec = STEP_NS}, NULL);
    return true;
}

/* ---- addresses ---- */

static int lease_given(struct engine *en, int dir, const struct network_subnet *s, const char *text, const char *flag,
                       const char *holder, struct ip *ret, struct err *e)
{
    struct err own = ERR_INIT;
    unsigned attempt = 0;
    int r = ip_parse(text, flag, ret, &own);
    if (r == 0)
        do {
            own = ERR_INIT;
            r = lease_take_address(dir, s, ret, holder, &own);
        } while (r < 0 && own.kind == ERR_CONFLICT && attach_wait_for_ending(en, &attempt));
    if (r < 0 && e)
        *e = own;
    return r;
}

/* One family; nothing where the network has none of it. */
static int lease(struct engine *en, const struct network *n, int dir, const struct network_subnet *s, const char *given,
                 struct net_plan *plan, struct prefix *ret, struct err *e)
{
    const char *flag = s == &n->v4 ? "--ip" : "--ip6";
    char *path = NULL;
    struct ip ip;
    if (s->subnet.ip.family == 0)
        return 0;
    int r = given && *given ? lease_given(en, dir, s, given, flag, plan->container, &ip, e)
                            : lease_take(dir, s, plan->container, &ip, e);
    if (r < 0)
        return err_context(e, "network %s", n->name);
    r = lease_path(n->id, &ip, &path, e);
    if (r == 0)
        r = strv_take(&plan->files, path, e);
    if (r == 0)
        *ret = (struct prefix){.ip = ip, .len = s->subnet.len};
    return r;
}

/* From the address, so that one that is used again never meets a neighbour's old entry for it. 02: administered locally. */
static void choose_mac(struct net_interface *i)
{
    const struct ip *ip = ip_is_set(&i->address4.ip) ? &i->address4.ip : &i->address6.ip;
    size_t size = ip_size(ip);
    i->mac[0] = 0x02;
    i->mac[1] = 0x42;
    if (size >= 4)
        memcpy(i->mac + 2, ip->bytes + size - 4, 4);
}

/* ---- the interface ---- */

static const struct {
    enum network_driver driver;
    enum net_link_kind kind;
} link_kinds[] = {
    {NETWORK_BRIDGE, NET_VETH},
    {NETWORK_OVERLAY, NET_VETH},
    {NETWORK_MACVLAN, NET_MACVLAN},
    {NETWORK_IPVLAN, NET_IPVLAN},
};

static enum net_link_kind link_kind(enum network_driver driver)
{
    for (size_t i = 0; i < ARRAY_SIZE(link_kinds); i++)
        if (link_kinds[i].driver == driver)
            return link_kinds[i].kind;
    return NET_VETH;
}

/* "eth0", the first that is free. */
static void choose_name(const struct net_plan *plan, struct net_interface *i)
{
    bool is_taken = true;
    for (unsigned k = 0; is_taken; k++) {
        snprintf(i->name, sizeof(i->name), "eth%u", k);
        is_taken = false;
        for (size_t j = 0; j < plan->n_interfaces; j++)
            is_taken |= &plan->interfaces[j] != i && strcmp(plan->interfaces[j].name, i->name) == 0;
    }
}

/* A new one each time: that of a container that just ended stays taken for some 50 ms. */
static int choose_host_name(struct net_interface *i, struct err *e)
{
    uint64_t random;
    if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
        return err_sys(e, "get random bytes for a link's name");
    snprintf(i->host_name, sizeof(i->host_name), "sv%012" PRIx64, random >> 16);
    return 0;
}

static int add_name(struct net_interface *i, const char *name, struct err *e)
{
    return name && *name && !strv_contains(i->names, name) ? strv_add(&i->names, name, e) : 0;
}

/* In Docker's order: its name, its aliases here, its short id, the hostname where that says something else. */
static int add_names(struct net_interface *i, const struct container *c, const struct endpoint_config *o, struct err *e)
{
    char short_id[CONTAINER_SHORT_ID_LEN + 1] = "";
    memcpy(short_id, c->id, CONTAINER_SHORT_ID_LEN);
    int r = add_name(i, c->name, e);
    STRV_FOREACH (alias, o->aliases)
        if (r == 0)
            r = add_name(i, *alias, e);
    if (r == 0)
        r = add_name(i, short_id, e);
    return r == 0 ? add_name(i, c->config.hostname, e) : r;
}

static int describe(const struct container *c, const struct network *n, const struct endpoint_config *o,
                    struct net_interface *i, struct err *e)
{
    i->kind = link_kind(n->driver);
    memcpy(i->network, n->id, sizeof(i->network));
    memcpy(i->master, i->kind == NET_VETH ? n->link : n->parent, sizeof(i->master));
    i->mtu = n->mtu;
    i->mode = n->mode;
    i->isolated = n->isolated;
    i->rate = (uint64_t)c->host.network_rate;
    i->network_name = strdup(n->name);
    if (!i->network_name)
        return err_set(e, ERR_SYS, ENOMEM, "network %s", n->name);
    int r = add_names(i, c, o, e);
    return r == 0 && i->kind == NET_VETH ? choose_host_name(i, e) : r;
}

/* ---- the whole ---- */

static int serve_names(struct engine *en, const struct net_instance *in, const struct network *n, struct err *e)
{
    _cleanup_free_ char *program = NULL;
    if (!network_has_names(n) && n->driver != NETWORK_OVERLAY)
        return 0;
    int r = program_find(en, "sampan-network", &program, e);
    return r == 0 ? keeper_serve(in, program, n, e) : r;
}

static int lease_all(struct engine *en, const struct network *n, const struct endpoint_config *o, int dir,
                     struct net_interface *i, struct net_plan *plan, struct err *e)
{
    int r = lease(en, n, dir, &n->v4, o->ip, plan, &i->address4, e);
    if (r == 0)
        r = lease(en, n, dir, &n->v6, o->ip6, plan, &i->address6, e);
    if (r < 0 || i->kind == NET_IPVLAN) /* which has its parent's MAC */
        return r;
    if (o->mac && *o->mac)
        return mac_parse(o->mac, "--mac-address", i->mac, e);
    choose_mac(i);
    return 0;
}

static int write_down(const struct network *n, int dir, const struct net_interface *i, struct net_plan *plan,
                      struct err *e)
{
    char *path = NULL;
    int r = endpoint_path(n->id, plan->container, &path, e);
    if (r == 0)
        r = strv_take(&plan->files, path, e);
    return r == 0 ? endpoint_write(dir, plan->container, i, e) : r;
}

int attach_endpoint(struct engine *en, const struct container *c, const struct network *n,
                    const struct endpoint_config *o, struct net_plan *plan, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    struct net_interface *i = net_plan_add_interface(plan);
    int r = engine_net(en, &in, &config, e);
    if (r == 0)
        r = network_up(in, config, n, e);
    if (r == 0)
        r = serve_names(en, in, n, e);
    _cleanup_close_ int dir = r == 0 ? network_dir_open(in, n->id, e) : r;
    if (dir < 0)
        return dir;
    choose_name(plan, i);
    r = describe(c, n, o, i, e);
    if (r == 0)
        r = lease_all(en, n, o, dir, i, plan, e);
    return r == 0 ? write_down(n, dir, i, plan, e) : r;
}

/* ---- default routes ---- */

void attach_choose_gateways(struct net_plan *plan, struct network *const *networks,
                            const struct endpoint_config *endpoints)
{
    size_t best4 = plan->n_interfaces, best6 = plan->n_interfaces;
    for (size_t i = 0; i < plan->n_interfaces; i++) {
        const struct network *n = networks[i];
        int priority = endpoints[i].gw_priority;
        if (n->internal)
            continue;
        if (ip_is_set(&n->v4.gateway) && (best4 == plan->n_interfaces || priority > endpoints[best4].gw_priority))
            best4 = i;
        if (ip_is_set(&n->v6.gateway) && (best6 == plan->n_interfaces || priority > endpoints[best6].gw_priority))
            best6 = i;
    }
    if (best4 < plan->n_interfaces)
        plan->interfaces[best4].gateway4 = networks[best4]->v4.gateway;
    if (best6 < plan->n_interfaces)
        plan->interfaces[best6].gateway6 = networks[best6]->v6.gateway;
}
