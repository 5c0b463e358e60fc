/*
 * The init of `--init`: process 1 of the container, for payloads that are none. It reaps what is orphaned, hands every
 * signal that it gets to the payload (process 1 ignores those it has no handler for, the payload does not), and ends
 * with the payload's status, which ends all the rest.
 *
 * It is this program's own image, forked just before execve: no file in the container is used for it. It is therefore
 * not dumpable, so that /proc/1/exe leads nobody to the host's file (CVE-2019-5736), and it holds no fd of ours.
 */
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"
#include "runtime/process/process.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp.h"

/* Reaps all that has ended. The status to exit with when the payload was among them, else -1. */
static int reap(pid_t payload)
{
    int result = -1;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == payload)
            result = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }
    return result;
}

static _Noreturn void init_loop(pid_t payload)
{
    sigset_t all;

    sigfillset(&all);
    for (;;) {
        int signo = sigwaitinfo(&all, NULL);

        if (signo == SIGCHLD) {
            int status = reap(payload);

            if (status >= 0)
                _exit(status);
        } else if (signo > 0) {
            (void)kill(payload, signo);
        }
    }
}

/* Its own streams go: a pipe whose reader waits for the end must not be held open by us. */
static int let_go(struct err *e)
{
    const int none[3] = {-1, -1, -1};
    int r = stdio_place(none, e);

    return r < 0 ? r : stdio_close_others(0, NULL, 0, e);
}

/* No more may be done in its name than in the payload's. The capabilities go last: loading the filter may need one. */
static int confine(const struct payload *p, struct err *e)
{
    int r = let_go(e);

    if (r == 0 && p->filter)
        r = seccomp_install(p->filter, p->n_filter, p->filter_flags, e);
    return r == 0 ? caps_apply(p->caps, e) : r;
}

static _Noreturn void be_init(const struct payload *p, pid_t payload)
{
    struct err e = ERR_INIT;

    (void)prctl(PR_SET_NAME, "sampan-init", 0, 0, 0);
    /* Where it is not process 1 (the host's pid namespace), orphans come to it all the same. */
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    if (confine(p, &e) < 0) {
        (void)kill(payload, SIGKILL);
        _exit(125);
    }
    init_loop(payload);
}

/* A group of its own in front of the terminal: ^C is then for the payload alone. SIGTTOU is blocked, as all are. */
static void become_foreground(const struct spec_process *p)
{
    (void)setpgid(0, 0);
    if (p->terminal)
        (void)tcsetpgrp(STDIN_FILENO, getpgrp());
}

int init_fork(const struct payload *p, struct err *e)
{
    sigset_t all;
    pid_t pid;

    /* Blocked from before the fork on, so that none is lost before somebody waits for it. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return err_sys(e, "protect the init");
    pid = fork();
    if (pid < 0)
        return err_sys(e, "fork the payload from its init");
    if (pid > 0)
        be_init(p, pid);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0)
        return err_sys(e, "arrange to end with the init");
    become_foreground(p->process);
    return 0;
}
