#include "base/loop.h"

bool loop_add(struct loop *l, struct loop_source *s)
{
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++) {
        if (!l->sources[i]) {
            l->sources[i] = s;
            return true;
        }
    }
    return false;
}

void loop_remove(struct loop *l, struct loop_source *s)
{
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++)
        if (l->sources[i] == s)
            l->sources[i] = NULL;
}

/* Collects what is to be waited for; polled[i] is the source of fds[i]. */
static nfds_t collect(const struct loop *l, struct pollfd *fds, struct loop_source **polled)
{
    nfds_t n = 0;
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++) {
        struct loop_source *s = l->sources[i];
        if (!s || s->fd < 0 || s->events == 0)
            continue;
        fds[n] = (struct pollfd){.fd = s->fd, .events = s->events};
        polled[n++] = s;
    }
    return n;
}

static bool contains(const struct loop *l, const struct loop_source *s)
{
    for (size_t i = 0; i < LOOP_SOURCES_MAX; i++)
        if (l->sources[i] == s)
            return true;
    return false;
}

int loop_turn(struct loop *l, int timeout_ms, struct err *e)
{
    struct pollfd fds[LOOP_SOURCES_MAX];
    struct loop_source *polled[LOOP_SOURCES_MAX];
    nfds_t n = collect(l, fds, polled);
    int n_ready = poll(fds, n, timeout_ms);
    if (n_ready < 0)
        return errno == EINTR ? 1 : err_sys(e, "poll");

    for (nfds_t i = 0; i < n; i++) {
        /* An earlier handler of this round may have removed, closed or paused it. */
        struct loop_source *s = polled[i];
        if (fds[i].revents && contains(l, s) && s->fd == fds[i].fd && s->events)
            s->ready(s);
    }
    return n_ready;
}

int loop_run(struct loop *l, struct err *e)
{
    l->is_stopped = false;
    while (!l->is_stopped) {
        int r = loop_turn(l, -1, e);
        if (r < 0)
            return r;
    }
    return 0;
}

void loop_stop(struct loop *l)
{
    l->is_stopped = true;
}
