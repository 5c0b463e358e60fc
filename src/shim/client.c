#include "shim/client.h"

#include <string.h>

#include "base/fd.h"

/* ---- single requests */

static int shim_is_gone(struct err *e)
{
    return err_set(e, ERR_INTERNAL, ECONNRESET, "the container's shim is gone");
}

static int ask_with_fd(int sock, enum shim_msg_type type, const void *data, size_t len, int fd, struct err *e)
{
    int r = shim_send(sock, type, data, len, fd, e);
    return r == -EPIPE ? shim_is_gone(e) : r;
}

static int ask(int sock, enum shim_msg_type type, const void *data, size_t len, struct err *e)
{
    return ask_with_fd(sock, type, data, len, -1, e);
}

/* The shim's error becomes ours, checked: its text has an end and its kind is one. */
static int take_error(const struct shim_msg *m, struct err *e)
{
    struct err theirs;
    if (m->len != sizeof(theirs))
        return err_set(e, ERR_INTERNAL, EBADMSG, "the shim sent an error of %u bytes", m->len);
    memcpy(&theirs, m->data, sizeof(theirs));
    theirs.text[ERR_TEXT_MAX - 1] = '\0';
    if (theirs.kind <= ERR_NONE || theirs.kind >= ERR_KIND_COUNT)
        theirs.kind = ERR_INTERNAL;
    if (e)
        *e = theirs;
    return err_to_errno(&theirs);
}

/* Waits for the answer of a type and size, passing over the streams' bytes. */
static int await(int sock, enum shim_msg_type type, void *ret, size_t size, int *ret_fd, struct err *e)
{
    struct shim_msg m;
    for (;;) {
        _cleanup_close_ int fd = -1;
        int r = shim_recv(sock, &m, ret_fd ? &fd : NULL, e);
        if (r <= 0)
            return r < 0 ? r : shim_is_gone(e);
        if (m.type == SHIM_MSG_ERROR)
            return take_error(&m, e);
        if (m.type != type)
            continue;
        if (m.len != size || (ret_fd && fd < 0))
            return err_set(e, ERR_INTERNAL, EBADMSG, "the shim's answer %d has %u bytes", (int)type, m.len);
        if (size > 0)
            memcpy(ret, m.data, size);
        if (ret_fd)
            *ret_fd = TAKE_FD(fd);
        return 0;
    }
}

static int hand_over(int sock, enum shim_msg_type type, const int *fds, size_t n, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = ask_with_fd(sock, type, NULL, 0, fds[i], e);
    return r;
}

int shim_client_go(int sock, int lock_fd, const int *namespaces, size_t n, const int *ports, size_t n_ports,
                   struct err *e)
{
    int r = hand_over(sock, SHIM_MSG_NAMESPACE, namespaces, n, e);
    if (r == 0)
        r = hand_over(sock, SHIM_MSG_PORT, ports, n_ports, e);
    return r == 0 ? hand_over(sock, SHIM_MSG_GO, &lock_fd, 1, e) : r;
}

int shim_client_wait_started(int sock, struct shim_started *ret, struct err *e)
{
    return await(sock, SHIM_MSG_STARTED, ret, sizeof(*ret), NULL, e);
}

int shim_client_attach(int sock, unsigned streams, struct err *e)
{
    uint32_t flags = streams;
    int r = ask(sock, SHIM_MSG_ATTACH, &flags, sizeof(flags), e);
    return r < 0 ? r : await(sock, SHIM_MSG_ATTACHED, NULL, 0, NULL, e);
}

int shim_client_wait(int sock, struct shim_exit *ret, struct err *e)
{
    int r = ask(sock, SHIM_MSG_WAIT, NULL, 0, e);
    return r < 0 ? r : await(sock, SHIM_MSG_EXIT, ret, sizeof(*ret), NULL, e);
}

int shim_client_signal(int sock, int signo, struct err *e)
{
    int32_t n = signo;
    int r = ask(sock, SHIM_MSG_SIGNAL, &n, sizeof(n), e);
    return r < 0 ? r : await(sock, SHIM_MSG_DONE, NULL, 0, NULL, e);
}

int shim_client_pidfd(int sock, struct err *e)
{
    int pidfd = -1;
    int r = ask(sock, SHIM_MSG_GET_PIDFD, NULL, 0, e);
    if (r == 0)
        r = await(sock, SHIM_MSG_PIDFD, NULL, 0, &pidfd, e);
    return r < 0 ? r : pidfd;
}

int shim_client_hold(int sock, int port_fd, struct err *e)
{
    int r = ask_with_fd(sock, SHIM_MSG_HOLD, NULL, 0, port_fd, e);
    return r < 0 ? r : await(sock, SHIM_MSG_DONE, NULL, 0, NULL, e);
}

int shim_client_release(int sock, const struct shim_port *port, struct err *e)
{
    int r = ask(sock, SHIM_MSG_RELEASE, port, sizeof(*port), e);
    return r < 0 ? r : await(sock, SHIM_MSG_DONE, NULL, 0, NULL, e);
}

int shim_client_resize(int sock, struct shim_size size, struct err *e)
{
    return ask(sock, SHIM_MSG_RESIZE, &size, sizeof(size), e);
}

void shim_client_wait_gone(int sock)
{
    struct shim_msg m;
    while (shim_recv(sock, &m, NULL, NULL) > 0)
        ;
}

/* ---- the attachment */

struct attachment {
    struct loop loop;
    struct loop_source socket;
    struct user user;
    struct shim_exit exit;
    bool has_exited;
    int error; /* why the loop was stopped, 0 for a good reason */
    struct err *e;
    struct shim_msg received;
};

static void fail(struct attachment *a, int error)
{
    a->error = error;
    loop_stop(&a->loop);
}

/* A shim that has ended (-EPIPE) has left its last words in the socket: receiving tells. */
static void tell(struct attachment *a, enum shim_msg_type type, const void *data, size_t len)
{
    int r = shim_send(a->socket.fd, type, data, len, -1, a->e);
    if (r < 0 && r != -EPIPE)
        fail(a, r);
}

static void on_input(void *owner, const char *data, size_t len)
{
    struct attachment *a = owner;
    user_input_pause(&a->user, true); /* until STDIN_TAKEN */
    tell(a, SHIM_MSG_STDIN, data, len);
}

static void on_input_end(void *owner)
{
    tell(owner, SHIM_MSG_STDIN_CLOSE, NULL, 0);
}

static void on_signal(void *owner, int signo)
{
    int32_t n = signo;
    tell(owner, SHIM_MSG_SIGNAL, &n, sizeof(n));
}

static void on_resize(void *owner, struct shim_size size)
{
    tell(owner, SHIM_MSG_RESIZE, &size, sizeof(size));
}

/* Messages are received only while the user takes output: the shim, and so the payload, feels a slow reader. */
static void on_output_emptied(void *owner)
{
    struct attachment *a = owner;
    a->socket.events = user_takes_both(&a->user) ? POLLIN : 0;
}

static const struct user_ops attachment_ops = {on_input, on_input_end, on_signal, on_resize, on_output_emptied};

static void take_output(struct attachment *a, const struct shim_msg *m)
{
    user_output(&a->user, m->type == SHIM_MSG_STDERR, m->data, m->len);
    a->socket.events = user_takes_both(&a->user) ? POLLIN : 0;
}

/* The last message. It was received because the user has taken all that came before. */
static void take_exit(struct attachment *a, const struct shim_msg *m)
{
    if (m->len != sizeof(a->exit)) {
        fail(a, err_set(a->e, ERR_INTERNAL, EBADMSG, "the shim's exit message has %u bytes", m->len));
        return;
    }
    memcpy(&a->exit, m->data, sizeof(a->exit));
    a->has_exited = true;
    loop_stop(&a->loop);
}

/* Answers to forwarded signals and resizes say nothing that the user waits for: they are passed over. */
static void socket_ready(struct loop_source *s)
{
    struct attachment *a = s->owner;
    int r = shim_recv_now(s->fd, &a->received, NULL, a->e);
    if (r == -EAGAIN)
        return;
    if (r <= 0)
        fail(a, r < 0 ? r : shim_is_gone(a->e));
    else if (a->received.type == SHIM_MSG_STDOUT || a->received.type == SHIM_MSG_STDERR)
        take_output(a, &a->received);
    else if (a->received.type == SHIM_MSG_STDIN_TAKEN)
        user_input_pause(&a->user, false);
    else if (a->received.type == SHIM_MSG_EXIT)
        take_exit(a, &a->received);
}

int shim_client_relay(int sock, const struct user_io *io, struct shim_result *ret, struct err *e)
{
    struct attachment a = {.e = e};
    a.socket = (struct loop_source){.fd = sock, .events = POLLIN, .ready = socket_ready, .owner = &a};
    loop_add(&a.loop, &a.socket);
    int r = user_start(&a.user, &a.loop, io, &attachment_ops, &a, e);
    if (r == 0)
        r = loop_run(&a.loop, e);
    user_stop(&a.user);
    if (r == 0)
        r = a.error;
    if (r < 0)
        return r;
    *ret = (struct shim_result){.outcome = a.has_exited ? USER_EXITED : user_outcome(&a.user), .exit = a.exit};
    return 0;
}
