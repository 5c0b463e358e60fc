#include "storage/schema.h"

#include <stdint.h>

#include "base/strbuf.h"
#include "storage/db.h"

/*
 * Few tables and few indices: every connection parses them anew (about 8 µs each), and every index is one more page
 * to write for each container that comes or goes.
 *
 * A container's row lies in a table with rowids, where it fits a page whole (in one without, a row of more than 1,000
 * bytes takes pages of its own, which doubles what is written). A leased range of ids is found by an index that holds
 * running containers only. `spec` is what the user asked for, in JSON (engine/container.h); the columns are what
 * changes and what is searched for.
 *
 * id_slot is not unique: a container that joins another's user namespace leases the same range, and keeps it after the
 * other has ended.
 */
static const char *const migrations[] = {
    "CREATE TABLE containers ("
    " id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, image TEXT,"
    " auto_remove INTEGER NOT NULL, status INTEGER NOT NULL, exit_code INTEGER NOT NULL DEFAULT 0,"
    " oom_killed INTEGER NOT NULL DEFAULT 0, error TEXT, started_at INTEGER NOT NULL DEFAULT 0,"
    " finished_at INTEGER NOT NULL DEFAULT 0, id_slot INTEGER, spec TEXT NOT NULL);"
    "CREATE INDEX leases ON containers(id_slot) WHERE id_slot IS NOT NULL;"
    "CREATE TABLE images (id TEXT NOT NULL UNIQUE, created INTEGER NOT NULL, size INTEGER NOT NULL,"
    " config TEXT NOT NULL);"
    "CREATE TABLE tags (name TEXT PRIMARY KEY, image TEXT NOT NULL) WITHOUT ROWID;"
    /* owner: the container that an anonymous volume goes with; NULL for a named one. */
    "CREATE TABLE volumes (name TEXT PRIMARY KEY, created INTEGER NOT NULL, owner TEXT) WITHOUT ROWID;",

    /* spec: NULL until it is settled. The predefined ones are there from the beginning, so that their ids are this
     * database's for good; an id is random, and its first digit a letter (base/id.h). */
    "CREATE TABLE networks (name TEXT NOT NULL UNIQUE, id TEXT NOT NULL, created INTEGER NOT NULL, spec TEXT);"
    "INSERT INTO networks SELECT column1, substr('abcdef', 1 + abs(random() % 6), 1) ||"
    " substr(lower(hex(randomblob(32))), 2), strftime('%s', 'now') * 1000000000, NULL"
    " FROM (VALUES ('bridge'), ('host'), ('none'));",
};

static int read_version(struct db *db, int64_t *ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, "PRAGMA user_version", DB_NO_VALUES, &s, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    if (r < 0)
        return r;
    *ret = db_column_int(s, 0);
    return 0;
}

static int write_version(struct db *db, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sql = STRBUF_INIT(64); /* a PRAGMA takes no bound values */
    strbuf_addf(&sql, "PRAGMA user_version = %zu", ARRAY_SIZE(migrations));
    return db_script(db, strbuf_str(&sql), e);
}

void schema_touch(struct db *db)
{
    write_version(db, NULL);
}

/* The version is read again inside the transaction: another command may have migrated meanwhile. */
static int apply(struct db *db, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    int64_t version;
    int r = db_begin_scoped(db, &tx, e);
    if (r < 0)
        return r;
    r = read_version(db, &version, e);
    if (r < 0)
        return r;
    for (size_t i = (size_t)version; i < ARRAY_SIZE(migrations); i++) {
        r = db_script(db, migrations[i], e);
        if (r < 0)
            return err_context(e, "schema version %zu", i + 1);
    }
    r = write_version(db, e);
    return r < 0 ? r : db_commit(db, e);
}

int schema_migrate(struct db *db, struct err *e)
{
    int64_t version;
    int r = read_version(db, &version, e);
    if (r < 0)
        return r;
    if (version == (int64_t)ARRAY_SIZE(migrations))
        return 0;
    if (version > (int64_t)ARRAY_SIZE(migrations))
        return err_set(e, ERR_UNSUPPORTED, 0,
                       "the database was written by a newer sampan (schema %lld, this one knows %zu)",
                       (long long)version, ARRAY_SIZE(migrations));
    if (version == 0) {
        r = db_script(db, "PRAGMA journal_mode = WAL", e);
        if (r < 0)
            return r;
    }
    return apply(db, e);
}
