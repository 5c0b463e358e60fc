#include "keeper/keeper.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/id.h"
#include "base/log.h"
#include "base/strv.h"
#include "keeper/clock.h"
#include "network/firewall.h"
#include "network/names.h"

/* ---- one network */

int keeper_serve_network(struct keeper *k, const char *id, struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    int r = network_load(&k->in, id, &n, e);
    if (r == 0)
        r = endpoints_watch(&k->endpoints, id, e);
    if (r == -ENOENT)
        return err_not_found(e, "network %.12s is not up", id);
    if (r == 0 && n->driver == NETWORK_OVERLAY)
        r = keeper_join_overlay(k, n, e);
    if (r < 0 || !network_has_names(n))
        return r;
    struct scope *s = scope_new();
    r = scope_add(s, TAKE_PTR(n), e);
    if (r == 0)
        r = resolvers_serve(&k->resolvers, s, e);
    if (r < 0)
        return r;
    return r > 0 ? REQUEST_DONE : REQUEST_WAITS;
}

int keeper_serve_container_names(struct keeper *k, const char *id, char ret_key[static SCOPE_KEY_MAX], struct err *e)
{
    char key[SCOPE_KEY_MAX];
    if (!id_is_valid(id))
        return err_invalid(e, "\"%.80s\" is no id of a container", id);
    int r = views_update(&k->views, id, key, e);
    if (r != 0)
        return r < 0 ? r : REQUEST_DONE;
    memcpy(ret_key, key, sizeof(key));
    return REQUEST_WAITS;
}

int keeper_forget_network(struct keeper *k, const char *id, struct err *e)
{
    resolvers_forget(&k->resolvers, id);
    return k->overlay ? overlay_forget(k->overlay, id, e) : REQUEST_DONE;
}

/* ---- who is there */

/* Looks around when what was used at that time has been left alone for so long that it may go. */
static void look_after(struct keeper *k, int64_t used_at)
{
    if (used_at + k->linger_ms < k->look_at)
        k->look_at = used_at + k->linger_ms;
}

static bool was_used(const struct keeper *k, int64_t used_at)
{
    return clock_ms() - used_at < k->linger_ms;
}

void keeper_is_used(struct keeper *k)
{
    k->used_at = clock_ms();
    look_after(k, k->used_at);
}

static void endpoints_changed(void *owner, const char *network_id, const char *container)
{
    struct keeper *k = owner;
    struct err e = ERR_INIT;
    look_after(k, clock_ms());
    if (network_id && k->overlay)
        overlay_endpoints_changed(k->overlay, network_id);
    if (container && views_update(&k->views, container, (char[SCOPE_KEY_MAX]){0}, &e) < 0)
        log_warning("container %.12s: %s", container, e.text);
}

/* A dnsmasq for a network without endpoints, that nobody asked for lately, is not. */
static bool is_needed(void *owner, const char *key, int64_t used_at)
{
    struct keeper *k = owner;
    struct err e = ERR_INIT;
    if (!scope_key_is_network(key))
        return views_has(&k->views, key);
    int n = endpoints_count(&k->endpoints, key, &e);
    if (n == 0 && was_used(k, used_at))
        look_after(k, used_at);
    return n != 0 || was_used(k, used_at);
}

/* All; where they cannot be read, as if there were some. */
static int count_endpoints(struct keeper *k)
{
    struct err e = ERR_INIT;
    _cleanup_strv_ char **networks = NULL;
    int total = 0;
    if (endpoints_networks(&k->in, &networks, &e) < 0) {
        log_warning("%s", e.text);
        return 1;
    }
    STRV_FOREACH (id, networks) {
        int n = endpoints_count(&k->endpoints, *id, &e);
        if (n < 0)
            log_warning("%s", e.text);
        total += n < 0 ? 1 : n;
    }
    return total;
}

/* Looks again only after a change; but as long as nobody is there, until the end. */
static void look_around(struct keeper *k)
{
    k->look_at = INT64_MAX;
    resolvers_sweep(&k->resolvers, is_needed);
    if (count_endpoints(k) > 0)
        return;
    if (was_used(k, k->used_at))
        look_after(k, k->used_at);
    else if (requests_are_idle(&k->requests))
        k->is_ending = true;
    else
        look_after(k, clock_ms());
}

/* A network that has endpoints already: its names, and those of its containers on others too. */
static int serve_again(struct keeper *k, const char *network_id, struct err *e)
{
    _cleanup_close_ int dir = openat(k->in.dir_fd, network_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **containers = NULL;
    char key[SCOPE_KEY_MAX];
    if (dir < 0)
        return err_sys(e, "open networks/%s", network_id);
    int r = endpoints_list(dir, &containers, e);
    if (r < 0 || !containers)
        return r;
    r = keeper_serve_network(k, network_id, e);
    STRV_FOREACH (id, containers) {
        if (r >= 0)
            r = views_update(&k->views, *id, key, e);
    }
    return r;
}

/* After a keeper's sudden end. */
static void serve_what_is_there(struct keeper *k)
{
    _cleanup_strv_ char **networks = NULL;
    if (endpoints_networks(&k->in, &networks, NULL) < 0)
        return;
    STRV_FOREACH (id, networks) {
        struct err e = ERR_INIT;
        if (serve_again(k, *id, &e) < 0)
            log_warning("network %.12s: %s", *id, e.text);
    }
}

static void resolver_settled(void *owner, const char *key, const struct err *why)
{
    struct keeper *k = owner;
    struct err e = ERR_INIT;
    if (!why && views_has(&k->views, key) && views_apply(&k->views, &e) < 0)
        why = &e;
    look_after(k, clock_ms());
    requests_answer(&k->requests, key, why);
}

/* ---- the firewall */

static int repair_firewall(struct keeper *k, struct err *e)
{
    _cleanup_(net_config_release) struct net_config config = {0};
    bool is_new = false;
    int r = net_config_load(&config, e);
    if (r == 0)
        r = firewall_ensure(&k->in, &config, &is_new, e);
    if (r == 0 && is_new)
        r = firewall_restore(&k->in, e);
    if (r == 0 && is_new)
        r = views_apply(&k->views, e);
    if (r == 0 && is_new)
        resolvers_forget_answers(&k->resolvers);
    if (r == 0 && is_new && k->overlay)
        r = overlay_firewall_restored(k->overlay, e);
    return r;
}

static void firewall_ready(struct loop_source *s)
{
    struct keeper *k = s->owner;
    struct err e = ERR_INIT;
    bool is_gone = false;
    int r = firewall_watch_read(s->fd, k->in.table, &is_gone, &e);
    if (r == 0 && is_gone && count_endpoints(k) > 0) {
        log_warning("the firewall's table %s was removed: it is made anew", k->in.table);
        r = repair_firewall(k, &e);
    }
    if (r < 0)
        log_warning("%s", e.text);
}

/* ---- the loop */

static void signal_ready(struct loop_source *s)
{
    struct keeper *k = s->owner;
    struct signalfd_siginfo info;
    if (read(s->fd, &info, sizeof(info)) != sizeof(info))
        return;
    if (info.ssi_signo == SIGCHLD)
        resolvers_reap(&k->resolvers);
    else
        k->is_ending = true;
}

static int watch_signals(struct keeper *k, struct err *e)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    k->signals = (struct loop_source){
        .fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), .events = POLLIN, .ready = signal_ready, .owner = k};
    if (k->signals.fd < 0)
        return err_sys(e, "take signals");
    loop_add(&k->loop, &k->signals);
    return 0;
}

/* Without nf_tables there is nothing to watch. What was flushed before is made anew now. */
static void watch_firewall(struct keeper *k)
{
    struct err e = ERR_INIT;
    k->firewall =
        (struct loop_source){.fd = firewall_watch_open(&e), .events = POLLIN, .ready = firewall_ready, .owner = k};
    if (k->firewall.fd < 0)
        log_warning("a flushed firewall will not be noticed: %s", e.text);
    else
        loop_add(&k->loop, &k->firewall);
    if (count_endpoints(k) > 0 && repair_firewall(k, &e) < 0)
        log_warning("%s", e.text);
}

static int open_parts(struct keeper *k, int listener, struct err *e)
{
    requests_open(&k->requests, k, &k->loop, listener);
    k->resolvers.settled = resolver_settled;
    k->endpoints.changed = endpoints_changed;
    k->resolvers.owner = k->endpoints.owner = k;
    int r = watch_signals(k, e);
    if (r == 0)
        r = resolvers_init(&k->resolvers, &k->loop, &k->in, e);
    if (r == 0)
        r = endpoints_open(&k->endpoints, &k->loop, &k->in, e);
    if (r == 0)
        views_init(&k->views, &k->in, &k->resolvers);
    return r;
}

static void close_parts(struct keeper *k)
{
    requests_close(&k->requests);
    keeper_leave_overlay(k);
    views_release(&k->views);
    resolvers_release(&k->resolvers);
    endpoints_close(&k->endpoints);
    fd_close(&k->signals.fd);
    fd_close(&k->firewall.fd);
}

/* Milliseconds until look_at or the next restart of a dnsmasq; -1: neither. */
static int time_to_wait(const struct keeper *k, int restart_ms)
{
    if (k->look_at == INT64_MAX)
        return restart_ms;
    int64_t look_ms = k->look_at - clock_ms();
    if (look_ms < 0)
        look_ms = 0;
    return restart_ms >= 0 && restart_ms < look_ms ? restart_ms : (int)look_ms;
}

int keeper_run(struct keeper *k, int listener, struct err *e)
{
    k->signals.fd = k->firewall.fd = k->overlay_events.fd = k->resolvers.output.fd = k->endpoints.source.fd = -1;
    k->look_at = INT64_MAX;
    int r = open_parts(k, listener, e);
    if (r == 0) {
        watch_firewall(k);
        keeper_is_used(k);
        fd_close(&k->starter_fd);
        serve_what_is_there(k);
    }
    while (r >= 0 && !k->is_ending) {
        r = loop_turn(&k->loop, time_to_wait(k, resolvers_restart_due(&k->resolvers)), e);
        if (r >= 0 && clock_ms() >= k->look_at)
            look_around(k);
    }
    close_parts(k);
    return r < 0 ? r : 0;
}
