#include "engine/network_users.h"

#include <string.h>

#include "base/strv.h"
#include "engine/record.h"

struct users {
    const struct network *network;
    enum network_users_of which;
    const char *but;
    char **names;
};

static bool is_on(const struct container *c, const struct network *n)
{
    for (size_t i = 0; i < c->n_endpoints; i++)
        if (c->endpoints[i].network && strcmp(c->endpoints[i].network, n->name) == 0)
            return true;
    return false;
}

static bool is_meant(const struct users *u, const struct container_row *row)
{
    return (u->which == USERS_ALL || row->status == CONTAINER_RUNNING) && !(u->but && strcmp(u->but, row->id) == 0);
}

/* Most rows don't have the name in them anywhere, and need not be parsed. */
static int note_user(const struct container_row *row, void *arg, struct err *e)
{
    struct users *u = arg;
    _cleanup_container_ struct container *c = NULL;
    if (!is_meant(u, row) || !strstr(row->spec, u->network->name))
        return 0;
    int r = record_to_container(row, &c, e);
    if (r == 0 && is_on(c, u->network))
        r = strv_add(&u->names, c->name, e);
    return r;
}

int network_users(struct engine *en, const struct network *n, enum network_users_of which, const char *but, char ***ret,
                  struct err *e)
{
    struct users u = {.network = n, .which = which, .but = but};
    int r = containers_each(en->db, note_user, &u, e);
    if (r < 0)
        strv_free(u.names);
    else
        *ret = u.names;
    return r;
}
