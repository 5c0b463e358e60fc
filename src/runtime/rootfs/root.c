#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "runtime/rootfs/parts.h"

/* Engines that chown an image's files to the container's ids (or mapped them already) hand over a directory that
 * belongs to the container's root; it is used as it is. */
static bool belongs_to_container(const struct spec *spec, int fd)
{
    struct stat st;

    return fstat(fd, &st) == 0 && st.st_uid == spec_id_to_host(&spec->uid_maps, 0);
}

/* A bind of one directory: an OCI bundle's rootfs, or the only layer of a root without a writable one. */
static int directory_prepare(const struct spec *spec, const char *path, bool recursive, bool readonly, int userns_fd,
                             struct err *e)
{
    _cleanup_close_ int fd = mount_clone(AT_FDCWD, path, recursive, true, e);
    struct mount_change change = {
        .attr_set = readonly ? MOUNT_ATTR_RDONLY : 0,
        .propagation = MS_PRIVATE,
        .userns_fd = -1,
        .recursive = recursive,
    };
    int r = fd;

    if (r >= 0 && !belongs_to_container(spec, fd))
        r = idmap_apply(fd, userns_fd, recursive, path, "use --userns host", e);
    if (r >= 0)
        r = mount_change(fd, &change, e);
    return r < 0 ? r : TAKE_FD(fd);
}

static int layers_prepare(const struct spec *spec, int userns_fd, struct overlay **ret_overlay, struct err *e)
{
    struct overlay *overlay;
    int r;

    /* An overlay without an upper layer needs two lower ones. */
    if (!spec->root.upper && !spec->root.layers[1])
        return directory_prepare(spec, spec->root.layers[0], false, true, userns_fd, e);
    *ret_overlay = overlay = malloc(sizeof(*overlay));
    if (!overlay)
        return err_set(e, ERR_SYS, ENOMEM, "open the layers");
    r = overlay_open(spec, userns_fd, overlay, e);
    return r < 0 ? r : overlay_mount(overlay, e);
}

int root_prepare(const struct spec *spec, int userns_fd, struct overlay **ret_overlay, struct err *e)
{
    int fd;

    if (spec->root.path)
        fd = directory_prepare(spec, spec->root.path, true, false, spec->root.keeps_ids ? -1 : userns_fd, e);
    else if (spec->root.layers && spec->root.layers[0])
        fd = layers_prepare(spec, userns_fd, ret_overlay, e);
    else
        return err_invalid(e, "the root file system has neither a directory nor layers");
    return fd >= 0 ? fd : err_context(e, "prepare the root file system");
}
