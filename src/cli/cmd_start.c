/* start and attach. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "cli/command.h"
#include "cli/foreground.h"
#include "engine/lifecycle.h"
#include "engine/query.h"
#include "shim/protocol.h"

struct start {
    struct engine *engine;
    bool attach, interactive, sig_proxy, no_stdin;
    char *detach_keys;
};

static int relay(const struct start *s, const struct container *c, int session_fd, unsigned streams, struct err *e)
{
    const struct foreground f = {
        .engine = s->engine,
        .id = c->id,
        .session_fd = session_fd,
        .streams = streams,
        .tty = c->config.tty,
        .forwards_signals = s->sig_proxy && !c->config.tty,
        .detach_keys = s->detach_keys,
    };

    return foreground_run(&f, e);
}

static unsigned streams_of(const struct start *s, const struct container *c)
{
    bool has_stdin = s->interactive && c->config.open_stdin;

    return SHIM_ATTACH_STDOUT | SHIM_ATTACH_STDERR | (has_stdin ? SHIM_ATTACH_STDIN : 0);
}

static int check_terminal(const struct start *s, const struct container *c, struct err *e)
{
    return foreground_check_terminal(c->config.tty, streams_of(s, c) & SHIM_ATTACH_STDIN, s->detach_keys, e);
}

static int start_attached(const struct start *s, const char *ref, struct err *e)
{
    struct engine_started started = {.session_fd = -1};
    _cleanup_container_ struct container *c = NULL;
    _cleanup_close_ int session = -1;
    int r = engine_find(s->engine, ref, &c, e);

    foreground_measure(s->engine);
    if (r == 0)
        r = check_terminal(s, c, e);
    if (r == 0)
        r = engine_start(s->engine, c->id, streams_of(s, c), &started, e);
    if (r < 0)
        return r;
    session = started.session_fd;
    return relay(s, c, session, streams_of(s, c), e);
}

static int start_one(const char *ref, void *data, struct err *e)
{
    const struct start *s = data;
    struct engine_started started = {.session_fd = -1};
    int r = engine_start(s->engine, ref, 0, &started, e);

    if (r == 0)
        dprintf(STDOUT_FILENO, "%s\n", ref);
    return r;
}

static int start_all(struct cli *cli, const struct start *options, int argc, char **argv, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    struct start s = *options;
    int r;

    if ((s.attach || s.interactive) && argc > 1)
        return err_invalid(e, "only one container can be started with --attach or --interactive");
    r = cli_engine(cli, &engine, e);
    if (r < 0)
        return r;
    s.engine = &engine;
    return s.attach || s.interactive ? start_attached(&s, argv[0], e) : cli_for_each(argv, start_one, &s);
}

int cmd_start(struct cli *cli, int argc, char **argv, struct err *e)
{
    struct start s = {.sig_proxy = true};
    const struct option_def options[] = {
        {"attach", 'a', OPT_BOOL, &s.attach, NULL, "Show its output and pass signals on", NULL, false},
        {"interactive", 'i', OPT_BOOL, &s.interactive, NULL, "Attach its standard input too", NULL, false},
        {"detach-keys", 0, OPT_STRING, &s.detach_keys, "string", "Keys that leave the terminal (ctrl-p,ctrl-q)", NULL,
         false},
        {"sig-proxy", 0, OPT_BOOL, &s.sig_proxy, NULL, "Pass signals on to the container (true)", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("start", options, argc, argv, 0, 1, -1, &args, e);

    if (r == 0)
        r = start_all(cli, &s, argc - args, argv + args, e);
    else if (r > 0)
        r = 0;
    free(s.detach_keys);
    return r;
}

static int attach(struct cli *cli, const struct start *options, const char *ref, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_container_ struct container *c = NULL;
    _cleanup_close_ int session = -1;
    struct start s = *options;
    unsigned streams;
    int r = cli_engine(cli, &engine, e);

    if (r == 0)
        r = engine_find(&engine, ref, &c, e);
    if (r < 0)
        return r;
    s.engine = &engine;
    s.interactive = !s.no_stdin;
    streams = streams_of(&s, c);
    r = check_terminal(&s, c, e);
    if (r < 0)
        return r;
    r = engine_attach(&engine, c->id, streams, &session, e);
    return r < 0 ? r : relay(&s, c, session, streams, e);
}

int cmd_attach(struct cli *cli, int argc, char **argv, struct err *e)
{
    struct start s = {.sig_proxy = true};
    const struct option_def options[] = {
        {"no-stdin", 0, OPT_BOOL, &s.no_stdin, NULL, "Do not attach standard input", NULL, false},
        {"detach-keys", 0, OPT_STRING, &s.detach_keys, "string", "Keys that leave the terminal (ctrl-p,ctrl-q)", NULL,
         false},
        {"sig-proxy", 0, OPT_BOOL, &s.sig_proxy, NULL, "Pass signals on to the container (true)", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("attach", options, argc, argv, 0, 1, 1, &args, e);

    if (r == 0)
        r = attach(cli, &s, argv[args], e);
    else if (r > 0)
        r = 0;
    free(s.detach_keys);
    return r;
}
