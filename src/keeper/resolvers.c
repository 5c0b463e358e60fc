#include "keeper/resolvers.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"
#include "base/strv.h"
#include "keeper/clock.h"
#include "keeper/confine.h"
#include "keeper/dnsmasq.h"
#include "kernel/pidfd.h"
#include "runtime/security/capabilities.h"

enum {
    RETRY_MIN_MS = 100,
    RETRY_MAX_MS = 10 * 1000,
    STABLE_MS = 30 * 1000, /* ready for so long, it has not failed in a row */
    END_MS = 1000,         /* that dnsmasq may take to end */
    LINE_MAX_BYTES = 512,
};

enum resolver_state { RESOLVER_DOWN, RESOLVER_STARTING, RESOLVER_READY };

struct resolver {
    struct resolver *next;
    struct scope *scope;
    enum resolver_state state;
    int pidfd;  /* -1 when DOWN */
    int output; /* the reading end of its stderr */
    int64_t used_at, started_at, due_at;
    unsigned failures; /* in a row */
    bool is_awaited;   /* somebody waits for it, although it is DOWN for the moment */
    char line[LINE_MAX_BYTES];
    size_t line_len;
    char last_line[LINE_MAX_BYTES];
};

static struct resolver *find(const struct resolvers *rs, const char *key)
{
    struct resolver *r = rs->first;
    while (r && strcmp(r->scope->key, key) != 0)
        r = r->next;
    return r;
}

/* ---- what it says ---- */

static void take_line(struct resolvers *rs, struct resolver *r)
{
    r->line[r->line_len] = '\0';
    r->line_len = 0;
    if (!dnsmasq_line_tells(r->line))
        return;
    memcpy(r->last_line, r->line, sizeof(r->last_line));
    if (r->state == RESOLVER_STARTING && dnsmasq_line_is_ready(r->line)) {
        r->state = RESOLVER_READY;
        r->is_awaited = false;
        rs->settled(rs->owner, r->scope->key, NULL);
    }
}

/* How many bytes came: 0 at the end, negative when there is nothing yet. */
static ssize_t read_output(struct resolvers *rs, struct resolver *r)
{
    char bytes[4096];
    ssize_t n = read(r->output, bytes, sizeof(bytes));
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\n')
            take_line(rs, r);
        else if (r->line_len < sizeof(r->line) - 1)
            r->line[r->line_len++] = bytes[i];
    }
    return n;
}

static void output_ready(struct loop_source *s)
{
    struct resolvers *rs = s->owner;
    struct epoll_event events[16];
    int n = epoll_wait(s->fd, events, ARRAY_SIZE(events), 0);
    for (int i = 0; i < n; i++) {
        struct resolver *r = events[i].data.ptr;
        if (read_output(rs, r) == 0)
            epoll_ctl(s->fd, EPOLL_CTL_DEL, r->output, NULL); /* its end is told by SIGCHLD */
    }
}

/* ---- its process ---- */

/* The directories that are bound for it. */
_Static_assert(2 * SCOPE_NETWORKS_MAX <= CONFINE_DIRS_MAX, "two for a network at most");
struct hosts_dirs {
    char *paths[CONFINE_DIRS_MAX];
    size_t n;
};

static void hosts_dirs_release(struct hosts_dirs *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->paths[i]);
}

/* Never makes the network's own directory: one that is being removed must stay away. */
static int add_hosts_dir(const struct net_instance *in, const struct network *n, const char *name, struct hosts_dirs *d,
                         struct err *e)
{
    char *path;
    if (asprintf(&path, "%s/networks/%s/%s", in->run_root, n->id, name) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "network %s", n->name);
    d->paths[d->n++] = path;
    return mkdir(path, 0755) == 0 || errno == EEXIST ? 0 : err_sys(e, "make %s", path);
}

/* Endpoints of this host, and for an overlay network those of the others, which overlay.c writes. */
static int hosts_dirs_open(const struct net_instance *in, const struct scope *s, struct hosts_dirs *d, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < s->n_networks; i++) {
        const struct network *n = s->networks[i];
        r = add_hosts_dir(in, n, "endpoints", d, e);
        if (r == 0 && n->driver == NETWORK_OVERLAY)
            r = add_hosts_dir(in, n, "remote", d, e);
    }
    return r;
}

static int watch_output(struct resolvers *rs, struct resolver *r, struct err *e)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = r};
    if (fd_set_nonblock(r->output, true) < 0 || epoll_ctl(rs->output.fd, EPOLL_CTL_ADD, r->output, &event) < 0)
        return err_sys(e, "watch dnsmasq");
    return 0;
}

static int run(struct resolvers *rs, struct resolver *r, const char *program, char *const *arguments,
               struct confinement *c, struct err *e)
{
    static char *const environment[] = {(char *)"LC_ALL=C", NULL}; /* its lines are understood */
    _cleanup_close_ int to_us = -1;
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return err_sys(e, "make a pipe");
    fd_close(&r->output);
    r->output = ends[0];
    to_us = ends[1];
    int result = watch_output(rs, r, e);
    if (result < 0)
        return result;
    struct process p = {
        .path = program,
        .argv = (const char *const *)arguments,
        .env = environment,
        .fds = {-1, -1, to_us},
        .n_fds = 3,
        .prepare = confine_enter,
        .prepare_arg = c,
    };
    result = process_start(&p, e);
    if (result == 0)
        r->pidfd = p.pidfd;
    return result;
}

static int start(struct resolvers *rs, struct resolver *r, struct err *e)
{
    _cleanup_(net_config_release) struct net_config config = {0};
    _cleanup_(hosts_dirs_release) struct hosts_dirs dirs = {0};
    _cleanup_strv_ char **arguments = NULL;
    const char *program;
    bool fills_sets = false;
    int result = dnsmasq_find(&program, e);
    if (result == 0)
        result = net_config_load(&config, e);
    if (result == 0)
        result = hosts_dirs_open(rs->in, r->scope, &dirs, e);
    if (result == 0)
        result = dnsmasq_arguments(r->scope, &config, rs->in->table, dirs.n, &arguments, &fills_sets, e);
    if (result < 0)
        return result;

    struct confinement c = {.caps = CAP_BIT(CAP_NET_BIND_SERVICE) | (fills_sets ? CAP_BIT(CAP_NET_ADMIN) : 0),
                            .n_dirs = dirs.n,
                            .parent = getpid()};
    for (size_t i = 0; i < dirs.n; i++)
        c.dirs[i] = dirs.paths[i];
    confine_choose_user(&c);
    r->line_len = 0;
    r->last_line[0] = '\0';
    result = run(rs, r, program, arguments, &c, e);
    if (result == 0) {
        r->state = RESOLVER_STARTING;
        r->started_at = clock_ms();
    }
    return result;
}

static void schedule_restart(struct resolver *r)
{
    int64_t now = clock_ms();
    if (r->state == RESOLVER_READY && now - r->started_at >= STABLE_MS)
        r->failures = 0;
    int64_t pause = (int64_t)RETRY_MIN_MS << (r->failures < 10 ? r->failures : 10);
    r->due_at = now + (pause < RETRY_MAX_MS ? pause : RETRY_MAX_MS);
    r->failures++;
    r->state = RESOLVER_DOWN;
}

/* A predecessor that was killed with its keeper may still be dying, and has the addresses until then. */
static bool may_succeed_soon(const struct resolver *r)
{
    enum { TRIES = 4 };
    return r->failures < TRIES && strstr(r->last_line, "Address already in use");
}

static void ended(struct resolvers *rs, struct resolver *r)
{
    bool was_starting = r->state == RESOLVER_STARTING;
    struct err why = ERR_INIT;
    while (read_output(rs, r) > 0)
        ;
    take_line(rs, r);
    r->is_awaited = was_starting && may_succeed_soon(r);
    dnsmasq_explain(r->last_line, &why);
    log_warning("network %s: dnsmasq ended: %s", scope_describe(r->scope, (char[128]){0}), why.text);
    fd_close(&r->output);
    fd_close(&r->pidfd);
    schedule_restart(r);
    if (was_starting && !r->is_awaited)
        rs->settled(rs->owner, r->scope->key, &why);
}

/* ---- all of them ---- */

int resolvers_init(struct resolvers *rs, struct loop *l, const struct net_instance *in, struct err *e)
{
    rs->in = in;
    rs->output =
        (struct loop_source){.fd = epoll_create1(EPOLL_CLOEXEC), .events = POLLIN, .ready = output_ready, .owner = rs};
    if (rs->output.fd < 0)
        return err_sys(e, "make an epoll");
    loop_add(l, &rs->output);
    return 0;
}

/* SIGTERM first: it has children of its own for queries by TCP, and ends them. */
static void resolver_free(struct resolver *r)
{
    siginfo_t info;
    if (r->pidfd >= 0) {
        pidfd_kill(r->pidfd, SIGTERM, NULL);
        if (!pidfd_has_exited(r->pidfd, END_MS))
            pidfd_kill(r->pidfd, SIGKILL, NULL);
        pidfd_wait(r->pidfd, &info, NULL);
    }
    fd_close(&r->pidfd);
    fd_close(&r->output);
    scope_free(r->scope);
    free(r);
}

/* Nobody waits in vain. */
static void give_up(struct resolvers *rs, const struct resolver *r)
{
    struct err why = ERR_INIT;
    err_set(&why, ERR_CONFLICT, 0, "the network was removed, or the container left it");
    rs->settled(rs->owner, r->scope->key, &why);
}

void resolvers_forget(struct resolvers *rs, const char *key)
{
    for (struct resolver **at = &rs->first; *at; at = &(*at)->next) {
        struct resolver *r = *at;
        if (strcmp(r->scope->key, key) == 0) {
            *at = r->next;
            if (r->state == RESOLVER_STARTING)
                give_up(rs, r);
            resolver_free(r);
            return;
        }
    }
}

void resolvers_release(struct resolvers *rs)
{
    while (rs->first)
        resolvers_forget(rs, rs->first->scope->key);
    fd_close(&rs->output.fd);
}

static struct resolver *add(struct resolvers *rs, struct scope *s)
{
    struct resolver *r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    *r = (struct resolver){.next = rs->first, .scope = s, .pidfd = -1, .output = -1};
    rs->first = r;
    return r;
}

int resolvers_serve(struct resolvers *rs, struct scope *s, struct err *e)
{
    _cleanup_scope_ struct scope *owned = s;
    struct resolver *r = find(rs, s->key);
    if (!r)
        r = add(rs, TAKE_PTR(owned));
    r->used_at = clock_ms();
    if (r->state != RESOLVER_DOWN)
        return r->state == RESOLVER_READY;
    int result = start(rs, r, e);
    if (result < 0)
        resolvers_forget(rs, r->scope->key);
    return result;
}

bool resolvers_is_ready(const struct resolvers *rs, const char *key)
{
    const struct resolver *r = find(rs, key);
    return r && r->state == RESOLVER_READY;
}

void resolvers_forget_answers(struct resolvers *rs)
{
    for (struct resolver *r = rs->first; r; r = r->next)
        if (r->state == RESOLVER_READY)
            pidfd_kill(r->pidfd, SIGHUP, NULL);
}

void resolvers_sweep(struct resolvers *rs, bool (*is_needed)(void *owner, const char *key, int64_t used_at))
{
    struct resolver *next;
    for (struct resolver *r = rs->first; r; r = next) {
        next = r->next;
        if (r->state != RESOLVER_STARTING && !r->is_awaited && !is_needed(rs->owner, r->scope->key, r->used_at))
            resolvers_forget(rs, r->scope->key);
    }
}

void resolvers_reap(struct resolvers *rs)
{
    struct resolver *next;
    for (struct resolver *r = rs->first; r; r = next) {
        siginfo_t info = {0};
        next = r->next;
        if (r->pidfd >= 0 && waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED | WNOHANG) == 0 && info.si_pid != 0)
            ended(rs, r);
    }
}

int resolvers_restart_due(struct resolvers *rs)
{
    int64_t now = clock_ms(), soonest = INT64_MAX;
    for (struct resolver *r = rs->first; r; r = r->next) {
        struct err e = ERR_INIT;
        if (r->state != RESOLVER_DOWN)
            continue;
        if (r->due_at <= now && start(rs, r, &e) < 0) {
            log_warning("network %s: %s", scope_describe(r->scope, (char[128]){0}), e.text);
            schedule_restart(r);
            if (r->is_awaited)
                rs->settled(rs->owner, r->scope->key, &e);
            r->is_awaited = false;
        }
        if (r->state == RESOLVER_DOWN && r->due_at < soonest)
            soonest = r->due_at;
    }
    return soonest == INT64_MAX ? -1 : soonest <= now ? 0 : (int)(soonest - now);
}
