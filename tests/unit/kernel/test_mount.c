/*
 * Mounts are made in a mount namespace that the group's set-up enters; the test program keeps it to itself, and it ends
 * with the program.
 */
#include "base/unit.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/mount.h"

static const struct mount_param small[] = {{.key = "size", .value = "64k", .fd = -1},
                                           {.key = "mode", .value = "0700", .fd = -1}};

static int enter_namespace(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        fprintf(stderr, "these tests make mounts and need root\n");
        exit(77); /* skipped, to Meson */
    }
    return unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ? 0 : -1;
}

static int count_mounts(void)
{
    _cleanup_free_ char *text = NULL;
    int n = 0;

    assert_int_equal(file_read(AT_FDCWD, "/proc/self/mountinfo", 1000000, &text, NULL, NULL), 0);
    for (const char *p = text; (p = strchr(p, '\n')); p++)
        n++;
    return n;
}

static int new_tmpfs(uint64_t attr)
{
    struct err e = ERR_INIT;
    int fd = mount_new("tmpfs", small, ARRAY_SIZE(small), attr, &e);

    if (fd < 0)
        fail_msg("%s", e.text);
    return fd;
}

static unsigned long flags_of(int fd)
{
    struct statvfs st;

    assert_int_equal(fstatvfs(fd, &st), 0);
    return st.f_flag;
}

/* ---- new ones */

static void new_mount_is_detached_and_as_asked(void **state)
{
    int before = count_mounts();
    _cleanup_close_ int fd = new_tmpfs(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    struct statvfs st;
    struct stat root;

    (void)state;
    assert_int_equal(count_mounts(), before);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fstatvfs(fd, &st), 0);
    assert_int_equal(st.f_blocks * st.f_frsize, 65536);
    assert_int_equal(st.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RDONLY), ST_NOSUID | ST_NODEV);
    assert_int_equal(fstat(fd, &root), 0);
    assert_int_equal(root.st_mode & 07777, 0700);
}

static void errors_carry_the_kernel_s_words(void **state)
{
    const struct mount_param bad = {.key = "size", .value = "lots", .fd = -1};
    const struct mount_param unknown = {.key = "colour", .fd = -1};
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(mount_new("tmpfs", &bad, 1, 0, &e), -EINVAL);
    assert_string_equal(e.text, "mount tmpfs: option size=lots (tmpfs: Bad value for 'size'): Invalid argument");
    assert_int_equal(mount_new("tmpfs", &unknown, 1, 0, &e), -EINVAL);
    assert_says(&e, "option colour (tmpfs: Unknown parameter 'colour')");
    assert_int_equal(mount_new("overlay", NULL, 0, 0, &e), -EINVAL); /* no option at fault: it has no layers */
    assert_string_equal(e.text, "mount overlay: Invalid argument");
    assert_int_equal(mount_new("nosuchfs", NULL, 0, 0, &e), -ENODEV);
    assert_int_equal(e.kind, ERR_UNSUPPORTED);
}

static void mount_as_somebody_gives_the_ids_back(void **state)
{
    const struct mount_param bad = {.key = "source", .value = "none", .fd = -1};
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = mount_new_as("ramfs", NULL, 0, 0, 1234, 4321, &e);
    struct stat st;

    (void)state;
    assert_true(fd >= 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_uid, 1234); /* a ramfs belongs to who made it */
    assert_int_equal(st.st_gid, 4321);
    assert_true(mount_new_as("overlay", &bad, 1, 0, 1234, 4321, &e) < 0); /* fails in the middle */
    assert_int_equal(setfsuid((uid_t)-1), 0);
    assert_int_equal(setfsgid((gid_t)-1), 0);
    assert_int_equal(prctl(PR_GET_SECUREBITS), 0);
    assert_int_equal(faccessat(AT_FDCWD, "/root", W_OK, AT_EACCESS), 0); /* the capabilities of a root's fsuid, too */
}

/* ---- clones */

static void clone_is_recursive_when_asked(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int outer = new_tmpfs(0), inner = new_tmpfs(0), target = -1, one = -1, all = -1;

    (void)state;
    assert_int_equal(mkdirat(inner, "deep", 0755), 0);
    assert_int_equal(mkdirat(outer, "sub", 0755), 0);
    target = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mount_attach(outer, target, &e), 0);
    fd_close(&target);
    target = openat(outer, "sub", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(mount_attach(inner, target, &e), 0);
    one = mount_clone(outer, "", false, false, &e);
    all = mount_clone(outer, "", true, false, &e);
    assert_int_equal(faccessat(one, "sub/deep", F_OK, 0), -1);
    assert_int_equal(faccessat(all, "sub/deep", F_OK, 0), 0);
    assert_int_equal(umount2(".", MNT_DETACH), 0);
}

static void clone_follows_the_last_link_only_when_asked(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int followed = -1, link = -1;
    struct stat st;

    (void)state;
    assert_int_equal(mkdir("dir", 0755), 0);
    assert_int_equal(symlink("dir", "link"), 0);
    followed = mount_clone(AT_FDCWD, "link", false, true, &e);
    link = mount_clone(AT_FDCWD, "link", false, false, &e);
    assert_int_equal(fstat(followed, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(fstat(link, &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(mount_clone(AT_FDCWD, "missing", false, true, &e), -ENOENT);
    assert_string_equal(e.text, "bind missing: No such file or directory");
    unlink("link");
    rmdir("dir");
}

/* ---- changes */

static void attributes_are_set_and_cleared(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = new_tmpfs(MOUNT_ATTR_NOEXEC);
    struct mount_change change = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOATIME, .attr_clear = MOUNT_ATTR_NOEXEC, .userns_fd = -1};
    struct mount_change nothing = {.userns_fd = -1};

    (void)state;
    assert_int_equal(mount_change(fd, &change, &e), 0);
    assert_int_equal(flags_of(fd) & (ST_RDONLY | ST_NOATIME | ST_NOEXEC), ST_RDONLY | ST_NOATIME);
    assert_int_equal(mkdirat(fd, "x", 0755), -1);
    assert_int_equal(errno, EROFS);
    assert_int_equal(mount_change(-1, &nothing, &e), 0); /* not even a system call */
}

/* A user namespace in which 0 is 1000; the process that made it is gone, the fd keeps it. */
static int new_userns(void)
{
    int ready[2], hold[2], fd;
    char path[64];
    pid_t pid;

    assert_int_equal(pipe2(ready, O_CLOEXEC) | pipe2(hold, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        char c;

        close(hold[1]);
        if (unshare(CLONE_NEWUSER) == 0 && write(ready[1], "x", 1) == 1)
            (void)!read(hold[0], &c, 1);
        _exit(0);
    }
    assert_int_equal(read(ready[0], path, 1), 1);
    for (int i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "/proc/%d/%s", pid, i ? "gid_map" : "uid_map");
        assert_int_equal(file_write_existing(AT_FDCWD, path, "0 1000 1\n", NULL), 0);
    }
    snprintf(path, sizeof(path), "/proc/%d/ns/user", pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        close(ready[i]);
        close(hold[i]);
    }
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    return fd;
}

static void ids_are_mapped(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = new_tmpfs(0), proc = mount_new("proc", NULL, 0, 0, &e), userns = new_userns();
    struct mount_change change = {.userns_fd = userns};
    struct stat st;

    (void)state;
    assert_int_equal(mkdirat(fd, "dir", 0755), 0);
    assert_int_equal(mount_change(fd, &change, &e), 0);
    assert_int_equal(fstatat(fd, "dir", &st, 0), 0);
    assert_int_equal(st.st_uid, 1000);
    assert_int_equal(mount_change(proc, &change, &e), -EINVAL);
    assert_says(&e, "map the mount's ids");
}

/* ---- attaching */

static void attach_follows_no_link(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int fd = new_tmpfs(0), link = -1;

    (void)state;
    assert_int_equal(symlink("/etc", "link"), 0);
    link = open("link", O_PATH | O_NOFOLLOW | O_CLOEXEC);
    assert_true(link >= 0);
    assert_true(mount_attach(fd, link, &e) < 0);
    unlink("link");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(new_mount_is_detached_and_as_asked),
        cmocka_unit_test(errors_carry_the_kernel_s_words),
        cmocka_unit_test(mount_as_somebody_gives_the_ids_back),
        in_temporary_dir(clone_is_recursive_when_asked),
        in_temporary_dir(clone_follows_the_last_link_only_when_asked),
        cmocka_unit_test(attributes_are_set_and_cleared),
        cmocka_unit_test(ids_are_mapped),
        in_temporary_dir(attach_follows_no_link),
    };

    umask(022);
    return cmocka_run_group_tests_name("kernel/mount", tests, enter_namespace, NULL);
}
