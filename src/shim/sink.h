/*
 * A fd that is written to as it can take bytes, with room for one message: the payload's stdin, the user's stdout.
 *
 * The fd's O_NONBLOCK flag is never touched (the user's terminal shares it with the shell): a sink writes only when
 * poll(2) says so, and then no more than PIPE_BUF bytes, which a pipe takes at once.
 */
#ifndef SAMPAN_SHIM_SINK_H
#define SAMPAN_SHIM_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/loop.h"
#include "shim/protocol.h"

struct sink {
    struct loop_source source;    /* fd is -1 once the sink is closed or its reader is gone */
    void (*emptied)(void *owner); /* all is written, or nobody reads any more; the sink takes bytes again */
    void *owner;
    bool owns_fd;
    bool is_ending; /* closes once empty */
    bool is_broken; /* the reader is gone; what is pushed is discarded */
    size_t start, end;
    char buf[SHIM_DATA_MAX];
};

/* fd -1: a sink that discards. With owns_fd it closes the fd at its end. The loop has room. */
void sink_init(struct sink *s, struct loop *l, int fd, bool owns_fd, void (*emptied)(void *owner), void *owner);

static inline bool sink_is_empty(const struct sink *s)
{
    return s->start == s->end;
}

/* Takes up to SHIM_DATA_MAX bytes; only into an empty sink. */
void sink_push(struct sink *s, const void *data, size_t len);

/* Nothing more will come: closes when all is written. */
void sink_end(struct sink *s);

/* Closes now, discarding what is in it. */
void sink_release(struct sink *s, struct loop *l);

#endif
