/*
 * The payload's way down, in this order for these reasons:
 *
 *   user, home, working directory   while all of the container can still be read, and a missing directory be made
 *   stdio to the user               needs the container's CAP_CHOWN
 *   session keyring                 a new one, or the host's would be shared; as root, whose quota of keys is large
 *   limits                          raised already by the parent
 *   bounding set                    needs CAP_SETPCAP
 *   groups, gid, uid                needs CAP_SETGID and CAP_SETUID; capabilities are kept over it
 *   capabilities, no_new_privs      from here on nothing can be regained
 *   filter                          last, since it forbids what came before. Without no_new_privs loading it needs
 *                                   CAP_SYS_ADMIN, which is then kept to this point and dropped right after
 *
 * Source: capabilities(7), seccomp(2), keyctl(2).
 */
#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"
#include "runtime/process/process.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp.h"

/* A process that changed its ids loses its parent-death signal (prctl(2)): it is asked for again. */
static int die_with_parent(struct err *e)
{
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? err_sys(e, "arrange to end with the parent") : 0;
}

static int resolve_user(struct payload *p, struct err *e)
{
    int r = user_resolve(&p->process->user, &p->id, e);

    return r < 0 ? r : env_with_home(p->process->env, p->id.home, &p->env, e);
}

/* Some directories are the user's only: a network file system that distrusts root, say. */
static int enter_cwd_as_root(struct payload *p, struct err *e)
{
    int r = cwd_enter(p->process->cwd, p->may_make_cwd, e);

    p->cwd_is_pending = r == -EACCES;
    return p->cwd_is_pending ? 0 : r;
}

static int enter_cwd_as_user(struct payload *p, struct err *e)
{
    return p->cwd_is_pending ? cwd_enter(p->process->cwd, false, e) : 0;
}

static int give_stdio(struct payload *p, struct err *e)
{
    return stdio_give_to(p->id.uid, p->process->terminal, e);
}

static int join_keyring(struct payload *p, struct err *e)
{
    (void)p;
    if (sys_keyctl_join_session(NULL) >= 0 || errno == ENOSYS)
        return 0;
    err_sys(e, "make a session keyring");
    return errno == EDQUOT ? err_advice(e, "see the sysctls kernel.keys.maxkeys and kernel.keys.root_maxkeys")
                           : err_to_errno(e);
}

static int apply_limits(struct payload *p, struct err *e)
{
    return rlimits_apply(p->process, e);
}

static int drop_bounding(struct payload *p, struct err *e)
{
    return caps_apply_bounding(p->caps, e);
}

static int unmapped(const char *what, unsigned id, struct err *e)
{
    err_sys(e, "become %s %u", what, id);
    return errno == EINVAL ? err_advice(e, "the container's user namespace has no such id") : err_to_errno(e);
}

static int become_user(struct payload *p, struct err *e)
{
    const struct identity *id = &p->id;

    if (p->can_setgroups && sys_setgroups(id->n_groups, id->groups) < 0)
        return unmapped("a member of the groups of user", id->uid, e);
    if (sys_setresgid(id->gid, id->gid, id->gid) < 0)
        return unmapped("group", id->gid, e);
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
        return err_sys(e, "keep capabilities");
    if (sys_setresuid(id->uid, id->uid, id->uid) < 0)
        return unmapped("user", id->uid, e);
    if (prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
        return err_sys(e, "keep no capabilities any longer");
    return die_with_parent(e);
}

static bool loads_filter_as_admin(const struct payload *p)
{
    return p->filter && !p->process->no_new_privs;
}

static int drop_caps(struct payload *p, struct err *e)
{
    struct spec_caps caps = *p->caps;

    if (loads_filter_as_admin(p)) {
        caps.permitted |= CAP_BIT(CAP_SYS_ADMIN);
        caps.effective |= CAP_BIT(CAP_SYS_ADMIN);
    }
    return caps_apply(&caps, e);
}

static int forbid_new_privs(struct payload *p, struct err *e)
{
    if (!p->process->no_new_privs)
        return 0;
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? err_sys(e, "set no_new_privs") : 0;
}

static int set_umask(struct payload *p, struct err *e)
{
    (void)e;
    umask(p->process->user.has_umask ? p->process->user.umask : 0022);
    return 0;
}

typedef int (*payload_step)(struct payload *p, struct err *e);

static const payload_step preparation[] = {
    resolve_user, enter_cwd_as_root, give_stdio, join_keyring, apply_limits,     drop_bounding,
    become_user,  enter_cwd_as_user, drop_caps,  set_umask,    forbid_new_privs,
};

int payload_prepare(struct payload *p, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(preparation); i++) {
        int r = preparation[i](p, e);

        if (r < 0)
            return r;
    }
    return 0;
}

static int load_filter(struct payload *p, struct err *e)
{
    int r = seccomp_install(p->filter, p->n_filter, p->filter_flags, e);

    return r == 0 && loads_filter_as_admin(p) ? caps_apply(p->caps, e) : r;
}

int payload_execute(struct payload *p, struct err *e)
{
    int r;

    r = p->with_init ? init_fork(p, e) : 0;
    if (r < 0)
        return r;
    r = fd_cloexec_from(STDERR_FILENO + 1 + p->n_preserved, NULL, 0);
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "close the other fds");
    signals_reset();
    r = p->filter ? load_filter(p, e) : 0;
    return r < 0 ? r : execute(p->process->args, p->env, e);
}
