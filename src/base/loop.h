/*
 * A poll(2) loop over a fixed table of sources: one system call a round, none to change what is waited for.
 *
 * A source belongs to its owner and usually lives inside the owner's struct; it is in the loop from loop_add to
 * loop_remove, and stays where it is meanwhile. Its owner changes `events` and `fd` at any time, also in a handler, its
 * own or another's. A handler takes what it is told as a hint: within a round the fd may have changed under it, so it
 * reads and writes without blocking where that would hurt.
 */
#ifndef SAMPAN_BASE_LOOP_H
#define SAMPAN_BASE_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { LOOP_SOURCES_MAX = 64 };

struct loop_source {
    int fd;       /* borrowed; -1: not looked at */
    short events; /* POLLIN | POLLOUT; 0: not looked at, and so silent about a hang-up too (backpressure) */
    void (*ready)(struct loop_source *s);
    void *owner;
};

struct loop {
    struct loop_source *sources[LOOP_SOURCES_MAX]; /* with holes */
    bool is_stopped;
};

/* False when the table is full. */
bool loop_add(struct loop *l, struct loop_source *s);

/* One that is not in the loop is fine. */
void loop_remove(struct loop *l, struct loop_source *s);

/* Waits up to timeout_ms (-1: for ever) and calls the handlers of what is ready: their number, 0 after the timeout,
 * or a negative errno. */
int loop_turn(struct loop *l, int timeout_ms, struct err *e);

/* Turns until a handler calls loop_stop. */
int loop_run(struct loop *l, struct err *e);
void loop_stop(struct loop *l);

#endif
