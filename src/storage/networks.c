#include "storage/networks.h"

#include <stdlib.h>
#include <string.h>

#include "storage/db.h"

#define SELECT "SELECT name, id, created, spec FROM networks"
enum { NAME, ID, CREATED, SPEC };

void network_row_release(struct network_row *row)
{
    free(row->name);
    free(row->spec);
    *row = NETWORK_ROW_INIT;
}

static int read_row(struct db_stmt *s, struct network_row *ret, struct err *e)
{
    const char *id = db_column_text(s, ID);
    if (!id || !id_is_valid(id))
        return err_set(e, ERR_INTERNAL, 0, "the database holds a network with a malformed id");
    memcpy(ret->id, id, sizeof(ret->id));
    ret->created = db_column_int(s, CREATED);
    int r = db_column_copy(s, NAME, &ret->name, e);
    return r == 0 ? db_column_copy(s, SPEC, &ret->spec, e) : r;
}

int networks_get(struct db *db, const char *name, struct network_row *ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, SELECT " WHERE name = ?", DB_VALUES(db_text(name)), &s, e);
    if (r == 0)
        r = db_step(s, e);
    if (r <= 0)
        return r;
    r = read_row(s, ret, e);
    return r < 0 ? r : 1;
}

/* There is no index of ids: networks are few, and a start asks for them by name. */
static int get_by_prefix(struct db *db, const char *prefix, struct network_row *ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, SELECT " WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2", DB_VALUES(db_text(prefix)), &s, e);
    if (r == 0)
        r = db_step(s, e);
    if (r <= 0)
        return r;
    r = read_row(s, ret, e);
    if (r == 0)
        r = db_step(s, e);
    if (r < 0)
        return r;
    return r == 0 ? 1 : err_invalid(e, "several networks have ids that begin with %s: give more digits", prefix);
}

static bool is_id_prefix(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n <= ID_LEN && strspn(s, "0123456789abcdef") == n;
}

int networks_find(struct db *db, const char *ref, struct network_row *ret, struct err *e)
{
    int r = networks_get(db, ref, ret, e);
    if (r == 0 && is_id_prefix(ref))
        r = get_by_prefix(db, ref, ret, e);
    if (r == 0)
        return err_not_found(e, "network %.300s not found", ref);
    return r < 0 ? r : 0;
}

int networks_each(struct db *db, int (*each)(const struct network_row *row, void *arg, struct err *e), void *arg,
                  struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, SELECT " ORDER BY name", DB_NO_VALUES, &s, e);
    while (r == 0) {
        _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
        r = db_step(s, e);
        if (r <= 0)
            return r;
        r = read_row(s, &row, e);
        if (r == 0)
            r = each(&row, arg, e);
    }
    return r;
}

int networks_insert(struct db *db, const struct network_row *row, struct err *e)
{
    int r = db_run(db, "INSERT INTO networks (name, id, created, spec) VALUES (?,?,?,?)",
                   DB_VALUES(db_text(row->name), db_text(row->id), db_int(row->created), db_text(row->spec)), e);
    if (r == -EEXIST)
        return err_conflict(e, "network with name %s already exists", row->name);
    return r < 0 ? r : 0;
}

int networks_set_spec(struct db *db, const char *id, const char *spec, struct err *e)
{
    int r = db_run(db, "UPDATE networks SET spec = ? WHERE id = ?", DB_VALUES(db_text(spec), db_text(id)), e);
    return r < 0 ? r : 0;
}

int networks_delete(struct db *db, const char *id, struct err *e)
{
    int r = db_run(db, "DELETE FROM networks WHERE id = ?", DB_VALUES(db_text(id)), e);
    return r < 0 ? r : 0;
}
