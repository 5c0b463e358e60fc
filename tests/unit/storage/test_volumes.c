#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "storage/db.h"
#include "storage/volumes.h"

static void names_are_checked(void **state)
{
    (void)state;
    assert_ok(volumes_check_name("data_1.x-y", e));
    const char *bad[] = {"", "a", "../x", ".x", "a/b", "a b"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_err(volumes_check_name(bad[i], e), ERR_INVALID, "invalid characters for a local volume name");
}

static void made_once_with_docker_s_mode(void **state)
{
    (void)state;
    char *dir = scratch_make();
    int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -1;
    bool is_new = false;
    struct stat st;
    umask(077);
    assert_ok(volumes_make(root, "data", &fd, &is_new, e));
    assert_true(is_new);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    close(fd);
    assert_ok(volumes_make(root, "data", NULL, &is_new, e));
    assert_false(is_new);
    close(root);
    scratch_remove(dir);
}

static void only_owned_ones_go_with_the_container(void **state)
{
    (void)state;
    char *dir = scratch_make(), path[64];
    struct db *db = NULL;
    int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    snprintf(path, sizeof(path), "%s/t.db", dir);
    assert_ok(db_open(path, &db, e));
    assert_ok(volumes_put(db, "named", 1, NULL, e));
    assert_ok(volumes_put(db, "anon", 1, "c1", e));
    assert_ok(volumes_put(db, "other", 1, "c2", e));
    assert_ok(volumes_put(db, "named", 1, "c1", e)); /* used by c1: it stays nobody's */
    const char *names[] = {"named", "anon", "other"};
    for (size_t i = 0; i < 3; i++)
        assert_ok(volumes_make(root, names[i], NULL, NULL, e));
    assert_ok(volumes_remove_owned(db, root, "c1", e));
    assert_true(file_exists(root, "volumes/named/_data"));
    assert_false(file_exists(root, "volumes/anon"));
    assert_true(file_exists(root, "volumes/other/_data"));
    db_close(db);
    close(root);
    scratch_remove(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(made_once_with_docker_s_mode),
        cmocka_unit_test(only_owned_ones_go_with_the_container),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
