/*
 * What the files of this directory give each other. rootfs.c is the plan: its three functions are lists of the steps
 * below. "Prepare" runs in the shim with the host's privileges and returns detached mounts; "place" and the rest run in
 * the container's init, in its own mount namespace.
 */
#ifndef SAMPAN_RUNTIME_ROOTFS_PARTS_H
#define SAMPAN_RUNTIME_ROOTFS_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "kernel/mount.h"
#include "runtime/spec.h"

/* ---- params.c: a file system's options, from a spec's "key=value" strings and our own defaults */

enum { FS_PARAMS_MAX = 64 };

struct fs_params {
    struct mount_param v[FS_PARAMS_MAX];
    size_t n;
    char **text; /* what v points into; owned */
};

#define FS_PARAMS_INIT ((struct fs_params){.n = 0})

int fs_params_add_data(struct fs_params *p, char *const *data, struct err *e);
int fs_params_add(struct fs_params *p, const char *key, const char *value, struct err *e); /* borrowed strings */
int fs_params_add_fd(struct fs_params *p, const char *key, int fd, struct err *e);
bool fs_params_has(const struct fs_params *p, const char *key);
bool fs_params_drop(struct fs_params *p, const char *key); /* true when it was there */
void fs_params_release(struct fs_params *p);
#define _cleanup_fs_params_ _cleanup_(fs_params_release)

/* ---- root.c, overlay.c, overlay_stage.c: the root, from a directory or from layers */

/* A directory that holds layers, as a detached and idmapped mount. */
struct overlay_parent {
    char *path; /* owned */
    int mnt;    /* owned */
};

/* A directory in one of those. */
struct overlay_place {
    size_t parent;
    char *name; /* owned */
    int fd;     /* O_PATH, owned */
};

struct overlay {
    struct overlay_parent *parents;
    size_t n_parents;
    struct overlay_place *layers; /* top first */
    size_t n_layers;
    struct overlay_place upper, work; /* when is_writable */
    bool is_writable;
    const char *label; /* SELinux context or NULL; borrowed */
    uid_t uid;         /* whom the overlay acts as */
    gid_t gid;
};

#define OVERLAY_INIT ((struct overlay){.upper = {.fd = -1}, .work = {.fd = -1}})

/* Key and value, ended by NULL. */
extern const char *const overlay_options[][2];

int overlay_open(const struct spec *spec, int userns_fd, struct overlay *ret, struct err *e);
void overlay_release(struct overlay *o);
void overlay_free(struct overlay *o); /* NULL: nothing */

/* A detached mount: by fds, else by names for older kernels. */
int overlay_mount(const struct overlay *o, struct err *e);
int overlay_mount_by_fd(const struct overlay *o, struct err *e);
int overlay_mount_staged(const struct overlay *o, struct err *e);

/* *ret_overlay: what it was made of, where it is an overlay; owned by the caller. */
int root_prepare(const struct spec *spec, int userns_fd, struct overlay **ret_overlay, struct err *e);

/* ---- dev.c, devices.c: /dev */

/* A tmpfs with the device nodes every container has and those of spec->devices that lie below /dev. `m` is the spec's
 * mount, or NULL where the spec has none for /dev. */
int dev_prepare(const struct spec *spec, const struct spec_mount *m, int userns_fd, struct err *e);

/* In the init, once it is mounted and while "/" is still the host's: binds the default nodes that could not be made. */
int dev_bind_missing(const struct spec *spec, int dev_fd, struct err *e);

/* True for the mount that becomes our /dev. */
bool dev_is_ours(const struct spec_mount *m);

/* The spec says nothing about /dev, so it gets ours all the same. */
bool dev_is_implied(const struct spec *spec);

/* True for a device outside /dev, which is bound from the host. */
bool device_is_bind(const struct spec_device *d);
int device_bind_prepare(const struct spec_device *d, struct err *e);

/* ---- binds.c: what is bound from the host, and file systems with a source of the host's */

int bind_prepare(const struct spec_mount *m, int userns_fd, struct err *e);

/* Maps the mount's ids; advice names the flag that helps where the file system cannot. */
int idmap_apply(int mnt_fd, int userns_fd, bool recursive, const char *what, const char *advice, struct err *e);

/* Attributes, propagation and ids of a mount that the shim made; recursive parts apart from the others. */
int mount_finish(int mnt_fd, const struct spec_mount *m, int userns_fd, struct err *e);

/* ---- mounts.c: the kernel's file systems */

/* True when the shim makes it, false when the init does. */
bool mount_is_prepared(const struct spec *spec, const struct spec_mount *m);
int kernel_fs_prepare(const struct spec *spec, const struct spec_mount *m, int userns_fd, struct err *e);

/* In the init: makes the file system and attaches it at its target; ret_fd gets the mount (owned), still writable where
 * its read-only flag has to wait (mount_is_late_readonly). */
int kernel_fs_place(const struct spec *spec, const struct spec_mount *m, int root_fd, int *ret_fd, struct err *e);

/* Its target may not be reached through symlinks: /proc, /sys and /dev. */
bool mount_target_is_real(const struct spec_mount *m);

/* Read-only mounts in which further targets have to be made first: tmpfs and /dev. */
bool mount_is_late_readonly(const struct spec_mount *m);

/* ---- cgroupfs.c: /sys/fs/cgroup inside a cgroup namespace */

int cgroupfs_place(const struct spec *spec, const struct spec_mount *m, int target_fd, struct err *e);

/* ---- copy_up.c */

/* Copies what is in the directory from_fd (hostile) into to_fd: modes, owners, times of files, symlinks; no devices. */
int copy_up(int from_fd, int to_fd, struct err *e);

/* ---- targets.c: where something may be mounted */

/* An O_PATH fd of the target in the new root. is_real: not reached through symlinks, as /proc, /sys and /dev must be.
 * Nothing may be mounted inside procfs but the few files that lxcfs replaces. */
int target_open(int root_fd, const char *target, bool is_dir, bool is_real, struct err *e);

/* Attaches a detached mount at a target that is made for it. */
int target_attach(int root_fd, const char *target, bool is_real, int mnt_fd, struct err *e);

/* ---- pivot.c */

int pivot_isolate(struct err *e); /* nothing mounted from here on reaches the host */
int pivot_attach_root(int mnt_fd, struct err *e);
int pivot_into(int root_fd, struct err *e); /* the root becomes "/", the old one is gone */

/* ---- masks.c */

int masks_apply(int root_fd, char *const *paths, struct err *e);
int readonly_paths_apply(int root_fd, char *const *paths, struct err *e);

#endif
