/*
 * Resource limits. Raising a hard limit needs CAP_SYS_RESOURCE on the host, which no init in a user namespace has, so
 * the parent raises; everything else is done by the child as late as can be, since a limit of three open files would
 * stop its own setting up.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>

#include "base/file.h"
#include "runtime/process/process.h"

static const struct {
    int resource;
    const char *name; /* as `--ulimit` has it */
} names[] = {
    {RLIMIT_AS, "as"},           {RLIMIT_CORE, "core"},         {RLIMIT_CPU, "cpu"},
    {RLIMIT_DATA, "data"},       {RLIMIT_FSIZE, "fsize"},       {RLIMIT_LOCKS, "locks"},
    {RLIMIT_MEMLOCK, "memlock"}, {RLIMIT_MSGQUEUE, "msgqueue"}, {RLIMIT_NICE, "nice"},
    {RLIMIT_NOFILE, "nofile"},   {RLIMIT_NPROC, "nproc"},       {RLIMIT_RSS, "rss"},
    {RLIMIT_RTPRIO, "rtprio"},   {RLIMIT_RTTIME, "rttime"},     {RLIMIT_SIGPENDING, "sigpending"},
    {RLIMIT_STACK, "stack"},
};

static const char *limit_name(int resource)
{
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].resource == resource)
            return names[i].name;
    }
    return "?";
}

static int failed(const struct spec_rlimit *l, rlim_t hard_now, struct err *e)
{
    err_sys(e, "set the limit %s to %llu:%llu", limit_name(l->resource), (unsigned long long)l->limit.rlim_cur,
            (unsigned long long)l->limit.rlim_max);
    if (e && e->code == EPERM)
        return err_advice(e, "the hard limit here is %llu, and raising it needs CAP_SYS_RESOURCE",
                          (unsigned long long)hard_now);
    return e ? err_to_errno(e) : -EPERM;
}

int rlimits_make_room(pid_t pid, const struct spec_process *p, struct err *e)
{
    for (size_t i = 0; i < p->n_rlimits; i++) {
        const struct spec_rlimit *l = &p->rlimits[i];
        struct rlimit now;
        struct rlimit raised;

        if (prlimit(pid, (enum __rlimit_resource)l->resource, NULL, &now) < 0)
            return err_sys(e, "read the limit %s", limit_name(l->resource));
        if (l->limit.rlim_max <= now.rlim_max)
            continue;
        raised = (struct rlimit){.rlim_cur = now.rlim_cur, .rlim_max = l->limit.rlim_max};
        if (prlimit(pid, (enum __rlimit_resource)l->resource, &raised, NULL) < 0)
            return failed(l, now.rlim_max, e);
    }
    return 0;
}

int rlimits_apply(const struct spec_process *p, struct err *e)
{
    for (size_t i = 0; i < p->n_rlimits; i++) {
        const struct spec_rlimit *l = &p->rlimits[i];
        struct rlimit now = {.rlim_cur = 0};

        if (setrlimit((enum __rlimit_resource)l->resource, &l->limit) == 0)
            continue;
        (void)getrlimit((enum __rlimit_resource)l->resource, &now);
        return failed(l, now.rlim_max, e);
    }
    return 0;
}

int oom_score_write(pid_t pid, const struct spec_process *p, struct err *e)
{
    char path[48];
    char value[16];
    int r;

    if (!p->has_oom_score_adj)
        return 0;
    snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
    snprintf(value, sizeof(value), "%d", p->oom_score_adj);
    r = file_write_existing(AT_FDCWD, path, value, NULL);
    if (r == 0)
        return 0;
    err_set(e, ERR_SYS, -r, "set the out-of-memory score adjustment to %d", p->oom_score_adj);
    return r == -EACCES ? err_advice(e, "lowering it needs CAP_SYS_RESOURCE") : r;
}
