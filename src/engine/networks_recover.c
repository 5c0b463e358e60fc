#include "engine/networks_recover.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/strv.h"
#include "engine/netenv.h"
#include "engine/paths.h"
#include "keeper/client.h"
#include "network/bridge.h"
#include "network/leases.h"
#include "storage/networks.h"

static int note_id(const struct network_row *row, void *arg, struct err *e)
{
    return strv_add(arg, row->id, e);
}

/* A row comes before its directory: a directory that was seen, and whose row is not there afterwards, is not just being
 * made. */
static int list_orphans(struct engine *en, char ***ret, struct err *e)
{
    _cleanup_strv_ char **dirs = NULL, **known = NULL;
    int r = dir_list(en->run_fd, NETWORKS_DIR, &dirs, NULL);
    if (r < 0 || !dirs)
        return r == -ENOENT ? 0 : r;
    r = networks_each(en->db, note_id, &known, e);
    STRV_FOREACH (id, dirs) {
        if (r < 0)
            return r;
        r = id_is_valid(*id) && !strv_contains(known, *id) ? strv_add(ret, *id, e) : 0;
    }
    return r;
}

/* Another engine's, with a root of its own and our run root, may be in use. */
static bool is_in_use(const struct net_instance *in, const char *id)
{
    char path[ID_LEN + sizeof("/" LEASES_DIR)];
    _cleanup_strv_ char **leases = NULL;
    snprintf(path, sizeof(path), "%s/" LEASES_DIR, id);
    return dir_list(in->dir_fd, path, &leases, NULL) == 0 && leases;
}

/* Where its definition is not there (any more), its bridge had the usual name. */
static struct network *definition_of(const struct net_instance *in, const char *id)
{
    struct network *n = NULL;
    if (network_load(in, id, &n, NULL) == 0 && n->name)
        return n;
    network_free(n);
    n = network_new();
    n->name = strdup(id);
    memcpy(n->id, id, ID_LEN);
    snprintf(n->link, sizeof(n->link), "br-%.*s", SHORT_ID_LEN, id);
    return n;
}

static int take_down(const struct net_instance *in, const char *id, struct err *e)
{
    _cleanup_network_ struct network *n = definition_of(in, id);
    int r = keeper_forget(in, id, e);
    return r == 0 ? network_down(in, n, e) : r;
}

static int recover(struct engine *en, char *const *orphans, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    int r = engine_net(en, &in, &config, e);
    STRV_FOREACH (id, orphans) {
        if (r == 0 && !is_in_use(in, *id))
            r = take_down(in, *id, e);
    }
    return r;
}

void networks_recover(struct engine *en)
{
    _cleanup_strv_ char **orphans = NULL;
    struct err e = ERR_INIT;
    int r = list_orphans(en, &orphans, &e);
    if (r == 0 && orphans)
        r = recover(en, orphans, &e);
    if (r < 0)
        log_warning("%s", e.text);
}
