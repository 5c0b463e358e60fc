/* What all hosts agree on: which overlay networks there are, and who has which part of their subnets. */
#include <string.h>

#include "base/id.h"
#include "keeper/overlay_allot.h"
#include "keeper/overlay_internal.h"

/* So often is tried again when somebody else was faster. Each time somebody else got what he wanted. */
enum { RACES_MAX = 64 };

/* ---- definitions */

struct definitions {
    struct network **v;
    size_t n;
    int64_t revision;
};

static void definitions_release(struct definitions *d)
{
    for (size_t i = 0; i < d->n; i++)
        network_free(d->v[i]);
    free(d->v);
    *d = (struct definitions){0};
}

static int definition_parse(const struct etcd_pair *p, struct network **ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_network_ struct network *n = network_new();
    int r = json_parse(p->value, strlen(p->value), p->key, &o, e);

    if (r == 0)
        r = network_from_json(o, n, e);
    if (r < 0)
        return err_context(e, "etcd's key %s", p->key);
    *ret = TAKE_PTR(n);
    return 0;
}

static int definitions_list(struct overlay *o, struct definitions *ret, struct err *e)
{
    _cleanup_free_ char *prefix = overlay_key(o, "networks/");
    _cleanup_etcd_list_ struct etcd_list list = ETCD_LIST_INIT;
    _cleanup_(definitions_release) struct definitions d = {0};
    int r = etcd_range(o->etcd, prefix, &list, e);

    if (r < 0)
        return r;
    d.v = calloc(list.n + 1, sizeof(d.v[0]));
    if (!d.v)
        abort();
    d.revision = list.revision;
    for (; d.n < list.n; d.n++) {
        r = definition_parse(&list.pairs[d.n], &d.v[d.n], e);
        if (r < 0)
            return r;
    }
    *ret = d;
    d = (struct definitions){0};
    return 0;
}

/* The definition as every host sees it. */
static int definition_text(const struct network *n, char **ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_network_ struct network *common = network_new();
    int r = network_to_json(n, &o, e);

    if (r == 0)
        r = network_from_json(o, common, e);
    if (r < 0)
        return r;
    overlay_clear_part(common);
    json_object_put(TAKE_PTR(o));
    r = network_to_json(common, &o, e);
    if (r < 0)
        return r;
    *ret = strdup(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
    return *ret ? 0 : err_set(e, ERR_SYS, ENOMEM, "network %s", n->name);
}

/* ---- parts */

static bool part_number(const struct etcd_pair *p, size_t prefix_len, unsigned n_parts, unsigned *ret)
{
    char *end;
    const unsigned long n = strtoul(p->key + prefix_len, &end, 10);

    if (*end != '\0' || n >= n_parts)
        return false;
    *ret = (unsigned)n;
    return true;
}

/* This node's, or the lowest that is free; n_parts when all are taken. */
static unsigned choose_part(const struct overlay *o, const struct etcd_list *list, size_t prefix_len, unsigned n_parts,
                            bool *ret_is_ours)
{
    _cleanup_free_ bool *taken = calloc(n_parts, sizeof(*taken));
    unsigned part;

    if (!taken)
        abort();
    *ret_is_ours = false;
    for (size_t i = 0; i < list->n; i++) {
        if (!part_number(&list->pairs[i], prefix_len, n_parts, &part))
            continue;
        if (strcmp(list->pairs[i].value, o->node) == 0) {
            *ret_is_ours = true;
            return part;
        }
        taken[part] = true;
    }
    for (part = 0; part < n_parts && taken[part];)
        part++;
    return part;
}

/* *ret_done: false when another host took it first. */
static int lease_part(struct overlay *o, const struct network *n, unsigned part, bool *ret_done, struct err *e)
{
    _cleanup_json_ json_object *txn = etcd_txn_new();
    _cleanup_free_ char *definition = overlay_key(o, "networks/%s", n->id);
    _cleanup_free_ char *key = overlay_key(o, "members/%s/parts/%u", n->id, part);

    etcd_txn_if_present(txn, definition);
    etcd_txn_if_absent(txn, key);
    etcd_txn_put(txn, key, o->node, 0);
    return etcd_txn_commit(o->etcd, txn, ret_done, e);
}

static int check_defined(struct overlay *o, const struct network *n, struct err *e)
{
    _cleanup_free_ char *key = overlay_key(o, "networks/%s", n->id);
    _cleanup_etcd_list_ struct etcd_list list = ETCD_LIST_INIT;
    int r = etcd_range(o->etcd, key, &list, e);

    if (r == 0 && list.n == 0) {
        err_not_found(e, "overlay network %s is not in etcd any more", n->name);
        return err_advice(e, "remove it here too, with: sampan network rm %s", n->name);
    }
    return r;
}

int overlay_take_part(struct overlay *o, struct network *n, struct err *e)
{
    _cleanup_free_ char *prefix = overlay_key(o, "members/%s/parts/", n->id);
    unsigned n_parts, part;
    bool done;
    int r = overlay_count_parts(n, &n_parts, e);

    for (int race = 0; r == 0 && race < RACES_MAX; race++) {
        _cleanup_etcd_list_ struct etcd_list list = ETCD_LIST_INIT;

        r = etcd_range(o->etcd, prefix, &list, e);
        if (r < 0)
            return r;
        part = choose_part(o, &list, strlen(prefix), n_parts, &done);
        if (part == n_parts) {
            err_set(e, ERR_UNSUPPORTED, ENOSPC, "all %u parts of network %s are taken by hosts", n_parts, n->name);
            return err_advice(e, "remove it on a host that does not use it, or make one with a larger --subnet");
        }
        if (!done)
            r = lease_part(o, n, part, &done, e);
        if (r == 0 && done) {
            overlay_set_part(n, part);
            return 0;
        }
        /* Somebody was faster, or the network is gone. */
        if (r == 0)
            r = check_defined(o, n, e);
    }
    return r < 0 ? r : err_conflict(e, "network %s: too many hosts join at once; try again", n->name);
}

/* ---- create, find, remove */

static struct network *find_definition(const struct definitions *d, const char *ref)
{
    for (size_t i = 0; i < d->n; i++)
        if (strcmp(d->v[i]->name, ref) == 0 || strcmp(d->v[i]->id, ref) == 0)
            return d->v[i];
    return NULL;
}

static int define(struct overlay *o, const struct network *n, int64_t revision, bool *ret_done, struct err *e)
{
    _cleanup_json_ json_object *txn = etcd_txn_new();
    _cleanup_free_ char *networks = overlay_key(o, "networks/");
    _cleanup_free_ char *key = overlay_key(o, "networks/%s", n->id);
    _cleanup_free_ char *value = NULL;
    int r = definition_text(n, &value, e);

    if (r < 0)
        return r;
    etcd_txn_if_none_since(txn, networks, revision);
    etcd_txn_put(txn, key, value, 0);
    return etcd_txn_commit(o->etcd, txn, ret_done, e);
}

/* One try. *ret_done: false when somebody else made a network meanwhile. */
static int try_create(struct overlay *o, struct network *n, const struct network_subnet *wanted4,
                      const struct network_subnet *wanted6, bool *ret_done, struct err *e)
{
    _cleanup_(definitions_release) struct definitions d = {0};
    _cleanup_routes_ struct route_list routes = {0};
    const struct network *other;
    int r = definitions_list(o, &d, e);

    if (r == 0)
        r = routes_list(&routes, e);
    if (r < 0)
        return r;
    other = find_definition(&d, n->name);
    if (other && strcmp(other->id, n->id) == 0) { /* a try whose answer was lost */
        n->vni = other->vni;
        n->v4.subnet = other->v4.subnet;
        n->v6.subnet = other->v6.subnet;
        *ret_done = true;
        return 0;
    }
    if (other) {
        err_conflict(e, "network with name %s already exists", n->name);
        return err_advice(e, "another host made it; use it by its name, it need not be created here");
    }
    n->v4.subnet = wanted4->subnet;
    n->v6.subnet = wanted6->subnet;
    r = overlay_allot(n, &(struct overlay_taken){.networks = d.v, .n_networks = d.n, .routes = &routes}, e);
    return r < 0 ? r : define(o, n, d.revision, ret_done, e);
}

static bool has_part(const struct network_subnet *s)
{
    return ip_is_set(&s->gateway) || (ip_is_set(&s->range.ip) && s->range.len != s->subnet.len);
}

int overlay_create(struct overlay *o, struct network *n, struct err *e)
{
    const struct network_subnet wanted4 = n->v4, wanted6 = n->v6;
    bool done = false;
    int r;

    if (has_part(&n->v4) || has_part(&n->v6)) {
        err_invalid(e, "an overlay network has no --gateway and no --ip-range");
        return err_advice(e, "each host has a part of the subnet, whose first address is its gateway");
    }
    r = overlay_find_address(o, e);
    for (int race = 0; r == 0 && !done && race < RACES_MAX; race++)
        r = try_create(o, n, &wanted4, &wanted6, &done, e);
    if (r == 0 && !done)
        return err_conflict(e, "network %s: too many are made at once; try again", n->name);
    if (r == 0)
        r = overlay_take_part(o, n, e);
    if (r == 0)
        n->mtu = overlay_mtu(o, n);
    return r;
}

/* What was free where it was made may lead somewhere else here. */
static int check_routes(const struct network *n, struct err *e)
{
    _cleanup_routes_ struct route_list routes = {0};
    char text[PREFIX_TEXT_MAX], route[PREFIX_TEXT_MAX];
    int r = routes_list(&routes, e);

    for (size_t i = 0; r == 0 && i < routes.n; i++) {
        const struct prefix *to = &routes.v[i].to;

        if (strcmp(routes.v[i].device, n->link) == 0 || !prefix_overlaps(to, &n->v4.subnet))
            continue;
        r = err_conflict(e, "subnet %s of overlay network %s overlaps with this host's route to %s",
                         prefix_format(&n->v4.subnet, text), n->name, prefix_format(to, route));
    }
    return r;
}

int overlay_find(struct overlay *o, const char *ref, struct network **ret, struct err *e)
{
    _cleanup_(definitions_release) struct definitions d = {0};
    struct network *n;
    int r = overlay_find_address(o, e);

    if (r == 0)
        r = definitions_list(o, &d, e);
    if (r < 0)
        return r;
    n = find_definition(&d, ref);
    if (!n)
        return err_not_found(e, "network %s not found", ref);
    r = check_routes(n, e);
    if (r == 0)
        r = overlay_take_part(o, n, e);
    if (r < 0)
        return r;
    n->mtu = overlay_mtu(o, n);
    for (size_t i = 0; i < d.n; i++)
        if (d.v[i] == n)
            d.v[i] = d.v[--d.n];
    *ret = n;
    return 0;
}

/* Of all that this node has there. The rest is other hosts'. */
static int give_back(struct overlay *o, const char *network_id, struct err *e)
{
    _cleanup_free_ char *parts = overlay_key(o, "members/%s/parts/", network_id);
    _cleanup_etcd_list_ struct etcd_list list = ETCD_LIST_INIT;
    int r = etcd_range(o->etcd, parts, &list, e);

    for (size_t i = 0; r == 0 && i < list.n; i++) {
        _cleanup_json_ json_object *txn = NULL;
        bool done;

        if (strcmp(list.pairs[i].value, o->node) != 0)
            continue;
        txn = etcd_txn_new();
        etcd_txn_if_value(txn, list.pairs[i].key, o->node);
        etcd_txn_delete(txn, list.pairs[i].key);
        r = etcd_txn_commit(o->etcd, txn, &done, e);
    }
    return r;
}

/* The definition goes with the last part: as long as a host has one, nothing is done. */
static int remove_unused(struct overlay *o, const char *network_id, struct err *e)
{
    _cleanup_json_ json_object *txn = etcd_txn_new();
    _cleanup_free_ char *parts = overlay_key(o, "members/%s/parts/", network_id);
    _cleanup_free_ char *members = overlay_key(o, "members/%s/", network_id);
    _cleanup_free_ char *definition = overlay_key(o, "networks/%s", network_id);
    bool done;

    etcd_txn_if_none(txn, parts);
    etcd_txn_delete(txn, definition);
    etcd_txn_delete_all(txn, members);
    return etcd_txn_commit(o->etcd, txn, &done, e);
}

int overlay_remove(struct overlay *o, const struct network *n, struct err *e)
{
    int r = overlay_forget(o, n->id, e);

    if (r == 0)
        r = give_back(o, n->id, e);
    return r == 0 ? remove_unused(o, n->id, e) : r;
}
