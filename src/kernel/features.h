/*
 * What this kernel and this process can do, probed once on first use and cached for the process's life. Probes are
 * cheap system calls with arguments that fail differently when the feature exists; nothing is created.
 */
#ifndef SAMPAN_KERNEL_FEATURES_H
#define SAMPAN_KERNEL_FEATURES_H

#include <stdbool.h>

enum kernel_feature {
    FEATURE_CLONE_INTO_CGROUP,    /* 5.7, and a cgroup v2 mount */
    FEATURE_MOUNT_SETATTR,        /* 5.12: idmapped mounts */
    FEATURE_OVERLAY_LOWERDIR_ADD, /* 6.5: fsconfig lowerdir+ */
    FEATURE_TIME_NS,              /* 5.6 */
    FEATURE_SECCOMP_FILTER,
    FEATURE_LANDLOCK,
    FEATURE_USER_NS,
    FEATURE_COUNT,
};

bool kernel_has(enum kernel_feature f);
const char *kernel_feature_name(enum kernel_feature f);

/* True when the effective set has the capability (linux/capability.h number). */
bool process_has_cap(int cap);

#endif
