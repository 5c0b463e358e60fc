#include "unit.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "storage/db.h"
#include "storage/schema.h"

static char *dir;
static char path[64];

static int setup(void **state)
{
    (void)state;
    dir = scratch_make();
    snprintf(path, sizeof(path), "%s/t.db", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scratch_remove(dir);
    return 0;
}

static struct db *open_db(void)
{
    struct db *db = NULL;
    assert_ok(db_open(path, &db, e));
    return db;
}

static int64_t number(struct db *db, const char *sql)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    assert_ok(db_query(db, sql, DB_NO_VALUES, &s, e));
    assert_int_equal(db_step(s, NULL), 1);
    return db_column_int(s, 0);
}

static void committed_rows_outlive_the_connection(void **state)
{
    (void)state;
    struct db *db = open_db();
    assert_int_equal(
        db_run(db, "INSERT INTO tags (name, image) VALUES (?, ?)", DB_VALUES(db_text("a"), db_text("b")), NULL), 1);
    db_close(db);
    db = open_db();
    assert_int_equal(number(db, "SELECT count(*) FROM tags"), 1);
    db_close(db);
}

static void values_keep_their_types(void **state)
{
    (void)state;
    struct db *db = open_db();
    _cleanup_stmt_ struct db_stmt *s = NULL;
    assert_ok(db_query(db, "SELECT ?, ?, ?", DB_VALUES(db_text("x"), db_int(INT64_MIN), db_null()), &s, e));
    assert_int_equal(db_step(s, NULL), 1);
    assert_string_equal(db_column_text(s, 0), "x");
    assert_int_equal(db_column_int(s, 1), INT64_MIN);
    assert_true(db_column_is_null(s, 2));
    assert_null(db_column_text(s, 2));
    assert_int_equal(db_step(s, NULL), 0);
    db_finish(TAKE_PTR(s));
    db_close(db);
}

static void a_scoped_transaction_rolls_back(void **state)
{
    (void)state;
    struct db *db = open_db();
    {
        _cleanup_transaction_ struct db *tx = NULL;
        assert_ok(db_begin_scoped(db, &tx, e));
        db_run(db, "INSERT INTO tags (name, image) VALUES ('a', 'b')", DB_NO_VALUES, NULL);
    }
    assert_int_equal(number(db, "SELECT count(*) FROM tags"), 0);
    db_close(db);
}

static void a_taken_key_is_a_conflict(void **state)
{
    (void)state;
    struct db *db = open_db();
    const char *sql = "INSERT INTO tags (name, image) VALUES ('a', 'b')";
    assert_int_equal(db_run(db, sql, DB_NO_VALUES, NULL), 1);
    assert_err(db_run(db, sql, DB_NO_VALUES, e), ERR_CONFLICT, "UNIQUE");
    db_close(db);
}

/* Closing must not checkpoint: the log stays, and the file itself does not grow. */
static void closing_leaves_the_log(void **state)
{
    (void)state;
    struct db *db = open_db();
    struct stat before, after, log;
    assert_int_equal(stat(path, &before), 0);
    db_run(db, "INSERT INTO tags (name, image) VALUES ('a', 'b')", DB_NO_VALUES, NULL);
    db_close(db);
    assert_int_equal(stat(path, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    char wal[80];
    snprintf(wal, sizeof(wal), "%s-wal", path);
    assert_int_equal(stat(wal, &log), 0);
    assert_true(log.st_size > 0);
}

/* After it, the next writer starts the log anew: it does not grow without end. */
static void a_checkpoint_bounds_the_log(void **state)
{
    (void)state;
    struct stat log;
    char wal[80];
    snprintf(wal, sizeof(wal), "%s-wal", path);
    for (int i = 0; i < 200; i++) {
        struct db *db = open_db();
        db_run(db, "INSERT OR REPLACE INTO tags (name, image) VALUES ('a', ?)", DB_VALUES(db_int(i)), NULL);
        db_checkpoint(db);
        db_close(db);
    }
    assert_int_equal(stat(wal, &log), 0);
    assert_true(log.st_size < (DB_WAL_PAGES + 20) * 4200);
}

static void a_writer_that_was_killed_leaves_nothing_half_done(void **state)
{
    (void)state;
    db_close(open_db());
    pid_t pid = fork();
    if (pid == 0) {
        struct db *db = NULL;
        if (db_open(path, &db, NULL) == 0 && db_begin(db, NULL) == 0 &&
            db_run(db, "INSERT INTO tags (name, image) VALUES ('a', 'b')", DB_NO_VALUES, NULL) == 1)
            raise(SIGKILL);
        _exit(1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    struct db *db = open_db();
    assert_int_equal(number(db, "SELECT count(*) FROM tags"), 0);
    assert_int_equal(db_run(db, "INSERT INTO tags (name, image) VALUES ('a', 'b')", DB_NO_VALUES, NULL), 1);
    db_close(db);
}

static void a_newer_schema_is_refused(void **state)
{
    (void)state;
    struct db *db = open_db();
    assert_ok(db_script(db, "PRAGMA user_version = 1000", e));
    db_close(db);
    assert_err(db_open(path, &db, e), ERR_UNSUPPORTED, "newer sampan");
}

static void no_database_is_refused(void **state)
{
    (void)state;
    struct db *db;
    assert_ok(file_write(-100, path, "this is no database, and long enough to be looked at as one", 59, 0600, e));
    assert_err(db_open(path, &db, e), ERR_UNSUPPORTED, "not a database");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(committed_rows_outlive_the_connection),
        TEST(values_keep_their_types),
        TEST(a_scoped_transaction_rolls_back),
        TEST(a_taken_key_is_a_conflict),
        TEST(closing_leaves_the_log),
        TEST(a_checkpoint_bounds_the_log),
        TEST(a_writer_that_was_killed_leaves_nothing_half_done),
        TEST(a_newer_schema_is_refused),
        TEST(no_database_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
