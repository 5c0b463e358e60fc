#include "engine/query.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "engine/filter.h"
#include "engine/record.h"
#include "storage/db.h"

int engine_find(struct engine *en, const char *ref, struct container **ret, struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    if (!en->db)
        return err_not_found(e, "no such container: %s", ref);
    int r = containers_find(en->db, ref, &row, e);
    return r < 0 ? r : record_to_live_container(en, &row, ret, e);
}

/* ---- listing ---- */

struct listing {
    struct engine *en;
    const struct filter_set *filters;
    bool all;
    struct container_list list;
};

static int append(const struct container_row *row, void *arg, struct err *e)
{
    struct listing *l = arg;
    _cleanup_container_ struct container *c = NULL;
    int r = record_to_live_container(l->en, row, &c, e);
    if (r < 0)
        return r;
    bool is_shown = l->all || filter_names_status(l->filters) || c->state.status == CONTAINER_RUNNING;
    if (!is_shown || !filter_matches(l->filters, c))
        return 0;
    struct container **grown = reallocarray(l->list.v, l->list.n + 1, sizeof(struct container *));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "list containers");
    l->list.v = grown;
    grown[l->list.n++] = TAKE_PTR(c);
    return 0;
}

int engine_list(struct engine *en, bool all, char *const *filters, struct container_list *ret, struct err *e)
{
    struct filter_set set;
    int r = filter_parse(filters, &set, e);
    if (r < 0)
        return r;
    struct listing l = {.en = en, .filters = &set, .all = all};
    r = en->db ? containers_each(en->db, append, &l, e) : 0;
    if (r < 0)
        container_list_release(&l.list);
    else
        *ret = l.list;
    return r;
}

void container_list_release(struct container_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        container_free(l->v[i]);
    free(l->v);
    *l = (struct container_list){0};
}
