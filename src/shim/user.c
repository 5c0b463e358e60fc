#include "shim/user.h"

#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"

/* Forwarded to a payload without a terminal. With one they come from outside, not from keys, and end the command. */
static const int forwarded[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGALRM, SIGCONT};
static const int fatal[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/* ---- input */

static void end_input(struct user *u)
{
    u->in.fd = -1;
    u->ops->input_end(u->owner);
}

static void pass_input(struct user *u, const char *data, size_t len)
{
    char kept[SHIM_DATA_MAX];
    const char *text = data;
    if (u->io->has_terminal && !u->io->keeps_all_keys) {
        u->has_detached = detach_keys_filter(&u->detach, data, len, kept, &len);
        text = kept;
    }
    if (len > 0)
        u->ops->input(u->owner, text, len);
    if (u->has_detached)
        loop_stop(u->loop);
}

static void input_ready(struct loop_source *s)
{
    struct user *u = s->owner;
    char data[SHIM_DATA_MAX - DETACH_KEYS_MAX]; /* keys held back so far come on top */
    ssize_t n = read(s->fd, data, sizeof(data));
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        end_input(u);
    else
        pass_input(u, data, (size_t)n);
}

void user_input_pause(struct user *u, bool pause)
{
    u->in.events = pause ? 0 : POLLIN;
}

/* ---- output */

static void output_emptied(void *owner)
{
    struct user *u = owner;
    if (u->out.is_broken || u->err.is_broken) {
        u->has_hung_up = true;
        loop_stop(u->loop);
    }
    u->ops->output_emptied(u->owner);
}

void user_output(struct user *u, bool is_stderr, const char *data, size_t len)
{
    sink_push(is_stderr ? &u->err : &u->out, data, len);
}

bool user_takes(const struct user *u, bool is_stderr)
{
    return sink_is_empty(is_stderr ? &u->err : &u->out);
}

bool user_takes_both(const struct user *u)
{
    return user_takes(u, false) && user_takes(u, true);
}

/* ---- signals */

static void pass_size(struct user *u)
{
    struct shim_size size;
    if (terminal_get_size(u->io->out, &size) || terminal_get_size(u->io->in, &size))
        u->ops->resize(u->owner, size);
}

static void signal_ready(struct loop_source *s)
{
    struct user *u = s->owner;
    struct signalfd_siginfo info;
    if (read(s->fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
        return;
    if (info.ssi_signo == SIGWINCH) {
        pass_size(u);
    } else if (u->io->has_terminal) {
        u->fatal_signal = (int)info.ssi_signo;
        loop_stop(u->loop);
    } else {
        u->ops->signal(u->owner, (int)info.ssi_signo);
    }
}

/* One that the caller's parent ignores stays ignored (nohup). */
static void add_unless_ignored(sigset_t *set, const int *signals, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct sigaction action;
        if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
            sigaddset(set, signals[i]);
    }
}

static sigset_t wanted_signals(const struct user_io *io)
{
    sigset_t set;
    sigemptyset(&set);
    if (io->has_terminal) {
        sigaddset(&set, SIGWINCH);
        add_unless_ignored(&set, fatal, ARRAY_SIZE(fatal));
    } else if (io->forwards_signals) {
        add_unless_ignored(&set, forwarded, ARRAY_SIZE(forwarded));
    }
    return set;
}

static int catch_signals(struct user *u, struct err *e)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGPIPE, &ignore, &u->old_sigpipe);
    sigset_t set = wanted_signals(u->io);
    sigprocmask(SIG_BLOCK, &set, &u->old_mask);
    u->is_started = true;
    u->signals = (struct loop_source){.events = POLLIN, .ready = signal_ready, .owner = u};
    u->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (u->signals.fd < 0)
        return err_sys(e, "listen to signals");
    loop_add(u->loop, &u->signals);
    return 0;
}

/* ---- the whole */

int user_start(struct user *u, struct loop *l, const struct user_io *io, const struct user_ops *ops, void *owner,
               struct err *e)
{
    *u = (struct user){.ops = ops, .owner = owner, .loop = l, .io = io, .signals.fd = -1, .terminal = TERMINAL_INIT};
    int r = detach_keys_parse(io->detach_keys, &u->detach, e);
    if (r == 0)
        r = catch_signals(u, e);
    if (r == 0 && io->has_terminal)
        r = terminal_make_raw(&u->terminal, io->in, e);
    if (r < 0) {
        user_stop(u);
        return r;
    }
    u->in = (struct loop_source){.fd = io->in, .events = POLLIN, .ready = input_ready, .owner = u};
    loop_add(l, &u->in);
    sink_init(&u->out, l, io->out, false, output_emptied, u);
    sink_init(&u->err, l, io->err, false, output_emptied, u);
    if (io->has_terminal)
        pass_size(u);
    return 0;
}

void user_stop(struct user *u)
{
    if (!u->is_started)
        return;
    u->is_started = false;
    terminal_restore(&u->terminal);
    fd_close(&u->signals.fd);
    sigaction(SIGPIPE, &u->old_sigpipe, NULL);
    if (u->fatal_signal)
        raise(u->fatal_signal); /* pending until the next line */
    sigprocmask(SIG_SETMASK, &u->old_mask, NULL);
}

bool user_is_gone(const struct user *u)
{
    return u->has_detached || u->has_hung_up || u->fatal_signal;
}

enum user_outcome user_outcome(const struct user *u)
{
    if (u->has_detached)
        return USER_DETACHED;
    return u->fatal_signal ? USER_SIGNALED : USER_HUNG_UP;
}
