#include "storage/db.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "storage/schema.h"

struct db {
    sqlite3 *handle;
    int wal_pages; /* in the log after our last commit */
};

struct db_stmt {
    sqlite3_stmt *handle;
    sqlite3 *db;
};

/* What a result code means to the caller; the rest are ERR_SYS with EIO. */
static const struct {
    int code;
    enum err_kind kind;
    int error;
} meanings[] = {
    {SQLITE_BUSY, ERR_SYS, EBUSY},
    {SQLITE_LOCKED, ERR_SYS, EBUSY},
    {SQLITE_CONSTRAINT, ERR_CONFLICT, EEXIST},
    {SQLITE_FULL, ERR_SYS, ENOSPC},
    {SQLITE_NOMEM, ERR_SYS, ENOMEM},
    {SQLITE_READONLY, ERR_SYS, EROFS},
    {SQLITE_CANTOPEN, ERR_SYS, ENOENT},
    {SQLITE_PERM, ERR_DENIED, EACCES},
    {SQLITE_MISUSE, ERR_INTERNAL, EINVAL},
    {SQLITE_NOTADB, ERR_UNSUPPORTED, EINVAL},
};

static int fail(sqlite3 *handle, int rc, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(meanings); i++)
        if ((rc & 0xff) == meanings[i].code) {
            err_set(e, meanings[i].kind, 0, "database: %s", sqlite3_errmsg(handle));
            if (e)
                e->code = meanings[i].error;
            return -meanings[i].error;
        }
    err_set(e, ERR_SYS, 0, "database: %s", sqlite3_errmsg(handle));
    return -EIO;
}

static int note_wal_size(void *arg, sqlite3 *handle, const char *name, int pages)
{
    (void)handle;
    (void)name;
    ((struct db *)arg)->wal_pages = pages;
    return SQLITE_OK;
}

/* The hook takes the place of automatic checkpoints, which would run in the middle of a start. */
static int configure(struct db *db, struct err *e)
{
    sqlite3_busy_timeout(db->handle, DB_BUSY_MS);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int keep = 1;
    sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_PERSIST_WAL, &keep);
    sqlite3_wal_hook(db->handle, note_wal_size, db);
    return db_script(db, "PRAGMA synchronous = NORMAL", e);
}

int db_open(const char *path, struct db **ret, struct err *e)
{
    /* One thread, no accounting: both before the first use of the library, and without effect later. */
    sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct db *db = calloc(1, sizeof(*db));
    if (!db)
        return err_set(e, ERR_SYS, ENOMEM, "open %s", path);
    int rc = sqlite3_open_v2(path, &db->handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    int r = rc == SQLITE_OK ? configure(db, e) : fail(db->handle, rc, e);
    if (r == 0)
        r = schema_migrate(db, e);
    if (r < 0) {
        db_close(db);
        err_context(e, "open %s", path);
        return r;
    }
    *ret = db;
    return 0;
}

/* How much of the log was copied is remembered in shared memory only, and forgotten with the last connection: the
 * next would append behind all that. So one page is written at once, with which the log begins anew. Truncating it
 * would do as well, but freeing blocks is slow on some disks. */
static void checkpoint_beyond(struct db *db, int pages)
{
    if (db->wal_pages <= pages)
        return;
    int rc = sqlite3_wal_checkpoint_v2(db->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    db->wal_pages = 0; /* whether or not all of it could be copied: the next commit tells */
    if (rc == SQLITE_OK)
        schema_touch(db);
}

void db_checkpoint(struct db *db)
{
    checkpoint_beyond(db, DB_WAL_PAGES);
}

void db_close(struct db *db)
{
    if (!db)
        return;
    db_rollback(db);
    checkpoint_beyond(db, DB_WAL_PAGES_MAX);
    if (sqlite3_close(db->handle) != SQLITE_OK)
        log_warning("database: closed with statements open");
    free(db);
}

int db_script(struct db *db, const char *sql, struct err *e)
{
    int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? 0 : fail(db->handle, rc, e);
}

int db_begin(struct db *db, struct err *e)
{
    return db_script(db, "BEGIN IMMEDIATE", e);
}

int db_commit(struct db *db, struct err *e)
{
    return db_script(db, "COMMIT", e);
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->handle))
        db_script(db, "ROLLBACK", NULL);
}

static int bind(sqlite3_stmt *s, int i, const struct db_value *v)
{
    switch (v->type) {
    case DB_TEXT:
        return sqlite3_bind_text(s, i, v->text, -1, SQLITE_STATIC);
    case DB_INT:
        return sqlite3_bind_int64(s, i, v->number);
    case DB_NULL:
        break;
    }
    return sqlite3_bind_null(s, i);
}

/* Values of rows are bound without a copy: their text must live until db_finish. */
int db_query(struct db *db, const char *sql, const struct db_value *values, size_t n, struct db_stmt **ret,
             struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = calloc(1, sizeof(*s));
    if (!s)
        return err_set(e, ERR_SYS, ENOMEM, "database");
    s->db = db->handle;
    int rc = sqlite3_prepare_v2(db->handle, sql, -1, &s->handle, NULL);
    for (size_t i = 0; rc == SQLITE_OK && i < n; i++)
        rc = bind(s->handle, (int)i + 1, &values[i]);
    if (rc != SQLITE_OK)
        return fail(db->handle, rc, e);
    *ret = TAKE_PTR(s);
    return 0;
}

int db_step(struct db_stmt *s, struct err *e)
{
    int rc = sqlite3_step(s->handle);
    if (rc == SQLITE_ROW)
        return 1;
    return rc == SQLITE_DONE ? 0 : fail(s->db, rc, e);
}

int db_run(struct db *db, const char *sql, const struct db_value *values, size_t n, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, sql, values, n, &s, e);
    if (r < 0)
        return r;
    r = db_step(s, e);
    return r < 0 ? r : sqlite3_changes(db->handle);
}

const char *db_column_text(struct db_stmt *s, int column)
{
    return (const char *)sqlite3_column_text(s->handle, column);
}

int64_t db_column_int(struct db_stmt *s, int column)
{
    return sqlite3_column_int64(s->handle, column);
}

bool db_column_is_null(struct db_stmt *s, int column)
{
    return sqlite3_column_type(s->handle, column) == SQLITE_NULL;
}

int db_column_copy(struct db_stmt *s, int column, char **ret, struct err *e)
{
    const char *text = db_column_text(s, column);
    char *copy = text ? strdup(text) : NULL;
    if (text && !copy)
        return err_set(e, ERR_SYS, ENOMEM, "database");
    free(*ret);
    *ret = copy;
    return 0;
}

void db_finish(struct db_stmt *s)
{
    sqlite3_finalize(s->handle);
    free(s);
}
