/*
 * The new mount API (fsopen, open_tree, mount_setattr, move_mount; Linux 5.2 to 5.12, lowerdir+ 6.5) with errors that
 * carry the kernel's own words: fsopen contexts keep a log ("overlay: No changes allowed in …"), which is read into e.
 *
 * A detached mount is an fd of a mount that is attached nowhere; it vanishes with its last fd, so a crash leaves none.
 * Privilege: CAP_SYS_ADMIN in the user namespace that owns the mount namespace; idmaps also need it over the
 * file system's own user namespace (mount_setattr(2)).
 */
#ifndef SAMPAN_KERNEL_MOUNT_H
#define SAMPAN_KERNEL_MOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* One option of a new file system. */
struct mount_param {
    const char *key;
    const char *value; /* NULL: a flag */
    int fd;            /* used as the value when value is NULL and fd >= 0 (FSCONFIG_SET_FD); else -1 */
};

/* Makes a new superblock of `type` and returns its detached mount's fd. attr: MOUNT_ATTR_* of fsmount(2). */
int mount_new(const char *type, const struct mount_param *params, size_t n_params, uint64_t attr, struct err *e);

/* As mount_new, but does FSCONFIG_CMD_CREATE with fsuid and fsgid set to the given ids, which an overlay whose layers
 * are idmapped needs: with unmapped ids it silently turns read-only. Needs CAP_SETUID and CAP_SETGID. */
int mount_new_as(const char *type, const struct mount_param *params, size_t n_params, uint64_t attr, uid_t fsuid,
                 gid_t fsgid, struct err *e);

/* mount(2), attached at `target`, with mount_new_as's credentials: for kernels whose overlay takes neither fds nor
 * detached mounts (before 6.15). Only for a private mount namespace. */
int mount_old_as(const char *type, const char *target, const char *options, uid_t fsuid, gid_t fsgid, struct err *e);

/* A detached copy of the mount(s) at path: a bind mount before it is attached. Final symlinks are followed only with
 * `follow`. path may be "" with dir_fd the thing itself. */
int mount_clone(int dir_fd, const char *path, bool recursive, bool follow, struct err *e);

/* Changes a detached or attached mount. 0 fields mean no change. userns_fd >= 0 idmaps it (only while detached). */
struct mount_change {
    uint64_t attr_set;
    uint64_t attr_clear;
    uint64_t propagation; /* MS_PRIVATE, MS_SLAVE, MS_SHARED or 0 */
    int userns_fd;        /* -1: none */
    bool recursive;
};
int mount_change(int mnt_fd, const struct mount_change *c, struct err *e);

/* Attaches a detached mount at the place that target_fd (O_PATH) is; never by path, so no symlink can redirect it. */
int mount_attach(int mnt_fd, int target_fd, struct err *e);

#endif
