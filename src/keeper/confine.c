#include "keeper/confine.h"

#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/mount.h"
#include "kernel/syscalls.h"
#include "runtime/security/capabilities.h"

enum { NOBODY = 65534 };

void confine_choose_user(struct confinement *c)
{
    const struct passwd *user = getpwnam("dnsmasq");
    if (!user || user->pw_uid == 0)
        user = getpwnam("nobody");
    c->uid = user && user->pw_uid != 0 ? user->pw_uid : NOBODY;
    c->gid = user && user->pw_gid != 0 ? user->pw_gid : NOBODY;
}

/* ---- the steps, in the child ---- */

static int leave_host_mounts(const struct confinement *c, struct err *e)
{
    (void)c;
    if (unshare(CLONE_NEWNS) < 0)
        return err_sys(e, "make a mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
        return err_sys(e, "keep mounts from the host");
    return 0;
}

static int attach_dir(int dir, size_t i, struct err *e)
{
    char place[sizeof(CONFINE_DIR) + 24];
    snprintf(place, sizeof(place), CONFINE_DIR "/%zu", i);
    if (mkdir(place, 0755) < 0)
        return err_sys(e, "make %s", place);
    _cleanup_close_ int at = open(place, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return at < 0 ? err_sys(e, "open %s", place) : mount_attach(dir, at, e);
}

/* They are taken before CONFINE_DIR is covered: they may be below it. Their fds are closed by execve. */
static int bind_dirs(const struct confinement *c, struct err *e)
{
    int dirs[CONFINE_DIRS_MAX];
    for (size_t i = 0; i < c->n_dirs; i++) {
        dirs[i] = mount_clone(AT_FDCWD, c->dirs[i], false, false, e);
        if (dirs[i] < 0)
            return dirs[i];
    }
    if (mount("tmpfs", CONFINE_DIR, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k") < 0)
        return err_sys(e, "mount a tmpfs over " CONFINE_DIR);
    for (size_t i = 0; i < c->n_dirs; i++) {
        int r = attach_dir(dirs[i], i, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int make_read_only(const struct confinement *c, struct err *e)
{
    static const struct mount_change change = {
        .attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID, .userns_fd = -1, .recursive = true};
    (void)c;
    _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return root < 0 ? err_sys(e, "open /") : mount_change(root, &change, e);
}

static int drop_caps(const struct confinement *c, struct err *e)
{
    const struct spec_caps caps = {.bounding = c->caps};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return err_sys(e, "set no_new_privs");
    return caps_apply_bounding(&caps, e);
}

static int change_user(const struct confinement *c, struct err *e)
{
    const struct spec_caps caps = {
        .effective = c->caps, .permitted = c->caps, .inheritable = c->caps, .ambient = c->caps};
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return err_sys(e, "keep capabilities");
    if (sys_setgroups(0, NULL) < 0 || sys_setresgid(c->gid, c->gid, c->gid) < 0 ||
        sys_setresuid(c->uid, c->uid, c->uid) < 0)
        return err_sys(e, "become user %d", (int)c->uid);
    return caps_apply(&caps, e);
}

/* SIGTERM, so that it can end its own children. */
static int end_with_parent(const struct confinement *c, struct err *e)
{
    if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) < 0)
        return err_sys(e, "tie it to the keeper");
    return getppid() == c->parent ? 0 : err_set(e, ERR_SYS, ESRCH, "the keeper ended");
}

int confine_enter(void *confinement, struct err *e)
{
    static int (*const steps[])(const struct confinement *c, struct err *e) = {
        leave_host_mounts, bind_dirs, make_read_only, drop_caps, change_user, end_with_parent,
    };
    for (size_t i = 0; i < ARRAY_SIZE(steps); i++) {
        int r = steps[i](confinement, e);
        if (r < 0)
            return r;
    }
    return 0;
}
