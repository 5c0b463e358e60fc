#include "runtime_cli/handover.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime_cli/paths.h"

void handover_options(struct handover *h, struct option_def *table)
{
    const struct option_def options[HANDOVER_OPTIONS] = {
        {"pid-file", 0, OPT_STRING, &h->pid_file, "file", "Write the process's pid to this file", NULL, false},
        {"console-socket", 0, OPT_STRING, &h->console_socket, "path", "Send the terminal's master to this unix socket",
         NULL, false},
        {"pidfd-socket", 0, OPT_STRING, &h->pidfd_socket, "path", "Send a pidfd of the process to this unix socket",
         NULL, false},
    };

    memcpy(table, options, sizeof(options));
}

int handover_resolve(struct handover *h, struct err *e)
{
    int r = path_absolute_in(&h->pid_file, e);

    if (r == 0)
        r = path_absolute_in(&h->console_socket, e);
    return r < 0 ? r : path_absolute_in(&h->pidfd_socket, e);
}

int handover_check(const struct handover *h, bool has_terminal, bool is_detached, struct err *e)
{
    if (has_terminal && is_detached && !h->console_socket)
        return err_invalid(e, "the process wants a terminal and nobody stays to hold it: use --console-socket");
    if (!has_terminal && h->console_socket)
        return err_invalid(e, "--console-socket: the process has no terminal (\"terminal\": true)");
    return 0;
}

static int connect_to(const char *path, struct err *e)
{
    _cleanup_close_ int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    if (sock < 0)
        return err_sys(e, "make a socket");
    if (strlen(path) >= sizeof(a.sun_path))
        return err_set(e, ERR_INVALID, ENAMETOOLONG, "%s: longer than the name of a socket can be", path);
    memcpy(a.sun_path, path, strlen(path) + 1);
    if (connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0)
        return err_sys(e, "connect to %s", path);
    return TAKE_FD(sock);
}

/* Source: runc's docs/terminals.md, "Detached new terminal". */
static int send_fd(const char *path, int fd, const char *name, struct err *e)
{
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec iov = {.iov_base = (char *)name, .iov_len = strlen(name)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    _cleanup_close_ int sock = connect_to(path, e);

    if (sock < 0)
        return sock;
    control.head =
        (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
    return sendmsg(sock, &msg, MSG_NOSIGNAL) < 0 ? err_sys(e, "send to %s", path) : 0;
}

static int send_console(const char *path, int master, struct err *e)
{
    char name[64];

    if (ptsname_r(master, name, sizeof(name)) != 0)
        snprintf(name, sizeof(name), "/dev/ptmx");
    return send_fd(path, master, name, e);
}

static int write_pid(const char *path, pid_t pid, struct err *e)
{
    char text[16];
    int n = snprintf(text, sizeof(text), "%d", (int)pid);
    int r = file_write_atomic(AT_FDCWD, path, text, (size_t)n, 0644, e);

    return r < 0 ? err_context(e, "--pid-file") : 0;
}

int handover_make(const struct handover *h, pid_t pid, int pidfd, int master, struct err *e)
{
    int r = 0;

    if (h->console_socket)
        r = send_console(h->console_socket, master, e);
    if (r < 0)
        return err_context(e, "--console-socket");
    if (h->pidfd_socket)
        r = send_fd(h->pidfd_socket, pidfd, "pidfd", e);
    if (r < 0)
        return err_context(e, "--pidfd-socket");
    return h->pid_file ? write_pid(h->pid_file, pid, e) : 0;
}

void handover_release(struct handover *h)
{
    free(h->pid_file);
    free(h->console_socket);
    free(h->pidfd_socket);
    *h = (struct handover){0};
}
