/* kill, pause, resume, delete. */
#include <signal.h>
#include <string.h>

#include "base/fd.h"
#include "base/parse.h"
#include "kernel/pidfd.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime_cli/command.h"
#include "runtime_cli/lifecycle.h"

/* ---- kill */

/* A process that ended between the listing and now needs no signal. */
static int signal_all(const struct instance *i, int signo, struct err *e)
{
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0;
    int r = cgroup_pids(i->record.cgroup, &pids, &n, e);

    for (size_t k = 0; r == 0 && k < n; k++) {
        _cleanup_close_ int pidfd = pidfd_open_pid(pids[k], NULL);

        if (pidfd >= 0)
            pidfd_kill(pidfd, signo, NULL);
    }
    return r;
}

static int signal_init(const struct instance *i, int signo, struct err *e)
{
    _cleanup_close_ int pidfd = instance_pidfd(i, e);

    return pidfd < 0 ? pidfd : pidfd_kill(pidfd, signo, e);
}

/* With a pid namespace of another container or the host, the others outlive the init and are to be killed with it. */
static int kill_container(const struct instance *i, int signo, bool all, struct err *e)
{
    if (signo == SIGKILL && (all || !i->record.has_pid_ns))
        return cgroup_kill(i->record.cgroup, e);
    return all ? signal_all(i, signo, e) : signal_init(i, signo, e);
}

/* 0 only asks whether the signal could be sent. */
static int parse_signal_or_0(const char *text, int *ret, struct err *e)
{
    if (strcmp(text, "0") != 0)
        return parse_signal(text, ret, e);
    *ret = 0;
    return 0;
}

int cmd_kill(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    bool all = false;
    const struct option_def options[] = {
        {"all", 'a', OPT_BOOL, &all, NULL, "To all processes of the container", NULL, false},
        {0},
    };
    int args = 0, signo = SIGTERM;
    int r = command_parse(options, argc, argv, 0, 1, 2, &args, e);

    if (r == 0 && args + 1 < argc)
        r = parse_signal_or_0(argv[args + 1], &signo, e);
    if (r != 0)
        return r < 0 ? r : 0;
    r = instance_open(root, argv[args], false, &i, e);
    return r < 0 ? r : kill_container(&i, signo, all, e);
}

/* ---- pause, resume */

static int freeze(const char *root, int argc, char **argv, bool pause, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    enum instance_status wanted = pause ? INSTANCE_RUNNING : INSTANCE_PAUSED;
    enum instance_status status;
    const char *id = NULL;
    int r = command_parse_id(argc, argv, &id, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = instance_open(root, id, true, &i, e);
    if (r < 0)
        return r;
    status = instance_status(&i);
    if (status != wanted && !(pause && status == INSTANCE_CREATED))
        return err_conflict(e, "cannot %s container %s: it is %s", argv[0], id, instance_status_name(status));
    return cgroup_freeze(i.record.cgroup, pause, e);
}

int cmd_pause(const char *root, int argc, char **argv, struct err *e)
{
    return freeze(root, argc, argv, true, e);
}

int cmd_resume(const char *root, int argc, char **argv, struct err *e)
{
    return freeze(root, argc, argv, false, e);
}

/* ---- delete */

int cmd_delete(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    bool force = false;
    const struct option_def options[] = {
        {"force", 'f', OPT_BOOL, &force, NULL, "Kill it first when it runs", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse(options, argc, argv, 0, 1, 1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = instance_open(root, argv[args], true, &i, e);
    if (r < 0)
        return force && e->kind == ERR_NOT_FOUND ? 0 : r;
    return lifecycle_delete(&i, force, e);
}
