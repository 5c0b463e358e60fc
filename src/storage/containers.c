#include "storage/containers.h"

#include <stdlib.h>
#include <string.h>

#include "storage/db.h"

#define COLUMNS                                                                                                        \
    "id, name, created, image, auto_remove, status, exit_code, oom_killed, error, started_at, finished_at, id_slot,"   \
    " spec"

enum {
    ID,
    NAME,
    CREATED,
    IMAGE,
    AUTO_REMOVE,
    STATUS,
    EXIT_CODE,
    OOM_KILLED,
    ERROR,
    STARTED_AT,
    FINISHED_AT,
    SLOT,
    SPEC
};

void container_row_release(struct container_row *row)
{
    free(row->name);
    free(row->image);
    free(row->error);
    free(row->spec);
    *row = CONTAINER_ROW_INIT;
}

static int read_row(struct db_stmt *s, struct container_row *ret, struct err *e)
{
    const struct {
        int column;
        char **target;
    } texts[] = {{NAME, &ret->name}, {IMAGE, &ret->image}, {ERROR, &ret->error}, {SPEC, &ret->spec}};
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        int r = db_column_copy(s, texts[i].column, texts[i].target, e);
        if (r < 0)
            return r;
    }
    const char *id = db_column_text(s, ID);
    if (!id || strlen(id) != ROW_ID_LEN)
        return err_set(e, ERR_INTERNAL, 0, "the database holds a container with a malformed id");
    memcpy(ret->id, id, sizeof(ret->id));
    ret->created = db_column_int(s, CREATED);
    ret->auto_remove = db_column_int(s, AUTO_REMOVE) != 0;
    ret->status = (int)db_column_int(s, STATUS);
    ret->exit_code = (int)db_column_int(s, EXIT_CODE);
    ret->oom_killed = db_column_int(s, OOM_KILLED) != 0;
    ret->started_at = db_column_int(s, STARTED_AT);
    ret->finished_at = db_column_int(s, FINISHED_AT);
    ret->id_slot = db_column_is_null(s, SLOT) ? ROW_NO_SLOT : db_column_int(s, SLOT);
    return 0;
}

static struct db_value slot_value(int64_t slot)
{
    return slot == ROW_NO_SLOT ? db_null() : db_int(slot);
}

static int get_by(struct db *db, const char *sql, const char *key, struct container_row *ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, sql, DB_VALUES(db_text(key)), &s, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    if (r <= 0)
        return r;
    r = read_row(s, ret, e);
    return r < 0 ? r : 1;
}

int containers_get(struct db *db, const char *id, struct container_row *ret, struct err *e)
{
    return get_by(db, "SELECT " COLUMNS " FROM containers WHERE id = ?", id, ret, e);
}

static int get_by_name(struct db *db, const char *name, struct container_row *ret, struct err *e)
{
    return get_by(db, "SELECT " COLUMNS " FROM containers WHERE name = ?", name, ret, e);
}

/* Ids are hex digits, so every id with the prefix lies between "prefix" and "prefixg". */
static int get_by_prefix(struct db *db, const char *prefix, struct container_row *ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, "SELECT " COLUMNS " FROM containers WHERE id >= ?1 AND id < ?1 || 'g' LIMIT 2",
                     DB_VALUES(db_text(prefix)), &s, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    if (r <= 0)
        return r;
    r = read_row(s, ret, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    if (r < 0)
        return r;
    return r == 0 ? 1 : err_invalid(e, "several containers have ids that begin with %s: give more digits", prefix);
}

static bool is_id_prefix(const char *s)
{
    size_t n = strlen(s);
    return n > 0 && n < ROW_ID_LEN && strspn(s, "0123456789abcdef") == n;
}

int containers_find(struct db *db, const char *ref, struct container_row *ret, struct err *e)
{
    if (*ref == '/') /* as inspect shows names */
        ref++;
    int r = get_by_name(db, ref, ret, e);
    if (r == 0 && strlen(ref) == ROW_ID_LEN)
        r = containers_get(db, ref, ret, e);
    if (r == 0 && is_id_prefix(ref))
        r = get_by_prefix(db, ref, ret, e);
    if (r == 0)
        return err_not_found(e, "no such container: %s", ref);
    return r < 0 ? r : 0;
}

static int name_taken(struct db *db, const char *name, struct err *e)
{
    _cleanup_row_ struct container_row other = CONTAINER_ROW_INIT;
    int r = get_by_name(db, name, &other, NULL);
    if (r != 1)
        return err_to_errno(e); /* something else was not unique: the database's own words stand */
    return err_conflict(e,
                        "the container name \"/%s\" is already in use by container %.12s; remove (or rename) that "
                        "container to be able to reuse that name",
                        name, other.id);
}

int containers_insert(struct db *db, const struct container_row *row, struct err *e)
{
    int r = db_run(db, "INSERT INTO containers (" COLUMNS ") VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
                   DB_VALUES(db_text(row->id), db_text(row->name), db_int(row->created), db_text(row->image),
                             db_int(row->auto_remove), db_int(row->status), db_int(row->exit_code),
                             db_int(row->oom_killed), db_text(row->error), db_int(row->started_at),
                             db_int(row->finished_at), slot_value(row->id_slot), db_text(row->spec)),
                   e);
    if (r == -EEXIST)
        return name_taken(db, row->name, e);
    return r < 0 ? r : 0;
}

int containers_each(struct db *db, int (*each)(const struct container_row *row, void *arg, struct err *e), void *arg,
                    struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, "SELECT " COLUMNS " FROM containers ORDER BY created DESC", DB_NO_VALUES, &s, e);
    while (r == 0) {
        _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
        r = db_step(s, e);
        if (r <= 0)
            return r;
        r = read_row(s, &row, e);
        if (r == 0)
            r = each(&row, arg, e);
    }
    return r;
}

int containers_set_state(struct db *db, const struct container_row *row, struct err *e)
{
    int r =
        db_run(db,
               "UPDATE containers SET status = ?, exit_code = ?, oom_killed = ?, error = ?, started_at = ?,"
               " finished_at = ?, id_slot = ? WHERE id = ?",
               DB_VALUES(db_int(row->status), db_int(row->exit_code), db_int(row->oom_killed), db_text(row->error),
                         db_int(row->started_at), db_int(row->finished_at), slot_value(row->id_slot), db_text(row->id)),
               e);
    return r < 0 ? r : 0;
}

int containers_set_spec(struct db *db, const char *id, const char *spec, struct err *e)
{
    int r = db_run(db, "UPDATE containers SET spec = ? WHERE id = ?", DB_VALUES(db_text(spec), db_text(id)), e);
    return r < 0 ? r : 0;
}

int containers_rename(struct db *db, const char *id, const char *name, struct err *e)
{
    int r = db_run(db, "UPDATE containers SET name = ? WHERE id = ?", DB_VALUES(db_text(name), db_text(id)), e);
    if (r == -EEXIST)
        return name_taken(db, name, e);
    return r < 0 ? r : 0;
}

int containers_delete(struct db *db, const char *id, struct err *e)
{
    int r = db_run(db, "DELETE FROM containers WHERE id = ?", DB_VALUES(db_text(id)), e);
    return r < 0 ? r : 0;
}

int containers_using_image(struct db *db, const char *image, char **ret_name, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    *ret_name = NULL;
    int r = db_query(db, "SELECT name FROM containers WHERE image = ? LIMIT 1", DB_VALUES(db_text(image)), &s, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    return r <= 0 ? r : db_column_copy(s, 0, ret_name, e);
}

/* Either `from` itself is free, or the first gap after it is. */
int containers_free_slot(struct db *db, int64_t from, int64_t *ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db,
                     "SELECT CASE WHEN NOT EXISTS (SELECT 1 FROM containers WHERE id_slot = ?1) THEN ?1 ELSE"
                     " (SELECT id_slot + 1 FROM containers AS c WHERE id_slot >= ?1 AND NOT EXISTS"
                     "  (SELECT 1 FROM containers WHERE id_slot = c.id_slot + 1) ORDER BY id_slot LIMIT 1) END",
                     DB_VALUES(db_int(from)), &s, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    if (r < 0)
        return r;
    *ret = db_column_int(s, 0);
    return 0;
}
