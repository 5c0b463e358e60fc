#include "runtime_cli/foreground.h"

#include <signal.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "shim/session.h"

void foreground_take_size(struct spec_process *p)
{
    struct shim_size size;

    if (!p->terminal || p->console_rows || p->console_cols)
        return;
    if (terminal_get_size(STDOUT_FILENO, &size) || terminal_get_size(STDIN_FILENO, &size)) {
        p->console_rows = size.rows;
        p->console_cols = size.cols;
    }
}

int foreground_wait(int pidfd, int master, int *ret_status, struct err *e)
{
    _cleanup_(session_release) struct session s = {.in = -1, .out = -1, .err = -1, .master = master, .pidfd = pidfd};
    struct shim_result result = {0};
    bool has_terminal = master >= 0;
    /* Without a terminal the payload has our own stdio, and there is nothing to relay. */
    const struct user_io io = {
        .in = has_terminal ? STDIN_FILENO : -1,
        .out = has_terminal ? STDOUT_FILENO : -1,
        .err = -1,
        .has_terminal = has_terminal,
        .forwards_signals = true,
        .keeps_all_keys = true,
    };
    int r = session_run(&s, &io, &result, e);

    if (r == 0)
        *ret_status = result.outcome == USER_EXITED ? result.exit.status : 128 + SIGHUP;
    return r;
}
