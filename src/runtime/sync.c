#include "runtime/sync.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/fd.h"

/* What a step is called in "the other side ended before …". */
static const char *const step_names[SYNC_STEP_COUNT] = {
    [SYNC_MAPPED] = "the id maps were written",
    [SYNC_MOUNTS] = "the mounts were handed over",
    [SYNC_CONSOLE] = "the terminal was handed over",
    [SYNC_READY] = "all was set up",
    [SYNC_EXEC] = "the word to execute",
    [SYNC_ERROR] = "an error",
    [SYNC_BORN] = "the init was born",
    [SYNC_DETACH] = "the word to outlive the creator",
    [SYNC_NETWORK] = "the network namespace was handed over",
};

/* One packet. `more` says that another one of the same step follows; only SYNC_ERROR is sent with an error. */
struct packet {
    uint32_t step;
    uint32_t more;
    struct err error;
};

enum { PACKET_HEAD = offsetof(struct packet, error) };

/* The room for one control message of SYNC_FDS_MAX fds, aligned as cmsg(3) asks. */
union control {
    struct cmsghdr align;
    char buf[CMSG_SPACE(sizeof(int) * SYNC_FDS_MAX)];
};

/* stdio is placed over 0 to 2 later on, so the socket must not lie there. */
static int lift(int *fd, struct err *e)
{
    int lifted;

    if (*fd > STDERR_FILENO)
        return 0;
    lifted = fcntl(*fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (lifted < 0)
        return err_sys(e, "duplicate a socket");
    fd_close(fd);
    *fd = lifted;
    return 0;
}

int sync_pair(int *ret_parent, int *ret_child, struct err *e)
{
    int pair[2];
    int r;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "make a socket pair");
    r = lift(&pair[0], e);
    if (r == 0)
        r = lift(&pair[1], e);
    if (r < 0) {
        fd_close(&pair[0]);
        fd_close(&pair[1]);
        return r;
    }
    *ret_parent = pair[0];
    *ret_child = pair[1];
    return 0;
}

/* ---- sending ---- */

static ssize_t packet_send(int sock, struct packet *p, size_t len, const int *fds, size_t n_fds)
{
    union control control;
    struct iovec iov = {.iov_base = p, .iov_len = len};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    ssize_t n;

    if (n_fds > 0) {
        struct cmsghdr *c = &control.align;

        memset(&control, 0, sizeof(control));
        msg.msg_control = control.buf;
        msg.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * n_fds);
    }
    do
        n = sendmsg(sock, &msg, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

int sync_send(int sock, enum sync_step step, const int *fds, size_t n_fds, struct err *e)
{
    size_t done = 0;

    do {
        size_t n = n_fds - done > SYNC_FDS_MAX ? SYNC_FDS_MAX : n_fds - done;
        struct packet p = {.step = step, .more = done + n < n_fds};

        if (packet_send(sock, &p, PACKET_HEAD, n > 0 ? fds + done : NULL, n) < 0)
            return err_sys(e, "tell the other side that %s", step_names[step]);
        done += n;
    } while (done < n_fds);
    return 0;
}

int sync_send_error(int sock, const struct err *error)
{
    struct packet p = {.step = SYNC_ERROR, .error = *error};

    return packet_send(sock, &p, sizeof(p), NULL, 0) < 0 ? -errno : 0;
}

/* ---- receiving ---- */

struct received {
    struct packet packet;
    size_t len;
    int fds[SYNC_FDS_MAX];
    size_t n_fds;
};

static void received_close(struct received *r)
{
    for (size_t i = 0; i < r->n_fds; i++)
        fd_close(&r->fds[i]);
    r->n_fds = 0;
}

static void take_fds(struct msghdr *msg, struct received *r)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        r->n_fds = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(r->fds, CMSG_DATA(c), r->n_fds * sizeof(int));
    }
}

/* 1, 0 at EOF, or -errno; fds that came are in r in any case. */
static int packet_receive(int sock, int flags, struct received *r)
{
    union control control;
    struct iovec iov = {.iov_base = &r->packet, .iov_len = sizeof(r->packet)};
    struct msghdr msg = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.buf, .msg_controllen = sizeof(control.buf)};
    ssize_t n;

    r->n_fds = 0;
    do
        n = recvmsg(sock, &msg, MSG_CMSG_CLOEXEC | flags);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == ECONNRESET ? 0 : -errno; /* the peer died with something of ours unread */
    if (n == 0)
        return 0;
    take_fds(&msg, r);
    r->len = (size_t)n;
    return msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EMSGSIZE : 1;
}

/* The error inside a packet, with what its reader relies on made sure of. */
static int error_of(struct received *r, struct err *e)
{
    struct err *error = &r->packet.error;

    if (r->len != sizeof(r->packet) || error->kind <= ERR_NONE || error->kind >= ERR_KIND_COUNT || error->code < 0)
        return err_set(e, ERR_INTERNAL, EPROTO, "the other side failed, and garbled why");
    error->text[ERR_TEXT_MAX - 1] = '\0';
    if (e)
        *e = *error;
    return err_to_errno(error);
}

static int check_packet(struct received *r, enum sync_step step, struct err *e)
{
    const struct packet *p = &r->packet;

    if (r->len >= sizeof(p->step) && p->step == SYNC_ERROR)
        return error_of(r, e);
    if (r->len != PACKET_HEAD)
        return err_set(e, ERR_INTERNAL, EPROTO, "a message of %zu bytes came where \"%s\" was expected", r->len,
                       step_names[step]);
    if (p->step != step)
        return err_set(e, ERR_INTERNAL, EPROTO, "step %u came where \"%s\" was expected", p->step, step_names[step]);
    return 0;
}

/* Moves the fds of one packet to the caller. */
static int take_over(struct received *r, enum sync_step step, int *fds, size_t max_fds, size_t *n, struct err *e)
{
    if (r->n_fds > max_fds - *n)
        return err_set(e, ERR_INTERNAL, EPROTO, "\"%s\" came with more than %zu fds", step_names[step], max_fds);
    for (size_t i = 0; i < r->n_fds; i++)
        fds[(*n)++] = TAKE_FD(r->fds[i]);
    return 0;
}

static int wait_packet(int sock, enum sync_step step, struct received *r, struct err *e)
{
    int got = packet_receive(sock, 0, r);

    if (got < 0)
        return err_set(e, ERR_SYS, -got, "wait until %s", step_names[step]);
    if (got == 0)
        return err_set(e, ERR_SYS, ECONNRESET, "the other process ended before %s", step_names[step]);
    return check_packet(r, step, e);
}

int sync_wait(int sock, enum sync_step step, int *fds, size_t max_fds, size_t *ret_n, struct err *e)
{
    size_t n = 0;
    int r;
    bool more;

    do {
        _cleanup_(received_close) struct received got = {.n_fds = 0};

        r = wait_packet(sock, step, &got, e);
        if (r == 0)
            r = take_over(&got, step, fds, max_fds, &n, e);
        more = got.packet.more;
    } while (r == 0 && more);

    if (r < 0) {
        for (size_t i = 0; i < n; i++)
            fd_close(&fds[i]);
        return r;
    }
    if (ret_n)
        *ret_n = n;
    return 0;
}

int sync_next(int sock, enum sync_step *ret, struct err *e)
{
    uint32_t step;
    ssize_t n;

    do
        n = recv(sock, &step, sizeof(step), MSG_PEEK);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(step))
        return err_set(e, ERR_SYS, n < 0 ? errno : ECONNRESET, "the other process ended before its next word");
    *ret = (enum sync_step)step;
    return 0;
}

int sync_wait_eof(int sock, struct err *e)
{
    _cleanup_(received_close) struct received got = {.n_fds = 0};
    int r = packet_receive(sock, 0, &got);

    if (r == 0)
        return 0;
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "wait for the program to be executed");
    if (got.packet.step == SYNC_ERROR)
        return error_of(&got, e);
    return err_set(e, ERR_INTERNAL, EPROTO, "step %u came where none was expected", got.packet.step);
}

bool sync_take_error(int sock, struct err *e)
{
    for (;;) {
        _cleanup_(received_close) struct received got = {.n_fds = 0};

        if (packet_receive(sock, MSG_DONTWAIT, &got) != 1)
            return false;
        if (got.packet.step == SYNC_ERROR) {
            (void)error_of(&got, e);
            return true;
        }
    }
}
