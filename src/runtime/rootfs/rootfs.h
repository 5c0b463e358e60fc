/*
 * The container's file system, in two halves.
 *
 * Outside (rootfs_prepare, in the shim, which still has the host's privileges): everything that comes from the host is
 * opened by fd and made a detached mount: the overlay or directory that is the root, /dev with its nodes, and every
 * bind mount, idmapped to the container's user namespace. Nothing is attached in the host's mount table, ever.
 *
 * Inside (rootfs_enter, in the child, in its own mount namespace): the root is attached, the kernel's file systems are
 * made new (proc, sysfs, devpts, mqueue, tmpfs, cgroup) or attached (the detached ones) in the order of spec->mounts,
 * then pivot_root, masks, read-only paths. Targets are resolved only by kernel/path.h inside the new root.
 *
 * Should: leave a tree where only what the spec lists is mounted, with private or slave propagation.
 * Mustn't: follow a symlink out of the root, create anything outside it, or keep the old root reachable.
 * Source: pivot_root(2), mount_setattr(2), the escapes in tests/escape.
 */
#ifndef SAMPAN_RUNTIME_ROOTFS_H
#define SAMPAN_RUNTIME_ROOTFS_H

#include <stddef.h>

#include "base/err.h"
#include "runtime/spec.h"

struct overlay;

/* Detached mounts: the root, one per spec->mounts entry, /dev where the spec has none, one per spec->devices entry.
 * -1 where the child makes it itself or it is a node in our /dev.
 *
 * With what the root was made of, which has done its part. But to close a mount that is attached nowhere takes an RCU
 * grace period (40 to 80 µs, milliseconds on a busy machine), so it is kept until the child has what it waits for. */
struct rootfs_fds {
    int *v;
    size_t n;
    struct overlay *overlay;
};

void rootfs_fds_release(struct rootfs_fds *f);

/* For the way through a socket: those that are not -1, in order (packed has room for f->n; borrowed). Back, in the
 * child, the fds belong to *ret; a number that does not fit the spec is ERR_INTERNAL. */
size_t rootfs_fds_pack(const struct rootfs_fds *f, int *packed);
int rootfs_fds_unpack(const struct spec *spec, const int *packed, size_t n, struct rootfs_fds *ret, struct err *e);

/* userns_fd: the container's own user namespace for idmaps, -1 when it shares the host's. */
int rootfs_prepare(const struct spec *spec, int userns_fd, struct rootfs_fds *ret, struct err *e);

/* In the child, before pivot: attaches everything and makes the new root the process's root and cwd. Takes the fds. */
int rootfs_enter(const struct spec *spec, struct rootfs_fds *fds, struct err *e);

/* In the child, after the sysctls are written and the console stands: masked and read-only paths, read-only root. */
int rootfs_seal(const struct spec *spec, struct err *e);

/* Binds the pty slave over /dev/console, when a terminal was asked for; checks that it is a devpts character device. */
int rootfs_bind_console(int slave_fd, struct err *e);

#endif
