/*
 * Images made to get out. Each test gives one to the set-up and looks at the canary: ./canary, outside the root, which
 * the image's links aim at.
 */
#include "rootfs_box.h"

static struct box box;

static int open_box(void **state)
{
    (void)state;
    box_init(&box, true);
    box_root_dir(&box);
    put("canary/file", "alive");
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_release(&box);
    return 0;
}

#define in_box(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

static void assert_canary_lives(void)
{
    struct stat st;

    assert_true(file_says("canary/file", "alive"));
    assert_int_equal(stat("canary", &st), 0);
    assert_int_equal(st.st_nlink, 2);
    assert_int_equal(access("canary/made", F_OK), -1);
    assert_int_equal(access("canary/null", F_OK), -1);
    assert_int_equal(access("canary/ptmx", F_OK), -1);
}

static char canary[128];

static const char *canary_path(void)
{
    snprintf(canary, sizeof(canary), "%s/canary", box.dir);
    return canary;
}

/* ---- /proc, /sys, /dev that lead elsewhere: CVE-2019-19921, CVE-2023-27561, CVE-2026-41579 */

static const struct {
    const char *type, *target;
} real_targets[] = {{"proc", "/proc"}, {"sysfs", "/sys"}, {"dev", "/dev"}, {"tmpfs", "/dev"}};

static void kernel_targets_that_are_links_are_refused(void **state)
{
    const char *links[] = {canary_path(), "../canary", "/etc", "."};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(real_targets); i++) {
        for (size_t j = 0; j < ARRAY_SIZE(links); j++) {
            char name[64], text[128];

            snprintf(name, sizeof(name), "layer%s", real_targets[i].target);
            snprintf(text, sizeof(text), "%s is a symbolic link in the root file system", real_targets[i].target);
            assert_int_equal(symlink(links[j], name), 0);
            box.spec.n_mounts = 0;
            box_mount(&box, real_targets[i].type, "none", real_targets[i].target);
            box_run_refused(&box, text);
            assert_canary_lives();
            assert_int_equal(unlink(name), 0);
            rmdir("layer/dev"); /* made for the /dev that a spec without one gets */
        }
    }
}

static void dev_that_is_a_link_is_refused_also_when_the_spec_has_no_dev(void **state)
{
    (void)state;
    assert_int_equal(symlink(canary_path(), "layer/dev"), 0);
    box_run_refused(&box, "mount /dev: /dev is a symbolic link");
    assert_canary_lives();
}

static void proc_that_is_a_file_is_refused(void **state)
{
    (void)state;
    put("layer/proc", "");
    box_mount(&box, "proc", "proc", "/proc");
    box_run_refused(&box, "/proc is not a directory in the root file system");
}

/* ---- volume targets that lead elsewhere: CVE-2015-1335 and its many children */

static int volume_is_mounted_behind_the_link(struct box_result *r)
{
    EXPECT(file_says("/data/file", "volume"));
    return 0;
}

static void volume_targets_behind_links_stay_inside(void **state)
{
    char absolute[150];
    const char *links[] = {absolute, "../canary/made", "../../../../../canary/made", "/proc/../canary/made",
                           "loop/../made"};

    (void)state;
    snprintf(absolute, sizeof(absolute), "%s/made", canary_path());
    mkdir("volume", 0755);
    put("volume/file", "volume");
    mkdir("layer/loop", 0755);
    mkdir("layer/proc", 0755);
    box_mount(&box, "bind", box_path(&box, "volume"), "/data");
    for (size_t i = 0; i < ARRAY_SIZE(links); i++) {
        assert_int_equal(symlink(links[i], "layer/data"), 0);
        box_run(&box, volume_is_mounted_behind_the_link);
        assert_canary_lives();
        unlink("layer/data");
    }
}

static void link_loop_as_target_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(symlink("b", "layer/a"), 0);
    assert_int_equal(symlink("a", "layer/b"), 0);
    box_mount(&box, "tmpfs", "tmpfs", "/a/x");
    box_run_refused(&box, "mount tmpfs at /a/x: ");
    assert_says(&box.result->error, "Too many levels of symbolic links");
}

/* ---- mounts inside /proc: CVE-2019-16884 */

static void nothing_is_mounted_over_or_inside_proc(void **state)
{
    static const char *const targets[] = {
        "/proc",           "/proc/self/attr", "/proc/sys/kernel", "/etc/../proc/sys", "/link/sys/kernel",
        "/deep/link/attr", "/proc/version"};

    (void)state;
    assert_int_equal(symlink("/proc", "layer/link"), 0);
    mkdir("layer/deep", 0755);
    assert_int_equal(symlink("../proc/self", "layer/deep/link"), 0);
    put("file", "");
    box_mount(&box, "proc", "proc", "/proc");
    for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
        bool is_file = strcmp(targets[i], "/proc/version") == 0;

        box.spec.n_mounts = 1;
        memset(box.paths[1], 0, sizeof(box.paths[1]));
        if (is_file)
            box_mount(&box, "bind", box_path(&box, "file"), targets[i]);
        else
            box_mount(&box, "tmpfs", "tmpfs", targets[i]);
        box_run_refused(&box, "because it is inside /proc");
    }
}

static int memory_is_faked(struct box_result *r)
{
    EXPECT(file_says("/proc/meminfo", "MemTotal: 1 kB\n"));
    return 0;
}

static void lxcfs_files_may_be_mounted(void **state)
{
    (void)state;
    put("meminfo", "MemTotal: 1 kB\n");
    box_mount(&box, "proc", "proc", "/proc");
    box_mount(&box, "bind", box_path(&box, "meminfo"), "/proc/meminfo");
    box_run(&box, memory_is_faked);
}

/* ---- masks: CVE-2025-31133 */

static char *const version_only[] = {(char *)"/proc/version", NULL};

static void mask_wants_the_null_device(void **state)
{
    (void)state;
    box.spec.masked_paths = (char **)version_only;
    mkdir("dev", 0755);
    put("dev/null", "not a device");
    box_mount(&box, "proc", "proc", "/proc");
    box_mount(&box, "bind", box_path(&box, "dev"), "/dev");
    box_run_refused(&box, "mask /proc/version: /dev/null in the container is not the null device");
}

static void mask_does_not_follow_null(void **state)
{
    (void)state;
    box.spec.masked_paths = (char **)version_only;
    mkdir("dev", 0755);
    assert_int_equal(symlink("zero", "dev/null"), 0);
    box_mount(&box, "proc", "proc", "/proc");
    box_mount(&box, "bind", box_path(&box, "dev"), "/dev");
    box_run_refused(&box, "leads through, a symbolic link");
}

/* ---- the console: CVE-2025-52565 */

static int only_a_terminal_becomes_the_console(struct box_result *r)
{
    static const char *const impostors[] = {"/etc/name", "/dev/null", "/dev/tty", "/proc/version"};
    struct err e = ERR_INIT;

    for (size_t i = 0; i < ARRAY_SIZE(impostors); i++) {
        int fd = open(impostors[i], O_PATH);

        EXPECT(fd >= 0);
        EXPECT(rootfs_bind_console(fd, &e) < 0);
        EXPECT(strstr(e.text, "not a pseudo-terminal"));
    }
    EXPECT(access("/dev/console", F_OK) < 0);
    return 0;
}

static void add_terminals(struct box *b)
{
    static char *const data[] = {(char *)"newinstance", (char *)"ptmxmode=0666", NULL};

    box_mount(b, "proc", "proc", "/proc");
    box_mount(b, "dev", "dev", "/dev");
    box_mount(b, "devpts", "devpts", "/dev/pts")->data = (char **)data;
}

static void console_must_be_a_terminal(void **state)
{
    (void)state;
    add_terminals(&box);
    box_run(&box, only_a_terminal_becomes_the_console);
}

static int terminal_becomes_the_console(struct box_result *r)
{
    struct err e = ERR_INIT;
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    int slave;
    struct stat st;

    EXPECT(master >= 0 && unlockpt(master) == 0);
    slave = open("/dev/pts/0", O_RDWR | O_NOCTTY);
    EXPECT(slave >= 0);
    EXPECT(rootfs_bind_console(slave, &e) == 0);
    EXPECT(stat("/dev/console", &st) == 0 && S_ISCHR(st.st_mode) && major(st.st_rdev) == 136);
    return 0;
}

static int console_link_is_refused(struct box_result *r)
{
    EXPECT(symlink("/etc/name", "/dev/console") == 0);
    EXPECT(terminal_becomes_the_console(r) < 0);
    EXPECT(file_says("/etc/name", "bottom"));
    r->line = 0;
    return 0;
}

static void console_is_bound_and_its_target_not_followed(void **state)
{
    (void)state;
    add_terminals(&box);
    box_run(&box, terminal_becomes_the_console);
    box_run(&box, console_link_is_refused);
}

/* ---- tmpcopyup from a hostile directory */

static int copied_and_not_followed(struct box_result *r)
{
    char target[200];
    struct stat st;

    EXPECT(file_says("/data/file", "text"));
    EXPECT(stat("/data/file", &st) == 0 && st.st_uid == 33 && (st.st_mode & 07777) == 0640);
    EXPECT(file_says("/data/sub/deep", "deep") && stat("/data/sub", &st) == 0 && (st.st_mode & 07777) == 0711);
    EXPECT(readlink("/data/link", target, sizeof(target)) > 0);
    EXPECT(lstat("/data/fifo", &st) < 0 && lstat("/data/node", &st) < 0);
    EXPECT(stat("/data", &st) == 0 && (st.st_mode & 07777) == 0751);
    put("/data/new", "only in the tmpfs");
    return 0;
}

static void copy_up_takes_files_and_follows_nothing(void **state)
{
    (void)state;
    mkdir("layer/data", 0755);
    chmod("layer/data", 0751);
    mkdir("layer/data/sub", 0755);
    chmod("layer/data/sub", 0711);
    put("layer/data/file", "text");
    put("layer/data/sub/deep", "deep");
    assert_int_equal(chmod("layer/data/file", 0640) | chown("layer/data/file", 33, 33), 0);
    assert_int_equal(symlink(canary_path(), "layer/data/link"), 0);
    assert_int_equal(mkfifo("layer/data/fifo", 0644) | mknod("layer/data/node", S_IFCHR | 0666, makedev(1, 5)), 0);
    box_mount(&box, "tmpfs", "tmpfs", "/data")->copy_up = true;
    box_run(&box, copied_and_not_followed);
    assert_int_equal(access("layer/data/new", F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_box(kernel_targets_that_are_links_are_refused),
        in_box(dev_that_is_a_link_is_refused_also_when_the_spec_has_no_dev),
        in_box(proc_that_is_a_file_is_refused),
        in_box(volume_targets_behind_links_stay_inside),
        in_box(link_loop_as_target_is_an_error),
        in_box(nothing_is_mounted_over_or_inside_proc),
        in_box(lxcfs_files_may_be_mounted),
        in_box(mask_wants_the_null_device),
        in_box(mask_does_not_follow_null),
        in_box(console_must_be_a_terminal),
        in_box(console_is_bound_and_its_target_not_followed),
        in_box(copy_up_takes_files_and_follows_nothing),
    };

    umask(022);
    return cmocka_run_group_tests_name("runtime/rootfs_hostile", tests, box_enter_namespace, NULL);
}
