/*
 * What may happen in the background, behind one fd: sources and timers of the overlay networks in an epoll set of their
 * own, so that the keeper's loop needs to know one fd, however many connections and tests there are.
 *
 * Sources and timers live in their owners' structs and are taken out before those end. A handler may add, change and
 * remove any of them. Never blocks but in events_turn. Source: epoll(7), timerfd_create(2).
 */
#ifndef SAMPAN_KEEPER_OVERLAY_EVENTS_H
#define SAMPAN_KEEPER_OVERLAY_EVENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "base/cleanup.h"
#include "base/err.h"

struct event_source {
    int fd; /* borrowed; -1: not in the set */
    void (*ready)(struct event_source *s, uint32_t events);
    void *owner;
};

struct event_timer {
    void (*fire)(struct event_timer *t);
    void *owner;
    int64_t at; /* clock_ms(); 0: not set */
    struct event_timer *next;
};

struct events {
    int epoll_fd;
    struct event_source clock; /* a timerfd, set to the first timer */
    struct event_timer *timers;
};

int events_init(struct events *l, struct err *e);
void events_release(struct events *l);

/* events: EPOLLIN, EPOLLOUT. Changes them where the source is in the set already. */
int events_watch(struct events *l, struct event_source *s, int fd, uint32_t events, struct err *e);
void events_forget(struct events *l, struct event_source *s);

/* Fires once, in `ms` milliseconds; replaces the time that was set. */
void timer_set(struct events *l, struct event_timer *t, int64_t ms);
void timer_clear(struct events *l, struct event_timer *t);

/* Handles what is ready now. */
void events_dispatch(struct events *l);
/* Waits up to timeout_ms for something to be ready, and handles it. */
int events_turn(struct events *l, int timeout_ms, struct err *e);

#endif
