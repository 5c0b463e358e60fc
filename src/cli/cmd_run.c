/* run and create. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/command.h"
#include "cli/container_options.h"
#include "cli/foreground.h"
#include "engine/lifecycle.h"

struct run {
    struct container_options common;
    bool detach, sig_proxy;
    char *detach_keys;
};

/* ---- --cidfile: made before the container is, so that a wrong path is known in time */

static int cidfile_open(const char *path, int *ret, struct err *e)
{
    if (!path)
        return 0;
    *ret = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (*ret < 0 && errno == EEXIST)
        return err_conflict(e, "--cidfile: %s exists; remove it, or make sure that its container is not needed", path);
    return *ret < 0 ? err_sys(e, "--cidfile: create %s", path) : 0;
}

static int cidfile_finish(const struct container *c, int fd, bool created, struct err *e)
{
    if (fd < 0)
        return 0;
    if (!created) {
        unlink(c->host.cidfile);
        return 0;
    }
    int r = fd_write_all(fd, c->id, CONTAINER_ID_LEN);
    return r < 0 ? err_set(e, ERR_SYS, -r, "--cidfile: write %s", c->host.cidfile) : 0;
}

/* ---- create */

static int print_id(const struct container *c)
{
    dprintf(STDOUT_FILENO, "%s\n", c->id);
    return 0;
}

static int create(struct cli *cli, struct container *c, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_close_ int cidfile = -1;
    int r = cli_engine(cli, &engine, e);

    if (r == 0)
        r = cidfile_open(c->host.cidfile, &cidfile, e);
    if (r < 0)
        return r;
    r = engine_create(&engine, c, e);
    if (r < 0) {
        cidfile_finish(c, cidfile, false, e);
        return r;
    }
    r = cidfile_finish(c, cidfile, true, e);
    return r < 0 ? r : print_id(c);
}

int cmd_create(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_container_ struct container *c = container_new();
    _cleanup_(container_options_release) struct container_options o = {.c = c};
    struct option_def options[CONTAINER_OPTIONS_MAX];
    size_t n = container_options_table(&o, options, 0);
    int args = 0, r;

    options[n] = (struct option_def){0};
    r = command_parse("create", options, argc, argv, OPTIONS_STOP_AT_ARG, 0, -1, &args, e);
    if (r == 0)
        r = container_options_finish(&o, argc - args, argv + args, e);
    if (r != 0)
        return r < 0 ? r : 0;
    return create(cli, c, e);
}

/* ---- run */

static int attach_to(const struct run *run, struct engine *engine, const struct container *c, int session_fd,
                     struct err *e)
{
    const struct foreground f = {
        .engine = engine,
        .id = c->id,
        .session_fd = session_fd,
        .streams = foreground_streams(&c->config),
        .tty = c->config.tty,
        .forwards_signals = run->sig_proxy && !c->config.tty,
        .ends_with_reader = !c->config.tty,
        .detach_keys = run->detach_keys,
    };

    return foreground_run(&f, e);
}

/* What others' crashes left is looked for after the start: it must not make this container wait. */
static int run_container(struct cli *cli, const struct run *run, struct container *c, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    struct engine_started started = {.session_fd = -1};
    _cleanup_close_ int cidfile = -1, session = -1;
    int r = engine_open(&cli->engine, &engine, e);

    if (r == 0)
        r = cidfile_open(c->host.cidfile, &cidfile, e);
    if (r < 0)
        return r;
    foreground_measure(&engine);
    r = engine_run(&engine, c, run->detach ? 0 : foreground_streams(&c->config), &started, e);
    if (r < 0) {
        cidfile_finish(c, cidfile, false, e);
        engine_recover(&engine);
        return r;
    }
    session = started.session_fd;
    r = cidfile_finish(c, cidfile, true, e);
    if (r < 0)
        return r;
    if (run->detach)
        print_id(c);
    engine_recover(&engine);
    return run->detach ? 0 : attach_to(run, &engine, c, session, e);
}

static int finish_options(struct run *run, int argc, char **argv, struct err *e)
{
    struct container *c = run->common.c;
    int r = container_options_finish(&run->common, argc, argv, e);

    if (r < 0)
        return r;
    if (run->detach && run->common.attach)
        return err_invalid(e, "-d and --attach exclude each other");
    if (!run->detach)
        return foreground_check_terminal(c->config.tty, c->config.attach_stdin, run->detach_keys, e);
    c->config.attach_stdin = c->config.attach_stdout = c->config.attach_stderr = false;
    c->config.stdin_once = false;
    return 0;
}

static void run_release(struct run *run)
{
    container_options_release(&run->common);
    free(run->detach_keys);
}

int cmd_run(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_container_ struct container *c = container_new();
    _cleanup_(run_release) struct run run = {.common = {.c = c}, .sig_proxy = true};
    struct option_def options[CONTAINER_OPTIONS_MAX] = {
        {"detach", 'd', OPT_BOOL, &run.detach, NULL, "Run in the background and print the container's id", NULL, false},
        {"detach-keys", 0, OPT_STRING, &run.detach_keys, "string", "Keys that leave the terminal (ctrl-p,ctrl-q)", NULL,
         false},
        {"sig-proxy", 0, OPT_BOOL, &run.sig_proxy, NULL, "Pass signals on to the container (true)", NULL, false},
    };
    size_t n = container_options_table(&run.common, options, 3);
    int args = 0, r;

    options[n] = (struct option_def){0};
    r = command_parse("run", options, argc, argv, OPTIONS_STOP_AT_ARG, 0, -1, &args, e);
    if (r == 0)
        r = finish_options(&run, argc - args, argv + args, e);
    if (r != 0)
        return r < 0 ? r : 0;
    return run_container(cli, &run, c, e);
}
