/* stop, restart, kill, rm, rename, wait, _reap: one verb for several containers, each named once it is done. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/parse.h"
#include "cli/command.h"
#include "engine/lifecycle.h"
#include "engine/query.h"
#include "engine/rootless.h"

struct control {
    struct engine *engine;
    char *signal;
    int timeout;
    struct engine_remove_options remove;
};

static int parse_timeout(const char *value, void *target, struct err *e)
{
    int64_t seconds = 0;
    int r = parse_int64(value, "--time", &seconds, e);

    if (r < 0)
        return r;
    if (seconds < -1 || seconds > 1000000)
        return err_invalid(e, "invalid --time \"%s\": it is a number of seconds, or -1 to wait for ever", value);
    *(int *)target = (int)seconds;
    return 0;
}

/* What the user named, as they named it: scripts compare it. */
static void print_done(const char *ref)
{
    dprintf(STDOUT_FILENO, "%s\n", ref);
}

enum { TIMEOUT_OF_CONTAINER = -2 };

static int stop_one(const char *ref, void *data, struct err *e)
{
    struct control *c = data;
    int r = engine_stop(c->engine, ref, c->signal, c->timeout, e);

    if (r == 0)
        print_done(ref);
    return r;
}

static int restart_one(const char *ref, void *data, struct err *e)
{
    struct control *c = data;
    struct engine_started started = {.session_fd = -1};
    int r = engine_stop(c->engine, ref, c->signal, c->timeout, e);

    if (r == 0)
        r = engine_start(c->engine, ref, 0, &started, e);
    if (r == 0)
        print_done(ref);
    return r;
}

static int kill_one(const char *ref, void *data, struct err *e)
{
    struct control *c = data;
    int r = engine_kill(c->engine, ref, c->signal ? c->signal : "KILL", e);

    if (r == 0)
        print_done(ref);
    return r;
}

/* With --force a container that does not exist is no mistake, as for rm(1). */
static int remove_one(const char *ref, void *data, struct err *e)
{
    struct control *c = data;
    int r = engine_remove(c->engine, ref, &c->remove, e);

    if (r == 0)
        print_done(ref);
    return r;
}

static int wait_one(const char *ref, void *data, struct err *e)
{
    struct control *c = data;
    int status = 0;
    int r = engine_wait(c->engine, ref, &status, e);

    if (r == 0)
        dprintf(STDOUT_FILENO, "%d\n", status);
    return r;
}

/* Opens the engine and calls fn for each argument. */
static int control_each(struct cli *cli, const struct control *c, char **args,
                        int (*fn)(const char *ref, void *data, struct err *e), struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    struct control with_engine = *c;
    int r = cli_engine(cli, &engine, e);

    if (r < 0)
        return r;
    with_engine.engine = &engine;
    return cli_for_each(args, fn, &with_engine);
}

static int stop_or_restart(struct cli *cli, const char *name, int argc, char **argv,
                           int (*fn)(const char *ref, void *data, struct err *e), struct err *e)
{
    _cleanup_free_ char *signal = NULL;
    struct control c = {.timeout = TIMEOUT_OF_CONTAINER};
    const struct option_def options[] = {
        {"signal", 's', OPT_STRING, &signal, "string", "Signal to send in place of the container's stop signal", NULL,
         false},
        {"time", 't', OPT_CALL, &c.timeout, "int", "Seconds until it is killed (10); -1: never", parse_timeout, false},
        {"timeout", 0, OPT_CALL, &c.timeout, "int", NULL, parse_timeout, false},
        {0},
    };
    int args = 0;
    int r = command_parse(name, options, argc, argv, 0, 1, -1, &args, e);

    c.signal = signal;
    return r != 0 ? (r < 0 ? r : 0) : control_each(cli, &c, argv + args, fn, e);
}

int cmd_stop(struct cli *cli, int argc, char **argv, struct err *e)
{
    return stop_or_restart(cli, "stop", argc, argv, stop_one, e);
}

int cmd_restart(struct cli *cli, int argc, char **argv, struct err *e)
{
    return stop_or_restart(cli, "restart", argc, argv, restart_one, e);
}

int cmd_kill(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_free_ char *signal = NULL;
    const struct option_def options[] = {
        {"signal", 's', OPT_STRING, &signal, "string", "Signal to send (KILL)", NULL, false},
        {0},
    };
    struct control c = {0};
    int args = 0, signo = 0;
    int r = command_parse("kill", options, argc, argv, 0, 1, -1, &args, e);

    if (r == 0 && signal)
        r = parse_signal(signal, &signo, e);
    c.signal = signal;
    return r != 0 ? (r < 0 ? r : 0) : control_each(cli, &c, argv + args, kill_one, e);
}

int cmd_rm(struct cli *cli, int argc, char **argv, struct err *e)
{
    struct control c = {0};
    const struct option_def options[] = {
        {"force", 'f', OPT_BOOL, &c.remove.force, NULL, "Kill it first when it runs", NULL, false},
        {"volumes", 'v', OPT_BOOL, &c.remove.volumes, NULL, "Remove its anonymous volumes too", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("rm", options, argc, argv, 0, 1, -1, &args, e);

    return r != 0 ? (r < 0 ? r : 0) : control_each(cli, &c, argv + args, remove_one, e);
}

int cmd_wait(struct cli *cli, int argc, char **argv, struct err *e)
{
    const struct option_def options[] = {{0}};
    struct control c = {0};
    int args = 0;
    int r = command_parse("wait", options, argc, argv, 0, 1, -1, &args, e);

    return r != 0 ? (r < 0 ? r : 0) : control_each(cli, &c, argv + args, wait_one, e);
}

int cmd_rename(struct cli *cli, int argc, char **argv, struct err *e)
{
    const struct option_def options[] = {{0}};
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int args = 0;
    int r = command_parse("rename", options, argc, argv, 0, 2, 2, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = cli_engine(cli, &engine, e);
    return r < 0 ? r : engine_rename(&engine, argv[args], argv[args + 1], e);
}

/* What a shim executes in its place when a detached `run --rm` has ended. The container may be gone already. */
int cmd_reap(struct cli *cli, int argc, char **argv, struct err *e)
{
    const struct option_def options[] = {{0}};
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int args = 0;
    int r = command_parse("_reap", options, argc, argv, 0, 1, 1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = engine_open(&cli->engine, &engine, e);
    if (r == 0)
        r = engine_finish(&engine, argv[args], e);
    return e->kind == ERR_NOT_FOUND ? 0 : r;
}

/* What the first command of an unprivileged user leaves behind to hold his namespaces open (engine/rootless.h). */
int cmd_base(struct cli *cli, int argc, char **argv, struct err *e)
{
    const struct option_def options[] = {{0}};
    int args = 0;
    int r = command_parse("_base", options, argc, argv, 0, 1, 1, &args, e);

    (void)cli;
    if (r != 0)
        return r < 0 ? r : 0;
    return rootless_hold(argv[args], e);
}
