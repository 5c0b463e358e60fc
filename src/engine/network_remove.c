/*
 * Removing networks. The row goes first, since all else can be made from it again: as long as it is there, there is a whole
 * network. What a crash leaves of the rest has no row, by which recovery knows it (networks_recover.h).
 *
 *   1. overlay: this host's part is given back to etcd       done again where 2 did not come
 *   2. one transaction: nobody uses it; the row is deleted
 *   3. its dnsmasq ends; bridge, firewall entries, directory are removed
 *
 * In 2 nobody comes between (network_users.h): whoever started before is seen, whoever comes later finds no network.
 */
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "engine/filter.h"
#include "engine/netenv.h"
#include "engine/network_users.h"
#include "engine/networks.h"
#include "engine/paths.h"
#include "keeper/client.h"
#include "network/bridge.h"
#include "storage/db.h"
#include "storage/networks.h"

static int check_removable(const struct network *n, struct err *e)
{
    if (network_is_reserved_name(n->name))
        return err_conflict(e, "%s is a pre-defined network and cannot be removed", n->name);
    return 0;
}

static int check_unused(struct engine *en, const struct network *n, struct err *e)
{
    _cleanup_strv_ char **users = NULL;
    int r = network_users(en, n, USERS_RUNNING, NULL, &users, e);
    if (r < 0 || !users)
        return r;
    _cleanup_free_ char *names = strv_join(users, ", ");
    err_conflict(e, "network %s has active endpoints: %s", n->name, names ? names : users[0]);
    return err_advice(e, "stop them, or sampan network disconnect %s %s", n->name, users[0]);
}

static int give_back_overlay(struct engine *en, const struct net_instance *in, const struct network *n, struct err *e)
{
    _cleanup_free_ char *program = NULL;
    if (n->driver != NETWORK_OVERLAY)
        return 0;
    int r = check_unused(en, n, e);
    if (r == 0)
        r = program_find(en, "sampan-network", &program, e);
    return r == 0 ? keeper_overlay_remove(in, program, n, e) : r;
}

static int delete_row(struct engine *en, const struct network *n, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    int r = db_begin_scoped(en->db, &tx, e);
    if (r == 0)
        r = check_unused(en, n, e);
    if (r == 0)
        r = networks_delete(en->db, n->id, e);
    return r == 0 ? db_commit(en->db, e) : r;
}

static int take_down(const struct net_instance *in, const struct network *n, struct err *e)
{
    int r = keeper_forget(in, n->id, e);
    return r == 0 ? network_down(in, n, e) : r;
}

static int remove_network(struct engine *en, const struct network *n, struct err *e)
{
    const struct net_instance *in = NULL;
    const struct net_config *config;
    int r = check_removable(n, e);
    if (r == 0)
        r = engine_net(en, &in, &config, e);
    if (r == 0)
        r = give_back_overlay(en, in, n, e);
    if (r == 0)
        r = delete_row(en, n, e);
    return r == 0 ? take_down(in, n, e) : r;
}

int engine_network_remove(struct engine *en, const char *ref, struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    int r = engine_network_find(en, ref, &n, e);
    return r == 0 ? remove_network(en, n, e) : r;
}

/* ---- prune ---- */

static int match_label(const struct network *n, const char *value, struct err *e)
{
    (void)e;
    return filter_label_matches(n->labels, value);
}

static int match_label_not(const struct network *n, const char *value, struct err *e)
{
    (void)e;
    return !filter_label_matches(n->labels, value);
}

/* "24h": older than that; or a point in time. */
static int match_until(const struct network *n, const char *value, struct err *e)
{
    int64_t age, until;
    if (parse_duration(value, "filter until", &age, NULL) == 0) {
        until = timestamp_now() - age;
    } else {
        int r = timestamp_parse(value, &until, e);
        if (r < 0)
            return r;
    }
    return n->created < until;
}

static const struct filter {
    const char *prefix;
    int (*match)(const struct network *n, const char *value, struct err *e); /* 1, 0 */
} filters[] = {{"label=", match_label}, {"label!=", match_label_not}, {"until=", match_until}};

static int matches_one(const struct network *n, const char *text, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
        size_t len = strlen(filters[i].prefix);
        if (strncmp(text, filters[i].prefix, len) == 0)
            return filters[i].match(n, text + len, e);
    }
    return err_invalid(e, "invalid filter '%s' (it may be label=, label!=, until=)", text);
}

/* All of them, as Docker does it. */
static int matches(const struct network *n, char *const *wanted, struct err *e)
{
    int r = 1;
    STRV_FOREACH (text, wanted) {
        r = matches_one(n, *text, e);
        if (r <= 0)
            break;
    }
    return r;
}

static int prune_one(struct engine *en, const struct network *n, char ***names, struct err *e)
{
    _cleanup_strv_ char **users = NULL;
    int r = network_users(en, n, USERS_ALL, NULL, &users, e);
    if (r < 0 || users)
        return r;
    r = remove_network(en, n, e);
    return r == 0 ? strv_add(names, n->name, e) : r;
}

int engine_network_prune(struct engine *en, char *const *wanted, char ***ret_names, struct err *e)
{
    _cleanup_networks_ struct network **all = NULL;
    _cleanup_strv_ char **names = NULL;
    int r = engine_networks_list(en, &all, e);
    for (struct network **n = all; r >= 0 && *n; n++) {
        r = matches(*n, wanted, e);
        if (r > 0 && !network_is_reserved_name((*n)->name))
            r = prune_one(en, *n, &names, e);
    }
    if (r < 0)
        return r;
    *ret_names = TAKE_PTR(names);
    return 0;
}
