#include "cli/foreground.h"

#include <signal.h>
#include <unistd.h>

#include "engine/lifecycle.h"
#include "shim/client.h"
#include "shim/detach_keys.h"
#include "shim/terminal.h"

unsigned foreground_streams(const struct container_config *c)
{
    return (c->attach_stdin ? SHIM_ATTACH_STDIN : 0) | (c->attach_stdout ? SHIM_ATTACH_STDOUT : 0) |
           (c->attach_stderr ? SHIM_ATTACH_STDERR : 0);
}

int foreground_check_terminal(bool tty, bool has_stdin, const char *detach_keys, struct err *e)
{
    struct detach_keys keys;

    if (tty && has_stdin && !isatty(STDIN_FILENO))
        return err_invalid(e, "-t needs a terminal as standard input; leave -t out when input is piped in");
    return detach_keys_parse(detach_keys, &keys, e);
}

void foreground_measure(struct engine *en)
{
    if (!terminal_get_size(STDOUT_FILENO, &en->console))
        terminal_get_size(STDIN_FILENO, &en->console);
}

/* Nobody reads the output any more. A program would die of SIGPIPE at its next write; so does the container. */
static int reader_is_gone(const struct foreground *f, struct err *e)
{
    struct shim_exit ignored;

    if (!f->ends_with_reader)
        return 128 + SIGPIPE;
    if (shim_client_signal(f->session_fd, SIGKILL, e) == 0)
        shim_client_wait(f->session_fd, &ignored, e);
    return engine_finish(f->engine, f->id, e) < 0 ? err_to_errno(e) : 128 + SIGPIPE;
}

int foreground_run(const struct foreground *f, struct err *e)
{
    const struct user_io io = {
        .in = f->streams & SHIM_ATTACH_STDIN ? STDIN_FILENO : -1,
        .out = f->streams & SHIM_ATTACH_STDOUT ? STDOUT_FILENO : -1,
        .err = f->streams & SHIM_ATTACH_STDERR ? STDERR_FILENO : -1,
        .has_terminal = f->tty,
        .forwards_signals = f->forwards_signals,
        .detach_keys = f->detach_keys,
    };
    struct shim_result result = {0};
    int r = shim_client_relay(f->session_fd, &io, &result, e);

    if (r < 0)
        return r;
    switch (result.outcome) {
    case USER_EXITED:
        r = engine_finish(f->engine, f->id, e);
        return r < 0 ? r : result.exit.status;
    case USER_DETACHED:
        return 0;
    case USER_HUNG_UP:
        return reader_is_gone(f, e);
    case USER_SIGNALED:
        break;
    }
    return 128 + SIGTERM;
}
