/* A network for a container that starts: one look into an index, and the default network settled where it is not. */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "engine/netenv.h"
#include "engine/network_record.h"
#include "engine/network_users.h"
#include "engine/networks.h"
#include "engine/paths.h"
#include "network/bridge.h"

static int get_by_name(struct engine *en, const char *name, struct network **ret, struct err *e)
{
    _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
    int r = networks_get(en->db, name, &row, e);
    if (r == 0)
        return err_not_found(e, "network %.300s not found", name);
    return r < 0 ? r : network_record_read(&row, ret, e);
}

static int settle(struct engine *en, struct network *n, struct err *e)
{
    _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
    int r = network_record_settle(en, n, e);
    if (r == 0)
        r = network_record_write(n, &row, e);
    return r == 0 ? networks_set_spec(en->db, n->id, row.spec, e) : r;
}

/* ---- the default network, when the world around it has changed ---- */

/* The administrator has changed his mind. */
static bool is_outdated(const struct network *n, const struct net_config *config)
{
    const struct prefix *bip = &config->bip;
    if (n->ipv6 != config->ipv6 || n->mtu != config->mtu)
        return true;
    return ip_is_set(&bip->ip) && !(ip_equal(&n->v4.gateway, &bip->ip) && n->v4.subnet.len == bip->len);
}

/* After a reboot the host may be elsewhere, and have a route to where the bridge would be. */
static bool is_displaced(const struct engine *en, const struct network *n)
{
    char path[sizeof(NETWORKS_DIR "/") + NETWORK_ID_LEN + sizeof("/" NETWORK_DEFINITION_NAME)];
    snprintf(path, sizeof(path), NETWORKS_DIR "/%s/" NETWORK_DEFINITION_NAME, n->id);
    return !file_exists(en->run_fd, path) && network_check_routes(n, NULL) == -EEXIST;
}

/* The same network again, as if nobody had needed it yet. */
static struct network *unsettled(const struct network *n)
{
    struct network *fresh = network_new();
    memcpy(fresh->id, n->id, sizeof(fresh->id));
    fresh->name = strdup(n->name);
    fresh->created = n->created;
    fresh->driver = n->driver;
    if (!fresh->name)
        abort();
    return fresh;
}

/* While somebody is on it, it stays as it is. */
static int bring_up_to_date(struct engine *en, const char *container, struct network **n, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    _cleanup_strv_ char **users = NULL;
    int r = engine_net(en, &in, &config, e);
    if (r < 0 || !(is_outdated(*n, config) || is_displaced(en, *n)))
        return r;
    r = network_users(en, *n, USERS_RUNNING, container, &users, e);
    if (r < 0 || users)
        return r;
    _cleanup_network_ struct network *fresh = unsettled(*n);
    r = network_down(in, *n, e);
    if (r == 0)
        r = settle(en, fresh, e);
    if (r < 0)
        return r;
    network_free(*n);
    *n = TAKE_PTR(fresh);
    return 0;
}

int engine_network_for_start(struct engine *en, const char *name, const char *container, struct network **ret,
                             struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    int r = get_by_name(en, name, &n, e);
    if (r < 0)
        return r;
    if (!network_is_settled(n))
        r = settle(en, n, e);
    else if (network_is_default(n))
        r = bring_up_to_date(en, container, &n, e);
    if (r < 0)
        return err_context(e, "network %s", name);
    *ret = TAKE_PTR(n);
    return 0;
}
