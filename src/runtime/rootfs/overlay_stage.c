/*
 * An overlay for kernels before 6.15 (idmapped layers: since 5.19), which want names of layers that are attached
 * somewhere. Somewhere is a mount namespace that lives for the length of the call:
 *
 *   a tmpfs over its "/"          the stage, and the working directory
 *     p0, p1 …                    the directories that hold layers, idmapped
 *     0, 1 …                      links to the layers, so that 127 of them fit into mount(2)'s page of options
 *     root                        the overlay; what is returned is a detached copy of it
 *
 * The overlay keeps private copies of its layers' mounts and outlives the namespace. The caller is single-threaded.
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strbuf.h"
#include "kernel/namespaces.h"
#include "kernel/syscalls.h"
#include "runtime/rootfs/parts.h"

enum { OPTIONS_MAX = 4000 }; /* mount(2) takes a page */

static int attach_parents(const struct overlay *o, int stage, struct err *e)
{
    for (size_t i = 0; i < o->n_parents; i++) {
        _cleanup_close_ int target = -1;
        char name[24];

        snprintf(name, sizeof(name), "p%zu", i);
        if (mkdirat(stage, name, 0700) < 0)
            return err_sys(e, "make the staging directory %s", name);
        target = openat(stage, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
            return err_sys(e, "open the staging directory %s", name);
        if (mount_attach(o->parents[i].mnt, target, e) < 0)
            return err_to_errno(e);
    }
    return 0;
}

static int link_place(const struct overlay_place *p, int stage, const char *name, struct err *e)
{
    char target[NAME_MAX + 24];

    snprintf(target, sizeof(target), "p%zu/%s", p->parent, p->name);
    return symlinkat(target, stage, name) == 0 ? 0 : err_sys(e, "make the staging link %s", name);
}

static int link_places(const struct overlay *o, int stage, struct strbuf *options, struct err *e)
{
    int r = 0;

    strbuf_adds(options, "lowerdir=");
    for (size_t i = 0; r == 0 && i < o->n_layers; i++) {
        char name[24];

        snprintf(name, sizeof(name), "%zu", i);
        strbuf_addf(options, "%s%s", i ? ":" : "", name);
        r = link_place(&o->layers[i], stage, name, e);
    }
    if (r < 0 || !o->is_writable)
        return r;
    strbuf_adds(options, ",upperdir=upper,workdir=work,volatile");
    r = link_place(&o->upper, stage, "upper", e);
    return r < 0 ? r : link_place(&o->work, stage, "work", e);
}

static int mount_overlay(const struct overlay *o, int stage, struct err *e)
{
    _cleanup_strbuf_ struct strbuf options = STRBUF_INIT(OPTIONS_MAX);
    int r = attach_parents(o, stage, e);

    if (r == 0)
        r = link_places(o, stage, &options, e);
    for (size_t i = 0; overlay_options[i][0]; i++)
        strbuf_addf(&options, ",%s=%s", overlay_options[i][0], overlay_options[i][1]);
    if (!ns_user_is_initial()) /* trusted.* attributes can't be read here */
        strbuf_adds(&options, ",userxattr");
    if (o->label)
        strbuf_addf(&options, ",context=\"%s\"", o->label);
    if (r == 0)
        r = strbuf_check(&options, "overlay options", e);
    if (r == 0 && mkdirat(stage, "root", 0700) < 0)
        r = err_sys(e, "make the staging directory root");
    if (r == 0)
        r = mount_old_as("overlay", "root", strbuf_str(&options), o->uid, o->gid, e);
    return r < 0 ? r : mount_clone(stage, "root", false, false, e);
}

static int run_on_stage(const struct overlay *o, struct err *e)
{
    static const struct mount_param open_to_all = {.key = "mode", .value = "755", .fd = -1};
    _cleanup_close_ int stage = -1;
    int r = pivot_isolate(e);

    if (r == 0)
        r = stage = mount_new("tmpfs", &open_to_all, 1, 0, e);
    if (r >= 0)
        r = pivot_attach_root(stage, e);
    if (r >= 0 && fchdir(stage) < 0)
        r = err_sys(e, "enter the staging directory");
    return r < 0 ? r : mount_overlay(o, stage, e);
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
    fd = run_on_stage(o, e);
    /* Without the way back nothing that follows would happen where it should. */
    if (sys_setns(own, CLONE_NEWNS) < 0 || fchdir(cwd) < 0)
        return err_sys(e, "return to the mount namespace");
    return fd < 0 ? fd : TAKE_FD(fd);
}
