#include "kernel/features.h"

#include <fcntl.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <linux/magic.h>
#include <stdio.h>
#include <sys/syscall.h>

#include "base/fd.h"
#include "kernel/syscalls.h"

/* ---- probes: each true when the feature is there ---- */

static bool has_proc_file(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Both places where distributions mount it: alone, and beside version 1. */
static bool probe_clone_into_cgroup(void)
{
    static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    struct statfs fs;

    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (statfs(places[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
            return true;
    }
    return false;
}

/* A bad fd is looked at after the flags: EBADF says that the call exists. */
static bool probe_mount_setattr(void)
{
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};

    return syscall(SYS_mount_setattr, -1, "", AT_EMPTY_PATH, &attr, sizeof(attr)) < 0 && errno != ENOSYS;
}

/* lowerdir+ shows only in an overlay that is being configured, so the version is asked instead. */
static bool probe_overlay_lowerdir_add(void)
{
    struct utsname name;
    int major;
    int minor;

    if (uname(&name) < 0 || sscanf(name.release, "%d.%d", &major, &minor) != 2)
        return false;
    return major > 6 || (major == 6 && minor >= 5);
}

static bool probe_time_ns(void)
{
    return has_proc_file("/proc/self/ns/time");
}

/* A NULL program is looked at after mode and flags: EFAULT says that filters exist. */
static bool probe_seccomp_filter(void)
{
    return sys_seccomp(SECCOMP_SET_MODE_FILTER, 0, NULL) < 0 && errno == EFAULT;
}

static bool probe_landlock(void)
{
    return syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION) > 0;
}

static bool probe_user_ns(void)
{
    return has_proc_file("/proc/self/ns/user");
}

struct feature {
    const char *name;
    bool (*probe)(void);
};

static const struct feature features[FEATURE_COUNT] = {
    [FEATURE_CLONE_INTO_CGROUP] = {"clone into a cgroup", probe_clone_into_cgroup},
    [FEATURE_MOUNT_SETATTR] = {"idmapped mounts", probe_mount_setattr},
    [FEATURE_OVERLAY_LOWERDIR_ADD] = {"overlay layers by fd", probe_overlay_lowerdir_add},
    [FEATURE_TIME_NS] = {"time namespaces", probe_time_ns},
    [FEATURE_SECCOMP_FILTER] = {"seccomp filters", probe_seccomp_filter},
    [FEATURE_LANDLOCK] = {"landlock", probe_landlock},
    [FEATURE_USER_NS] = {"user namespaces", probe_user_ns},
};

/* The one cache in the layer: what the kernel can do does not change while a process lives. */
bool kernel_has(enum kernel_feature f)
{
    static enum { UNKNOWN, ABSENT, PRESENT } known[FEATURE_COUNT];

    if (known[f] == UNKNOWN)
        known[f] = features[f].probe() ? PRESENT : ABSENT;
    return known[f] == PRESENT;
}

const char *kernel_feature_name(enum kernel_feature f)
{
    return features[f].name;
}

bool process_has_cap(int cap)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

    if (cap < 0 || cap >= 32 * _LINUX_CAPABILITY_U32S_3 || sys_capget(&header, data) < 0)
        return false;
    return (data[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap)) != 0;
}
