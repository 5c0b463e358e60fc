#include "runtime_cli/lifecycle.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "kernel/pidfd.h"
#include "runtime/hooks.h"
#include "runtime/runtime.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/foreground.h"
#include "runtime_cli/report.h"
#include "runtime_cli/start_socket.h"

/* How long a killed init may take to be gone. */
enum { KILL_WAIT_MS = 10 * 1000 };

void created_release(struct created *c)
{
    fd_close(&c->pidfd);
    fd_close(&c->master);
}

/* ---- create */

/* The first entry of the ledger: the cgroup's name, before there is a cgroup. */
static int record_plan(struct instance *i, const struct bundle *b, struct err *e)
{
    struct record *record = &i->record;

    record->bundle = strdup(b->path);
    record->rootfs = b->spec->root.path ? realpath(b->spec->root.path, NULL) : strdup("");
    record->created = strdup(rfc3339_now().text);
    record->cgroup = strdup(b->spec->cgroup_path);
    record->has_pid_ns = spec_has_own(b->spec, NS_PID);
    record->annotations = json_object_get(b->spec->annotations);
    if (!record->rootfs)
        return err_sys(e, "root.path %s", b->spec->root.path);
    if (!record->bundle || !record->created || !record->cgroup)
        return err_set(e, ERR_SYS, ENOMEM, "describe container %s", i->id);
    return record_save(record, i->dir_fd, e);
}

static int record_init(struct instance *i, const struct runtime_container *c, struct err *e)
{
    int r = pid_start_time(c->pid, &i->record.start_time, e);

    i->record.pid = c->pid;
    return r < 0 ? r : record_save(&i->record, i->dir_fd, e);
}

/* The steps between an init that waits and a container that does without us. */
static int settle(struct instance *i, const struct create_options *o, struct runtime_container *c, int master,
                  int listen_fd, struct err *e)
{
    int r;

    r = handover_make(&o->handover, c->pid, c->pidfd, master, e);
    if (r == 0)
        r = record_init(i, c, e);
    return r < 0 ? r : runtime_detach(c, listen_fd, e);
}

static void end_init(struct runtime_container *c)
{
    siginfo_t info;

    pidfd_kill(c->pidfd, SIGKILL, NULL);
    pidfd_wait(c->pidfd, &info, NULL);
    runtime_release(c);
}

static int make(struct instance *i, const struct create_options *o, const struct bundle *b, struct created *ret,
                struct err *e)
{
    struct runtime_stdio io = {
        .in = STDIN_FILENO, .out = STDOUT_FILENO, .err = STDERR_FILENO, .master = -1, .n_preserved = o->n_preserved};
    struct runtime_container c = RUNTIME_CONTAINER_INIT;
    _cleanup_close_ int listen_fd = start_socket_listen(i->dir_fd, e);
    _cleanup_close_ int master = -1;
    int r = listen_fd < 0 ? listen_fd : runtime_create(b->spec, &io, &c, e);

    if (r < 0)
        return r;
    master = io.master;
    r = runtime_wait_ready(&c, e);
    if (r < 0)
        return r;
    r = settle(i, o, &c, master, listen_fd, e);
    if (r < 0) {
        end_init(&c);
        return r;
    }
    *ret = (struct created){.pidfd = TAKE_FD(c.pidfd), .master = o->handover.console_socket ? -1 : TAKE_FD(master)};
    fd_close(&c.mounts_fd);
    cgroup_release(&c.cgroup); /* it stays */
    return 0;
}

int lifecycle_create(const char *root, const char *id, struct create_options *o, struct instance *i,
                     struct created *ret, struct err *e)
{
    _cleanup_bundle_ struct bundle b = {0};
    int r;

    r = instance_check_id(id, e);
    if (r == 0)
        r = handover_resolve(&o->handover, e);
    if (r == 0)
        r = bundle_load(o->bundle, id, &b, e);
    if (r == 0)
        r = handover_check(&o->handover, b.spec->process.terminal, o->is_detached, e);
    if (r == 0)
        r = instance_create(root, id, i, e);
    if (r < 0)
        return r;
    if (!o->is_detached)
        foreground_take_size(&b.spec->process);
    r = record_plan(i, &b, e);
    if (r == 0)
        r = bundle_save_config(&b, i->dir_fd, e);
    if (r == 0)
        r = make(i, o, &b, ret, e);
    if (r < 0)
        instance_remove(i, NULL);
    return r;
}

/* ---- start */

static int load_spec(const struct instance *i, struct spec **ret, struct err *e)
{
    _cleanup_json_ json_object *config = NULL;
    int r = bundle_load_config(i, &config, e);

    return r < 0 ? r : bundle_make_spec(config, i->id, i->record.bundle, ret, e);
}

static int not_created(const struct instance *i, struct err *e)
{
    return err_conflict(e, "cannot start container %s: it is %s, not created", i->id,
                        instance_status_name(instance_status(i)));
}

int lifecycle_start(const struct instance *i, struct err *e)
{
    _cleanup_spec_ struct spec *spec = NULL;
    _cleanup_close_ int sock = -1;
    int r;

    if (instance_status(i) != INSTANCE_CREATED)
        return not_created(i, e);
    r = load_spec(i, &spec, e);
    if (r < 0)
        return r;
    sock = start_socket_connect(i->dir_fd, e);
    r = sock < 0 ? sock : runtime_start_detached(sock, e);
    return r < 0 ? r : hooks_run(spec, SPEC_HOOK_POSTSTART, i->record.pid, "running", e);
}

/* ---- delete */

static int end_running(const struct instance *i, bool kill_running, struct err *e)
{
    enum instance_status status = instance_status(i);
    _cleanup_close_ int pidfd = -1;

    if (status == INSTANCE_STOPPED)
        return 0;
    /* A container that never ran its program has nothing to lose. */
    if (!kill_running && status != INSTANCE_CREATED)
        return err_conflict(e, "cannot delete container %s that is not stopped: %s (use --force to kill it)", i->id,
                            instance_status_name(status));
    pidfd = instance_pidfd(i, NULL);
    if (pidfd < 0)
        return 0;
    pidfd_kill(pidfd, SIGKILL, NULL);
    if (status == INSTANCE_PAUSED)
        cgroup_freeze(i->record.cgroup, false, NULL); /* in version 1 the frozen don't die */
    if (!pidfd_has_exited(pidfd, KILL_WAIT_MS))
        return err_set(e, ERR_SYS, EBUSY, "container %s did not end when it was killed", i->id);
    return 0;
}

/* A hook that fails here is told, and stops nothing. Source: runtime-spec runtime.md, "Lifecycle", step 13. */
static void run_poststop(const struct instance *i)
{
    _cleanup_spec_ struct spec *spec = NULL;
    struct err e = ERR_INIT;

    if (load_spec(i, &spec, &e) < 0 || hooks_run(spec, SPEC_HOOK_POSTSTOP, 0, "stopped", &e) < 0)
        log_warning("container %s: %s", i->id, e.text);
}

int lifecycle_delete(struct instance *i, bool kill_running, struct err *e)
{
    int r = end_running(i, kill_running, e);

    if (r == 0)
        r = runtime_clean_up(i->record.cgroup, e);
    if (r < 0)
        return r;
    run_poststop(i);
    return instance_remove(i, e);
}
