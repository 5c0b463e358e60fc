/*
 * Every test works in a tree of its own: ./root is what the attacker owns, ./outside is the canary. The links in root
 * aim at the canary by absolute names, by "..", and through each other.
 */
#include "base/unit.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/path.h"

static int root_fd = -1;

static void make_file(const char *path, const char *text)
{
    struct err e = ERR_INIT;

    assert_int_equal(file_write(AT_FDCWD, path, text, strlen(text), 0644, &e), 0);
}

static int enter_tree(void **state)
{
    if (enter_temporary_dir(state) < 0)
        return -1;
    mkdir("root", 0755);
    mkdir("outside", 0755);
    make_file("outside/secret", "secret");
    root_fd = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root_fd < 0 ? -1 : 0;
}

static int leave_tree(void **state)
{
    struct err e = ERR_INIT;

    fd_close(&root_fd);
    if (dir_remove_all(AT_FDCWD, "root", &e) < 0 || dir_remove_all(AT_FDCWD, "outside", &e) < 0)
        return -1;
    return leave_temporary_dir(state);
}

#define in_tree(test) cmocka_unit_test_setup_teardown(test, enter_tree, leave_tree)

/* The canary: nothing was added to ./outside and nothing taken away. */
static void assert_outside_untouched(void)
{
    struct err e = ERR_INIT;
    struct stat st;
    _cleanup_free_ char *text = NULL;

    assert_int_equal(stat("outside", &st), 0);
    assert_int_equal(st.st_nlink, 2); /* no directory in it */
    assert_int_equal(file_read(AT_FDCWD, "outside/secret", 100, &text, NULL, &e), 0);
    assert_string_equal(text, "secret");
    assert_false(file_exists(AT_FDCWD, "outside/made"));
}

/* An absolute link to ./outside, or what is in it, as the host names it. */
static void link_outside(const char *name, const char *below)
{
    char cwd[200], target[300];

    assert_non_null(getcwd(cwd, sizeof(cwd)));
    snprintf(target, sizeof(target), "%s/outside%s", cwd, below);
    assert_int_equal(symlink(target, name), 0);
}

static bool is_same(int fd, const char *path)
{
    struct stat a, b;

    assert_int_equal(fstat(fd, &a), 0);
    assert_int_equal(lstat(path, &b), 0);
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* ---- opening */

static void absolute_paths_and_links_are_relative_to_the_root(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int direct = -1, linked = -1;

    (void)state;
    mkdir("root/etc", 0755);
    make_file("root/etc/passwd", "inside");
    assert_int_equal(symlink("/etc/passwd", "root/link"), 0);
    direct = path_open_in_root(root_fd, "/etc/passwd", O_RDONLY, 0, &e);
    linked = path_open_in_root(root_fd, "link", O_RDONLY, 0, &e);
    assert_true(direct >= 0 && is_same(direct, "root/etc/passwd"));
    assert_true(linked >= 0 && is_same(linked, "root/etc/passwd"));
    assert_int_equal(fcntl(direct, F_GETFD), FD_CLOEXEC);
}

static void dot_dot_stops_at_the_root(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = -1;

    (void)state;
    assert_int_equal(symlink("../../../../outside/secret", "root/link"), 0);
    assert_int_equal(path_open_in_root(root_fd, "link", O_RDONLY, 0, &e), -ENOENT);
    assert_int_equal(path_open_in_root(root_fd, "../outside/secret", O_RDONLY, 0, &e), -ENOENT);
    fd = path_open_in_root(root_fd, "../../..", O_PATH, 0, &e);
    assert_true(fd >= 0 && is_same(fd, "root"));
}

static void absolute_link_does_not_leave_the_root(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    link_outside("root/link", "");
    assert_int_equal(path_open_in_root(root_fd, "link/secret", O_RDONLY, 0, &e), -ENOENT);
    assert_says(&e, "open link/secret: No such file or directory");
}

static void link_loops_end(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(symlink("b", "root/a"), 0);
    assert_int_equal(symlink("a", "root/b"), 0);
    assert_int_equal(path_open_in_root(root_fd, "a", O_RDONLY, 0, &e), -ELOOP);
    assert_int_equal(path_make_dirs(root_fd, "a/x", 0755, &e), -ELOOP);
}

static void no_symlinks_refuses_them_in_every_component(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = -1;

    (void)state;
    mkdir("root/dir", 0755);
    make_file("root/dir/file", "x");
    assert_int_equal(symlink("dir", "root/link"), 0);
    assert_int_equal(symlink("file", "root/dir/last"), 0);
    assert_int_equal(path_open_no_symlinks(root_fd, "link/file", O_RDONLY, 0, &e), -ELOOP);
    assert_says(&e, "open link/file: it is, or leads through, a symbolic link");
    assert_int_equal(path_open_no_symlinks(root_fd, "dir/last", O_RDONLY, 0, &e), -ELOOP);
    assert_int_equal(path_open_no_symlinks(root_fd, "dir/last", O_PATH | O_NOFOLLOW, 0, &e), -ELOOP);
    assert_int_equal(path_open_no_symlinks(root_fd, "/../outside/secret", O_PATH, 0, &e), -ENOENT);
    fd = path_open_no_symlinks(root_fd, "/dir/file", O_RDONLY, 0, &e);
    assert_true(fd >= 0 && is_same(fd, "root/dir/file"));
}

/* ---- making */

static void directories_are_made_and_found_again(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int made = -1, again = -1;
    struct stat st;

    (void)state;
    made = path_make_dirs(root_fd, "/a/./b//c/", 0750, &e);
    again = path_make_dirs(root_fd, "a/b/c", 0700, &e);
    assert_true(made >= 0 && is_same(made, "root/a/b/c"));
    assert_true(again >= 0 && is_same(again, "root/a/b/c"));
    assert_int_equal(fstat(made, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0750);
}

static void directories_are_made_behind_links_inside_the_root(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = -1, dangling = -1, relative = -1;

    (void)state;
    mkdir("root/run", 0755);
    mkdir("root/var", 0755);
    assert_int_equal(symlink("/run", "root/var/run"), 0);
    assert_int_equal(symlink("/later", "root/var/dangling"), 0);
    assert_int_equal(symlink("../deep/./er", "root/var/relative"), 0);
    fd = path_make_dirs(root_fd, "/var/run/x", 0755, &e);
    dangling = path_make_dirs(root_fd, "/var/dangling/y", 0755, &e);
    relative = path_make_dirs(root_fd, "/var/relative/z", 0755, &e);
    assert_true(fd >= 0 && is_same(fd, "root/run/x"));
    assert_true(dangling >= 0 && is_same(dangling, "root/later/y"));
    assert_true(relative >= 0 && is_same(relative, "root/deep/er/z"));
}

static void making_never_leaves_the_root(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int absolute = -1, relative = -1;
    char expected[300], cwd[200];

    (void)state;
    link_outside("root/absolute", "");
    assert_int_equal(symlink("../outside", "root/relative"), 0);
    absolute = path_make_dirs(root_fd, "absolute/made", 0755, &e);
    relative = path_make_dirs(root_fd, "relative/made", 0755, &e);
    assert_non_null(getcwd(cwd, sizeof(cwd)));
    snprintf(expected, sizeof(expected), "root%s/outside/made", cwd);
    assert_true(absolute >= 0 && is_same(absolute, expected));
    assert_true(relative >= 0 && is_same(relative, "root/outside/made"));
    assert_outside_untouched();
}

static void dot_dot_after_a_missing_directory_is_refused(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_true(path_make_dirs(root_fd, "missing/../../outside/made", 0755, &e) < 0);
    assert_says(&e, "\"..\" after a directory that does not exist");
    assert_outside_untouched();
}

static void a_file_in_the_way_is_an_error(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    make_file("root/file", "x");
    assert_int_equal(path_make_dirs(root_fd, "file/x", 0755, &e), -ENOTDIR);
    assert_int_equal(path_make_dirs(root_fd, "file", 0755, &e), -ENOTDIR);
}

static void names_too_long_are_refused(void **state)
{
    struct err e = ERR_INIT;
    char name[5000];

    (void)state;
    memset(name, 'x', sizeof(name) - 1);
    name[sizeof(name) - 1] = '\0';
    assert_true(path_make_dirs(root_fd, name, 0755, &e) < 0);
    name[300] = '\0';
    assert_true(path_make_dirs(root_fd, name, 0755, &e) < 0);
}

/* ---- mount targets */

static void targets_are_made_of_the_source_s_kind(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int dir = -1, file = -1;
    struct stat st;

    (void)state;
    dir = path_make_mount_target(root_fd, "/mnt/dir", true, &e);
    file = path_make_mount_target(root_fd, "/mnt/file", false, &e);
    assert_true(dir >= 0 && is_same(dir, "root/mnt/dir"));
    assert_true(file >= 0 && is_same(file, "root/mnt/file"));
    assert_int_equal(fstat(file, &st), 0);
    assert_true(S_ISREG(st.st_mode) && st.st_size == 0);
}

static void target_of_the_other_kind_is_an_error_that_says_so(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    mkdir("root/dir", 0755);
    make_file("root/file", "x");
    assert_int_equal(path_make_mount_target(root_fd, "/dir", false, &e), -ENOTDIR);
    assert_says(&e, "/dir is a directory in the container, but what is to be mounted there is a file");
    assert_int_equal(path_make_mount_target(root_fd, "/file", true, &e), -ENOTDIR);
    assert_says(&e, "are you trying to mount a directory onto a file (or vice versa)?");
}

static void root_itself_is_no_target(void **state)
{
    static const char *const names[] = {"/", "..", "/link", "/dir/.."};
    struct err e = ERR_INIT;

    (void)state;
    mkdir("root/dir", 0755);
    assert_int_equal(symlink("/../..", "root/link"), 0);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        assert_int_equal(path_make_mount_target(root_fd, names[i], true, &e), -EINVAL);
        assert_says(&e, "the root directory itself");
    }
}

static void file_target_behind_a_dangling_link_is_made_inside(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = -1;

    (void)state;
    assert_int_equal(symlink("../outside/made", "root/resolv.conf"), 0);
    fd = path_make_mount_target(root_fd, "/resolv.conf", false, &e);
    assert_true(fd >= 0 && is_same(fd, "root/outside/made"));
    assert_outside_untouched();
}

/* ---- an attacker at work */

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Exchanges `name`, whenever it exists, and a link to the outside, until it is killed. */
static pid_t start_swapper(const char *name, const char *below)
{
    pid_t parent = getpid(), pid = fork();

    if (pid != 0)
        return pid;
    while (getppid() == parent) {
        struct stat st;

        renameat2(AT_FDCWD, name, AT_FDCWD, "root/link", RENAME_EXCHANGE);
        if (lstat("root/link", &st) == 0 && S_ISREG(st.st_mode)) { /* a target was caught: a new link for the next */
            unlink("root/link");
            link_outside("root/link", below);
        }
    }
    _exit(0);
}

static void stop_swapper(pid_t swapper)
{
    assert_true(swapper > 0);
    kill(swapper, SIGKILL);
    waitpid(swapper, NULL, 0);
}

/* Makes targets for half a second. The number of those that were made; -1 when one of them lies outside, or is a link.
 * */
static int race(const char *const *names, size_t n_names)
{
    _cleanup_free_ char *root_path = realpath("root", NULL);
    double end = now() + 0.5;
    int made = 0;

    for (size_t i = 0; now() < end; i++) {
        struct err e = ERR_INIT;
        _cleanup_close_ int fd = path_make_mount_target(root_fd, names[i % n_names], false, &e);
        char where[300] = "";
        struct stat st;

        if (fd < 0)
            continue;
        made++;
        if (readlink(fd_path(fd).path, where, sizeof(where) - 1) < 0 || fstat(fd, &st) < 0 || S_ISLNK(st.st_mode) ||
            strncmp(where, root_path, strlen(root_path)) != 0)
            return -1;
        unlink("root/work/swap/made");
    }
    return made;
}

static void make_race_tree(const char *below)
{
    mkdir("root/work", 0755);
    mkdir("root/work/swap", 0755);
    link_outside("root/link", below);
}

/* CVE-2021-30465, CVE-2024-45310: a component of the target is now a directory, now a link out of the root. */
static void directory_swapped_for_a_link_leads_nowhere(void **state)
{
    static const char *const names[] = {"work/swap/made", "work/swap/../swap/made", "link/made"};
    pid_t swapper;
    int made;

    (void)state;
    make_race_tree("");
    swapper = start_swapper("root/work/swap", "");
    made = race(names, ARRAY_SIZE(names));
    stop_swapper(swapper);
    assert_true(made > 0);
    assert_outside_untouched();
}

/* The target itself is replaced just after it was made. */
static void file_swapped_for_a_link_is_not_followed(void **state)
{
    static const char *const names[] = {"work/swap/made"};
    pid_t swapper;
    int made;

    (void)state;
    make_race_tree("/secret");
    swapper = start_swapper("root/work/swap/made", "/secret");
    made = race(names, ARRAY_SIZE(names));
    stop_swapper(swapper);
    assert_true(made > 0);
    assert_outside_untouched();
}

/* ---- procfs */

static void procfs_is_proven(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int proc = path_open_procfs(&e);
    _cleanup_close_ int status = path_open_below_procfs(proc, "self/status", O_RDONLY, &e);
    struct statfs fs;

    (void)state;
    assert_true(proc >= 0 && status >= 0);
    assert_int_equal(fstatfs(status, &fs), 0);
    assert_int_equal(fs.f_type, PROC_SUPER_MAGIC);
    assert_true(path_open_below_procfs(proc, "self/exe", O_RDONLY, &e) < 0); /* a magic link */
    assert_true(path_open_below_procfs(proc, "../etc/passwd", O_RDONLY, &e) < 0);
}

/* In a mount namespace of a child: 0 when all is as it should be, else the number of what is not. */
static int check_overmounts(void)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int proc = -1;

    if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return 1;
    proc = path_open_procfs(&e);
    if (proc < 0 || mount("outside/secret", "/proc/self/status", NULL, MS_BIND, NULL) < 0)
        return 2;
    if (path_open_below_procfs(proc, "self/status", O_RDONLY, &e) != -EXDEV)
        return 3;
    if (mount("tmpfs", "/proc", "tmpfs", 0, NULL) < 0)
        return 4;
    if (path_open_procfs(&e) >= 0)
        return 5;
    return path_open_below_procfs(proc, "self/stat", O_RDONLY, &e) >= 0 ? 0 : 6;
}

static void procfs_fd_survives_mounts_over_proc(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    if (geteuid() != 0)
        skip();
    pid = fork();
    if (pid == 0)
        _exit(check_overmounts());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_tree(absolute_paths_and_links_are_relative_to_the_root),
        in_tree(dot_dot_stops_at_the_root),
        in_tree(absolute_link_does_not_leave_the_root),
        in_tree(link_loops_end),
        in_tree(no_symlinks_refuses_them_in_every_component),
        in_tree(directories_are_made_and_found_again),
        in_tree(directories_are_made_behind_links_inside_the_root),
        in_tree(making_never_leaves_the_root),
        in_tree(dot_dot_after_a_missing_directory_is_refused),
        in_tree(a_file_in_the_way_is_an_error),
        in_tree(names_too_long_are_refused),
        in_tree(targets_are_made_of_the_source_s_kind),
        in_tree(target_of_the_other_kind_is_an_error_that_says_so),
        in_tree(root_itself_is_no_target),
        in_tree(file_target_behind_a_dangling_link_is_made_inside),
        in_tree(directory_swapped_for_a_link_leads_nowhere),
        in_tree(file_swapped_for_a_link_is_not_followed),
        in_tree(procfs_is_proven),
        in_tree(procfs_fd_survives_mounts_over_proc),
    };

    umask(022);
    return cmocka_run_group_tests_name("kernel/path", tests, NULL, NULL);
}
