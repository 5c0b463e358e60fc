#include "unit.h"

#include "base/strv.h"
#include "storage/db.h"
#include "storage/networks.h"

static char *dir;
static char path[64];
static struct db *db;

static int setup(void **state)
{
    (void)state;
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

static struct network_row row_of(const char *name, char digit)
{
    struct network_row row = {.name = (char *)name, .created = 7, .spec = (char *)"{}"};
    memset(row.id, digit, ID_LEN);
    return row;
}

static void insert(const char *name, char digit)
{
    struct network_row row = row_of(name, digit);
    assert_ok(networks_insert(db, &row, e));
}

static void predefined_ones_are_there_with_ids_for_good(void **state)
{
    (void)state;
    const char *names[] = {"bridge", "host", "none"};
    char ids[3][ID_LEN + 1];
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
        assert_int_equal(networks_get(db, names[i], &row, NULL), 1);
        assert_null(row.spec);
        assert_in_range(row.created, INT64_C(1600000000) * 1000000000, INT64_MAX);
        assert_in_range(row.id[0], 'a', 'f');
        memcpy(ids[i], row.id, sizeof(ids[i]));
    }
    assert_string_not_equal(ids[0], ids[1]);
    assert_string_not_equal(ids[1] + 1, ids[2] + 1);
    db_close(db);
    assert_ok(db_open(path, &db, e));
    _cleanup_network_row_ struct network_row again = NETWORK_ROW_INIT;
    assert_ok(networks_find(db, "host", &again, e));
    assert_string_equal(again.id, ids[1]);
}

/* Another engine has other ids, on which its IPv6 addresses stand. */
static void ids_are_random(void **state)
{
    (void)state;
    char other[80];
    struct db *second = NULL;
    _cleanup_network_row_ struct network_row a = NETWORK_ROW_INIT, b = NETWORK_ROW_INIT;
    snprintf(other, sizeof(other), "%s/other.db", dir);
    assert_ok(db_open(other, &second, e));
    assert_ok(networks_find(db, "bridge", &a, e));
    assert_ok(networks_find(second, "bridge", &b, e));
    assert_string_not_equal(a.id + ID_LEN / 2, b.id + ID_LEN / 2);
    db_close(second);
}

static void found_by_name_id_and_prefix(void **state)
{
    (void)state;
    insert("web", '1');
    insert("1111", '2'); /* a name goes before the prefix of an id */
    char whole[ID_LEN + 1] = "";
    memset(whole, '2', ID_LEN);
    const struct {
        const char *ref, *name;
    } cases[] = {{"web", "web"}, {"1111", "1111"}, {"111", "web"}, {"22", "1111"}, {whole, "1111"}};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
        assert_ok(networks_find(db, cases[i].ref, &row, e));
        assert_string_equal(row.name, cases[i].name);
        assert_string_equal(row.spec, "{}");
        assert_int_equal(row.created, 7);
    }
}

static void what_is_not_there_and_what_is_not_unique(void **state)
{
    (void)state;
    struct network_row row = NETWORK_ROW_INIT;
    assert_err(networks_find(db, "web", &row, e), ERR_NOT_FOUND, "network web not found");
    assert_err(networks_find(db, "123456", &row, e), ERR_NOT_FOUND, "network 123456 not found");
    assert_int_equal(networks_get(db, "web", &row, NULL), 0);
    insert("a", '1');
    insert("b", '1');
    assert_err(networks_find(db, "11", &row, e), ERR_INVALID, "several networks");
    network_row_release(&row);
}

static void names_are_unique(void **state)
{
    (void)state;
    struct network_row again = row_of("web", '2'), bridge = row_of("bridge", '3');
    insert("web", '1');
    assert_err(networks_insert(db, &again, e), ERR_CONFLICT, "network with name web already exists");
    assert_err(networks_insert(db, &bridge, e), ERR_CONFLICT, "network with name bridge already exists");
}

static void settled_once_and_deleted(void **state)
{
    (void)state;
    _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT, after = NETWORK_ROW_INIT;
    assert_ok(networks_find(db, "bridge", &row, e));
    assert_ok(networks_set_spec(db, row.id, "{\"a\":1}", e));
    assert_ok(networks_find(db, row.id, &after, e));
    assert_string_equal(after.spec, "{\"a\":1}");
    insert("web", '1');
    network_row_release(&row);
    assert_ok(networks_find(db, "web", &row, e));
    assert_ok(networks_delete(db, row.id, e));
    assert_int_equal(networks_get(db, "web", &after, NULL), 0);
}

static int note_name(const struct network_row *row, void *arg, struct err *e)
{
    return strv_add(arg, row->name, e);
}

static int refuse(const struct network_row *row, void *arg, struct err *e)
{
    (void)row;
    (void)arg;
    return err_invalid(e, "enough");
}

static void walked_by_name(void **state)
{
    (void)state;
    _cleanup_strv_ char **names = NULL;
    insert("web", '1');
    insert("db", '2');
    assert_ok(networks_each(db, note_name, &names, e));
    _cleanup_free_ char *all = strv_join(names, " ");
    assert_string_equal(all, "bridge db host none web");
    assert_err(networks_each(db, refuse, NULL, e), ERR_INVALID, "enough");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(predefined_ones_are_there_with_ids_for_good),
        TEST(ids_are_random),
        TEST(found_by_name_id_and_prefix),
        TEST(what_is_not_there_and_what_is_not_unique),
        TEST(names_are_unique),
        TEST(settled_once_and_deleted),
        TEST(walked_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
