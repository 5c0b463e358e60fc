#include "shim/sink.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

static void close_fd(struct sink *s)
{
    if (s->owns_fd)
        fd_close(&s->source.fd);
    s->source.fd = -1;
    s->source.events = 0;
}

static void become_empty(struct sink *s)
{
    s->start = s->end = 0;
    s->source.events = 0;
    if (s->is_ending || s->is_broken)
        close_fd(s);
    if (s->emptied)
        s->emptied(s->owner);
}

static void write_some(struct loop_source *source)
{
    struct sink *s = source->owner;
    size_t len = s->end - s->start < PIPE_BUF ? s->end - s->start : PIPE_BUF;
    ssize_t n = write(source->fd, s->buf + s->start, len);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    s->is_broken = n < 0;
    if (n > 0)
        s->start += (size_t)n;
    if (s->is_broken || sink_is_empty(s))
        become_empty(s);
}

void sink_init(struct sink *s, struct loop *l, int fd, bool owns_fd, void (*emptied)(void *owner), void *owner)
{
    s->source = (struct loop_source){.fd = fd, .ready = write_some, .owner = s};
    s->emptied = emptied;
    s->owner = owner;
    s->owns_fd = owns_fd;
    s->is_ending = s->is_broken = false;
    s->start = s->end = 0;
    loop_add(l, &s->source);
}

void sink_push(struct sink *s, const void *data, size_t len)
{
    if (s->source.fd < 0 || !sink_is_empty(s))
        return;
    memcpy(s->buf, data, len);
    s->end = len;
    s->source.events = len > 0 ? POLLOUT : 0;
}

void sink_end(struct sink *s)
{
    s->is_ending = true;
    if (sink_is_empty(s))
        close_fd(s);
}

void sink_release(struct sink *s, struct loop *l)
{
    loop_remove(l, &s->source);
    close_fd(s);
}
