#include "shim/protocol.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "shim/shim.h"

enum { HEADER_SIZE = offsetof(struct shim_msg, data), BACKLOG = 16 };

/* Room for one fd beside a message. */
union fd_control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

static void put_fd(struct msghdr *h, union fd_control *control, int fd)
{
    memset(control, 0, sizeof(*control));
    h->msg_control = control->bytes;
    h->msg_controllen = sizeof(control->bytes);
    struct cmsghdr *c = CMSG_FIRSTHDR(h);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(c), &fd, sizeof(int));
}

static int take_fd(struct msghdr *h)
{
    int fd = -1;
    struct cmsghdr *c = CMSG_FIRSTHDR(h);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
        memcpy(&fd, CMSG_DATA(c), sizeof(int));
    return fd;
}

static int send_message(int sock, enum shim_msg_type type, const void *data, size_t len, int fd, int flags,
                        struct err *e)
{
    if (len > SHIM_DATA_MAX)
        return err_set(e, ERR_INTERNAL, EMSGSIZE, "message %d of %zu bytes", (int)type, len);
    uint32_t header[] = {type, (uint32_t)len};
    struct iovec iov[] = {{header, sizeof(header)}, {(void *)data, len}};
    struct msghdr h = {.msg_iov = iov, .msg_iovlen = len > 0 ? 2 : 1};
    union fd_control control;
    if (fd >= 0)
        put_fd(&h, &control, fd);

    ssize_t n;
    do {
        n = sendmsg(sock, &h, MSG_NOSIGNAL | flags);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return 0;
    if (errno == EAGAIN)
        return -EAGAIN;
    if (errno == EPIPE || errno == ECONNRESET)
        return -EPIPE;
    return err_sys(e, "send message %d", (int)type);
}

/* A peer that closes without having read all sets ECONNRESET here, once; what it had sent is behind that. */
static ssize_t receive_packet(int sock, struct msghdr *h, int flags)
{
    bool was_reset = false;
    size_t control_len = h->msg_controllen;
    for (;;) {
        h->msg_controllen = control_len;
        ssize_t n = recvmsg(sock, h, MSG_CMSG_CLOEXEC | flags);
        if (n >= 0 || (errno != EINTR && (errno != ECONNRESET || was_reset)))
            return n;
        was_reset = was_reset || errno == ECONNRESET;
    }
}

static bool is_whole(const struct shim_msg *m, size_t n, const struct msghdr *h)
{
    return !(h->msg_flags & MSG_TRUNC) && n >= HEADER_SIZE && m->len == n - HEADER_SIZE;
}

static int receive_message(int sock, struct shim_msg *m, int *ret_fd, int flags, struct err *e)
{
    /* Without room for it the kernel drops an fd that came unasked. */
    union fd_control control;
    struct iovec iov = {m, sizeof(*m)};
    struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1};
    if (ret_fd) {
        h.msg_control = control.bytes;
        h.msg_controllen = sizeof(control.bytes);
    }

    ssize_t n = receive_packet(sock, &h, flags);
    if (n < 0 && errno == EAGAIN)
        return -EAGAIN;
    if (n < 0)
        return err_sys(e, "receive a message");
    _cleanup_close_ int fd = ret_fd ? take_fd(&h) : -1;
    if (n == 0)
        return 0;
    if (!is_whole(m, (size_t)n, &h))
        return err_set(e, ERR_INTERNAL, EBADMSG, "a packet of %zd bytes is no message", n);
    if (ret_fd)
        *ret_fd = TAKE_FD(fd);
    return 1;
}

int shim_send(int sock, enum shim_msg_type type, const void *data, size_t len, int fd, struct err *e)
{
    return send_message(sock, type, data, len, fd, 0, e);
}

int shim_send_now(int sock, enum shim_msg_type type, const void *data, size_t len, int fd, struct err *e)
{
    return send_message(sock, type, data, len, fd, MSG_DONTWAIT, e);
}

int shim_recv(int sock, struct shim_msg *m, int *ret_fd, struct err *e)
{
    return receive_message(sock, m, ret_fd, 0, e);
}

int shim_recv_now(int sock, struct shim_msg *m, int *ret_fd, struct err *e)
{
    return receive_message(sock, m, ret_fd, MSG_DONTWAIT, e);
}

/* The socket's address by its directory's fd: sun_path has 108 bytes, a run directory may be deeper. */
static struct sockaddr_un socket_address(int run_dir_fd)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof(a.sun_path), "%s/" SHIM_SOCKET_NAME, fd_path(run_dir_fd).path);
    return a;
}

static int new_socket(struct err *e)
{
    int sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    return sock >= 0 ? sock : err_sys(e, "make a unix socket");
}

int shim_connect(int run_dir_fd, struct err *e)
{
    _cleanup_close_ int sock = new_socket(e);
    if (sock < 0)
        return sock;
    struct sockaddr_un address = socket_address(run_dir_fd);
    if (connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0)
        return TAKE_FD(sock);
    if (errno == ENOENT || errno == ECONNREFUSED)
        return -errno;
    return err_sys(e, "connect to " SHIM_SOCKET_NAME);
}

int shim_listen(int run_dir_fd, struct err *e)
{
    _cleanup_close_ int sock = new_socket(e);
    if (sock < 0)
        return sock;
    struct sockaddr_un address = socket_address(run_dir_fd);
    int r = bind(sock, (struct sockaddr *)&address, sizeof(address));
    if (r < 0 && errno == EADDRINUSE && unlinkat(run_dir_fd, SHIM_SOCKET_NAME, 0) == 0)
        r = bind(sock, (struct sockaddr *)&address, sizeof(address));
    if (r < 0)
        return err_sys(e, "bind " SHIM_SOCKET_NAME);
    if (listen(sock, BACKLOG) < 0)
        return err_sys(e, "listen on " SHIM_SOCKET_NAME);
    return TAKE_FD(sock);
}
