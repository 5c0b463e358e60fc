/* What is mounted in the root: devices, volumes, the kernel's file systems, masks; and the attributes it has. */
#include "rootfs_box.h"

#include <sys/statvfs.h>

#include "runtime/cgroup/cgroup.h"

static struct box box;

static int open_box(void **state)
{
    (void)state;
    box_init(&box, true);
    box_root_dir(&box);
    box_mount(&box, "proc", "proc", "/proc");
    return 0;
}

static int close_box(void **state)
{
    (void)state;
    box_release(&box);
    return 0;
}

#define in_box(test) cmocka_unit_test_setup_teardown(test, open_box, close_box)

static unsigned long flags_of(const char *path)
{
    struct statvfs st;

    return statvfs(path, &st) == 0 ? st.f_flag : ~0UL;
}

static bool is_device(const char *path, mode_t type, unsigned maj, unsigned min)
{
    struct stat st;

    return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == type && st.st_rdev == makedev(maj, min);
}

static bool links_to(const char *path, const char *wanted)
{
    char target[100] = "";

    return readlink(path, target, sizeof(target) - 1) > 0 && strcmp(target, wanted) == 0;
}

/* ---- /dev */

static int default_devices_work(struct box_result *r)
{
    char zeros[4] = "abc";

    EXPECT(is_device("/dev/null", S_IFCHR, 1, 3) && is_device("/dev/zero", S_IFCHR, 1, 5));
    EXPECT(is_device("/dev/full", S_IFCHR, 1, 7) && is_device("/dev/random", S_IFCHR, 1, 8));
    EXPECT(is_device("/dev/urandom", S_IFCHR, 1, 9) && is_device("/dev/tty", S_IFCHR, 5, 0));
    EXPECT(read(open("/dev/zero", O_RDONLY), zeros, 4) == 4 && memcmp(zeros, "\0\0\0\0", 4) == 0);
    EXPECT(write(open("/dev/full", O_WRONLY), "x", 1) < 0 && errno == ENOSPC);
    EXPECT(links_to("/dev/fd", "/proc/self/fd") && links_to("/dev/ptmx", "pts/ptmx"));
    EXPECT(links_to("/dev/stdin", "/proc/self/fd/0") && links_to("/dev/stderr", "/proc/self/fd/2"));
    EXPECT((flags_of("/dev") & (ST_NOSUID | ST_NODEV)) == ST_NOSUID);
    EXPECT(mknod("/dev/mine", S_IFCHR | 0666, makedev(1, 1)) < 0); /* no more of them from inside */
    return 0;
}

static void dev_is_there_even_when_the_spec_has_none(void **state)
{
    (void)state;
    box_run(&box, default_devices_work);
    assert_int_equal(access("layer/dev/null", F_OK), -1); /* not in the image */
    box_mount(&box, "tmpfs", "tmpfs", "/dev")->attr_set = MOUNT_ATTR_NOSUID;
    box_run(&box, default_devices_work);
}

static int own_devices_are_there(struct box_result *r)
{
    struct stat st;

    EXPECT(is_device("/dev/net/tun", S_IFCHR, 10, 200) && is_device("/dev/disk", S_IFBLK, 7, 0));
    EXPECT(stat("/dev/net/tun", &st) == 0 && (st.st_mode & 07777) == 0620 && st.st_uid == 0 && st.st_gid == 5);
    EXPECT(is_device("/dev/null", S_IFCHR, 1, 5)); /* the spec's, not the default */
    EXPECT(is_device("/opt/zero", S_IFCHR, 1, 5) && open("/opt/zero", O_RDONLY) >= 0);
    return 0;
}

static void devices_of_the_spec_are_made(void **state)
{
    struct spec_device devices[] = {
        {.path = (char *)"/dev/net/tun", .type = 'c', .major = 10, .minor = 200, .mode = 0620, .gid = 5},
        {.path = (char *)"/dev/disk", .type = 'b', .major = 7, .minor = 0, .mode = 0600},
        {.path = (char *)"/dev/null", .type = 'c', .major = 1, .minor = 5, .mode = 0666},
        {.path = (char *)"/opt/zero", .type = 'c', .major = 1, .minor = 5, .host_path = (char *)"/dev/zero"},
    };

    (void)state;
    box.spec.devices = devices;
    box.spec.n_devices = ARRAY_SIZE(devices);
    box_run(&box, own_devices_are_there);
    devices[3].minor = 3;
    box_run_refused(&box, "device /opt/zero: /dev/zero on the host is not device c 1:3");
}

static int dev_is_sealed(struct box_result *r)
{
    EXPECT(open("/dev/new", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS);
    EXPECT(access("/dev/later/file", F_OK) == 0);
    EXPECT(open("/dev/null", O_WRONLY) >= 0);
    return 0;
}

static void read_only_dev_still_gets_its_targets(void **state)
{
    (void)state;
    box_mount(&box, "dev", "dev", "/dev")->attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
    box_mount(&box, "bind", box_path(&box, "layer/etc"), "/dev/later");
    put("layer/etc/file", "");
    box_run(&box, dev_is_sealed);
}

/* ---- the kernel's file systems */

static int group_of_terminals_is_root(struct box_result *r)
{
    int master = open("/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    struct stat st;

    EXPECT(master >= 0 && stat("/dev/pts/0", &st) == 0);
    EXPECT(st.st_gid == 0 && (st.st_mode & 0777) == 0620);
    return 0;
}

static void terminals_need_no_mapping_for_group_5(void **state)
{
    static char *const data[] = {(char *)"newinstance", (char *)"ptmxmode=0666", (char *)"mode=0620", (char *)"gid=5",
                                 NULL};

    (void)state;
    box.n_ids = 1;
    box_mount(&box, "devpts", "devpts", "/dev/pts")->data = (char **)data;
    box_run(&box, group_of_terminals_is_root);
}

static int host_proc_and_net_are_shown(struct box_result *r)
{
    char name[64];

    snprintf(name, sizeof(name), "/proc/%d/status", getppid());
    EXPECT(getppid() > 1 && access(name, F_OK) == 0);
    EXPECT(flags_of("/sys") & ST_RDONLY);
    EXPECT(access("/sys/fs/cgroup/memory", F_OK) < 0 && access("/sys/class/net/lo", F_OK) == 0);
    return 0;
}

/* The pid namespace is the host's, the user namespace is not: the shim mounts proc, because the init may not. */
static void host_namespaces_with_a_user_namespace(void **state)
{
    (void)state;
    box.spec.ns[NS_PID].mode = box.spec.ns[NS_NET].mode = SPEC_NS_INHERIT;
    box_mount(&box, "sysfs", "sysfs", "/sys")->attr_set = MOUNT_ATTR_RDONLY;
    box.shared = CLONE_NEWPID | CLONE_NEWNET;
    box_run(&box, host_proc_and_net_are_shown);
}

/* ---- cgroups */

static struct cgroup cgroup;

static int enter_cgroup(struct err *e)
{
    if (cgroup_join_self(&cgroup, false, e) < 0)
        return -1;
    return unshare(CLONE_NEWCGROUP) == 0 ? 0 : err_sys(e, "unshare the cgroup namespace");
}

/* What is at the root of each hierarchy is the container's own cgroup: it is a member, and there is nothing to write.
 * */
static int is_own_cgroup(struct box_result *r, const char *path)
{
    char name[100];

    snprintf(name, sizeof(name), "%s/cgroup.procs", path);
    EXPECT(file_says(name, "1\n"));
    snprintf(name, sizeof(name), "%s/x", path);
    EXPECT(mkdir(name, 0755) < 0 && errno == EROFS);
    return 0;
}

static int cgroups_are_its_own(struct box_result *r)
{
    const struct cgroup_layout *layout = cgroup_layout();
    char path[100];
    int n = 0;

    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        if (cgroup.v1_fd[i] < 0)
            continue;
        snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", layout->v1_name[i]);
        if (is_own_cgroup(r, path) < 0)
            return -1;
        n++;
    }
    if (cgroup.v2_fd >= 0 && is_own_cgroup(r, n ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup") < 0)
        return -1;
    EXPECT(n > 0 || cgroup.v2_fd >= 0);
    EXPECT(flags_of("/sys/fs/cgroup") & ST_RDONLY);
    return 0;
}

static void cgroup_namespace_shows_its_own_cgroup(void **state)
{
    struct err e = ERR_INIT;
    char path[64];

    (void)state;
    snprintf(path, sizeof(path), "/sampan-unit-%d", getpid());
    box.spec.cgroup_path = path;
    box.spec.ns[NS_CGROUP].mode = SPEC_NS_NEW;
    if (cgroup_create(&box.spec, &cgroup, &e) < 0)
        fail_msg("%s", e.text);
    box.before_enter = enter_cgroup;
    box_mount(&box, "sysfs", "sysfs", "/sys")->attr_set = MOUNT_ATTR_RDONLY;
    box_mount(&box, "cgroup", "cgroup", "/sys/fs/cgroup")->attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID;
    bool done = box_try(&box, cgroups_are_its_own);
    assert_int_equal(cgroup_remove(path, &e), 0);
    cgroup_release(&cgroup);
    if (!done)
        fail_msg("line %d, inside: %s; %s", box.result->line, box.result->check, box.result->error.text);
}

static int host_cgroups_cannot_be_written(struct box_result *r)
{
    EXPECT(access("/sys/fs/cgroup", W_OK) < 0 && errno == EROFS);
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        char path[100];

        snprintf(path, sizeof(path), "/sys/fs/cgroup/%s", cgroup_layout()->v1_name[i]);
        EXPECT(cgroup_layout()->v1_fd[i] < 0 || (access(path, W_OK) < 0 && errno == EROFS));
    }
    return 0;
}

/* CVE-2023-25809: also what is mounted below /sys/fs/cgroup is read-only. */
static void host_cgroup_namespace_is_read_only(void **state)
{
    (void)state;
    box.userns = false;
    box.spec.ns[NS_USER].mode = SPEC_NS_INHERIT;
    box_mount(&box, "sysfs", "sysfs", "/sys");
    box_mount(&box, "cgroup", "cgroup", "/sys/fs/cgroup")->attr_set = MOUNT_ATTR_RDONLY;
    box_run(&box, host_cgroups_cannot_be_written);
}

static int tmpfs_is_as_asked(struct box_result *r)
{
    struct statvfs st;
    struct stat dir;

    EXPECT(statvfs("/run", &st) == 0 && st.f_blocks * st.f_frsize == 65536);
    EXPECT((st.f_flag & (ST_NOSUID | ST_NODEV | ST_NOEXEC)) == (ST_NOSUID | ST_NODEV | ST_NOEXEC));
    EXPECT(stat("/run", &dir) == 0 && (dir.st_mode & 07777) == 0700 && dir.st_uid == 33);
    EXPECT(stat("/www", &dir) == 0 && (dir.st_mode & 07777) == 01777); /* of the directory below */
    EXPECT(open("/www/x", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS);
    return 0;
}

static void tmpfs_has_its_options(void **state)
{
    static char *const data[] = {(char *)"size=64k", (char *)"mode=0700", (char *)"uid=33", NULL};
    struct spec_mount *m = box_mount(&box, "tmpfs", "tmpfs", "/run");

    (void)state;
    m->attr_set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
    m->data = (char **)data;
    assert_int_equal(chmod("layer/www", 01777), 0);
    box_mount(&box, "tmpfs", "tmpfs", "/www")->attr_set = MOUNT_ATTR_RDONLY;
    box_run(&box, tmpfs_is_as_asked);
}

static void bad_option_is_named_in_the_kernel_s_words(void **state)
{
    static char *const data[] = {(char *)"size=lots", NULL};

    (void)state;
    box_mount(&box, "tmpfs", "tmpfs", "/run")->data = (char **)data;
    box_run_refused(&box, "mount tmpfs at /run: mount tmpfs: option size=lots (");
}

static void unknown_file_system_is_named(void **state)
{
    (void)state;
    box_mount(&box, "nosuchfs", "none", "/run");
    box_run_refused(&box, "mount nosuchfs: this kernel has no such file system");
}

/* ---- volumes */

static int volume_is_mapped(struct box_result *r)
{
    struct stat st;

    EXPECT(stat("/data/file", &st) == 0 && st.st_uid == 33 && st.st_gid == 33);
    put("/data/new", "x");
    EXPECT(chown("/data/new", 1000, 1000) == 0);
    EXPECT(open("/ro/new", O_WRONLY | O_CREAT, 0644) < 0 && errno == EROFS);
    EXPECT((flags_of("/ro") & (ST_RDONLY | ST_NOEXEC)) == (ST_RDONLY | ST_NOEXEC));
    EXPECT(file_says("/etc/one", "one"));
    EXPECT(stat("/unmapped/file", &st) == 0 && st.st_uid == 65534);
    return 0;
}

static void volumes_are_mapped_and_have_their_attributes(void **state)
{
    struct spec_mount *m;
    struct stat st;

    (void)state;
    mkdir("volume", 0777);
    put("volume/file", "x");
    put("one", "one");
    assert_int_equal(chown("volume/file", 33, 33), 0);
    box_mount(&box, "bind", box_path(&box, "volume"), "/data")->idmap = true;
    m = box_mount(&box, "bind", box_path(&box, "volume"), "/ro");
    m->idmap = true;
    m->attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOEXEC;
    box_mount(&box, "bind", box_path(&box, "one"), "/etc/one");
    box_mount(&box, "bind", box_path(&box, "volume"), "/unmapped");
    box_run(&box, volume_is_mapped);
    assert_int_equal(stat("volume/new", &st), 0);
    assert_int_equal(st.st_uid, 1000);
}

static void volume_that_cannot_be_mapped_names_the_way_out(void **state)
{
    (void)state;
    box_mount(&box, "bind", "/proc/self", "/data")->idmap = true;
    box_run_refused(&box, "mount /data: /proc/self is on a file system whose ids cannot be mapped");
    assert_says(&box.result->error, "--userns host, or the volume option noidmap");
}

static void missing_source_is_named(void **state)
{
    (void)state;
    box_mount(&box, "bind", "/no/such/source", "/data");
    box_run_refused(&box, "mount /data: bind source path does not exist: /no/such/source");
    assert_int_equal(box.result->error.kind, ERR_NOT_FOUND);
}

static void directory_on_a_file_is_refused(void **state)
{
    (void)state;
    box_mount(&box, "bind", box_path(&box, "canary"), "/etc/name");
    box_run_refused(&box, "are you trying to mount a directory onto a file");
}

/* ---- masks and read-only paths */

static char *const masked[] = {(char *)"/proc/version",
                               (char *)"/proc/timer_list",
                               (char *)"/proc/bus",
                               (char *)"/proc/fs",
                               (char *)"/proc/none",
                               (char *)"/etc/name/below-a-file",
                               NULL};
static char *const readonly[] = {(char *)"/proc/sys", (char *)"/www", (char *)"/proc/none", NULL};

static bool is_empty_dir(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_nlink == 2 && (flags_of(path) & ST_RDONLY);
}

static int masks_hold(struct box_result *r)
{
    EXPECT(is_device("/proc/version", S_IFCHR, 1, 3) && is_device("/proc/timer_list", S_IFCHR, 1, 3));
    EXPECT(is_empty_dir("/proc/bus") && is_empty_dir("/proc/fs"));
    EXPECT(mkdir("/proc/fs/x", 0755) < 0 && errno == EROFS);
    EXPECT(file_says("/etc/name", "bottom"));
    EXPECT(flags_of("/proc/sys") & ST_RDONLY);
    EXPECT(open("/www/page", O_WRONLY) < 0 && errno == EROFS);
    EXPECT(open("/etc/name", O_WRONLY) >= 0);
    return 0;
}

static void masked_paths_show_nothing(void **state)
{
    (void)state;
    box.spec.masked_paths = (char **)masked;
    box.spec.readonly_paths = (char **)readonly;
    box_run(&box, masks_hold);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_box(dev_is_there_even_when_the_spec_has_none),
        in_box(devices_of_the_spec_are_made),
        in_box(read_only_dev_still_gets_its_targets),
        in_box(terminals_need_no_mapping_for_group_5),
        in_box(host_namespaces_with_a_user_namespace),
        in_box(cgroup_namespace_shows_its_own_cgroup),
        in_box(host_cgroup_namespace_is_read_only),
        in_box(tmpfs_has_its_options),
        in_box(bad_option_is_named_in_the_kernel_s_words),
        in_box(unknown_file_system_is_named),
        in_box(volumes_are_mapped_and_have_their_attributes),
        in_box(volume_that_cannot_be_mapped_names_the_way_out),
        in_box(missing_source_is_named),
        in_box(directory_on_a_file_is_refused),
        in_box(masked_paths_show_nothing),
    };

    umask(022);
    return cmocka_run_group_tests_name("runtime/rootfs_mounts", tests, box_enter_namespace, NULL);
}
