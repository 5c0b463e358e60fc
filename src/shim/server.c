#include "shim/server.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/pidfd.h"
#include "shim/reap.h"

/* ---- the requests; false: it broke the protocol */

static void attach(struct server *s, struct client *c, unsigned streams)
{
    c->streams = streams;
    c->wants_exit = true;
    relay_client_attached(s->relay, c);
}

static bool do_attach(struct server *s, struct client *c, const struct shim_msg *m)
{
    uint32_t streams;
    memcpy(&streams, m->data, sizeof(streams));
    if (streams & ~(uint32_t)(SHIM_ATTACH_STDIN | SHIM_ATTACH_STDOUT | SHIM_ATTACH_STDERR))
        return false;
    if (client_reply(c, SHIM_MSG_ATTACHED, NULL, 0, -1))
        attach(s, c, streams);
    return true;
}

static bool do_stdin(struct server *s, struct client *c, const struct shim_msg *m)
{
    return (c->streams & SHIM_ATTACH_STDIN) && relay_input(s->relay, c, m->data, m->len);
}

static bool do_stdin_close(struct server *s, struct client *c, const struct shim_msg *m)
{
    (void)m;
    relay_input_end(s->relay, c);
    return true;
}

static bool do_resize(struct server *s, struct client *c, const struct shim_msg *m)
{
    (void)c;
    struct shim_size size;
    memcpy(&size, m->data, sizeof(size));
    relay_resize(s->relay, size);
    return true;
}

/* The answer to a request that only works or fails. */
static void answer(struct client *c, int r, const struct err *error)
{
    if (r < 0)
        client_reply(c, SHIM_MSG_ERROR, error, sizeof(*error), -1);
    else
        client_reply(c, SHIM_MSG_DONE, NULL, 0, -1);
}

static bool do_signal(struct server *s, struct client *c, const struct shim_msg *m)
{
    int32_t signo;
    memcpy(&signo, m->data, sizeof(signo));
    struct err error = ERR_INIT;
    int r = pidfd_kill(s->pidfd, signo, &error);
    answer(c, r, &error);
    return true;
}

static bool do_hold(struct server *s, struct client *c, const struct shim_msg *m)
{
    (void)m;
    struct err error = ERR_INIT;
    int r = held_ports_add(s->ports, TAKE_FD(s->clients.received_fd), &error);
    answer(c, r, &error);
    return true;
}

static bool do_release(struct server *s, struct client *c, const struct shim_msg *m)
{
    struct shim_port port;
    memcpy(&port, m->data, sizeof(port));
    struct err error = ERR_INIT;
    int r = held_ports_release(s->ports, &port, &error);
    answer(c, r, &error);
    return true;
}

static bool do_get_pidfd(struct server *s, struct client *c, const struct shim_msg *m)
{
    (void)m;
    client_reply(c, SHIM_MSG_PIDFD, NULL, 0, s->pidfd);
    return true;
}

static bool do_wait(struct server *s, struct client *c, const struct shim_msg *m)
{
    (void)s;
    (void)m;
    c->wants_exit = true;
    return true;
}

static bool do_detach(struct server *s, struct client *c, const struct shim_msg *m)
{
    (void)s;
    (void)m;
    client_drop(c);
    return true;
}

static bool do_forget(struct server *s, struct client *c, const struct shim_msg *m)
{
    (void)m;
    s->is_forgotten = s->has_exited && c == s->starter;
    return s->is_forgotten;
}

static const struct request {
    uint32_t type;
    uint32_t min_len, max_len;
    bool (*handle)(struct server *s, struct client *c, const struct shim_msg *m);
} requests[] = {
    {SHIM_MSG_ATTACH, sizeof(uint32_t), sizeof(uint32_t), do_attach},
    {SHIM_MSG_STDIN, 1, SHIM_DATA_MAX, do_stdin},
    {SHIM_MSG_STDIN_CLOSE, 0, 0, do_stdin_close},
    {SHIM_MSG_RESIZE, sizeof(struct shim_size), sizeof(struct shim_size), do_resize},
    {SHIM_MSG_SIGNAL, sizeof(int32_t), sizeof(int32_t), do_signal},
    {SHIM_MSG_GET_PIDFD, 0, 0, do_get_pidfd},
    {SHIM_MSG_WAIT, 0, 0, do_wait},
    {SHIM_MSG_DETACH, 0, 0, do_detach},
    {SHIM_MSG_FORGET, 0, 0, do_forget},
    {SHIM_MSG_HOLD, 0, 0, do_hold},
    {SHIM_MSG_RELEASE, sizeof(struct shim_port), sizeof(struct shim_port), do_release},
};

static bool on_request(void *owner, struct client *c, const struct shim_msg *m)
{
    for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
        const struct request *r = &requests[i];
        if (r->type == m->type)
            return m->len >= r->min_len && m->len <= r->max_len && r->handle(owner, c, m);
    }
    return false;
}

static void on_writable(void *owner, struct client *c)
{
    struct server *s = owner;
    relay_client_writable(s->relay, c);
}

static void on_gone(void *owner, struct client *c)
{
    struct server *s = owner;
    if (c == s->starter)
        s->starter = NULL;
    relay_client_gone(s->relay, c);
}

static const struct clients_ops client_ops = {on_request, on_writable, on_gone};

/* ---- who comes in */

static bool may_connect(int sock)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && (peer.uid == 0 || peer.uid == geteuid());
}

static void listener_ready(struct loop_source *source)
{
    struct server *s = source->owner;
    _cleanup_close_ int sock = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);
    if (sock >= 0 && may_connect(sock))
        clients_add(&s->clients, TAKE_FD(sock));
}

void server_init(struct server *s, struct loop *l, struct relay *relay, struct held_ports *ports)
{
    s->loop = l;
    s->relay = relay;
    s->ports = ports;
    s->pidfd = s->listener.fd = -1;
    s->starter = NULL;
    clients_init(&s->clients, l, &client_ops, s);
}

void server_open(struct server *s, int listener, int pidfd)
{
    s->pidfd = pidfd;
    s->listener = (struct loop_source){.fd = listener, .events = POLLIN, .ready = listener_ready, .owner = s};
    loop_add(s->loop, &s->listener);
}

void server_add_starter(struct server *s, int sock, unsigned streams)
{
    s->starter = clients_add(&s->clients, sock);
    if (s->starter)
        attach(s, s->starter, streams);
}

/* ---- the end */

void server_widen(struct server *s)
{
    int bytes = 1024 * 1024; /* the kernel takes no more than net.core.wmem_max, and doubles it */
    CLIENTS_FOREACH (c, &s->clients) {
        if (!c->is_blocked)
            continue;
        setsockopt(c->source.fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
        relay_client_writable(s->relay, c); /* poll(2) calls it writable only when it is three quarters empty */
    }
}

void server_report_exit(struct server *s, const struct shim_exit *exit)
{
    s->has_exited = true;
    s->pidfd = -1; /* reaped; its owner closes it */
    CLIENTS_FOREACH (c, &s->clients) {
        if (c->wants_exit)
            client_reply(c, SHIM_MSG_EXIT, exit, sizeof(*exit), -1);
    }
    loop_remove(s->loop, &s->listener);
    fd_close(&s->listener.fd);
}

bool server_await_forget(struct server *s, int timeout_ms)
{
    int64_t deadline = now_ns() + timeout_ms * INT64_C(1000000);
    while (!s->is_forgotten && s->starter) {
        int64_t left = (deadline - now_ns()) / 1000000;
        if (left <= 0 || loop_turn(s->loop, (int)left, NULL) < 0)
            break;
    }
    return s->is_forgotten;
}
