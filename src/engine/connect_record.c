#include "engine/connect_record.h"

#include <string.h>

#include "engine/record.h"
#include "storage/db.h"

static int write_spec(struct engine *en, const struct container *c, struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int r = record_from_container(c, &row, e);
    return r == 0 ? containers_set_spec(en->db, row.id, row.spec, e) : r;
}

int record_change(struct engine *en, const char *id, record_change_fn change, const void *arg, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    _cleanup_container_ struct container *c = NULL;
    int r = db_begin_scoped(en->db, &tx, e);
    if (r == 0)
        r = containers_get(en->db, id, &row, e);
    if (r == 0)
        return err_not_found(e, "no such container: %.12s", id);
    if (r > 0)
        r = record_to_container(&row, &c, e);
    if (r == 0)
        r = change(en, c, arg, e);
    if (r == 0)
        r = write_spec(en, c, e);
    return r == 0 ? db_commit(en->db, e) : r;
}
