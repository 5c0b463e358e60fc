#include "engine/network_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine/netenv.h"
#include "engine/networks.h"

/* ---- rows ---- */

static const struct {
    const char *name;
    enum network_driver driver;
} predefined[] = {{NETWORK_DEFAULT_NAME, NETWORK_BRIDGE}, {"host", NETWORK_HOST}, {"none", NETWORK_NULL}};

static int read_predefined(const struct network_row *row, struct network *n, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(predefined); i++)
        if (strcmp(predefined[i].name, row->name) == 0) {
            n->driver = predefined[i].driver;
            return 0;
        }
    return err_set(e, ERR_INTERNAL, 0, "the database holds nothing but the name of network %s", row->name);
}

int network_record_each_predefined(int (*each)(const struct network_row *row, void *arg, struct err *e), void *arg,
                                   struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(predefined); i++) {
        struct network_row row = {.name = (char *)predefined[i].name};
        r = id_new(row.id, e);
        if (r == 0)
            r = each(&row, arg, e);
    }
    return r;
}

static int read_spec(const struct network_row *row, struct network *n, struct err *e)
{
    _cleanup_json_ json_object *spec = NULL;
    int r = json_parse(row->spec, strlen(row->spec), "the database's network", &spec, e);
    if (r == 0)
        r = network_from_json(spec, n, e);
    return r < 0 ? err_context(e, "network %s", row->name) : 0;
}

int network_record_read(const struct network_row *row, struct network **ret, struct err *e)
{
    _cleanup_network_ struct network *n = network_new();
    int r = row->spec ? read_spec(row, n, e) : read_predefined(row, n, e);
    if (r < 0)
        return r;
    free(n->name);
    n->name = strdup(row->name);
    if (!n->name)
        return err_set(e, ERR_SYS, ENOMEM, "network %s", row->name);
    memcpy(n->id, row->id, sizeof(n->id));
    n->created = row->created;
    *ret = TAKE_PTR(n);
    return 0;
}

int network_record_write(const struct network *n, struct network_row *ret, struct err *e)
{
    _cleanup_json_ json_object *spec = NULL;
    int r = network_to_json(n, &spec, e);
    if (r < 0)
        return r;
    const char *text = json_object_to_json_string_ext(spec, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    ret->name = strdup(n->name);
    ret->spec = text ? strdup(text) : NULL;
    if (!ret->name || !ret->spec)
        return err_set(e, ERR_SYS, ENOMEM, "network %s", n->name);
    memcpy(ret->id, n->id, sizeof(ret->id));
    ret->created = n->created;
    return 0;
}

/* ---- settling ---- */

/*
 * The 40 bits that RFC 4193 wants to be random, and the same for all of a site's life: the last of the default network's
 * id, which is random and lives as long as the database.
 */
static int find_ula(struct network *const *networks, struct prefix *ret, struct err *e)
{
    enum { DIGITS = 10 };
    char text[PREFIX_TEXT_MAX];
    for (; *networks; networks++) {
        const char *d = (*networks)->id + NETWORK_ID_LEN - DIGITS;
        if (!network_is_default(*networks))
            continue;
        snprintf(text, sizeof(text), "fd%.2s:%.4s:%.4s::/48", d, d + 2, d + 6);
        return prefix_parse(text, "unique local addresses", ret, e);
    }
    return err_set(e, ERR_INTERNAL, 0, "the database has no network %s", NETWORK_DEFAULT_NAME);
}

struct claims {
    struct network_claim *v;
    size_t n;
};

static void claims_release(struct claims *c)
{
    free(c->v);
}

static int add_claim(struct claims *c, const struct prefix *subnet, const char *holder, struct err *e)
{
    if (!ip_is_set(&subnet->ip))
        return 0;
    struct network_claim *grown = reallocarray(c->v, c->n + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "list the subnets in use");
    c->v = grown;
    grown[c->n++] = (struct network_claim){.subnet = *subnet, .holder = holder};
    return 0;
}

static int list_claims(struct network *const *networks, const struct network *but, struct claims *ret, struct err *e)
{
    int r = 0;
    for (; r == 0 && *networks; networks++) {
        if (strcmp((*networks)->id, but->id) == 0)
            continue;
        r = add_claim(ret, &(*networks)->v4.subnet, (*networks)->name, e);
        if (r == 0)
            r = add_claim(ret, &(*networks)->v6.subnet, (*networks)->name, e);
    }
    return r;
}

/* Two networks on one bridge would each take the other's for its own. */
static int check_link(struct network *const *networks, const struct network *n, struct err *e)
{
    for (; *networks; networks++)
        if (*n->link && strcmp((*networks)->id, n->id) != 0 && strcmp((*networks)->link, n->link) == 0)
            return err_conflict(e, "bridge %s is that of network %s", n->link, (*networks)->name);
    return 0;
}

int network_record_settle(struct engine *en, struct network *n, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    _cleanup_networks_ struct network **networks = NULL;
    _cleanup_(claims_release) struct claims claims = {.n = 0};
    struct network_surroundings around = {.n_claims = 0};
    int r = engine_net(en, &in, &config, e);
    if (r == 0)
        r = engine_networks_list(en, &networks, e);
    if (r == 0)
        r = find_ula(networks, &around.ula, e);
    if (r == 0)
        r = list_claims(networks, n, &claims, e);
    if (r != 0)
        return r;
    around.claims = claims.v;
    around.n_claims = claims.n;
    r = network_settle(in, config, &around, n, e);
    return r == 0 ? check_link(networks, n, e) : r;
}
