/* The life of a root file system: what it is made of, who owns what in it, what stays of the host. */
#include "rootfs_box.h"

#include "runtime/rootfs/parts.h"

static struct box box;

static void add_kernel_mounts(struct box *b)
{
    static char *const pts_data[] = {(char *)"newinstance", (char *)"ptmxmode=0666", (char *)"mode=0620",
                                     (char *)"gid=5", NULL};
    static char *const shm_data[] = {(char *)"mode=1777", (char *)"size=65536k", NULL};

    box_mount(b, "proc", "proc", "/proc")->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    box_mount(b, "dev", "tmpfs", "/dev")->attr_set = MOUNT_ATTR_NOSUID;
    box_mount(b, "devpts", "devpts", "/dev/pts")->data = (char **)pts_data;
    box_mount(b, "mqueue", "mqueue", "/dev/mqueue");
    box_mount(b, "tmpfs", "shm", "/dev/shm")->data = (char **)shm_data;
    box_mount(b, "sysfs", "sysfs", "/sys")->attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
}

static bool is_owned_by(const char *path, uid_t uid)
{
    struct stat st;

    return lstat(path, &st) == 0 && st.st_uid == uid && st.st_gid == uid;
}

static bool has_mode(const char *path, mode_t mode)
{
    struct stat st;

    return lstat(path, &st) == 0 && (st.st_mode & 07777) == mode;
}

/* ---- a whole one */

static int whole_root_stands(struct box_result *r)
{
    char cwd[100];

    EXPECT(getcwd(cwd, sizeof(cwd)) && strcmp(cwd, "/") == 0);
    EXPECT(file_says("/etc/name", "bottom"));
    EXPECT(count_mounts() == 7); /* the root and the six of the spec: nothing of the host's */
    EXPECT(access("/tmp", F_OK) < 0);
    EXPECT(access("/proc/1/status", F_OK) == 0 && getpid() == 1);
    EXPECT(access("/proc/2", F_OK) < 0);
    EXPECT(open("/sys/kernel/uevent_seqnum", O_WRONLY) < 0);
    EXPECT(has_mode("/dev/shm", 01777) && has_mode("/dev", 0755));
    EXPECT(open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0 && access("/dev/pts/0", F_OK) == 0);
    EXPECT(open("/dev/null", O_RDWR) >= 0 && open("/dev/urandom", O_RDONLY) >= 0);
    return 0;
}

static void root_of_a_directory(void **state)
{
    (void)state;
    box_init(&box, false);
    box_root_dir(&box);
    add_kernel_mounts(&box);
    box_run(&box, whole_root_stands);
    box_release(&box);
}

static int ids_are_the_ones_on_disk(struct box_result *r)
{
    if (whole_root_stands(r) < 0)
        return -1;
    EXPECT(is_owned_by("/etc/name", 0) && is_owned_by("/www/page", 33));
    EXPECT(is_owned_by("/", 0) && is_owned_by("/dev/null", 0) && is_owned_by("/dev", 0) && is_owned_by("/dev/shm", 0));
    put("/etc/mine", "new");
    EXPECT(chown("/etc/mine", 1000, 1000) == 0 && is_owned_by("/etc/mine", 1000));
    EXPECT(chmod("/www/page", 0600) == 0); /* copied up, its owner kept */
    EXPECT(is_owned_by("/www/page", 33));
    EXPECT(mkdir("/dev/net", 0755) == 0);
    return 0;
}

static void overlay_under_a_user_namespace_keeps_the_ids_on_disk(void **state)
{
    (void)state;
    box_init(&box, true);
    box_root_layers(&box, true);
    add_kernel_mounts(&box);
    box_run(&box, ids_are_the_ones_on_disk);
    assert_true(is_owned_by("upper/etc/mine", 1000));
    assert_true(is_owned_by("upper/www/page", 33));
    assert_true(is_owned_by("upper/etc", 0));
    assert_true(file_says("layer/etc/name", "bottom") && has_mode("layer/www/page", 0644));
    box_release(&box);
}

static void directory_under_a_user_namespace_keeps_the_ids_on_disk(void **state)
{
    (void)state;
    box_init(&box, true);
    box_root_dir(&box);
    add_kernel_mounts(&box);
    box_run(&box, ids_are_the_ones_on_disk);
    assert_true(is_owned_by("layer/etc/mine", 1000));
    box_release(&box);
}

static int root_owns_the_root(struct box_result *r)
{
    EXPECT(is_owned_by("/", 0) && is_owned_by("/www/page", 65534)); /* page was not chowned */
    put("/new", "x");
    return 0;
}

static void directory_that_was_chowned_is_not_mapped_again(void **state)
{
    struct spec_id_map map = {.container_id = 0, .host_id = BOX_FIRST_ID, .size = 65536};

    (void)state;
    box_init(&box, true);
    box_root_dir(&box);
    box.spec.uid_maps = box.spec.gid_maps = (struct spec_id_maps){.v = &map, .n = 1};
    assert_int_equal(chown("layer", BOX_FIRST_ID, BOX_FIRST_ID), 0);
    box_run(&box, root_owns_the_root);
    assert_true(is_owned_by("layer/new", BOX_FIRST_ID));
    box_release(&box);
}

/* ---- layers */

static int first_run_writes(struct box_result *r)
{
    EXPECT(file_says("/etc/name", "top"));
    put("/etc/kept", "kept");
    return 0;
}

static int second_run_reads(struct box_result *r)
{
    EXPECT(file_says("/etc/kept", "kept"));
    put("/etc/more", "more");
    return 0;
}

static void add_top_layer(struct box *b)
{
    assert_int_equal(mkdir("top", 0755) | mkdir("top/etc", 0755), 0);
    put("top/etc/name", "top");
    b->layers[1] = b->layers[0];
    b->layers[0] = box_path(b, "top");
}

/* The mark of a volatile overlay, work/incompat/volatile, would make the second mount fail. */
static void container_can_be_started_again(void **state)
{
    (void)state;
    box_init(&box, true);
    box_root_layers(&box, true);
    add_top_layer(&box);
    box_run(&box, first_run_writes);
    assert_int_equal(access("work/work/incompat/volatile", F_OK), 0);
    box_run(&box, second_run_reads);
    assert_true(file_says("upper/etc/more", "more"));
    box_release(&box);
}

static int nothing_can_be_written(struct box_result *r)
{
    EXPECT(open("/etc/new", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS);
    EXPECT(is_owned_by("/www/page", 33));
    return 0;
}

static void root_without_a_writable_layer_is_read_only(void **state)
{
    (void)state;
    box_init(&box, true);
    box_root_layers(&box, false);
    mkdir("layer/dev", 0755);
    box_run(&box, nothing_can_be_written);
    add_top_layer(&box);
    box_run(&box, nothing_can_be_written);
    box_release(&box);
}

static int read_only_but_for_dev(struct box_result *r)
{
    EXPECT(open("/etc/new", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS);
    EXPECT(open("/dev/new", O_WRONLY | O_CREAT, 0644) >= 0);
    return 0;
}

static void read_only_root_has_its_targets_made_before(void **state)
{
    (void)state;
    box_init(&box, true);
    box_root_layers(&box, true);
    add_kernel_mounts(&box);
    box.spec.root.readonly = true;
    box_run(&box, read_only_but_for_dev);
    box_release(&box);
}

/* The way for kernels before 6.15, in a process of its own, from whose mount namespace it has to come back. */
static int mount_staged(const struct spec *spec)
{
    struct err e = ERR_INIT;
    struct overlay o;
    char before[64] = "", after[64] = "", cwd[100], page[10] = "";
    int fd, file;

    if (readlink("/proc/self/ns/mnt", before, sizeof(before) - 1) < 0 || overlay_open(spec, -1, &o, &e) < 0)
        return 1;
    fd = overlay_mount_staged(&o, &e);
    if (fd < 0) {
        fprintf(stderr, "%s\n", e.text);
        return 2;
    }
    if (readlink("/proc/self/ns/mnt", after, sizeof(after) - 1) < 0 || strcmp(before, after) != 0)
        return 3;
    file = openat(fd, "www/page", O_RDONLY);
    if (file < 0 || read(file, page, 9) != 4 || strcmp(page, "page") != 0)
        return 4;
    if (faccessat(fd, "etc/kept", F_OK, 0) == 0 || mkdirat(fd, "etc/made", 0755) < 0)
        return 5;
    return getcwd(cwd, sizeof(cwd)) && strcmp(cwd, box.dir) == 0 ? 0 : 6;
}

static void overlay_mounts_by_names_on_older_kernels(void **state)
{
    int status;
    pid_t pid;

    (void)state;
    box_init(&box, false);
    box_root_layers(&box, true);
    add_top_layer(&box);
    pid = fork();
    if (pid == 0)
        _exit(mount_staged(&box.spec));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(access("upper/etc/made", F_OK), 0);
    box_release(&box);
}

static void upper_and_work_must_be_neighbours(void **state)
{
    (void)state;
    box_init(&box, false);
    box_root_layers(&box, true);
    assert_int_equal(mkdir("elsewhere", 0755) | mkdir("elsewhere/work", 0755), 0);
    box.spec.root.work = box_path(&box, "elsewhere/work");
    box_run_refused(&box, "must be in one directory");
    box_release(&box);
}

/* ---- refusals */

static void host_mount_namespace_is_refused(void **state)
{
    (void)state;
    box_init(&box, false);
    box_root_dir(&box);
    box.spec.ns[NS_MOUNT].mode = SPEC_NS_INHERIT;
    box_run_refused(&box, "a container needs a mount namespace of its own");
    box_release(&box);
}

static void missing_root_is_named(void **state)
{
    (void)state;
    box_init(&box, false);
    box.spec.root.path = box_path(&box, "missing");
    box_run_refused(&box, "prepare the root file system: bind /tmp/sampan-box-");
    assert_says(&box.result->error, "No such file or directory");
    box_release(&box);
}

static void fds_that_do_not_fit_the_spec_are_refused(void **state)
{
    const int fds[] = {100, 101, 102, 103};
    struct rootfs_fds out;
    struct err e = ERR_INIT;

    (void)state;
    box_init(&box, false);
    box_root_dir(&box);
    box_mount(&box, "proc", "proc", "/proc");
    box_mount(&box, "bind", "/x", "/x");
    for (size_t n = 0; n <= 4; n++) { /* the root, the bind, and a /dev, since the spec has none: three */
        int result = rootfs_fds_unpack(&box.spec, fds, n, &out, &e);

        assert_int_equal(result, n == 3 ? 0 : -EPROTO);
        if (result == 0) {
            assert_int_equal(out.v[0], 100);
            assert_int_equal(out.v[1], -1); /* proc is made inside */
            assert_int_equal(out.v[2], 101);
            assert_int_equal(out.v[3], 102);
        }
        free(out.v);
    }
    box_release(&box);
}

/* ---- propagation */

static int mounts_stay_inside(struct box_result *r)
{
    EXPECT(mount("tmpfs", "/www", "tmpfs", 0, NULL) == 0);
    put("/www/inside", "x");
    return 0;
}

static void what_is_mounted_inside_is_not_seen_outside(void **state)
{
    int before;

    (void)state;
    box_init(&box, false);
    box_root_dir(&box);
    before = count_mounts();
    box_run(&box, mounts_stay_inside);
    assert_int_equal(access("layer/www/inside", F_OK), -1);
    assert_int_equal(count_mounts(), before);
    box_release(&box);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(root_of_a_directory),
        cmocka_unit_test(overlay_under_a_user_namespace_keeps_the_ids_on_disk),
        cmocka_unit_test(directory_under_a_user_namespace_keeps_the_ids_on_disk),
        cmocka_unit_test(directory_that_was_chowned_is_not_mapped_again),
        cmocka_unit_test(container_can_be_started_again),
        cmocka_unit_test(root_without_a_writable_layer_is_read_only),
        cmocka_unit_test(read_only_root_has_its_targets_made_before),
        cmocka_unit_test(overlay_mounts_by_names_on_older_kernels),
        cmocka_unit_test(upper_and_work_must_be_neighbours),
        cmocka_unit_test(host_mount_namespace_is_refused),
        cmocka_unit_test(missing_root_is_named),
        cmocka_unit_test(fds_that_do_not_fit_the_spec_are_refused),
        cmocka_unit_test(what_is_mounted_inside_is_not_seen_outside),
    };

    umask(022);
    return cmocka_run_group_tests_name("runtime/rootfs", tests, box_enter_namespace, NULL);
}
