#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"

static void assert_content(const char *path, const char *wanted)
{
    _cleanup_free_ char *text = NULL;
    struct err e = ERR_INIT;

    if (file_read(AT_FDCWD, path, 1000, &text, NULL, &e) < 0)
        fail_msg("%s", e.text);
    assert_string_equal(text, wanted);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void what_is_written_is_read(void **state)
{
    _cleanup_free_ char *text = NULL;
    struct err e = ERR_INIT;
    size_t len = 0;

    (void)state;
    assert_int_equal(file_write(AT_FDCWD, "f", "a\0b", 3, 0640, &e), 0);
    assert_int_equal(mode_of("f"), 0640);
    assert_int_equal(file_read(AT_FDCWD, "f", 3, &text, &len, &e), 0);
    assert_int_equal(len, 3);
    assert_memory_equal(text, "a\0b", 4); /* with the NUL behind it */
    unlink("f");
}

static void read_refuses_what_is_larger_than_the_limit(void **state)
{
    char *text = NULL;
    struct err e = ERR_INIT;

    (void)state;
    file_write(AT_FDCWD, "f", "1234", 4, 0600, &e);
    assert_int_equal(file_read(AT_FDCWD, "f", 3, &text, NULL, &e), -EFBIG);
    assert_string_equal(e.text, "read f: larger than 3 bytes");
    assert_null(text);
    unlink("f");
}

static void read_takes_files_larger_than_a_chunk_and_empty_ones(void **state)
{
    static const size_t sizes[] = {0, 1, 8191, 8192, 8193, 16384, 100000};
    _cleanup_free_ char *data = malloc(100000);
    struct err e = ERR_INIT;

    (void)state;
    for (size_t i = 0; i < 100000; i++)
        data[i] = (char)(i * 31 + i / 8192);
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        _cleanup_free_ char *text = NULL;
        size_t len = 1;

        assert_int_equal(file_write(AT_FDCWD, "f", data, sizes[i], 0600, &e), 0); /* truncates the longer one, too */
        assert_int_equal(file_read(AT_FDCWD, "f", sizes[i], &text, &len, &e), 0);
        assert_int_equal(len, sizes[i]);
        assert_memory_equal(text, data, len);
    }
    assert_int_equal(file_write(AT_FDCWD, "f", "short", 5, 0600, &e), 0);
    assert_content("f", "short");
    unlink("f");
}

static void read_takes_procfs_files_whose_size_is_zero(void **state)
{
    _cleanup_free_ char *text = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(file_read(AT_FDCWD, "/proc/self/status", 100000, &text, NULL, &e), 0);
    assert_non_null(strstr(text, "\nPid:"));
}

static void read_refuses_what_is_no_regular_file(void **state)
{
    struct err e = ERR_INIT;
    char *text;

    (void)state;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    assert_int_equal(file_read(AT_FDCWD, "fifo", 10, &text, NULL, &e), -EINVAL); /* and does not wait for a writer */
    assert_says(&e, "not a regular file");
    assert_int_equal(file_read(AT_FDCWD, "/dev/zero", 10, &text, NULL, &e), -EINVAL);
    assert_int_equal(file_read(AT_FDCWD, ".", 10, &text, NULL, &e), -EISDIR);
    assert_int_equal(file_read(AT_FDCWD, "none", 10, &text, NULL, &e), -ENOENT);
    assert_string_equal(e.text, "open none: No such file or directory");
    unlink("fifo");
}

static void paths_are_relative_to_the_directory_fd(void **state)
{
    _cleanup_close_ int dir = -1;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(dir_make_all(AT_FDCWD, "d", 0700, &dir, &e), 0);
    assert_int_equal(file_write(dir, "plain", "1", 1, 0600, &e), 0);
    assert_int_equal(file_write_atomic(dir, "atomic", "2", 1, 0600, &e), 0);
    assert_int_equal(file_write_existing(dir, "plain", "3", &e), 0);
    assert_content("d/plain", "3");
    assert_content("d/atomic", "2");
    assert_true(file_exists(dir, "plain"));
    assert_false(file_exists(AT_FDCWD, "plain"));
    assert_int_equal(dir_remove_all(AT_FDCWD, "d", &e), 0);
}

static void atomic_write_replaces_the_file_and_not_its_readers(void **state)
{
    _cleanup_close_ int old = -1;
    struct err e = ERR_INIT;
    char text[10] = "";

    (void)state;
    file_write(AT_FDCWD, "f", "old", 3, 0644, &e);
    old = open("f", O_RDONLY | O_CLOEXEC);
    assert_int_equal(file_write_atomic(AT_FDCWD, "f", "newer", 5, 0600, &e), 0);
    assert_content("f", "newer");
    assert_int_equal(mode_of("f"), 0600);
    assert_int_equal(read(old, text, sizeof(text)), 3);
    assert_string_equal(text, "old");
    unlink("f"); /* nothing else is left: the tear-down would fail */
}

static void atomic_write_replaces_a_symlink_and_not_its_target(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    file_write(AT_FDCWD, "target", "kept", 4, 0600, &e);
    assert_int_equal(symlink("target", "link"), 0);
    assert_int_equal(file_write_atomic(AT_FDCWD, "link", "new", 3, 0600, &e), 0);
    assert_content("target", "kept");
    assert_content("link", "new");
    unlink("target");
    unlink("link");
}

static void atomic_write_that_fails_leaves_no_temporary_file(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    mkdir("d", 0700); /* a file cannot be renamed over a directory */
    assert_int_equal(file_write_atomic(AT_FDCWD, "d", "x", 1, 0600, &e), -EISDIR);
    assert_int_equal(file_write_atomic(AT_FDCWD, "none/f", "x", 1, 0600, &e), -ENOENT);
    assert_int_equal(rmdir("d"), 0);
}

static void existing_file_is_written_and_never_made(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(file_write_existing(AT_FDCWD, "none", "1", &e), -ENOENT);
    assert_false(file_exists(AT_FDCWD, "none"));
    assert_int_equal(file_write_existing(AT_FDCWD, "/dev/full", "4096\n", &e), -ENOSPC);
    assert_string_equal(e.text, "write 4096 to /dev/full: No space left on device");
    assert_int_equal(file_write_existing(AT_FDCWD, "/dev/full", "4096\n", NULL), -ENOSPC);
}

static void error_quotes_only_the_beginning_of_a_long_value(void **state)
{
    struct err e = ERR_INIT;
    char value[300];

    (void)state;
    memset(value, 'a', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    file_write_existing(AT_FDCWD, "/dev/full", value, &e);
    assert_true(strlen(e.text) < 150);
    assert_says(&e, "aaaa to /dev/full");
}

static void exists_follows_symlinks(void **state)
{
    (void)state;
    assert_int_equal(symlink("nowhere", "dangling"), 0);
    assert_false(file_exists(AT_FDCWD, "dangling"));
    assert_true(file_exists(AT_FDCWD, "."));
    unlink("dangling");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_temporary_dir(what_is_written_is_read),
        in_temporary_dir(read_refuses_what_is_larger_than_the_limit),
        in_temporary_dir(read_takes_files_larger_than_a_chunk_and_empty_ones),
        cmocka_unit_test(read_takes_procfs_files_whose_size_is_zero),
        in_temporary_dir(read_refuses_what_is_no_regular_file),
        in_temporary_dir(paths_are_relative_to_the_directory_fd),
        in_temporary_dir(atomic_write_replaces_the_file_and_not_its_readers),
        in_temporary_dir(atomic_write_replaces_a_symlink_and_not_its_target),
        in_temporary_dir(atomic_write_that_fails_leaves_no_temporary_file),
        in_temporary_dir(existing_file_is_written_and_never_made),
        cmocka_unit_test(error_quotes_only_the_beginning_of_a_long_value),
        in_temporary_dir(exists_follows_symlinks),
    };

    umask(022);
    return cmocka_run_group_tests_name("base/file", tests, NULL, NULL);
}
