#include "engine/networks.h"

#include <stdlib.h>
#include <string.h>

#include "engine/netenv.h"
#include "engine/network_record.h"
#include "engine/paths.h"
#include "keeper/client.h"

/* ---- listing ---- */

struct listing {
    struct network **v;
    size_t n;
};

static void listing_release(struct listing *l)
{
    engine_networks_free(l->v);
}

void engine_networks_free(struct network **v)
{
    for (struct network **n = v; n && *n; n++)
        network_free(*n);
    free(v);
}

static int append(const struct network_row *row, void *arg, struct err *e)
{
    struct listing *l = arg;
    struct network *n = NULL;
    struct network **grown = reallocarray(l->v, l->n + 2, sizeof(struct network *));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "list networks");
    l->v = grown;
    int r = network_record_read(row, &n, e);
    if (r < 0)
        return r;
    grown[l->n++] = n;
    grown[l->n] = NULL;
    return 0;
}

static int compare(const void *a, const void *b)
{
    const struct network *x = *(struct network *const *)a, *y = *(struct network *const *)b;
    bool x_first = network_is_reserved_name(x->name), y_first = network_is_reserved_name(y->name);
    return x_first != y_first ? y_first - x_first : strcmp(x->name, y->name);
}

int engine_networks_list(struct engine *en, struct network ***ret, struct err *e)
{
    _cleanup_(listing_release) struct listing l = {.v = calloc(1, sizeof(struct network *))};
    if (!l.v)
        return err_set(e, ERR_SYS, ENOMEM, "list networks");
    int r = en->db ? networks_each(en->db, append, &l, e) : network_record_each_predefined(append, &l, e);
    if (r < 0)
        return r;
    qsort(l.v, l.n, sizeof(struct network *), compare);
    *ret = TAKE_PTR(l.v);
    return 0;
}

/* ---- finding ---- */

struct search {
    const char *name;
    struct network *found;
};

static int take_if_named(const struct network_row *row, void *arg, struct err *e)
{
    struct search *s = arg;
    return strcmp(row->name, s->name) == 0 ? network_record_read(row, &s->found, e) : 0;
}

static int find_predefined(const char *ref, struct network **ret, struct err *e)
{
    struct search s = {.name = ref};
    int r = network_record_each_predefined(take_if_named, &s, e);
    if (r < 0)
        return r;
    *ret = s.found;
    return s.found ? 0 : err_not_found(e, "network %.300s not found", ref);
}

static int find_row(struct engine *en, const char *ref, struct network **ret, struct err *e)
{
    _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
    int r = networks_find(en->db, ref, &row, e);
    return r < 0 ? r : network_record_read(&row, ret, e);
}

/* An overlay network that was made on another host: from now on it is known here, too. */
static int adopt_overlay(struct engine *en, const char *ref, struct network **ret, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    _cleanup_free_ char *program = NULL;
    _cleanup_network_ struct network *n = NULL;
    _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
    struct err own = ERR_INIT;
    int r = engine_net(en, &in, &config, e);
    if (r < 0)
        return r;
    if (!config->overlay.etcd)
        return err_not_found(e, "network %.300s not found", ref);
    r = program_find(en, "sampan-network", &program, e);
    if (r == 0)
        r = keeper_overlay_find(in, program, ref, &n, e);
    if (r == 0)
        r = network_record_write(n, &row, e);
    if (r < 0)
        return r;
    r = networks_insert(en->db, &row, &own);
    if (r == -EEXIST) /* another command was first */
        return find_row(en, row.name, ret, e);
    if (r < 0 && e)
        *e = own;
    else if (r == 0)
        *ret = TAKE_PTR(n);
    return r;
}

int engine_network_find(struct engine *en, const char *ref, struct network **ret, struct err *e)
{
    struct err own = ERR_INIT;
    if (!en->db)
        return find_predefined(ref, ret, e);
    int r = find_row(en, ref, ret, &own);
    if (r < 0 && own.kind == ERR_NOT_FOUND)
        return adopt_overlay(en, ref, ret, e);
    if (r < 0 && e)
        *e = own;
    return r;
}
