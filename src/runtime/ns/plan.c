#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/syscalls.h"
#include "runtime/ns/ns.h"

static const uint64_t made_by_clone = CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUTS;

/* The path comes from a config.json: a FIFO must not block us, and another kind's namespace not be taken for it. */
static int open_joined(enum ns_kind kind, const char *path, struct err *e)
{
    const char *name = ns_kinds[kind].oci_name;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        err_sys(e, "join the %s namespace %s", name, path);
        return errno == ENOENT ? err_advice(e, "has its container ended?") : err_to_errno(e);
    }
    if (ioctl(fd, NS_GET_NSTYPE) != ns_kinds[kind].clone_flag)
        return err_invalid(e, "join the %s namespace %s: that is no %s namespace", name, path, name);
    return TAKE_FD(fd);
}

/* setns(2) refuses the user namespace that one is in already. */
static bool is_own_userns(int fd)
{
    uint64_t own;
    uint64_t other;

    return ns_inode(0, NS_USER, &own, NULL) == 0 && ns_fd_inode(fd, &other, NULL) == 0 && own == other;
}

static int plan_kind(enum ns_kind kind, const struct spec *spec, struct ns_plan *plan, struct err *e)
{
    const struct spec_namespace *ns = &spec->ns[kind];
    int fd;

    if (ns->mode == SPEC_NS_NEW)
        plan->clone_flags |= (uint64_t)(unsigned)ns_kinds[kind].clone_flag & made_by_clone;
    if (ns->mode != SPEC_NS_JOIN)
        return 0;
    fd = open_joined(kind, ns->path, e);
    if (fd < 0)
        return fd;
    if (kind == NS_USER && is_own_userns(fd))
        fd_close(&fd);
    plan->join_fd[kind] = fd;
    return 0;
}

int ns_plan_open(const struct spec *spec, struct ns_plan *ret, struct err *e)
{
    _cleanup_ns_plan_ struct ns_plan plan = NS_PLAN_INIT;

    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        int r = plan_kind(kind, spec, &plan, e);

        if (r < 0)
            return r;
    }
    *ret = plan;
    plan = NS_PLAN_INIT;
    return 0;
}

void ns_plan_release(struct ns_plan *p)
{
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++)
        fd_close(&p->join_fd[kind]);
}

int ns_enter(enum ns_kind kind, const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    const struct ns_kind_info *info = &ns_kinds[kind];

    switch (spec->ns[kind].mode) {
    case SPEC_NS_INHERIT:
        return 0;
    case SPEC_NS_JOIN:
        if (sys_setns(plan->join_fd[kind], info->clone_flag) < 0)
            return err_sys(e, "join the %s namespace %s", info->oci_name, spec->ns[kind].path);
        return 0;
    case SPEC_NS_NEW:
        if (unshare(info->clone_flag) == 0)
            return 0;
        err_sys(e, "make a new %s namespace", info->oci_name);
        return ns_advise((uint64_t)(unsigned)info->clone_flag, e);
    }
    return err_set(e, ERR_INTERNAL, 0, "the %s namespace has no mode", info->oci_name);
}

/* ---- advice ---- */

/* Distributions forbid user namespaces in ways of their own; the file that exists and says so is named. */
static const char *userns_sysctl(void)
{
    static const struct {
        const char *file;
        char forbids; /* the file's first character when it does */
        const char *advice;
    } knobs[] = {
        {"/proc/sys/user/max_user_namespaces", '0', "sysctl user.max_user_namespaces is 0"},
        {"/proc/sys/kernel/unprivileged_userns_clone", '0', "sysctl kernel.unprivileged_userns_clone is 0"},
        {"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1',
         "sysctl kernel.apparmor_restrict_unprivileged_userns is 1"},
    };

    for (size_t i = 0; i < ARRAY_SIZE(knobs); i++) {
        _cleanup_free_ char *text = NULL;

        if (file_read(AT_FDCWD, knobs[i].file, 64, &text, NULL, NULL) == 0 && text[0] == knobs[i].forbids)
            return knobs[i].advice;
    }
    return NULL;
}

static int advise_userns(struct err *e)
{
    const char *sysctl = userns_sysctl();

    if (sysctl)
        return err_advice(e, "%s; --userns host does without", sysctl);
    return err_advice(e, "this machine does not let us make a user namespace; --userns host does without");
}

int ns_advise(uint64_t flags, struct err *e)
{
    switch (e->code) {
    case EPERM:
        return flags & CLONE_NEWUSER ? advise_userns(e) : err_advice(e, "making namespaces needs root's CAP_SYS_ADMIN");
    case ENOSPC:
        return flags & CLONE_NEWUSER && userns_sysctl()
                   ? advise_userns(e)
                   : err_advice(e, "too many namespaces, or too deeply nested: see the sysctls user.max_*_namespaces");
    case EINVAL:
        return err_advice(e, "this kernel was built without one of these namespaces");
    case EAGAIN:
        return err_advice(e, "too many processes: see ulimit -u, kernel.pid_max and the cgroup's pids.max");
    default:
        return err_to_errno(e);
    }
}
