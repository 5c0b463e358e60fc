#include "keeper/overlay_events.h"

#include <poll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "keeper/clock.h"

/* So many sources a dispatch at most: the keeper's other work gets its turn. */
enum { DISPATCH_MAX = 64 };

/* ---- timers: few, so a list and a look at all of them will do */

static void set_clock(struct events *l)
{
    struct itimerspec when = {0};
    int64_t first = 0;

    for (const struct event_timer *t = l->timers; t; t = t->next)
        if (first == 0 || t->at < first)
            first = t->at;
    when.it_value.tv_sec = first / 1000;
    when.it_value.tv_nsec = first % 1000 * 1000000;
    (void)timerfd_settime(l->clock.fd, TFD_TIMER_ABSTIME, &when, NULL);
}

static void unlink_timer(struct events *l, struct event_timer *t)
{
    for (struct event_timer **p = &l->timers; *p; p = &(*p)->next) {
        if (*p == t) {
            *p = t->next;
            break;
        }
    }
    t->at = 0;
}

void timer_set(struct events *l, struct event_timer *t, int64_t ms)
{
    unlink_timer(l, t);
    t->at = clock_ms() + (ms > 0 ? ms : 0);
    t->next = l->timers;
    l->timers = t;
    set_clock(l);
}

void timer_clear(struct events *l, struct event_timer *t)
{
    if (t->at == 0)
        return;
    unlink_timer(l, t);
    set_clock(l);
}

static struct event_timer *next_due(const struct events *l, int64_t now)
{
    for (struct event_timer *t = l->timers; t; t = t->next)
        if (t->at <= now)
            return t;
    return NULL;
}

static void fire_due(struct event_source *s, uint32_t events)
{
    struct events *l = s->owner;
    const int64_t now = clock_ms();
    struct event_timer *t;
    uint64_t expirations;

    (void)events;
    (void)!read(s->fd, &expirations, sizeof(expirations));
    /* From the start again each time: a handler may change the list. One that it sets anew is later than `now`. */
    while ((t = next_due(l, now))) {
        unlink_timer(l, t);
        t->fire(t);
    }
    set_clock(l);
}

/* ---- sources */

int events_watch(struct events *l, struct event_source *s, int fd, uint32_t events, struct err *e)
{
    struct epoll_event ev = {.events = events, .data.ptr = s};
    int op = s->fd == fd ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

    if (epoll_ctl(l->epoll_fd, op, fd, &ev) < 0)
        return err_sys(e, "epoll");
    s->fd = fd;
    return 0;
}

void events_forget(struct events *l, struct event_source *s)
{
    if (s->fd >= 0)
        (void)epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
    s->fd = -1;
}

int events_init(struct events *l, struct err *e)
{
    _cleanup_close_ int clock = -1;
    int r;

    *l = (struct events){.epoll_fd = -1, .clock = {.fd = -1, .ready = fire_due, .owner = l}};
    l->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (l->epoll_fd < 0)
        return err_sys(e, "epoll_create");
    clock = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    r = clock < 0 ? err_sys(e, "timerfd_create") : events_watch(l, &l->clock, clock, EPOLLIN, e);
    if (r < 0) {
        fd_close(&l->epoll_fd);
        return r;
    }
    (void)TAKE_FD(clock); /* l->clock's */
    return 0;
}

void events_release(struct events *l)
{
    fd_close(&l->clock.fd);
    fd_close(&l->epoll_fd);
}

void events_dispatch(struct events *l)
{
    struct epoll_event ev;

    /* One at a time: a handler may end the owner of the next. */
    for (int i = 0; i < DISPATCH_MAX && epoll_wait(l->epoll_fd, &ev, 1, 0) == 1; i++) {
        struct event_source *s = ev.data.ptr;

        s->ready(s, ev.events);
    }
}

int events_turn(struct events *l, int timeout_ms, struct err *e)
{
    struct pollfd p = {.fd = l->epoll_fd, .events = POLLIN};

    if (poll(&p, 1, timeout_ms) < 0 && errno != EINTR)
        return err_sys(e, "poll");
    events_dispatch(l);
    return 0;
}
