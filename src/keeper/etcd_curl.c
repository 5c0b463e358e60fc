#include "keeper/etcd_curl.h"

struct curl_source {
    struct event_source source;
    struct etcd_curl *curl;
};

static void socket_ready(struct event_source *s, uint32_t events)
{
    struct etcd_curl *c = ((struct curl_source *)s->owner)->curl;
    const int action = ((events & (EPOLLIN | EPOLLHUP)) ? CURL_CSELECT_IN : 0) |
                       ((events & EPOLLOUT) ? CURL_CSELECT_OUT : 0) | ((events & EPOLLERR) ? CURL_CSELECT_ERR : 0);
    int running;

    (void)curl_multi_socket_action(c->multi, s->fd, action, &running);
    c->moved(c->owner);
}

/* CURLMOPT_SOCKETFUNCTION */
static int socket_changed(CURL *easy, curl_socket_t fd, int what, void *owner, void *assigned)
{
    struct etcd_curl *c = owner;
    struct curl_source *s = assigned;
    const uint32_t events = ((what & CURL_POLL_IN) ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) ? EPOLLOUT : 0U);

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (s)
            events_forget(c->loop, &s->source);
        free(s);
        return 0;
    }
    if (!s) {
        s = calloc(1, sizeof(*s));
        if (!s)
            return -1;
        *s = (struct curl_source){.source = {.fd = -1, .ready = socket_ready, .owner = s}, .curl = c};
        (void)curl_multi_assign(c->multi, fd, s);
    }
    return events_watch(c->loop, &s->source, fd, events, NULL) < 0 ? -1 : 0;
}

static void timed_out(struct event_timer *t)
{
    struct etcd_curl *c = t->owner;
    int running;

    (void)curl_multi_socket_action(c->multi, CURL_SOCKET_TIMEOUT, 0, &running);
    c->moved(c->owner);
}

/* CURLMOPT_TIMERFUNCTION */
static int timer_changed(CURLM *multi, long ms, void *owner)
{
    struct etcd_curl *c = owner;

    (void)multi;
    if (ms < 0)
        timer_clear(c->loop, &c->timer);
    else
        timer_set(c->loop, &c->timer, ms);
    return 0;
}

int etcd_curl_init(struct etcd_curl *c, struct events *loop, void (*moved)(void *owner), void *owner, struct err *e)
{
    *c = (struct etcd_curl){.loop = loop, .timer = {.fire = timed_out, .owner = c}, .moved = moved, .owner = owner};
    c->multi = curl_multi_init();
    if (!c->multi)
        return err_set(e, ERR_SYS, ENOMEM, "libcurl");
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETFUNCTION, socket_changed);
    curl_multi_setopt(c->multi, CURLMOPT_SOCKETDATA, c);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERFUNCTION, timer_changed);
    curl_multi_setopt(c->multi, CURLMOPT_TIMERDATA, c);
    return 0;
}

void etcd_curl_release(struct etcd_curl *c)
{
    if (!c->multi)
        return;
    (void)curl_multi_cleanup(c->multi);
    timer_clear(c->loop, &c->timer);
    c->multi = NULL;
}
