#include "unit.h"

#include "base/strv.h"
#include "storage/db.h"
#include "storage/images.h"
#include "storage/layers.h"

#include <fcntl.h>
#include <sys/stat.h>

static char *dir;
static struct db *db;
#define HEX "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

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

static void put(const char *id, const char *tag)
{
    char *tags[] = {(char *)tag, NULL};
    struct image_row row = {.id = (char *)id, .config = (char *)"{}", .tags = tag ? tags : NULL};
    assert_ok(images_put(db, &row, e));
}

static void a_tag_moves_to_the_newer_image(void **state)
{
    (void)state;
    put("sha256:aa", "x:latest");
    put("sha256:bb", "x:latest");
    _cleanup_image_row_ struct image_row row = IMAGE_ROW_INIT, old = IMAGE_ROW_INIT;
    assert_int_equal(images_find(db, "x:latest", &row, NULL), 1);
    assert_string_equal(row.id, "sha256:bb");
    assert_int_equal(images_find(db, "sha256:aa", &old, NULL), 1);
    assert_int_equal(strv_len(old.tags), 0);
}

static void found_by_prefix_of_the_id(void **state)
{
    (void)state;
    put("sha256:ab1", NULL);
    put("sha256:ab2", NULL);
    _cleanup_image_row_ struct image_row row = IMAGE_ROW_INIT;
    assert_int_equal(images_find(db, "ab1", &row, NULL), 1);
    assert_string_equal(row.id, "sha256:ab1");
    assert_err(images_find(db, "sha256:ab", &row, e), ERR_INVALID, "several images");
    assert_int_equal(images_find(db, "zz", &row, NULL), 0);
}

static void a_deleted_image_takes_its_tags(void **state)
{
    (void)state;
    put("sha256:aa", "x:latest");
    assert_ok(images_delete(db, "sha256:aa", e));
    _cleanup_image_row_ struct image_row row = IMAGE_ROW_INIT;
    assert_int_equal(images_find(db, "x:latest", &row, NULL), 0);
}

static void no_digest_is_another_path(void **state)
{
    (void)state;
    char *path = NULL;
    assert_err(layers_path("/r", "sha256:../../etc/passwd", &path, e), ERR_INVALID, "not a sha256 digest");
    assert_err(layers_path("/r", HEX, &path, e), ERR_INVALID, "not a sha256 digest");
    assert_ok(layers_path("/r", "sha256:" HEX, &path, e));
    assert_string_equal(path, "/r/layers/" HEX);
    free(path);
}

static void a_removed_layer_leaves_nothing(void **state)
{
    (void)state;
    int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(root, "layers", 0700), 0);
    assert_int_equal(mkdirat(root, "layers/" HEX, 0755), 0);
    assert_int_equal(mkdirat(root, "layers/" HEX "/etc", 0755), 0);
    assert_int_equal(mkdirat(root, "layers/.tmp", 0755), 0);
    assert_int_equal(mkdirat(root, "layers/.tmp/half", 0755), 0);
    assert_ok(layers_remove(root, "sha256:" HEX, e));
    assert_false(file_exists(root, "layers/" HEX));
    assert_ok(layers_remove(root, "sha256:" HEX, e)); /* again: fine */
    assert_ok(layers_sweep(root, e));
    assert_false(file_exists(root, "layers/.tmp"));
    close(root);
}

static void the_stores_lock_excludes(void **state)
{
    (void)state;
    int root = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mkdirat(root, "layers", 0700), 0);
    int lock = layers_lock(root, false, NULL);
    assert_true(lock >= 0);
    assert_int_equal(layers_lock(root, true, NULL), -EWOULDBLOCK);
    close(lock);
    lock = layers_lock(root, true, NULL);
    assert_true(lock >= 0);
    close(lock);
    close(root);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_tag_moves_to_the_newer_image), TEST(found_by_prefix_of_the_id),
        TEST(a_deleted_image_takes_its_tags), TEST(no_digest_is_another_path),
        TEST(a_removed_layer_leaves_nothing), TEST(the_stores_lock_excludes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
