#include "shim/session.h"

#include <signal.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/pidfd.h"
#include "kernel/syscalls.h"
#include "shim/reap.h"

/* After the payload's end: enough for the 1 MiB that a pipe can hold, and an end for one that somebody keeps filling. */
enum { DRAIN_TURNS_MAX = 1024 };

struct run {
    struct session *session;
    struct loop loop;
    struct loop_source out, err;
    struct loop_source process;
    struct sink input;
    struct user user;
    bool has_exited;
};

/* ---- from the payload to the user */

static void watch_output(struct run *run)
{
    run->out.events = user_takes(&run->user, false) ? POLLIN : 0;
    run->err.events = user_takes(&run->user, true) ? POLLIN : 0;
}

static void output_ready(struct loop_source *s)
{
    struct run *run = s->owner;
    char data[SHIM_DATA_MAX];
    ssize_t n = read(s->fd, data, sizeof(data));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) { /* EIO: nobody has the pty's slave open any more */
        s->fd = -1;
        return;
    }
    user_output(&run->user, s == &run->err, data, (size_t)n);
    watch_output(run);
}

static void on_output_emptied(void *owner)
{
    watch_output(owner);
}

/* ---- from the user to the payload */

static void on_input(void *owner, const char *data, size_t len)
{
    struct run *run = owner;
    sink_push(&run->input, data, len);
    /* Also once the payload has closed its stdin: an endless input is then not read on. */
    user_input_pause(&run->user, true);
}

static void input_emptied(void *owner)
{
    struct run *run = owner;
    user_input_pause(&run->user, run->input.is_broken);
}

static void on_input_end(void *owner)
{
    struct run *run = owner;
    if (run->session->master < 0)
        sink_end(&run->input);
}

static void on_signal(void *owner, int signo)
{
    struct run *run = owner;
    pidfd_kill(run->session->pidfd, signo, NULL); /* one that has just ended needs no signal */
}

static void on_resize(void *owner, struct shim_size size)
{
    struct run *run = owner;
    if (run->session->master >= 0)
        terminal_set_size(run->session->master, size);
}

static const struct user_ops run_ops = {on_input, on_input_end, on_signal, on_resize, on_output_emptied};

/* ---- the whole */

static void process_ready(struct loop_source *s)
{
    struct run *run = s->owner;
    run->has_exited = true;
    s->fd = -1;
    loop_stop(&run->loop);
}

static void open_payload(struct run *run)
{
    struct session *s = run->session;
    bool has_master = s->master >= 0;
    if (has_master)
        fd_set_nonblock(s->master, 1);
    run->out = (struct loop_source){has_master ? s->master : s->out, POLLIN, output_ready, run};
    run->err = (struct loop_source){s->err, POLLIN, output_ready, run};
    run->process = (struct loop_source){s->pidfd, POLLIN, process_ready, run};
    loop_add(&run->loop, &run->out);
    loop_add(&run->loop, &run->err);
    loop_add(&run->loop, &run->process);
    sink_init(&run->input, &run->loop, has_master ? s->master : TAKE_FD(s->in), !has_master, input_emptied, run);
}

/* What the payload wrote before its end: all of it, however slowly the user takes it. */
static int drain(struct run *run, struct err *e)
{
    user_input_pause(&run->user, true);
    for (int i = 0; i < DRAIN_TURNS_MAX && !user_is_gone(&run->user); i++) {
        int n = loop_turn(&run->loop, user_takes_both(&run->user) ? 0 : -1, e);
        if (n <= 0)
            return n;
    }
    return 0;
}

static int relay(struct run *run, const struct user_io *io, struct err *e)
{
    int r = user_start(&run->user, &run->loop, io, &run_ops, run, e);
    if (r < 0)
        return r;
    r = loop_run(&run->loop, e);
    return r == 0 && run->has_exited ? drain(run, e) : r;
}

int session_run(struct session *s, const struct user_io *io, struct shim_result *ret, struct err *e)
{
    struct run run = {.session = s};
    struct shim_result result = {.outcome = USER_EXITED};
    open_payload(&run);
    int r = relay(&run, io, e);
    user_stop(&run.user);
    sink_release(&run.input, &run.loop);
    if (r == 0 && run.has_exited)
        r = reap_child(s->pidfd, &result.exit, e);
    else if (r == 0)
        result.outcome = user_outcome(&run.user);
    if (r == 0)
        *ret = result;
    return r;
}

/* ---- when the user has left */

/* Nothing of the caller's is kept, least of all its locks. */
static _Noreturn void keep_open(int master)
{
    char data[SHIM_DATA_MAX];
    ssize_t n = 0;
    if (dup2(master, 0) < 0 || sys_close_range(1, ~0U, 0) < 0 || setsid() < 0 || chdir("/") < 0)
        _exit(1);
    fd_set_nonblock(0, 0);
    do /* EIO: nobody has the pty's slave open any more */
        n = read(0, data, sizeof(data));
    while (n > 0 || (n < 0 && errno == EINTR));
    _exit(0);
}

int session_leave(const struct session *s, struct err *e)
{
    sigset_t all, old;
    if (s->master < 0)
        return 0;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &old); /* it stays so there: the user's terminal may hang up before it has left it */
    pid_t pid = fork();
    if (pid == 0)
        keep_open(s->master);
    int r = pid < 0 ? err_sys(e, "keep the terminal open") : 0;
    sigprocmask(SIG_SETMASK, &old, NULL);
    return r;
}

void session_release(struct session *s)
{
    fd_close(&s->in);
    fd_close(&s->out);
    fd_close(&s->err);
    fd_close(&s->master);
    fd_close(&s->pidfd);
}
