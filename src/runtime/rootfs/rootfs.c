#include "runtime/rootfs/rootfs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/fd.h"
#include "base/strv.h"
#include "runtime/rootfs/parts.h"

/*
 * The slots of struct rootfs_fds, the same on both sides because both read the same spec:
 *   0                       the root
 *   1 … n_mounts            the spec's mounts
 *   SLOT_DEV                /dev, when the spec has none
 *   after it                the spec's devices
 */
enum { SLOT_ROOT = 0, SLOT_MOUNTS = 1 };

static size_t slot_dev(const struct spec *spec)
{
    return SLOT_MOUNTS + spec->n_mounts;
}

static size_t slot_devices(const struct spec *spec)
{
    return slot_dev(spec) + 1;
}

static size_t slot_count(const struct spec *spec)
{
    return slot_devices(spec) + spec->n_devices;
}

static bool slot_is_prepared(const struct spec *spec, size_t slot)
{
    if (slot == SLOT_ROOT)
        return true;
    if (slot < slot_dev(spec))
        return mount_is_prepared(spec, &spec->mounts[slot - SLOT_MOUNTS]);
    if (slot == slot_dev(spec))
        return dev_is_implied(spec);
    return device_is_bind(&spec->devices[slot - slot_devices(spec)]);
}

/* ---- the set of fds */

static int fds_init(const struct spec *spec, struct rootfs_fds *f, struct err *e)
{
    *f = (struct rootfs_fds){.v = malloc(slot_count(spec) * sizeof(*f->v)), .n = slot_count(spec)};
    if (!f->v)
        return err_set(e, ERR_SYS, ENOMEM, "prepare the root file system");
    for (size_t i = 0; i < f->n; i++)
        f->v[i] = -1;
    return 0;
}

void rootfs_fds_release(struct rootfs_fds *f)
{
    for (size_t i = 0; f->v && i < f->n; i++)
        fd_close(&f->v[i]);
    free(f->v);
    overlay_free(f->overlay);
    *f = (struct rootfs_fds){.v = NULL};
}

size_t rootfs_fds_pack(const struct rootfs_fds *f, int *packed)
{
    size_t n = 0;

    for (size_t i = 0; i < f->n; i++)
        if (f->v[i] >= 0)
            packed[n++] = f->v[i];
    return n;
}

int rootfs_fds_unpack(const struct spec *spec, const int *packed, size_t n, struct rootfs_fds *ret, struct err *e)
{
    size_t used = 0;
    int r = fds_init(spec, ret, e);

    for (size_t i = 0; r == 0 && i < ret->n; i++)
        if (slot_is_prepared(spec, i) && used < n)
            ret->v[i] = packed[used++];
    for (size_t i = 0; r == 0 && i < ret->n; i++)
        if (slot_is_prepared(spec, i) && ret->v[i] < 0)
            used = n + 1;
    if (r == 0 && used != n)
        return err_set(e, ERR_INTERNAL, 0, "the shim prepared %zu mounts, which is not what the spec asks for", n);
    return r;
}

/* ---- outside */

static int mount_prepare(const struct spec *spec, const struct spec_mount *m, int userns_fd, struct err *e)
{
    int fd;

    if (dev_is_ours(m))
        fd = dev_prepare(spec, m, userns_fd, e);
    else if (strcmp(m->type, "bind") == 0)
        fd = bind_prepare(m, userns_fd, e);
    else
        fd = kernel_fs_prepare(spec, m, userns_fd, e);
    return fd >= 0 ? fd : err_context(e, "mount %s", m->target);
}

static int slot_prepare(const struct spec *spec, size_t slot, int userns_fd, struct rootfs_fds *f, struct err *e)
{
    if (slot == SLOT_ROOT)
        return root_prepare(spec, userns_fd, &f->overlay, e);
    if (slot < slot_dev(spec))
        return mount_prepare(spec, &spec->mounts[slot - SLOT_MOUNTS], userns_fd, e);
    if (slot == slot_dev(spec))
        return dev_prepare(spec, NULL, userns_fd, e);
    return device_bind_prepare(&spec->devices[slot - slot_devices(spec)], e);
}

int rootfs_prepare(const struct spec *spec, int userns_fd, struct rootfs_fds *ret, struct err *e)
{
    _cleanup_(rootfs_fds_release) struct rootfs_fds fds = {.v = NULL};
    int r = fds_init(spec, &fds, e);

    for (size_t i = 0; r == 0 && i < fds.n; i++)
        if (slot_is_prepared(spec, i) && (fds.v[i] = slot_prepare(spec, i, userns_fd, &fds, e)) < 0)
            r = fds.v[i];
    if (r < 0)
        return r;
    *ret = fds;
    fds = (struct rootfs_fds){.v = NULL};
    return 0;
}

/* ---- inside */

static int mounts_place(const struct spec *spec, struct rootfs_fds *fds, struct err *e)
{
    int root = fds->v[SLOT_ROOT];

    for (size_t i = 0; i < spec->n_mounts; i++) {
        const struct spec_mount *m = &spec->mounts[i];
        int *fd = &fds->v[SLOT_MOUNTS + i];
        int r = *fd >= 0 ? target_attach(root, m->target, mount_target_is_real(m), *fd, e)
                         : kernel_fs_place(spec, m, root, fd, e);

        if (r == 0 && dev_is_ours(m))
            r = dev_bind_missing(spec, *fd, e);
        if (r < 0)
            return err_context(e, "mount %s at %s", m->type, m->target);
    }
    return 0;
}

static int implied_dev_place(const struct spec *spec, const struct rootfs_fds *fds, struct err *e)
{
    int fd = fds->v[slot_dev(spec)];

    if (fd >= 0 && (target_attach(fds->v[SLOT_ROOT], "/dev", true, fd, e) < 0 || dev_bind_missing(spec, fd, e) < 0))
        return err_context(e, "mount /dev");
    return 0;
}

static int devices_place(const struct spec *spec, const struct rootfs_fds *fds, struct err *e)
{
    for (size_t i = 0; i < spec->n_devices; i++) {
        int fd = fds->v[slot_devices(spec) + i];

        if (fd >= 0 && target_attach(fds->v[SLOT_ROOT], spec->devices[i].path, false, fd, e) < 0)
            return err_context(e, "device %s", spec->devices[i].path);
    }
    return 0;
}

/* What had to stay writable until everything was mounted in it. */
static int late_readonly(const struct spec *spec, const struct rootfs_fds *fds, struct err *e)
{
    const struct mount_change readonly = {.attr_set = MOUNT_ATTR_RDONLY, .userns_fd = -1};

    for (size_t i = 0; i < spec->n_mounts; i++)
        if (mount_is_late_readonly(&spec->mounts[i]) && mount_change(fds->v[SLOT_MOUNTS + i], &readonly, e) < 0)
            return err_context(e, "make %s read-only", spec->mounts[i].target);
    return 0;
}

static int root_propagation(const struct spec *spec, int root_fd, struct err *e)
{
    const struct mount_change change = {
        .propagation = spec->root.propagation & ~(uint64_t)MS_REC,
        .userns_fd = -1,
        .recursive = (spec->root.propagation & MS_REC) != 0,
    };

    return mount_change(root_fd, &change, e) < 0 ? err_context(e, "rootfsPropagation") : 0;
}

static int enter(const struct spec *spec, struct rootfs_fds *fds, struct err *e)
{
    int root = fds->v[SLOT_ROOT];
    int r = 0;

    if (spec->ns[NS_MOUNT].mode != SPEC_NS_NEW)
        return err_invalid(e, "a container needs a mount namespace of its own");
    r = pivot_isolate(e);
    if (r == 0)
        r = pivot_attach_root(root, e);
    if (r == 0)
        r = implied_dev_place(spec, fds, e);
    if (r == 0)
        r = mounts_place(spec, fds, e);
    if (r == 0)
        r = devices_place(spec, fds, e);
    if (r == 0)
        r = late_readonly(spec, fds, e);
    if (r == 0)
        r = pivot_into(root, e);
    return r == 0 ? root_propagation(spec, root, e) : r;
}

int rootfs_enter(const struct spec *spec, struct rootfs_fds *fds, struct err *e)
{
    int r = enter(spec, fds, e);

    rootfs_fds_release(fds);
    return r;
}

int rootfs_seal(const struct spec *spec, struct err *e)
{
    _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const struct mount_change readonly = {.attr_set = MOUNT_ATTR_RDONLY, .userns_fd = -1};
    int r;

    if (root < 0)
        return err_sys(e, "open /");
    r = masks_apply(root, spec->masked_paths, e);
    if (r == 0)
        r = readonly_paths_apply(root, spec->readonly_paths, e);
    if (r == 0 && spec->root.readonly && mount_change(root, &readonly, e) < 0)
        r = err_context(e, "make the root file system read-only");
    return r;
}
