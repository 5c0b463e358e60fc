/*
 * The root from an image's layers and a writable one.
 *
 * Files on disk belong to the ids that they have inside the container (0, 33, 1000 …). Under a user namespace each
 * layer is an idmapped mount, and so is the directory that holds upper and work; the overlay on top of them sees
 * ids that the container's user namespace maps back. Nothing is ever chowned.
 *
 * Options, and why:
 *   volatile           fsync and sync inside the container's writable layer do nothing, and unmounting does not wait for
 *                      the disk (123 µs in place of 402, and 4 ms against 18 on a busy disk). A crash of a process loses
 *                      nothing by it, the page cache has it all; a crash of the machine may lose what the last half
 *                      minute wrote *into the writable layer*. Data that has to survive that belongs on a volume, which is
 *                      no part of the overlay. The kernel leaves work/incompat/volatile behind and refuses the next mount
 *                      while it is there, so it is removed first.
 *   index=off          hard links may break on copy-up, as with Docker's overlay2; in return a container can be restarted
 *                      while the mount of its last run is still being taken down (index=on: EBUSY).
 *   metacopy=off, redirect_dir=nofollow
 *                      the writable layer holds whole files, so that it can be committed as it is; and a layer from a
 *                      hostile image that carries trusted.overlay.redirect or .metacopy attributes leads nowhere.
 *
 * Source: Documentation/filesystems/overlayfs.rst, mount_setattr(2).
 */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "kernel/path.h"
#include "kernel/syscalls.h"
#include "runtime/rootfs/parts.h"

static const char *const fixed_options[][2] = {
    {"index", "off"},
    {"metacopy", "off"},
    {"redirect_dir", "nofollow"},
};

enum { OPTIONS_MAX = 4000 }; /* mount(2) takes a page */

/* ---- opening the layers */

static int layer_open(const char *path, int userns_fd, struct err *e)
{
    _cleanup_close_ int fd = mount_clone(AT_FDCWD, path, false, true, e);
    struct mount_change change = {.propagation = MS_PRIVATE, .userns_fd = -1};
    int r = fd;

    if (r >= 0)
        r = userns_fd >= 0 ? idmap_apply(fd, userns_fd, false, path, "use --userns host", e)
                           : mount_change(fd, &change, e);
    return r < 0 ? r : TAKE_FD(fd);
}

static int layers_open(char *const *paths, int userns_fd, struct overlay *o, struct err *e)
{
    o->layers = calloc(strv_len(paths), sizeof(*o->layers));
    if (!o->layers)
        return err_set(e, ERR_SYS, ENOMEM, "open the layers");
    STRV_FOREACH (path, paths) {
        int fd = layer_open(*path, userns_fd, e);

        if (fd < 0)
            return fd;
        o->layers[o->n_layers++] = fd;
    }
    return 0;
}

/* Splits "/a/b/upper" into its directory, whose length is returned, and its last name. */
static size_t parent_len(const char *path, const char **ret_name)
{
    const char *slash = strrchr(path, '/');

    *ret_name = slash ? slash + 1 : path;
    return slash ? (size_t)(slash - path) : 0;
}

/* upper and work have to lie on one mount, so it is their common parent that is cloned and idmapped. */
static int base_open(const struct spec_root *root, int userns_fd, struct overlay *o, struct err *e)
{
    const char *upper, *work;
    size_t len = parent_len(root->upper, &upper);
    _cleanup_free_ char *parent = NULL;

    if (!root->work || parent_len(root->work, &work) != len || len == 0 || strncmp(root->upper, root->work, len) != 0)
        return err_invalid(e, "the upper and the work directory must be in one directory (%s, %s)", root->upper,
                           root->work ? root->work : "none");
    parent = strndup(root->upper, len);
    o->upper = strdup(upper);
    o->work = strdup(work);
    if (!parent || !o->upper || !o->work)
        return err_set(e, ERR_SYS, ENOMEM, "open the writable layer");
    o->base = layer_open(parent, userns_fd, e);
    return o->base < 0 ? o->base : 0;
}

/* Removes the mark that a volatile overlay leaves, and finds out whose ids the overlay has to act with: work's owner
 * as the idmapped mount shows it is a host id that has a mapping; the shim's own has none, and the overlay would
 * silently turn read-only. */
static int work_prepare(struct overlay *o, struct err *e)
{
    char mark[300];
    struct stat st;
    int n = snprintf(mark, sizeof(mark), "%s/work/incompat/volatile", o->work);

    if (n < 0 || (size_t)n >= sizeof(mark))
        return err_set(e, ERR_INVALID, ENAMETOOLONG, "work directory %s", o->work);
    if (unlinkat(o->base, mark, AT_REMOVEDIR) < 0 && errno != ENOENT)
        return err_sys(e, "remove the mark of the last run, %s", mark);
    if (fstatat(o->base, o->work, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(e, "stat the work directory");
    o->uid = st.st_uid;
    o->gid = st.st_gid;
    return 0;
}

int overlay_open(const struct spec *spec, int userns_fd, struct overlay *ret, struct err *e)
{
    int r;

    *ret = (struct overlay){.base = -1, .uid = geteuid(), .gid = getegid(), .label = spec->mount_label};
    r = layers_open(spec->root.layers, userns_fd, ret, e);
    if (r == 0 && spec->root.upper)
        r = base_open(&spec->root, userns_fd, ret, e);
    if (r == 0 && spec->root.upper)
        r = work_prepare(ret, e);
    return r;
}

void overlay_release(struct overlay *o)
{
    for (size_t i = 0; i < o->n_layers; i++)
        fd_close(&o->layers[i]);
    fd_close(&o->base);
    free(o->layers);
    free(o->upper);
    free(o->work);
    *o = (struct overlay){.base = -1};
}

/* ---- by fd */

static int add_common_params(const struct overlay *o, struct fs_params *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(fixed_options); i++)
        r = fs_params_add(p, fixed_options[i][0], fixed_options[i][1], e);
    if (r == 0 && o->base >= 0)
        r = fs_params_add(p, "volatile", NULL, e);
    if (r == 0 && o->label)
        r = fs_params_add(p, "context", o->label, e);
    return r;
}

static int open_below(int base, const char *name, struct err *e)
{
    int fd = openat(base, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    return fd >= 0 ? fd : err_sys(e, "open the directory %s of the writable layer", name);
}

int overlay_mount_by_fd(const struct overlay *o, struct err *e)
{
    _cleanup_free_ struct mount_param *params = calloc(o->n_layers + FS_PARAMS_MAX, sizeof(*params));
    _cleanup_close_ int upper = o->base >= 0 ? open_below(o->base, o->upper, e) : -1;
    _cleanup_close_ int work = o->base >= 0 ? open_below(o->base, o->work, e) : -1;
    _cleanup_fs_params_ struct fs_params common = FS_PARAMS_INIT;
    size_t n = 0;
    int r;

    if (!params)
        return err_set(e, ERR_SYS, ENOMEM, "mount overlay");
    if (o->base >= 0 && (upper < 0 || work < 0))
        return err_to_errno(e);
    r = add_common_params(o, &common, e);
    if (r == 0 && o->base >= 0)
        r = fs_params_add_fd(&common, "upperdir", upper, e);
    if (r == 0 && o->base >= 0)
        r = fs_params_add_fd(&common, "workdir", work, e);
    if (r < 0)
        return r;
    for (; n < o->n_layers; n++)
        params[n] = (struct mount_param){.key = "lowerdir+", .fd = o->layers[n]};
    memcpy(params + n, common.v, common.n * sizeof(*params));
    return mount_new_as("overlay", params, n + common.n, 0, o->uid, o->gid, e);
}

/* ---- staged: by names, in a mount namespace that lives for the length of the call */

static int stage_attach(int stage, const char *name, int mnt_fd, struct err *e)
{
    _cleanup_close_ int target = -1;

    if (mkdirat(stage, name, 0700) < 0)
        return err_sys(e, "make the staging directory %s", name);
    target = openat(stage, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (target < 0)
        return err_sys(e, "open the staging directory %s", name);
    return mnt_fd >= 0 ? mount_attach(mnt_fd, target, e) : 0;
}

static int stage_layers(const struct overlay *o, int stage, struct strbuf *options, struct err *e)
{
    int r = 0;

    strbuf_adds(options, "lowerdir=");
    for (size_t i = 0; r == 0 && i < o->n_layers; i++) {
        char name[24];

        snprintf(name, sizeof(name), "%zx", i);
        strbuf_addf(options, "%s%s", i ? ":" : "", name);
        r = stage_attach(stage, name, o->layers[i], e);
    }
    if (r == 0 && o->base >= 0) {
        strbuf_addf(options, ",upperdir=base/%s,workdir=base/%s,volatile", o->upper, o->work);
        r = stage_attach(stage, "base", o->base, e);
    }
    for (size_t i = 0; i < ARRAY_SIZE(fixed_options); i++)
        strbuf_addf(options, ",%s=%s", fixed_options[i][0], fixed_options[i][1]);
    if (o->label)
        strbuf_addf(options, ",context=\"%s\"", o->label);
    return r;
}

/* The working directory is the stage. */
static int stage_mount(const struct overlay *o, int stage, struct err *e)
{
    _cleanup_strbuf_ struct strbuf options = STRBUF_INIT(OPTIONS_MAX);
    int r = stage_layers(o, stage, &options, e);

    if (r == 0)
        r = strbuf_check(&options, "overlay options", e);
    if (r == 0)
        r = stage_attach(stage, "root", -1, e);
    if (r == 0)
        r = mount_old_as("overlay", "root", strbuf_str(&options), o->uid, o->gid, e);
    return r < 0 ? r : mount_clone(stage, "root", false, false, e);
}

static int stage_run(const struct overlay *o, struct err *e)
{
    _cleanup_close_ int stage = -1;
    int r = pivot_isolate(e);

    if (r == 0)
        r = stage = mount_new("tmpfs", NULL, 0, 0, e);
    if (r >= 0)
        r = pivot_attach_root(stage, e);
    if (r >= 0 && fchdir(stage) < 0)
        r = err_sys(e, "enter the staging directory");
    return r < 0 ? r : stage_mount(o, stage, e);
}

int overlay_mount_staged(const struct overlay *o, struct err *e)
{
    _cleanup_close_ int own = open("/proc/self/ns/mnt", O_RDONLY | O_CLOEXEC);
    _cleanup_close_ int cwd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int fd = -1;

    if (own < 0 || cwd < 0)
        return err_sys(e, "remember the mount namespace");
    if (unshare(CLONE_NEWNS) < 0)
        return err_sys(e, "make a mount namespace to mount the layers in");
    fd = stage_run(o, e);
    /* Without the way back nothing that follows would happen where it should. */
    if (sys_setns(own, CLONE_NEWNS) < 0 || fchdir(cwd) < 0)
        return err_sys(e, "return to the mount namespace");
    return fd < 0 ? fd : TAKE_FD(fd);
}

int overlay_mount(const struct overlay *o, struct err *e)
{
    struct err first = ERR_INIT, second = ERR_INIT;
    int fd = overlay_mount_by_fd(o, &first);

    if (fd >= 0)
        return fd;
    if (first.code != EINVAL)
        return err_set(e, first.kind, first.code, "%s", first.text);
    fd = overlay_mount_staged(o, &second);
    if (fd >= 0)
        return fd;
    return err_set(e, ERR_UNSUPPORTED, second.code, "%s; and by the way for older kernels: %s", first.text, second.text);
}
