#include "storage/unit.h"

#include "engine/idrange.h"
#include "storage/containers.h"
#include "storage/db.h"

static char *dir;
static struct db *db;
static char subuid[64], subgid[64];

static int setup(void **state)
{
    (void)state;
    char path[64];
    dir = scratch_make();
    snprintf(path, sizeof(path), "%s/t.db", dir);
    snprintf(subuid, sizeof(subuid), "%s/subuid", dir);
    snprintf(subgid, sizeof(subgid), "%s/subgid", dir);
    return db_open(path, &db, NULL);
}

static int teardown(void **state)
{
    (void)state;
    db_close(db);
    scratch_remove(dir);
    return 0;
}

static int64_t lease(void)
{
    const char *const files[] = {subuid, subgid};
    int64_t slot = -1;
    assert_ok(idrange_lease_beside(db, files, &slot, e));
    return slot;
}

static void hold(int64_t slot)
{
    static int n;
    char name[16];
    struct container_row row = CONTAINER_ROW_INIT;
    snprintf(row.id, sizeof(row.id), "%064x", ++n);
    snprintf(name, sizeof(name), "c%d", n);
    row.name = name;
    row.id_slot = slot;
    row.spec = (char *)"{}";
    assert_ok(containers_insert(db, &row, e));
}

static void write_file(const char *path, const char *text)
{
    assert_ok(file_write(-100, path, text, strlen(text), 0600, e));
}

static void slots_and_ids_are_each_other_s_inverse(void **state)
{
    (void)state;
    assert_int_equal(idrange_base(0), 0x20000000);
    assert_int_equal(idrange_base(3), 0x20030000);
    assert_int_equal(idrange_slot(0x20030000), 3);
    assert_int_equal(idrange_base(ROW_NO_SLOT), 0);
    assert_int_equal(idrange_slot(0), ROW_NO_SLOT);
}

static void the_first_free_range_is_leased(void **state)
{
    (void)state;
    assert_int_equal(lease(), 0);
    hold(0);
    hold(1);
    assert_int_equal(lease(), 2);
}

/* 536936448 is slot 1's first id; one that ends within slot 3 blocks it whole. */
static void delegated_ranges_are_skipped(void **state)
{
    (void)state;
    write_file(subuid, "# comment\nann:536936448:65536\nbroken\nbob:100000:65536\n");
    write_file(subgid, "ann:537001984:65537\n");
    assert_int_equal(lease(), 0);
    hold(0);
    assert_int_equal(lease(), 4);
}

static void a_used_up_pool_is_an_error(void **state)
{
    (void)state;
    const char *const files[] = {subuid, NULL};
    int64_t slot;
    write_file(subuid, "all:0:4294967295\n");
    assert_err(idrange_lease_beside(db, files, &slot, e), ERR_UNSUPPORTED, "no range of 65536 ids is free");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(slots_and_ids_are_each_other_s_inverse),
        TEST(the_first_free_range_is_leased),
        TEST(delegated_ranges_are_skipped),
        TEST(a_used_up_pool_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
