/*
 * The database: one SQLite file in write-ahead mode, opened by every command and closed without a checkpoint.
 *
 * Why these settings (times on kernel 6.18, ext4):
 *   journal_mode=WAL    readers never wait for a writer. It is a property of the file: set once, when it is made.
 *   synchronous=NORMAL  no fsync per commit, only in checkpoints. A power cut may lose the last commits but never tears
 *                       the file; what those rows spoke of, running containers, a power cut has ended anyway.
 *   NO_CKPT_ON_CLOSE    the last one to close would copy the log back and sync: 1,000 µs and more.
 *   no automatic checkpoint, for the same reason: db_checkpoint() is called where nobody waits.
 *
 * The log must stay short all the same: the first to open the file after nobody had it open reads the whole log, 2.2 µs
 * a page. Measured: open 290 µs and 2.2 a page, insert 85, delete 35, close 28.
 *
 * Values travel as struct db_value, so that a wrong type does not compile. Text that a statement returns is borrowed
 * until the next db_step or db_finish. Writers wait for one another up to DB_BUSY_MS (ERR_SYS EBUSY after it). Not
 * thread-safe. Source: sqlite.org/wal.html, sqlite.org/pragma.html.
 */
#ifndef SAMPAN_STORAGE_DB_H
#define SAMPAN_STORAGE_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { DB_BUSY_MS = 10000, DB_WAL_PAGES = 48, DB_WAL_PAGES_MAX = 1000 };

struct db;
struct db_stmt;

/* Opens or creates, and brings the schema up to date (storage/schema.h), which a newer one than ours refuses
 * (ERR_UNSUPPORTED). */
int db_open(const char *path, struct db **ret, struct err *e);
void db_close(struct db *db); /* NULL is fine; rolls an open transaction back */

/* Copies the log back into the file, with two syncs of the disk (1 to 20 ms), once it is longer than DB_WAL_PAGES;
 * db_close does so only beyond DB_WAL_PAGES_MAX. Never waits for others: what they still read stays in the log. */
void db_checkpoint(struct db *db);

/* BEGIN IMMEDIATE: from here on nobody else writes. */
int db_begin(struct db *db, struct err *e);
int db_commit(struct db *db, struct err *e);
void db_rollback(struct db *db); /* nothing outside a transaction */

/* A transaction by scope: `_cleanup_transaction_ struct db *tx = NULL; db_begin_scoped(db, &tx, e); … db_commit(db,
 * e);` rolls back unless it was committed. */
static inline int db_begin_scoped(struct db *db, struct db **ret, struct err *e)
{
    int r = db_begin(db, e);
    if (r == 0)
        *ret = db;
    return r;
}
DEFINE_CLEANUP_PTR(transaction, struct db *, db_rollback)
#define _cleanup_transaction_ _cleanup_(cleanup_transaction)

enum db_type { DB_NULL, DB_TEXT, DB_INT };
struct db_value {
    enum db_type type;
    const char *text; /* borrowed until the statement was finished */
    int64_t number;
};

static inline struct db_value db_text(const char *s)
{
    return (struct db_value){.type = s ? DB_TEXT : DB_NULL, .text = s};
}

static inline struct db_value db_int(int64_t n)
{
    return (struct db_value){.type = DB_INT, .number = n};
}

static inline struct db_value db_null(void)
{
    return (struct db_value){.type = DB_NULL};
}

/* The two arguments "values, count" of the functions below. */
#define DB_VALUES(...)                                                                                                 \
    (struct db_value[]){__VA_ARGS__}, (sizeof((struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value))
#define DB_NO_VALUES NULL, 0

/* Runs a statement that returns no rows. The number of rows it changed. A violated uniqueness is ERR_CONFLICT
 * (-EEXIST). */
int db_run(struct db *db, const char *sql, const struct db_value *values, size_t n, struct err *e);

/* Rows: prepare, step until 0, finish (or `_cleanup_stmt_`). */
int db_query(struct db *db, const char *sql, const struct db_value *values, size_t n, struct db_stmt **ret,
             struct err *e);
int db_step(struct db_stmt *s, struct err *e);             /* 1: a row, 0: no more */
const char *db_column_text(struct db_stmt *s, int column); /* NULL for null */
int64_t db_column_int(struct db_stmt *s, int column);
bool db_column_is_null(struct db_stmt *s, int column);
/* A copy on the heap; NULL for null. */
int db_column_copy(struct db_stmt *s, int column, char **ret, struct err *e);
void db_finish(struct db_stmt *s);
DEFINE_CLEANUP_PTR(stmt, struct db_stmt *, db_finish)
#define _cleanup_stmt_ _cleanup_(cleanup_stmt)

/* Several statements without values, for the schema. */
int db_script(struct db *db, const char *sql, struct err *e);

#endif
