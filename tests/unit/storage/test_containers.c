#include "unit.h"

#include "storage/containers.h"
#include "storage/db.h"

static char *dir;
static struct db *db;

static int setup(void **state)
{
    (void)state;
    char path[64];
    dir = scratch_make();
    snprintf(path, sizeof(path), "%s/t.db", dir);
    return db_open(path, &db, NULL);
}

static int teardown(void **state)
{
    (void)state;
    db_close(db);
    scratch_remove(dir);
    return 0;
}

/* id: its first digits, the rest are zeros. */
static struct container_row make(const char *id, const char *name, int64_t slot)
{
    struct container_row row = CONTAINER_ROW_INIT;
    memset(row.id, '0', ROW_ID_LEN);
    memcpy(row.id, id, strlen(id));
    row.name = (char *)name;
    row.id_slot = slot;
    row.spec = (char *)"{}";
    return row;
}

static void insert(const char *id, const char *name, int64_t slot)
{
    struct container_row row = make(id, name, slot);
    assert_ok(containers_insert(db, &row, e));
}

static void a_row_comes_back_as_it_was(void **state)
{
    (void)state;
    struct container_row row = make("ab12", "web", 7);
    row.created = 123456789012345678;
    row.auto_remove = row.oom_killed = true;
    row.status = 2;
    row.exit_code = 137;
    row.error = (char *)"why";
    row.image = (char *)"sha256:1";
    row.started_at = 5;
    row.finished_at = 6;
    assert_ok(containers_insert(db, &row, e));
    _cleanup_row_ struct container_row back = CONTAINER_ROW_INIT;
    assert_int_equal(containers_get(db, row.id, &back, NULL), 1);
    assert_string_equal(back.name, "web");
    assert_string_equal(back.error, "why");
    assert_string_equal(back.image, "sha256:1");
    assert_int_equal(back.created, 123456789012345678);
    assert_true(back.auto_remove && back.oom_killed);
    assert_int_equal(back.status, 2);
    assert_int_equal(back.exit_code, 137);
    assert_int_equal(back.started_at, 5);
    assert_int_equal(back.finished_at, 6);
    assert_int_equal(back.id_slot, 7);
}

static void found_by_name_id_and_unique_prefix(void **state)
{
    (void)state;
    insert("ab12", "web", ROW_NO_SLOT);
    insert("ab34", "db", ROW_NO_SLOT);
    const char *refs[] = {"web", "/web", "ab1", "ab12000"};
    for (size_t i = 0; i < 4; i++) {
        _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
        assert_ok(containers_find(db, refs[i], &row, e));
        assert_string_equal(row.name, "web");
    }
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    assert_err(containers_find(db, "ab", &row, e), ERR_INVALID, "several containers");
    assert_err(containers_find(db, "nobody", &row, e), ERR_NOT_FOUND, "no such container: nobody");
    assert_err(containers_find(db, "", &row, e), ERR_NOT_FOUND, "no such container");
    assert_err(containers_find(db, "ab%", &row, e), ERR_NOT_FOUND, "no such container");
}

static void a_name_wins_over_a_prefix(void **state)
{
    (void)state;
    insert("ab12", "cafe", ROW_NO_SLOT);
    insert("cafe", "other", ROW_NO_SLOT);
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    assert_ok(containers_find(db, "cafe", &row, e));
    assert_string_equal(row.name, "cafe");
}

static void a_taken_name_names_its_owner(void **state)
{
    (void)state;
    insert("ab12", "web", ROW_NO_SLOT);
    struct container_row row = make("cd", "web", ROW_NO_SLOT);
    assert_err(containers_insert(db, &row, e), ERR_CONFLICT, "already in use by container ab1200000000");
    insert("ef", "db", ROW_NO_SLOT);
    struct container_row other = make("ef", "db", ROW_NO_SLOT);
    assert_err(containers_rename(db, other.id, "web", e), ERR_CONFLICT, "already in use");
}

static void the_lowest_free_slot_is_found(void **state)
{
    (void)state;
    int64_t slot = -1;
    assert_ok(containers_free_slot(db, 0, &slot, e));
    assert_int_equal(slot, 0);
    insert("a0", "a", 0);
    insert("a1", "b", 1);
    insert("a2", "c", 3);
    insert("a3", "d", 1); /* joined the second's user namespace */
    assert_ok(containers_free_slot(db, 0, &slot, e));
    assert_int_equal(slot, 2);
    assert_ok(containers_free_slot(db, 3, &slot, e));
    assert_int_equal(slot, 4);
    struct container_row second = make("a1", "b", ROW_NO_SLOT);
    assert_ok(containers_set_state(db, &second, e));
    assert_ok(containers_free_slot(db, 1, &slot, e));
    assert_int_equal(slot, 2); /* the fourth still holds 1 */
}

static int note_name(const struct container_row *row, void *arg, struct err *e)
{
    (void)e;
    char *names = arg;
    size_t n = strlen(names);
    names[n] = *row->name;
    names[n + 1] = '\0';
    return 0;
}

static void listed_newest_first(void **state)
{
    (void)state;
    char names[8] = "";
    for (int i = 0; i < 3; i++) {
        struct container_row row =
            make((const char *[]){"a", "b", "c"}[i], (const char *[]){"x", "y", "z"}[i], ROW_NO_SLOT);
        row.created = 10 + i;
        assert_ok(containers_insert(db, &row, e));
    }
    assert_ok(containers_each(db, note_name, names, e));
    assert_string_equal(names, "zyx");
    struct container_row gone = make("b", "y", ROW_NO_SLOT);
    assert_ok(containers_delete(db, gone.id, e));
    names[0] = '\0';
    assert_ok(containers_each(db, note_name, names, e));
    assert_string_equal(names, "zx");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_row_comes_back_as_it_was),   TEST(found_by_name_id_and_unique_prefix), TEST(a_name_wins_over_a_prefix),
        TEST(a_taken_name_names_its_owner), TEST(the_lowest_free_slot_is_found),      TEST(listed_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
