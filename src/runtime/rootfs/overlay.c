/*
 * The root from an image's layers and a writable one.
 *
 * Files on disk belong to the ids that they have inside the container (0, 33, 1000 …). Under a user namespace the
 * layers are reached through idmapped mounts, and so are upper and work; the overlay on top of them sees ids that the
 * container's user namespace maps back. Nothing is ever chowned. Layers live side by side in one directory: it is that
 * which is cloned and idmapped, once, and not each of them (15 µs per layer).
 *
 * Options, and why:
 *   volatile      fsync and sync inside the container's writable layer do nothing, and unmounting does not wait for
 *                 the disk (123 µs in place of 402, and 4 ms against 18 on a busy disk). A crash of a process loses
 *                 nothing by it, the page cache has it all; a crash of the machine may lose what the last half minute
 *                 wrote *into the writable layer*. Data that has to survive that belongs on a volume, which is no part
 *                 of the overlay. The kernel leaves work/incompat/volatile behind and refuses the next mount while it
 *                 is there, so it is removed first.
 *   index=off     hard links may break on copy-up, as with Docker's overlay2; in return a container can be restarted
 *                 while the mount of its last run is still being taken down (index=on: EBUSY).
 *   metacopy=off, redirect_dir=nofollow
 *                 the writable layer holds whole files, so that it can be committed as it is; and a layer from a
 *                 hostile image that carries trusted.overlay.redirect or .metacopy attributes leads nowhere.
 *
 * Kernels before 6.15 take neither fds nor detached mounts as layers: overlay_stage.c.
 *
 * Source: Documentation/filesystems/overlayfs.rst, mount_setattr(2).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "kernel/namespaces.h"
#include "runtime/rootfs/parts.h"

const char *const overlay_options[][2] = {
    {"index", "off"},
    {"metacopy", "off"},
    {"redirect_dir", "nofollow"},
    {NULL, NULL},
};

/* ---- opening the layers */

static int clone_parent(const char *path, int userns_fd, struct err *e)
{
    _cleanup_close_ int fd = mount_clone(AT_FDCWD, path, false, true, e);
    struct mount_change change = {.propagation = MS_PRIVATE, .userns_fd = -1};
    int r = fd;

    if (r >= 0)
        r = userns_fd >= 0 ? idmap_apply(fd, userns_fd, false, path, "use --userns host", e)
                           : mount_change(fd, &change, e);
    return r < 0 ? r : TAKE_FD(fd);
}

/* The number in o->parents of a directory, which is cloned when it is met for the first time. */
static int find_parent(struct overlay *o, const char *path, size_t len, int userns_fd, struct err *e)
{
    struct overlay_parent parent = {.mnt = -1};

    for (size_t i = 0; i < o->n_parents; i++)
        if (o->parents[i].path && strlen(o->parents[i].path) == len && memcmp(o->parents[i].path, path, len) == 0)
            return (int)i;
    parent.path = strndup(path, len);
    if (!parent.path)
        return err_set(e, ERR_SYS, ENOMEM, "open the layers");
    parent.mnt = clone_parent(parent.path, userns_fd, e);
    if (parent.mnt < 0) {
        free(parent.path);
        return parent.mnt;
    }
    o->parents[o->n_parents] = parent;
    return (int)o->n_parents++;
}

/* O_NOFOLLOW: a link would lead out of the idmapped mount. */
static int open_place(struct overlay *o, const char *path, int userns_fd, struct overlay_place *ret, struct err *e)
{
    const char *slash = strrchr(path, '/');
    int r;

    if (path[0] != '/' || slash[1] == '\0')
        return err_invalid(e, "%s: a layer is an absolute path without a slash at its end", path);
    r = find_parent(o, path, slash == path ? 1 : (size_t)(slash - path), userns_fd, e);
    if (r < 0)
        return r;
    ret->parent = (size_t)r;
    ret->name = strdup(slash + 1);
    if (!ret->name)
        return err_set(e, ERR_SYS, ENOMEM, "open the layers");
    ret->fd = openat(o->parents[r].mnt, ret->name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return ret->fd >= 0 ? 0 : err_sys(e, "open the layer %s", path);
}

/* A volatile overlay leaves work/work/incompat/volatile/dirty, and the kernel refuses the next mount because of it. */
static int remove_volatile_mark(int work_fd, struct err *e)
{
    static const struct {
        const char *path;
        int flags;
    } parts[] = {{"work/incompat/volatile/dirty", 0}, {"work/incompat/volatile", AT_REMOVEDIR}};

    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        if (unlinkat(work_fd, parts[i].path, parts[i].flags) < 0 && errno != ENOENT)
            return err_sys(e, "remove the mark of the last run, %s", parts[i].path);
    return 0;
}

/* The overlay has to act with ids that have a mapping; the shim's own have none, and it would silently turn read-only.
 * work's owner, as the idmapped mount shows it, is the container's root. */
static int find_owner(struct overlay *o, struct err *e)
{
    struct stat st;

    if (fstat(o->work.fd, &st) < 0)
        return err_sys(e, "stat the work directory");
    o->uid = st.st_uid;
    o->gid = st.st_gid;
    return 0;
}

static int open_writable(const struct spec_root *root, int userns_fd, struct overlay *o, struct err *e)
{
    int r = open_place(o, root->upper, userns_fd, &o->upper, e);

    if (r == 0)
        r = open_place(o, root->work ? root->work : "", userns_fd, &o->work, e);
    if (r < 0)
        return r;
    if (o->upper.parent != o->work.parent) /* the kernel wants them on one mount */
        return err_invalid(e, "the upper and the work directory must be in one directory (%s, %s)", root->upper,
                           root->work);
    o->is_writable = true;
    r = remove_volatile_mark(o->work.fd, e);
    return r < 0 ? r : find_owner(o, e);
}

int overlay_open(const struct spec *spec, int userns_fd, struct overlay *ret, struct err *e)
{
    size_t n = strv_len(spec->root.layers);
    int r = 0;

    *ret = OVERLAY_INIT;
    ret->uid = geteuid();
    ret->gid = getegid();
    ret->label = spec->mount_label;
    ret->layers = calloc(n, sizeof(*ret->layers));
    ret->parents = calloc(n + 2, sizeof(*ret->parents)); /* at most one for each of the layers, upper and work */
    if (!ret->layers || !ret->parents)
        return err_set(e, ERR_SYS, ENOMEM, "open the layers");
    for (; r == 0 && ret->n_layers < n; ret->n_layers++) {
        ret->layers[ret->n_layers].fd = -1;
        r = open_place(ret, spec->root.layers[ret->n_layers], userns_fd, &ret->layers[ret->n_layers], e);
    }
    if (r == 0 && spec->root.upper)
        r = open_writable(&spec->root, userns_fd, ret, e);
    return r;
}

static void release_place(struct overlay_place *p)
{
    fd_close(&p->fd);
    free(p->name);
}

void overlay_release(struct overlay *o)
{
    for (size_t i = 0; i < o->n_layers; i++)
        release_place(&o->layers[i]);
    for (size_t i = 0; i < o->n_parents; i++) {
        fd_close(&o->parents[i].mnt);
        free(o->parents[i].path);
    }
    release_place(&o->upper);
    release_place(&o->work);
    free(o->layers);
    free(o->parents);
    *o = OVERLAY_INIT;
}

void overlay_free(struct overlay *o)
{
    if (o)
        overlay_release(o);
    free(o);
}

/* ---- mounting */

static int add_options(const struct overlay *o, struct fs_params *p, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && overlay_options[i][0]; i++)
        r = fs_params_add(p, overlay_options[i][0], overlay_options[i][1], e);
    if (r == 0 && !ns_user_is_initial()) /* trusted.* attributes can't be read here */
        r = fs_params_add(p, "userxattr", NULL, e);
    if (r == 0 && o->label)
        r = fs_params_add(p, "context", o->label, e);
    if (r == 0 && o->is_writable)
        r = fs_params_add(p, "volatile", NULL, e);
    if (r == 0 && o->is_writable)
        r = fs_params_add_fd(p, "upperdir", o->upper.fd, e);
    if (r == 0 && o->is_writable)
        r = fs_params_add_fd(p, "workdir", o->work.fd, e);
    return r;
}

int overlay_mount_by_fd(const struct overlay *o, struct err *e)
{
    _cleanup_free_ struct mount_param *all = calloc(o->n_layers + FS_PARAMS_MAX, sizeof(*all));
    _cleanup_fs_params_ struct fs_params options = FS_PARAMS_INIT;
    int r;

    if (!all)
        return err_set(e, ERR_SYS, ENOMEM, "mount overlay");
    r = add_options(o, &options, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < o->n_layers; i++)
        all[i] = (struct mount_param){.key = "lowerdir+", .fd = o->layers[i].fd};
    memcpy(all + o->n_layers, options.v, options.n * sizeof(*all));
    return mount_new_as("overlay", all, o->n_layers + options.n, 0, o->uid, o->gid, e);
}

int overlay_mount(const struct overlay *o, struct err *e)
{
    struct err first = ERR_INIT, second = ERR_INIT;
    int fd = overlay_mount_by_fd(o, &first);

    if (fd >= 0)
        return fd;
    /* Before 6.15 no layer by descriptor, before 6.5 no parameter of overlay that is one. */
    if (first.code != EINVAL && first.code != EOPNOTSUPP)
        return err_set(e, first.kind, first.code, "%s", first.text);
    fd = overlay_mount_staged(o, &second);
    if (fd >= 0)
        return fd;
    return err_set(e, ERR_UNSUPPORTED, second.code, "%s; and by the way for older kernels: %s", first.text,
                   second.text);
}
