#include "kernel/pidfd.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

int pidfd_open_pid(pid_t pid, struct err *e)
{
    int fd = sys_pidfd_open(pid, 0); /* close-on-exec by itself */

    return fd < 0 ? err_sys(e, "open process %d", (int)pid) : fd;
}

int pidfd_kill(int pidfd, int sig, struct err *e)
{
    if (sys_pidfd_send_signal(pidfd, sig, NULL, 0) < 0)
        return err_sys(e, "send signal %d", sig);
    return 0;
}

int pidfd_wait(int pidfd, siginfo_t *ret_info, struct err *e)
{
    while (waitid((idtype_t)P_PIDFD, (id_t)pidfd, ret_info, WEXITED) < 0) {
        if (errno != EINTR)
            return err_sys(e, "wait for a process");
    }
    return 0;
}

bool pidfd_has_exited(int pidfd, int timeout_ms)
{
    struct pollfd p = {.fd = pidfd, .events = POLLIN};
    int n;

    do
        n = poll(&p, 1, timeout_ms);
    while (n < 0 && errno == EINTR && timeout_ms < 0);
    return n > 0 && (p.revents & (POLLIN | POLLHUP)) != 0;
}

/* Reads what one read(2) gives, which is a whole procfs file of this size, as a string. */
static int read_proc(const char *path, char *buf, size_t size)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n;

    if (fd < 0)
        return -errno;
    n = read(fd, buf, size - 1);
    if (n < 0)
        return -errno;
    buf[n] = '\0';
    return 0;
}

pid_t pidfd_to_pid(int pidfd)
{
    char path[48];
    char text[512];
    const char *field;
    long pid;
    int r;

    snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
    r = read_proc(path, text, sizeof(text));
    if (r < 0)
        return r;
    field = strstr(text, "\nPid:");
    if (!field)
        return -EBADF;
    pid = strtol(field + strlen("\nPid:"), NULL, 10);
    return pid > 0 ? (pid_t)pid : -ESRCH; /* -1: it has ended; 0: it lives outside this pid namespace */
}

/* Field 2, the program's name, may hold blanks and brackets: fields are counted from the last bracket on. */
static const char *stat_field(const char *text, int number)
{
    const char *p = strrchr(text, ')');

    for (int field = 2; p && field < number; field++) {
        p = strchr(p, ' ');
        if (p)
            p++;
    }
    return p;
}

int pid_start_time(pid_t pid, uint64_t *ret, struct err *e)
{
    enum { FIELD_STARTTIME = 22 };
    char path[48];
    char text[1024];
    const char *field;
    int r;

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    r = read_proc(path, text, sizeof(text));
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "read %s", path);
    field = stat_field(text, FIELD_STARTTIME);
    if (!field)
        return err_set(e, ERR_INTERNAL, 0, "%s has no field %d", path, FIELD_STARTTIME);
    *ret = strtoull(field, NULL, 10);
    return 0;
}
