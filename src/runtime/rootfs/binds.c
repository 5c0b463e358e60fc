#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "runtime/rootfs/parts.h"

int idmap_apply(int mnt_fd, int userns_fd, bool recursive, const char *what, const char *advice, struct err *e)
{
    struct mount_change change = {.propagation = MS_PRIVATE, .userns_fd = userns_fd, .recursive = recursive};
    struct err why = ERR_INIT;

    if (userns_fd < 0 || mount_change(mnt_fd, &change, &why) == 0)
        return 0;
    /* EINVAL: overlayfs, nfs, fuse, procfs … have no idmapped mounts; EPERM: the mount is idmapped already. */
    if (why.code != EINVAL && why.code != EPERM)
        return err_set(e, why.kind, why.code, "%s: %s", what, why.text);
    err_set(e, ERR_UNSUPPORTED, why.code, "%s is on a file system whose ids cannot be mapped into a user namespace",
            what);
    return err_advice(e, "%s", advice);
}

int mount_finish(int mnt_fd, const struct spec_mount *m, int userns_fd, struct err *e)
{
    struct mount_change top = {.attr_set = m->attr_set, .attr_clear = m->attr_clear, .userns_fd = -1};
    struct mount_change all = {
        .attr_set = m->attr_recursive,
        .attr_clear = m->attr_recursive_clear,
        .propagation = m->propagation ? m->propagation & ~(uint64_t)MS_REC : MS_PRIVATE,
        .userns_fd = -1,
        .recursive = m->recursive || m->attr_recursive || m->attr_recursive_clear,
    };
    int r = 0;

    if (m->idmap)
        r = idmap_apply(mnt_fd, userns_fd, m->recursive, m->source ? m->source : m->target,
                        "use --userns host, or the volume option noidmap (files then belong to nobody inside)", e);
    if (r == 0)
        r = mount_change(mnt_fd, &all, e);
    return r == 0 ? mount_change(mnt_fd, &top, e) : r;
}

/* "/proc/self/fd/N" of a mount that was detached in another mount namespace: the kernel copies no such mount (EINVAL), but it
 * is what a copy would be. */
static int take_detached(const char *source)
{
    char *end;
    const char *number = strncmp(source, "/proc/self/fd/", 14) == 0 ? source + 14 : "";
    long fd = strtol(number, &end, 10);

    return *number && !*end ? fcntl((int)fd, F_DUPFD_CLOEXEC, 0) : -1;
}

int bind_prepare(const struct spec_mount *m, int userns_fd, struct err *e)
{
    struct err why = ERR_INIT;
    _cleanup_close_ int fd = mount_clone(AT_FDCWD, m->source, m->recursive, true, &why);

    if (fd < 0 && why.code == EINVAL)
        fd = take_detached(m->source);
    if (fd < 0 && why.code == ENOENT)
        return err_set(e, ERR_NOT_FOUND, ENOENT, "bind source path does not exist: %s", m->source);
    if (fd < 0)
        return err_set(e, why.kind, why.code, "%s", why.text);
    if (mount_finish(fd, m, userns_fd, e) < 0)
        return err_to_errno(e);
    return TAKE_FD(fd);
}
