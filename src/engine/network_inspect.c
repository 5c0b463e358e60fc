/* `network inspect`: the definition, and who is on it. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "engine/netenv.h"
#include "engine/network_settings.h"
#include "engine/networks.h"
#include "engine/paths.h"
#include "keeper/client.h"
#include "network/leases.h"
#include "network/names.h"
#include "network/plan.h"
#include "storage/containers.h"

static void add_prefix(json_object *o, const char *key, const struct prefix *p)
{
    char text[PREFIX_TEXT_MAX];
    json_add_str(o, key, prefix_format(p, text));
}

static void add_interface(json_object *o, const struct net_interface *i)
{
    char mac[MAC_TEXT_MAX];
    json_add_str(o, "MacAddress", mac_format(i->mac, mac));
    add_prefix(o, "IPv4Address", &i->address4);
    add_prefix(o, "IPv6Address", &i->address6);
}

static const struct net_interface *find_interface(const struct net_plan *plan, const struct network *n)
{
    for (size_t i = 0; i < plan->n_interfaces; i++)
        if (strcmp(plan->interfaces[i].network, n->id) == 0)
            return &plan->interfaces[i];
    return NULL;
}

/* One that is just coming or going has no plan or no row, and is left out. */
static int add_container(struct engine *en, const struct network *n, const char *id, json_object *containers,
                         struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    _cleanup_net_plan_ struct net_plan *plan = NULL;
    _cleanup_close_ int run_dir = run_dir_open(en, id, e);
    int r = run_dir < 0 ? run_dir : net_plan_load(run_dir, &plan, e);
    if (r < 0)
        return r == -ENOENT ? 0 : r;
    const struct net_interface *i = find_interface(plan, n);
    r = i ? containers_get(en->db, id, &row, e) : 0;
    if (r <= 0)
        return r;
    json_object *o = json_add_object(containers, id);
    json_add_str(o, "Name", row.name);
    json_add_str(o, "EndpointID", endpoint_id(id, n->id).text);
    add_interface(o, i);
    return 0;
}

static int add_containers(struct engine *en, const struct network *n, json_object *o, struct err *e)
{
    json_object *containers = json_add_object(o, "Containers");
    _cleanup_free_ char *path = NULL;
    _cleanup_strv_ char **ids = NULL;
    if (asprintf(&path, NETWORKS_DIR "/%s", n->id) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "network %s", n->name);
    _cleanup_close_ int dir = en->db ? openat(en->run_fd, path, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
    if (dir < 0) /* it is not up */
        return 0;
    int r = endpoints_list(dir, &ids, e);
    STRV_FOREACH (id, ids) {
        r = add_container(en, n, *id, containers, e);
        if (r < 0)
            return r;
    }
    return r;
}

/* What only the keeper knows; that it cannot be asked must not hide the rest. */
static void add_peers(struct engine *en, const struct network *n, json_object *o)
{
    const struct net_instance *in;
    const struct net_config *config;
    _cleanup_free_ char *program = NULL;
    json_object *peers = NULL;
    struct err e = ERR_INIT;
    int r = engine_net(en, &in, &config, &e);
    if (r == 0)
        r = program_find(en, "sampan-network", &program, &e);
    if (r == 0)
        r = keeper_overlay_peers(in, program, n->id, &peers, &e);
    if (r < 0)
        log_warning("network %s: its peers are not known: %s", n->name, e.text);
    else
        json_object_object_add(o, "Peers", peers);
}

int engine_network_inspect(struct engine *en, const struct network *n, json_object **ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    int r = network_to_json(n, &o, e);
    if (r == 0)
        r = add_containers(en, n, o, e);
    if (r < 0)
        return err_context(e, "network %s", n->name);
    if (n->driver == NETWORK_OVERLAY)
        add_peers(en, n, o);
    *ret = TAKE_PTR(o);
    return 0;
}
