/* exec. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "kernel/pidfd.h"
#include "runtime/runtime.h"
#include "runtime_cli/bundle.h"
#include "runtime_cli/command.h"
#include "runtime_cli/exec_process.h"
#include "runtime_cli/foreground.h"
#include "runtime_cli/handover.h"

struct words {
    struct exec_changes changes;
    struct handover handover;
    char *process; /* process.json, in place of changes and a command */
    char *cgroup;
    bool detach, ignore_paused;
    unsigned n_preserved;
};

static void words_release(struct words *w)
{
    exec_changes_release(&w->changes);
    handover_release(&w->handover);
    free(w->process);
    free(w->cgroup);
}

/* ---- where it runs */

static int check_status(const struct instance *i, const struct words *w, struct err *e)
{
    switch (instance_status(i)) {
    case INSTANCE_RUNNING:
    case INSTANCE_CREATED:
        return 0;
    case INSTANCE_PAUSED:
        return w->ignore_paused ? 0 : err_conflict(e, "cannot exec in a paused container (use --ignore-paused)");
    case INSTANCE_CREATING:
        return err_conflict(e, "cannot exec in a container that is still being created");
    case INSTANCE_STOPPED:
        break;
    }
    return err_conflict(e, "cannot exec in a stopped container: container not running: %s", i->id);
}

/* ---- what runs */

static int load_process(const struct words *w, json_object *config, char *const *args, struct spec_process *ret,
                        struct err *e)
{
    _cleanup_json_ json_object *process = NULL;
    int r = w->process ? json_parse_file(AT_FDCWD, w->process, &process, e)
                       : exec_process_make(json_get(config, "process"), &w->changes, args, &process, e);

    return r < 0 ? r : spec_load_process(process, ret, e);
}

struct target {
    struct spec *spec;
    struct spec_process process;
    int pidfd;
};

static void target_release(struct target *t)
{
    spec_free(t->spec);
    spec_process_release(&t->process);
    fd_close(&t->pidfd);
}

static int target_load(const struct instance *i, const struct words *w, char *const *args, struct target *t,
                       struct err *e)
{
    _cleanup_json_ json_object *config = NULL;
    int r = check_status(i, w, e);

    if (r == 0)
        r = bundle_load_config(i, &config, e);
    if (r == 0)
        r = bundle_make_spec(config, i->id, i->record.bundle, &t->spec, e);
    if (r == 0)
        r = load_process(w, config, args, &t->process, e);
    if (r == 0)
        r = handover_check(&w->handover, t->process.terminal, w->detach, e);
    if (r < 0)
        return r;
    if (!w->detach)
        foreground_take_size(&t->process);
    t->pidfd = instance_pidfd(i, e);
    return t->pidfd < 0 ? t->pidfd : 0;
}

/* ---- running it */

static int finish(const struct words *w, struct runtime_container *c, int *master, struct err *e)
{
    int status = 0;
    int r = handover_make(&w->handover, c->pid, c->pidfd, *master, e);

    if (r < 0) {
        pidfd_kill(c->pidfd, SIGKILL, NULL);
        return r;
    }
    if (w->detach)
        return 0;
    r = foreground_wait(TAKE_FD(c->pidfd), w->handover.console_socket ? -1 : TAKE_FD(*master), &status, e);
    return r < 0 ? r : status;
}

static int exec_in(const struct target *t, const struct words *w, struct err *e)
{
    const struct runtime_exec x = {.target_pidfd = t->pidfd, .spec = t->spec, .process = &t->process};
    struct runtime_stdio io = {
        .in = STDIN_FILENO, .out = STDOUT_FILENO, .err = STDERR_FILENO, .master = -1, .n_preserved = w->n_preserved};
    struct runtime_container c = RUNTIME_CONTAINER_INIT;
    int r = runtime_exec(&x, &io, &c, e);

    if (r == 0) {
        r = finish(w, &c, &io.master, e);
        runtime_release(&c);
    }
    fd_close(&io.master);
    return r;
}

static int run(const char *root, const char *id, struct words *w, char *const *args, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    _cleanup_(target_release) struct target t = {.pidfd = -1};
    int r;

    if (w->cgroup && *w->cgroup)
        return err_set(e, ERR_UNSUPPORTED, 0, "--cgroup: processes join the container's own cgroup only");
    if (!w->process && !*args)
        return err_invalid(e, "exec: which command? Give one, or --process FILE");
    r = handover_resolve(&w->handover, e);
    if (r == 0)
        r = instance_open(root, id, false, &i, e);
    if (r == 0)
        r = target_load(&i, w, args, &t, e);
    return r < 0 ? r : exec_in(&t, w, e);
}

int cmd_exec(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_(words_release) struct words w = {0};
    struct exec_changes *c = &w.changes;
    struct option_def options[HANDOVER_OPTIONS + 16] = {
        [HANDOVER_OPTIONS] = {"process", 'p', OPT_STRING, &w.process, "file", "Take the process from this process.json",
                              NULL, false},
        {"detach", 'd', OPT_BOOL, &w.detach, NULL, "Do not wait for its end", NULL, false},
        {"tty", 't', OPT_BOOL, &c->tty, NULL, "Give it a terminal", NULL, false},
        {"cwd", 0, OPT_STRING, &c->cwd, "dir", "Its working directory", NULL, false},
        {"env", 'e', OPT_STRV, &c->env, "name=value", "Set an environment variable", NULL, false},
        {"user", 'u', OPT_STRING, &c->user, "uid[:gid]", "Its user and group", NULL, false},
        {"additional-gids", 'g', OPT_STRV, &c->gids, "gid", "A further group", NULL, false},
        {"process-label", 0, OPT_STRING, &c->selinux_label, "label", "Its SELinux label", NULL, false},
        {"apparmor", 0, OPT_STRING, &c->apparmor, "profile", "Its AppArmor profile", NULL, false},
        {"no-new-privs", 0, OPT_BOOL, &c->no_new_privs, NULL, "It can gain no privileges", NULL, false},
        {"cap", 'c', OPT_STRV, &c->caps, "name", "Add a capability", NULL, false},
        {"preserve-fds", 0, OPT_CALL, &w.n_preserved, "n", "Pass it the n fds from 3 on", option_preserve_fds, false},
        {"cgroup", 0, OPT_STRING, &w.cgroup, "path", NULL, NULL, false},
        {"ignore-paused", 0, OPT_BOOL, &w.ignore_paused, NULL, "Also in a paused container", NULL, false},
        {0},
    };
    int args = 0, r;

    handover_options(&w.handover, options);
    r = command_parse(options, argc, argv, OPTIONS_STOP_AT_ARG, 1, -1, &args, e);
    if (r != 0)
        return r < 0 ? r : 0;
    return run(root, argv[args], &w, argv + args + 1, e);
}
