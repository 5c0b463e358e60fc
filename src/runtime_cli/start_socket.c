#include "runtime_cli/start_socket.h"

#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

/* By the directory's fd, since the path of a state directory may be longer than a socket's name can be. */
static struct sockaddr_un address(int dir_fd)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};

    snprintf(a.sun_path, sizeof(a.sun_path), "%s/%s", fd_path(dir_fd).path, START_SOCKET_NAME);
    return a;
}

int start_socket_listen(int dir_fd, struct err *e)
{
    /* Starters and those who only ask for the status; they are served one after the other. */
    enum { BACKLOG = 16 };
    _cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    struct sockaddr_un a = address(dir_fd);

    if (sock < 0)
        return err_sys(e, "make the start socket");
    if (bind(sock, (struct sockaddr *)&a, sizeof(a)) < 0 || listen(sock, BACKLOG) < 0)
        return err_sys(e, "listen on the start socket");
    return TAKE_FD(sock);
}

/* A connected socket, or -errno. */
static int try_connect(int dir_fd, int flags)
{
    _cleanup_close_ int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0);
    struct sockaddr_un a = address(dir_fd);

    return sock < 0 || connect(sock, (struct sockaddr *)&a, sizeof(a)) < 0 ? -errno : TAKE_FD(sock);
}

int start_socket_connect(int dir_fd, struct err *e)
{
    int sock = try_connect(dir_fd, 0);

    return sock < 0 ? err_set(e, ERR_SYS, -sock, "reach the container's init") : sock;
}

/* An init that cannot accept, since it is frozen, listens all the same. */
bool start_socket_is_listening(int dir_fd)
{
    int sock = try_connect(dir_fd, SOCK_NONBLOCK);
    bool is_listening = sock >= 0 || sock == -EAGAIN;

    fd_close(&sock);
    return is_listening;
}
