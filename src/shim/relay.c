#include "shim/relay.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "shim/terminal.h"
#include "shim/utf8.h"

static const struct stream_info {
    const char *log_name;
    unsigned attach_flag;
    enum shim_msg_type message;
} infos[RELAY_STREAM_COUNT] = {
    [RELAY_STDOUT] = {"stdout", SHIM_ATTACH_STDOUT, SHIM_MSG_STDOUT},
    [RELAY_STDERR] = {"stderr", SHIM_ATTACH_STDERR, SHIM_MSG_STDERR},
};

/* ---- from the payload */

static void watch(struct relay_stream *s)
{
    s->source.events = s->owed ? 0 : POLLIN;
}

/* Sends what was read last to those clients of `to` that are attached. */
static void send_fresh(struct relay_stream *s, uint32_t to)
{
    const struct stream_info *info = &infos[s->kind];
    uint32_t full =
        clients_send(s->relay->clients, info->attach_flag, to, info->message, s->buf + s->fresh, s->end - s->fresh);
    s->owed = (s->owed & ~to) | full;
    watch(s);
}

static void log_some(struct relay_stream *s, size_t len, bool all)
{
    s->unlogged += json_log_lines(s->relay->log, infos[s->kind].log_name, s->buf + s->unlogged, len, all);
}

/* Whole lines; an unfinished one only when it fills the buffer, and then up to the end of its last whole character. */
static void log_lines(struct relay_stream *s)
{
    log_some(s, s->end - s->unlogged, false);
    if (s->end - s->unlogged == sizeof(s->buf))
        log_some(s, sizeof(s->buf) - utf8_unfinished(s->buf, sizeof(s->buf)), true);
}

/* The unfinished line moves to the front. */
static void make_room(struct relay_stream *s)
{
    memmove(s->buf, s->buf + s->unlogged, s->end - s->unlogged);
    s->end -= s->unlogged;
    s->unlogged = 0;
}

static void end_stream(struct relay_stream *s)
{
    log_some(s, s->end - s->unlogged, true);
    loop_remove(s->relay->loop, &s->source);
    if (s->source.fd != s->relay->terminal)
        fd_close(&s->source.fd);
    s->source.fd = -1;
}

static void stream_ready(struct loop_source *source)
{
    struct relay_stream *s = source->owner;
    make_room(s);
    ssize_t n = read(source->fd, s->buf + s->end, sizeof(s->buf) - s->end);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        end_stream(s);
        return;
    }
    s->fresh = s->end;
    s->end += (size_t)n;
    log_lines(s);
    send_fresh(s, UINT32_MAX);
}

static void open_stream(struct relay *r, enum relay_stream_kind kind, int fd)
{
    struct relay_stream *s = &r->streams[kind];
    s->source = (struct loop_source){.fd = fd, .events = POLLIN, .ready = stream_ready, .owner = s};
    s->relay = r;
    s->kind = kind;
    if (fd >= 0)
        loop_add(r->loop, &s->source);
}

/* ---- to the payload */

/* While one client's bytes are being written, the others that have stdin are not received from. */
static void pause_others(struct relay *r)
{
    bool is_busy = !sink_is_empty(&r->input);
    CLIENTS_FOREACH (c, r->clients) {
        c->is_paused = is_busy && (c->streams & SHIM_ATTACH_STDIN) && c != r->input_from;
        client_watch(c);
    }
}

/* No answer once the payload has closed its stdin: a client with an endless input stops reading it. */
static void input_emptied(void *owner)
{
    struct relay *r = owner;
    struct client *c = r->input_from;
    r->input_from = NULL;
    pause_others(r);
    if (c && !r->input.is_broken)
        client_reply(c, SHIM_MSG_STDIN_TAKEN, NULL, 0, -1);
}

bool relay_input(struct relay *r, struct client *c, const char *data, size_t len)
{
    if (!sink_is_empty(&r->input))
        return false;
    sink_push(&r->input, data, len);
    if (!sink_is_empty(&r->input)) {
        r->input_from = c;
        pause_others(r);
    }
    return true;
}

void relay_input_end(struct relay *r, struct client *c)
{
    if ((c->streams & SHIM_ATTACH_STDIN) && r->close_stdin_once)
        sink_end(&r->input);
}

/* ---- clients come and go */

void relay_client_attached(struct relay *r, struct client *c)
{
    c->is_paused = !sink_is_empty(&r->input) && (c->streams & SHIM_ATTACH_STDIN) && c != r->input_from;
    client_watch(c);
}

void relay_client_writable(struct relay *r, struct client *c)
{
    c->is_blocked = false;
    for (size_t i = 0; i < RELAY_STREAM_COUNT; i++)
        if (r->streams[i].owed & client_bit(c))
            send_fresh(&r->streams[i], client_bit(c));
    client_watch(c);
}

void relay_client_gone(struct relay *r, struct client *c)
{
    for (size_t i = 0; i < RELAY_STREAM_COUNT; i++) {
        r->streams[i].owed &= ~client_bit(c);
        watch(&r->streams[i]);
    }
    if (r->input_from == c)
        r->input_from = NULL;
    relay_input_end(r, c);
}

/* ---- the whole */

void relay_init(struct relay *r, struct loop *l, struct clients *clients, struct json_log *log)
{
    r->loop = l;
    r->clients = clients;
    r->log = log;
    r->terminal = r->terminal_peer = -1;
    for (size_t i = 0; i < RELAY_STREAM_COUNT; i++)
        r->streams[i].source.fd = -1;
    r->input.source.fd = -1;
}

void relay_open(struct relay *r, const struct relay_fds *fds, bool close_stdin_once)
{
    bool has_terminal = fds->terminal >= 0;
    if (has_terminal) {
        r->terminal = fds->terminal;
        r->terminal_peer = ioctl(fds->terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    }
    /* Closing a terminal would hang it up: there stdin has no end. */
    r->close_stdin_once = close_stdin_once && !has_terminal;
    open_stream(r, RELAY_STDOUT, has_terminal ? fds->terminal : fds->out);
    open_stream(r, RELAY_STDERR, fds->err);
    sink_init(&r->input, r->loop, fds->in, !has_terminal, input_emptied, r);
}

void relay_resize(struct relay *r, struct shim_size size)
{
    if (r->terminal >= 0)
        terminal_set_size(r->terminal, size);
}

bool relay_has_output(const struct relay *r)
{
    for (size_t i = 0; i < RELAY_STREAM_COUNT; i++)
        if (r->streams[i].source.fd >= 0)
            return true;
    return relay_is_blocked(r);
}

bool relay_is_blocked(const struct relay *r)
{
    for (size_t i = 0; i < RELAY_STREAM_COUNT; i++)
        if (r->streams[i].owed)
            return true;
    return false;
}

void relay_close(struct relay *r)
{
    sink_release(&r->input, r->loop);
    for (size_t i = 0; i < RELAY_STREAM_COUNT; i++)
        if (r->streams[i].source.fd >= 0)
            end_stream(&r->streams[i]);
    fd_close(&r->terminal_peer);
    fd_close(&r->terminal);
}
