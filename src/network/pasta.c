#include "network/pasta.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "kernel/pidfd.h"

#define PASTA_INTERFACE "uplink"

enum { READY_MS = 10000, POLL_MS = 10, OUTPUT_MAX = 500, PASTA_FD_DIR = 3 };

static int check_tun(struct err *e)
{
    _cleanup_close_ int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
    if (fd >= 0)
        return 0;
    err_sys(e, "networks without root need /dev/net/tun");
    return errno == ENOENT ? err_advice(e, "as root: modprobe tun; or use --network none or host")
                           : err_advice(e, "as root: chmod 0666 /dev/net/tun; or use --network none or host");
}

static const char *find_program(struct err *e)
{
    static const char *const paths[] = {"/usr/bin/pasta", "/usr/local/bin/pasta", "/bin/pasta"};
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
        if (access(paths[i], X_OK) == 0)
            return paths[i];
    err_set(e, ERR_UNSUPPORTED, ENOENT, "networks without root need pasta, which is not installed");
    err_advice(e, "install the package passt, or use --network none or host");
    return NULL;
}

/* It ends with us, however we end. */
static int end_with_parent(void *arg, struct err *e)
{
    (void)arg;
    return prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 ? err_sys(e, "arrange to end with the parent") : 0;
}

/* What it said last. */
static int failed(int output, struct err *e)
{
    char text[OUTPUT_MAX];
    ssize_t n = read(output, text, sizeof(text) - 1);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return err_set(e, ERR_SYS, EIO, "pasta did not start: %s", n > 0 ? text : "it says nothing");
}

/* It writes the file when everything is set up. */
static int await(const struct pasta *p, int dir_fd, int output, struct err *e)
{
    for (int waited = 0; waited < READY_MS; waited += POLL_MS) {
        if (file_exists(dir_fd, PASTA_PID_NAME))
            return 0;
        if (pidfd_has_exited(p->pidfd, POLL_MS))
            return failed(output, e);
    }
    return err_set(e, ERR_SYS, ETIMEDOUT, "pasta is not ready after %d seconds", READY_MS / 1000);
}

static int start(struct pasta *p, const char *program, pid_t target, int dir_fd, int output, struct err *e)
{
    char pid[16], pid_file[64];
    snprintf(pid, sizeof(pid), "%d", (int)target);
    snprintf(pid_file, sizeof(pid_file), "%s/" PASTA_PID_NAME, fd_path(PASTA_FD_DIR).path);
    /* Without --no-map-gw the gateway's address would lead to what listens on the host's loopback. Ports are found by
     * themselves in both directions, which is the default: releases of 2023 look for those of the namespace only then. The
     * host's loopback ports so appear on the base's loopback, which no container but one with --network host can reach. */
    const char *const argv[] = {"pasta",  "--config-net", "--foreground",  "--quiet",       "--no-map-gw",     "--pid",
                                pid_file, "--ns-ifname",  PASTA_INTERFACE, "--dns-forward", PASTA_DNS_ADDRESS, pid,
                                NULL};
    struct process child = {.path = program,
                            .argv = argv,
                            .fds = {-1, -1, output, dir_fd},
                            .n_fds = PASTA_FD_DIR + 1,
                            .new_session = 1,
                            .prepare = end_with_parent,
                            .pidfd = -1};
    int r = process_start(&child, e);
    if (r == 0)
        *p = (struct pasta){.pid = child.pid, .pidfd = child.pidfd};
    return r;
}

int pasta_ensure(struct pasta *p, pid_t target, int dir_fd, struct err *e)
{
    int pipe_fds[2];
    if (p->pidfd >= 0 && !pidfd_has_exited(p->pidfd, 0))
        return 0;
    pasta_end(p);
    const char *program = find_program(e);
    int r = program ? check_tun(e) : err_to_errno(e);
    if (r < 0)
        return r;
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0)
        return err_sys(e, "make a pipe");
    _cleanup_close_ int ours = pipe_fds[0], theirs = pipe_fds[1];
    unlinkat(dir_fd, PASTA_PID_NAME, 0);
    r = start(p, program, target, dir_fd, theirs, e);
    if (r == 0)
        r = await(p, dir_fd, ours, e);
    if (r < 0)
        pasta_end(p);
    return r;
}

void pasta_end(struct pasta *p)
{
    siginfo_t info;
    if (p->pidfd < 0)
        return;
    pidfd_kill(p->pidfd, SIGKILL, NULL);
    pidfd_wait(p->pidfd, &info, NULL);
    fd_close(&p->pidfd);
}
