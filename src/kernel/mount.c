#include "kernel/mount.h"

#include <fcntl.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/securebits.h>

#include "base/fd.h"

#ifndef MOUNT_ATTR__ATIME
#define MOUNT_ATTR__ATIME 0x00000070
#endif

enum { FS_LOG_MAX = 256 };

/* ---- new file systems */

/* The kernel's own words about a failed step: fs contexts queue lines "e overlay: No changes allowed in …". The last
 * error line is kept without its mark; "" when there is none. */
static void read_fs_log(int fs_fd, char log[FS_LOG_MAX])
{
    char line[FS_LOG_MAX];
    ssize_t n;

    log[0] = '\0';
    while ((n = read(fs_fd, line, sizeof(line) - 1)) > 0) {
        line[n] = '\0';
        line[strcspn(line, "\n")] = '\0';
        if (line[0] == 'e' && line[1] == ' ')
            memcpy(log, line + 2, (size_t)n - 1);
    }
}

static int fs_error(int fs_fd, int code, const char *type, const char *step, struct err *e)
{
    char log[FS_LOG_MAX];

    read_fs_log(fs_fd, log);
    if (log[0])
        return err_set(e, ERR_SYS, code, "%s %s (%s)", step, type, log);
    return err_set(e, ERR_SYS, code, "%s %s", step, type);
}

static int set_param(int fs_fd, const char *type, const struct mount_param *p, struct err *e)
{
    int r;

    if (p->value)
        r = fsconfig(fs_fd, FSCONFIG_SET_STRING, p->key, p->value, 0);
    else if (p->fd >= 0)
        r = fsconfig(fs_fd, FSCONFIG_SET_FD, p->key, NULL, p->fd);
    else
        r = fsconfig(fs_fd, FSCONFIG_SET_FLAG, p->key, NULL, 0);
    if (r == 0)
        return 0;

    int code = errno;
    char log[FS_LOG_MAX];

    read_fs_log(fs_fd, log);
    return err_set(e, ERR_SYS, code, "mount %s: option %s%s%s%s%s%s", type, p->key, p->value ? "=" : "",
                   p->value ? p->value : "", log[0] ? " (" : "", log, log[0] ? ")" : "");
}

static int open_fs(const char *type, const struct mount_param *params, size_t n_params, struct err *e)
{
    _cleanup_close_ int fs_fd = fsopen(type, FSOPEN_CLOEXEC);
    int r = 0;

    if (fs_fd < 0 && errno == ENODEV)
        return err_set(e, ERR_UNSUPPORTED, ENODEV, "mount %s: this kernel has no such file system", type);
    if (fs_fd < 0)
        return err_sys(e, "mount %s: fsopen", type);
    for (size_t i = 0; r == 0 && i < n_params; i++)
        r = set_param(fs_fd, type, &params[i], e);
    return r < 0 ? r : TAKE_FD(fs_fd);
}

static int create_fs(int fs_fd, const char *type, struct err *e)
{
    if (fsconfig(fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
        return fs_error(fs_fd, errno, type, "mount", e);
    return 0;
}

/* What mount_new_as changes of the process, to be put back. */
struct fs_ids {
    uid_t uid;
    gid_t gid;
    int securebits;
};

static void fs_ids_leave(const struct fs_ids *old)
{
    setfsuid(old->uid);
    setfsgid(old->gid);
    prctl(PR_SET_SECUREBITS, (unsigned long)old->securebits);
}

/* SECBIT_NO_SETUID_FIXUP keeps CAP_DAC_OVERRIDE, CAP_CHOWN … in the effective set when fsuid leaves 0: the new file
 * system remembers these credentials and acts with them for as long as it lives. */
static int fs_ids_enter(uid_t uid, gid_t gid, struct fs_ids *old, struct err *e)
{
    old->securebits = prctl(PR_GET_SECUREBITS);
    if (prctl(PR_SET_SECUREBITS, (unsigned long)old->securebits | SECBIT_NO_SETUID_FIXUP) < 0)
        return err_sys(e, "keep capabilities while mounting");
    old->gid = (gid_t)setfsgid(gid);
    old->uid = (uid_t)setfsuid(uid);
    /* They report no errors; a second call tells what holds. */
    if ((uid_t)setfsuid((uid_t)-1) == uid && (gid_t)setfsgid((gid_t)-1) == gid)
        return 0;
    fs_ids_leave(old);
    return err_set(e, ERR_DENIED, EPERM, "act as user %u and group %u while mounting", uid, gid);
}

static int attach_nowhere(int fs_fd, const char *type, uint64_t attr, struct err *e)
{
    int fd = fsmount(fs_fd, FSMOUNT_CLOEXEC, (unsigned)attr);

    return fd >= 0 ? fd : fs_error(fs_fd, errno, type, "mount", e);
}

int mount_new(const char *type, const struct mount_param *params, size_t n_params, uint64_t attr, struct err *e)
{
    _cleanup_close_ int fs_fd = open_fs(type, params, n_params, e);
    int r = fs_fd < 0 ? fs_fd : create_fs(fs_fd, type, e);

    return r < 0 ? r : attach_nowhere(fs_fd, type, attr, e);
}

int mount_new_as(const char *type, const struct mount_param *params, size_t n_params, uint64_t attr, uid_t fsuid,
                 gid_t fsgid, struct err *e)
{
    _cleanup_close_ int fs_fd = open_fs(type, params, n_params, e);
    struct fs_ids old;
    int r = fs_fd;

    if (r < 0)
        return r;
    r = fs_ids_enter(fsuid, fsgid, &old, e);
    if (r < 0)
        return r;
    r = create_fs(fs_fd, type, e);
    fs_ids_leave(&old);
    return r < 0 ? r : attach_nowhere(fs_fd, type, attr, e);
}

int mount_old_as(const char *type, const char *target, const char *options, uid_t fsuid, gid_t fsgid, struct err *e)
{
    struct fs_ids old;
    int r = fs_ids_enter(fsuid, fsgid, &old, e);

    if (r < 0)
        return r;
    if (mount(type, target, type, 0, options) < 0)
        r = err_sys(e, "mount %s (%s)", type, options);
    fs_ids_leave(&old);
    return r;
}

/* ---- mounts that exist */

int mount_clone(int dir_fd, const char *path, bool recursive, bool follow, struct err *e)
{
    unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    int fd;

    flags |= recursive ? AT_RECURSIVE : 0;
    flags |= follow ? 0 : AT_SYMLINK_NOFOLLOW;
    flags |= path[0] == '\0' ? AT_EMPTY_PATH : 0;
    fd = open_tree(dir_fd, path, flags);
    return fd >= 0 ? fd : err_sys(e, "bind %s", path[0] ? path : "an open file");
}

int mount_change(int mnt_fd, const struct mount_change *c, struct err *e)
{
    struct mount_attr attr = {
        .attr_set = c->attr_set | (c->userns_fd >= 0 ? MOUNT_ATTR_IDMAP : 0),
        .attr_clr = c->attr_clear,
        .propagation = c->propagation,
        .userns_fd = c->userns_fd >= 0 ? (unsigned)c->userns_fd : 0,
    };

    /* The atime settings are one field of three bits: it is set by clearing it whole first (mount_setattr(2)). */
    if ((attr.attr_set | attr.attr_clr) & MOUNT_ATTR__ATIME)
        attr.attr_clr |= MOUNT_ATTR__ATIME;
    if (!attr.attr_set && !attr.attr_clr && !attr.propagation)
        return 0;
    if (mount_setattr(mnt_fd, "", AT_EMPTY_PATH | (c->recursive ? AT_RECURSIVE : 0), &attr, sizeof(attr)) < 0)
        return err_sys(e, c->userns_fd >= 0 ? "map the mount's ids" : "change the mount's attributes");
    return 0;
}

int mount_attach(int mnt_fd, int target_fd, struct err *e)
{
    if (move_mount(mnt_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0)
        return err_sys(e, "attach the mount");
    return 0;
}
