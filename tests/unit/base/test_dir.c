#include "unit.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"

static void make_file(const char *path)
{
    struct err e = ERR_INIT;

    if (file_write(AT_FDCWD, path, "x", 1, 0600, &e) < 0)
        fail_msg("%s", e.text);
}

static void make_dir(const char *path)
{
    struct err e = ERR_INIT;

    if (dir_make_all(AT_FDCWD, path, 0755, NULL, &e) < 0)
        fail_msg("%s", e.text);
}

static void remove_tree(const char *path)
{
    struct err e = ERR_INIT;

    if (dir_remove_all(AT_FDCWD, path, &e) < 0)
        fail_msg("%s", e.text);
    assert_int_equal(faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW), -1);
}

/* ---- making ---- */

static void make_all_makes_every_component_and_returns_the_last(void **state)
{
    _cleanup_close_ int fd = -1;
    struct err e = ERR_INIT;
    struct stat by_fd;
    struct stat st;

    (void)state;
    assert_int_equal(dir_make_all(AT_FDCWD, "a//b/./c/", 0750, &fd, &e), 0);
    assert_int_equal(stat("a/b", &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
    assert_int_equal(stat("a/b/c", &st), 0);
    assert_int_equal(fstat(fd, &by_fd), 0);
    assert_int_equal(by_fd.st_ino, st.st_ino);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    make_dir("a/b/c"); /* again is fine */
    remove_tree("a");
}

static void make_all_takes_absolute_paths_whatever_the_fd(void **state)
{
    _cleanup_close_ int elsewhere = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_free_ char *path = NULL;
    struct err e = ERR_INIT;

    assert_true(asprintf(&path, "%s/a/b", (const char *)*state) > 0);
    assert_int_equal(dir_make_all(elsewhere, path, 0700, NULL, &e), 0);
    assert_true(file_exists(AT_FDCWD, "a/b"));
    remove_tree("a");
}

static void make_all_follows_symlinks_to_directories(void **state)
{
    (void)state;
    make_dir("real");
    assert_int_equal(symlink("real", "link"), 0);
    make_dir("link/sub");
    assert_true(file_exists(AT_FDCWD, "real/sub"));
    remove_tree("link");
    remove_tree("real");
}

static void make_all_tells_which_component_is_no_directory(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    make_dir("a");
    make_file("a/file");
    assert_int_equal(dir_make_all(AT_FDCWD, "a/file/sub", 0700, NULL, &e), -ENOTDIR);
    assert_int_equal(symlink("nowhere", "a/dangling"), 0);
    assert_int_equal(dir_make_all(AT_FDCWD, "a/dangling/sub", 0700, NULL, &e), -ENOENT);
    assert_string_equal(e.text, "make directory a/dangling: No such file or directory");
    remove_tree("a");
}

/* ---- removing ---- */

static void remove_all_takes_a_tree_a_file_or_nothing(void **state)
{
    (void)state;
    make_dir("a/b/c");
    make_dir("a/d");
    make_file("a/f");
    make_file("a/b/c/.hidden");
    make_file("a/b/c/..odd");
    assert_int_equal(mkfifo("a/fifo", 0600), 0);
    remove_tree("a");
    make_file("f");
    remove_tree("f");
    remove_tree("missing");
    remove_tree("missing/too");
}

static void remove_all_takes_many_entries(void **state)
{
    (void)state;
    make_dir("a");
    for (int i = 0; i < 3000; i++) {
        char path[32];

        snprintf(path, sizeof(path), "a/file-%d", i);
        make_file(path);
    }
    remove_tree("a");
}

static void remove_all_does_not_follow_symlinks(void **state)
{
    (void)state;
    make_dir("kept/sub");
    make_file("kept/file");
    make_dir("a");
    assert_int_equal(symlink("../kept", "a/to-dir"), 0);
    assert_int_equal(symlink("../kept/file", "a/to-file"), 0);
    assert_int_equal(symlink("nowhere", "a/dangling"), 0);
    remove_tree("a");
    assert_int_equal(symlink("kept", "root-link"), 0);
    remove_tree("root-link"); /* the link, although it leads to a tree */
    assert_true(file_exists(AT_FDCWD, "kept/sub"));
    assert_true(file_exists(AT_FDCWD, "kept/file"));
    remove_tree("kept");
}

/* path/d/d/d/…, without ever needing the whole path. */
static void make_deep(const char *path, int levels)
{
    _cleanup_close_ int fd = -1;
    struct err e = ERR_INIT;

    assert_int_equal(dir_make_all(AT_FDCWD, path, 0700, &fd, &e), 0);
    for (int i = 0; i < levels; i++) {
        _cleanup_close_ int parent = TAKE_FD(fd);

        assert_int_equal(mkdirat(parent, "d", 0700), 0);
        fd = openat(parent, "d", O_PATH | O_DIRECTORY | O_CLOEXEC);
        assert_true(fd >= 0);
    }
}

/* A path of 10,000 bytes is beyond PATH_MAX, and 5,000 levels are beyond the fds that the test leaves. */
static void remove_all_takes_any_depth_with_few_fds(void **state)
{
    struct rlimit old;
    struct rlimit few;

    (void)state;
    make_deep("deep", 5000);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few = (struct rlimit){.rlim_cur = 64, .rlim_max = old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    remove_tree("deep");
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* The removal lifts what is deep under such names; those it finds are the container's, and not empty. */
static void remove_all_minds_names_that_it_would_like_to_use(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        char path[32];

        snprintf(path, sizeof(path), "a/deep-%d", i);
        make_deep(path, 100);
        snprintf(path, sizeof(path), "a/.lifted-%d/sub", i);
        make_dir(path);
    }
    remove_tree("a");
}

/* The number that the next open gets: it shows an fd that was left open. */
static int next_free_fd(void)
{
    _cleanup_close_ int fd = dup(STDERR_FILENO);

    return fd;
}

static void remove_all_closes_what_it_opened(void **state)
{
    int free_before = next_free_fd();

    (void)state;
    make_deep("deep", 100);
    remove_tree("deep");
    assert_int_equal(next_free_fd(), free_before);
}

/* A mount namespace of the test program's own, once. */
static void own_mount_namespace(void)
{
    static int is_own;

    if (is_own)
        return;
    if (unshare(CLONE_NEWNS) < 0) {
        print_message("needs the privilege to unshare a mount namespace\n");
        skip();
    }
    assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    is_own = 1;
}

/* A bind mount of the same file system has the same st_dev: only the mount root tells. */
static void remove_all_does_not_enter_a_bind_mount(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    own_mount_namespace();
    make_dir("kept");
    make_file("kept/file");
    make_dir("a/b/mounted");
    assert_int_equal(mount("kept", "a/b/mounted", NULL, MS_BIND, NULL), 0);
    assert_int_equal(dir_remove_all(AT_FDCWD, "a", &e), -EBUSY);
    assert_string_equal(e.text, "remove a: mounted is a mount point");
    assert_true(file_exists(AT_FDCWD, "kept/file"));

    assert_int_equal(dir_remove_all(AT_FDCWD, "a/b/mounted", &e), -EBUSY); /* nor one that is the root itself */
    assert_true(file_exists(AT_FDCWD, "kept/file"));
    assert_int_equal(umount("a/b/mounted"), 0);
    remove_tree("a");
    remove_tree("kept");
}

static void remove_all_does_not_enter_another_file_system(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    own_mount_namespace();
    make_dir("a/mounted");
    assert_int_equal(mount("tmpfs", "a/mounted", "tmpfs", 0, NULL), 0);
    make_file("a/mounted/file");
    assert_int_equal(dir_remove_all(AT_FDCWD, "a", &e), -EBUSY);
    assert_true(file_exists(AT_FDCWD, "a/mounted/file"));
    assert_int_equal(umount("a/mounted"), 0);
    remove_tree("a");
}

static void remove_all_does_not_remove_a_mounted_file(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    own_mount_namespace();
    make_file("kept");
    make_dir("a");
    make_file("a/mounted");
    assert_int_equal(mount("kept", "a/mounted", NULL, MS_BIND, NULL), 0);
    assert_int_equal(dir_remove_all(AT_FDCWD, "a", &e), -EBUSY);
    assert_says(&e, "remove a: remove mounted: ");
    assert_int_equal(umount("a/mounted"), 0);
    assert_true(file_exists(AT_FDCWD, "kept"));
    remove_tree("a");
    remove_tree("kept");
}

/* ---- listing ---- */

static void list_names_every_entry_sorted(void **state)
{
    _cleanup_strv_ char **names = NULL;
    struct err e = ERR_INIT;

    (void)state;
    make_dir("d/sub");
    make_file("d/b");
    make_file("d/.hidden");
    assert_int_equal(symlink("nowhere", "d/a"), 0);
    assert_int_equal(dir_list(AT_FDCWD, "d", &names, &e), 0);
    assert_int_equal(strv_len(names), 4);
    assert_string_equal(names[0], ".hidden");
    assert_string_equal(names[1], "a");
    assert_string_equal(names[2], "b");
    assert_string_equal(names[3], "sub");
    remove_tree("d");
}

static void list_has_no_limit(void **state)
{
    enum { MANY = 100 };
    _cleanup_strv_ char **names = NULL;
    struct err e = ERR_INIT;
    char path[32];

    (void)state;
    make_dir("d");
    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof(path), "d/%03d", i);
        make_file(path);
    }
    assert_int_equal(dir_list(AT_FDCWD, "d", &names, &e), 0);
    assert_int_equal(strv_len(names), MANY);
    assert_string_equal(names[0], "000");
    assert_string_equal(names[MANY - 1], "099");
    remove_tree("d");
}

static void list_of_nothing_and_of_what_is_none(void **state)
{
    char **names = (char *[]){"untouched", NULL};
    struct err e = ERR_INIT;

    (void)state;
    make_dir("d");
    make_file("f");
    assert_int_equal(dir_list(AT_FDCWD, "gone", &names, &e), -ENOENT);
    assert_says(&e, "list directory gone");
    assert_int_equal(dir_list(AT_FDCWD, "f", &names, NULL), -ENOTDIR);
    assert_string_equal(names[0], "untouched");
    assert_int_equal(dir_list(AT_FDCWD, "d", &names, &e), 0);
    assert_null(names);
    remove_tree("d");
    remove_tree("f");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_temporary_dir(make_all_makes_every_component_and_returns_the_last),
        in_temporary_dir(make_all_takes_absolute_paths_whatever_the_fd),
        in_temporary_dir(make_all_follows_symlinks_to_directories),
        in_temporary_dir(make_all_tells_which_component_is_no_directory),
        in_temporary_dir(remove_all_takes_a_tree_a_file_or_nothing),
        in_temporary_dir(remove_all_takes_many_entries),
        in_temporary_dir(remove_all_does_not_follow_symlinks),
        in_temporary_dir(remove_all_takes_any_depth_with_few_fds),
        in_temporary_dir(remove_all_minds_names_that_it_would_like_to_use),
        in_temporary_dir(remove_all_closes_what_it_opened),
        in_temporary_dir(remove_all_does_not_enter_a_bind_mount),
        in_temporary_dir(remove_all_does_not_enter_another_file_system),
        in_temporary_dir(remove_all_does_not_remove_a_mounted_file),
        in_temporary_dir(list_names_every_entry_sorted),
        in_temporary_dir(list_has_no_limit),
        in_temporary_dir(list_of_nothing_and_of_what_is_none),
    };

    umask(022);
    return cmocka_run_group_tests_name("base/dir", tests, NULL, NULL);
}
