#include "shim/supervise.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strv.h"
#include "kernel/pidfd.h"
#include "network/firewall.h"
#include "network/plan.h"
#include "shim/memory.h"
#include "shim/reap.h"
#include "shim/shim.h"

/* How long a client that does not read may hold up the end, when its socket has no room for the last bytes. */
enum { DRAIN_SECONDS_MAX = 10, DRAIN_POLL_MS = 1000 };

/* How long a starter that was told the exit and does not say FORGET keeps the shim. */
enum { FORGET_MS_MAX = 3000 };

/* A container that is quiet for so long is one that lasts; a short one shall not pay for giving memory back. */
enum { SETTLE_MS = 100 };

/* ---- before the container is there */

static void init(struct shim *s, const char *id)
{
    s->id = id;
    s->log.fd = -1;
    s->pipes = STDIO_PIPES_INIT;
    s->container = RUNTIME_CONTAINER_INIT;
    s->init.fd = s->orphans.fd = -1;
    relay_init(&s->relay, &s->loop, &s->server.clients, &s->log);
    server_init(&s->server, &s->loop, &s->relay, &s->handover.ports);
}

static int load_config(struct shim *s, struct spec **ret, struct err *e)
{
    _cleanup_json_ json_object *config = NULL;
    int r = json_parse_file(SHIM_FD_RUN_DIR, "config.json", &config, e);
    if (r == 0)
        r = shim_config_load(config, &s->config, e);
    return r == 0 ? spec_load(config, s->id, ret, e) : r;
}

/* Where there is none, the container has no network of ours. */
static int load_network(struct spec *spec, struct net_plan **ret, struct err *e)
{
    int r = net_plan_load(SHIM_FD_RUN_DIR, ret, e);
    if (r == -ENOENT)
        return 0;
    spec->net = *ret;
    return r;
}

/* ---- creation */

static int open_stdio(struct shim *s, const struct spec *spec, struct runtime_stdio *ret, struct err *e)
{
    *ret = (struct runtime_stdio){.in = -1, .out = -1, .err = -1, .master = -1};
    if (spec->process.terminal)
        return 0;
    int r = stdio_pipes_open(&s->pipes, s->config.has_stdin, e);
    if (r == 0)
        *ret = (struct runtime_stdio){
            .in = s->pipes.payload[0], .out = s->pipes.payload[1], .err = s->pipes.payload[2], .master = -1};
    return r;
}

/* The ends that are ours go to the relay, which from now on owns them. */
static void adopt_stdio(struct shim *s, const struct runtime_stdio *io)
{
    stdio_pipes_close_payload(&s->pipes);
    int typed = s->config.has_stdin ? io->master : -1;
    struct relay_fds fds = {
        .in = io->master >= 0 ? typed : TAKE_FD(s->pipes.ours[0]),
        .out = TAKE_FD(s->pipes.ours[1]),
        .err = TAKE_FD(s->pipes.ours[2]),
        .terminal = io->master,
    };
    relay_open(&s->relay, &fds, s->config.stdin_once);
}

static int create_container(struct shim *s, const struct spec *spec, struct err *e)
{
    struct runtime_stdio io;
    int r = open_stdio(s, spec, &io, e);
    if (r == 0)
        r = runtime_create(spec, &io, &s->container, e);
    if (r < 0)
        return r;
    s->has_own_pids = spec_has_own(spec, NS_PID);
    adopt_stdio(s, &io);
    return 0;
}

static int write_json(const char *name, json_object *o, struct err *e)
{
    const char *text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN);
    return file_write_atomic(SHIM_FD_RUN_DIR, name, text, strlen(text), 0600, e);
}

static int write_state(struct shim *s, struct err *e)
{
    uint64_t start_time = 0;
    int r = pid_start_time(s->container.pid, &start_time, e);
    if (r < 0)
        return r;
    s->started_at = now_ns();
    _cleanup_json_ json_object *state = json_object_new_object();
    json_add_int(state, "pid", s->container.pid);
    json_add_uint(state, "startTime", start_time);
    json_add_int(state, "startedAt", s->started_at);
    json_add_int(state, "shimPid", getpid());
    return write_json(SHIM_STATE_NAME, state, e);
}

/* Later commands find the container by what is here: before the payload starts, while the init still sets itself up.
 * Whoever connects is answered after STARTED. */
static int become_reachable(struct shim *s, struct err *e)
{
    int listener = shim_listen(SHIM_FD_RUN_DIR, e);
    if (listener < 0)
        return listener;
    server_open(&s->server, listener, s->container.pidfd);
    return write_state(s, e);
}

static int open_log(struct shim *s, struct err *e)
{
    return json_log_open(&s->log, s->config.log, s->config.log_max_size, (int)s->config.log_max_files, e);
}

/* Reaps what is not the init, whose status is collected by its pidfd. */
static void orphans_ready(struct loop_source *source)
{
    struct shim *s = source->owner;
    struct signalfd_siginfo info;
    while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
        ;
    siginfo_t child = {.si_pid = 0};
    while (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == 0 && child.si_pid != 0 &&
           child.si_pid != s->container.pid) {
        waitid(P_PID, (id_t)child.si_pid, &child, WEXITED | WNOHANG);
        child.si_pid = 0;
    }
}

/* In a pid namespace that is not its own, what loses its parent comes to the shim rather than to the host's init. */
static int adopt_orphans(struct shim *s, struct err *e)
{
    if (s->has_own_pids)
        return 0;
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    s->orphans = (struct loop_source){.events = POLLIN, .ready = orphans_ready, .owner = s};
    s->orphans.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->orphans.fd < 0)
        return err_sys(e, "listen to SIGCHLD");
    loop_add(&s->loop, &s->orphans);
    return 0;
}

static int start_container(struct shim *s, struct err *e)
{
    _cleanup_spec_ struct spec *spec = NULL;
    _cleanup_net_plan_ struct net_plan *plan = NULL;
    int r = load_config(s, &spec, e);
    if (r == 0)
        r = load_network(spec, &plan, e);
    if (r == 0)
        r = handover_restore_limits(&s->handover, &spec->process, e);
    if (r == 0)
        r = create_container(s, spec, e);
    if (r == 0) /* before anything of the payload's can lose its parent */
        r = adopt_orphans(s, e);
    if (r == 0) /* what makes files runs beside the init, which sets itself up meanwhile */
        r = become_reachable(s, e);
    if (r == 0)
        r = open_log(s, e);
    if (r == 0)
        r = runtime_start(&s->container, e);
    if (r < 0)
        return r;
    struct shim_started started = {.pid = s->container.pid, .started_at = s->started_at};
    /* A starter that was killed meanwhile is not missed: the container is there for every later command. */
    shim_send(SHIM_FD_STARTER, SHIM_MSG_STARTED, &started, sizeof(started), -1, NULL);
    if (plan) /* slow, and no reason not to run */
        firewall_forget_early_flows(plan, NULL);
    return 0;
}

/* ---- its life */

/* These end neither the shim nor, through it, the container; the child was made before, and has none of it. */
static const int ignored_signals[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGUSR1, SIGUSR2};

static void set_signals(void (*handler)(int))
{
    struct sigaction action = {.sa_handler = handler};
    for (size_t i = 0; i < ARRAY_SIZE(ignored_signals); i++)
        sigaction(ignored_signals[i], &action, NULL);
}

static void init_ready(struct loop_source *source)
{
    struct shim *s = source->owner;
    loop_remove(&s->loop, source);
    loop_stop(&s->loop);
}

/* The kernel's out-of-memory killer looks elsewhere first. Only the host's root may ask for that. */
static void avoid_oom_killer(void)
{
    file_write_existing(AT_FDCWD, "/proc/self/oom_score_adj", "-999", NULL);
}

static int stay(struct shim *s, struct err *e)
{
    server_add_starter(&s->server, SHIM_FD_STARTER, s->config.attach);
    s->init = (struct loop_source){.fd = s->container.pidfd, .events = POLLIN, .ready = init_ready, .owner = s};
    loop_add(&s->loop, &s->init);
    avoid_oom_killer();
    int r;
    while ((r = loop_turn(&s->loop, SETTLE_MS, e)) > 0 && !s->loop.is_stopped)
        ;
    if (r != 0) /* it has ended already, or an error */
        return r < 0 ? r : 0;
    memory_give_back();
    return loop_run(&s->loop, e);
}

/* ---- its end */

static int64_t monotonic_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec;
}

/* What was written before the end is in the pipes by now: the writers are dead, so "nothing there" is the end too. */
static void drain(struct shim *s)
{
    int64_t deadline = monotonic_seconds() + DRAIN_SECONDS_MAX;
    server_widen(&s->server);
    while (relay_has_output(&s->relay) && monotonic_seconds() < deadline) {
        bool is_blocked = relay_is_blocked(&s->relay);
        int n = loop_turn(&s->loop, is_blocked ? DRAIN_POLL_MS : 0, NULL);
        if (n < 0 || (n == 0 && !is_blocked))
            break;
        server_widen(&s->server);
    }
    relay_close(&s->relay);
    json_log_close(&s->log);
}

static int write_exit(const struct shim_exit *exit, const struct err *error, struct err *e)
{
    _cleanup_json_ json_object *o = json_object_new_object();
    json_add_int(o, "status", exit->status);
    json_add_bool(o, "oomKilled", exit->oom_killed);
    json_add_int(o, "finishedAt", exit->finished_at);
    json_add_str(o, "error", error ? error->text : NULL);
    return write_json(SHIM_EXIT_NAME, o, e);
}

/* Processes that share another pid namespace outlive the init: they end with it, as in a namespace of their own. */
static void end_the_rest(struct shim *s)
{
    if (!s->has_own_pids && s->container.cgroup.path)
        cgroup_kill(s->container.cgroup.path, NULL);
}

/* Who is told the status finds it in exit.json, and waits for nothing that is slow. */
static void report(struct shim *s)
{
    struct err ignored = ERR_INIT;
    end_the_rest(s);
    drain(s);
    if (reap_child(s->container.pidfd, &s->exit, &ignored) < 0)
        s->exit = (struct shim_exit){.status = 255, .finished_at = now_ns()};
    s->exit.oom_killed = cgroup_oom_killed(&s->container.cgroup);
    write_exit(&s->exit, NULL, NULL); /* without it recovery says 137 */
    server_report_exit(&s->server, &s->exit);
}

/* What it has now: `network connect` may have changed it since the start. Ports are held until nothing leads from
 * them any more. */
static int undo_network(struct shim *s)
{
    _cleanup_net_plan_ struct net_plan *plan = NULL;
    struct err e = ERR_INIT;
    int r = net_plan_load(SHIM_FD_RUN_DIR, &plan, &e);
    if (r == 0)
        r = net_plan_down(plan, &e);
    else if (r == -ENOENT)
        r = 0;
    if (r < 0) {
        log_warning("%s: undo its network: %s", s->id, e.text);
        return r;
    }
    held_ports_close(&s->handover.ports);
    if (plan)
        unlinkat(SHIM_FD_RUN_DIR, NET_PLAN_NAME, 0);
    return 0;
}

/* The ledger's entries go once what they stand for is gone: else (negative) the engine tries again. Nothing uses the
 * container's addresses any more when they are given back. */
static int undo(struct shim *s)
{
    bool had_cgroup = s->container.cgroup.created;
    int r = runtime_release(&s->container);
    int network = undo_network(s);
    if (r == 0 && had_cgroup)
        unlinkat(SHIM_FD_RUN_DIR, SHIM_CGROUP_NAME, 0);
    unlinkat(SHIM_FD_RUN_DIR, SHIM_SOCKET_NAME, 0);
    fd_close(&s->orphans.fd);
    return network;
}

/* The starter was told the exit, writes it down and says so; then the lock can go, and what it stands for before it.
 * What cannot be removed stays, with its lock, for recovery. */
static void remove_rest(struct shim *s)
{
    if (!s->config.remove || !server_await_forget(&s->server, FORGET_MS_MAX))
        return;
    STRV_FOREACH (path, s->config.remove) {
        if (dir_remove_all(AT_FDCWD, *path, NULL) < 0)
            return;
    }
}

/* ---- when it did not start */

static int status_of_error(enum err_kind kind)
{
    return kind == ERR_NO_COMMAND ? 127 : kind == ERR_NOT_EXECUTABLE ? 126 : 125;
}

static void report_failure(struct shim *s, const struct err *error)
{
    if (s->container.pidfd >= 0) {
        siginfo_t info;
        pidfd_kill(s->container.pidfd, SIGKILL, NULL);
        pidfd_wait(s->container.pidfd, &info, NULL); /* unless runtime_start has reaped it */
    }
    s->exit = (struct shim_exit){.status = status_of_error(error->kind), .finished_at = now_ns()};
    write_exit(&s->exit, error, NULL);
    shim_send(SHIM_FD_STARTER, SHIM_MSG_ERROR, error, sizeof(*error), -1, NULL);
    relay_close(&s->relay);
    json_log_close(&s->log);
    stdio_pipes_release(&s->pipes);
    (void)undo(s);
    strv_free(TAKE_PTR(s->config.on_exit)); /* the starter knows, and removes what it made */
}

/* ---- the whole */

int shim_supervise(struct shim *s, const char *id, struct err *e)
{
    init(s, id);
    int r = start_container(s, e);
    if (r < 0) {
        report_failure(s, e);
        return r;
    }
    set_signals(SIG_IGN);
    r = stay(s, e);
    if (r < 0) /* it cannot be supervised, so it cannot be */
        pidfd_kill(s->container.pidfd, SIGKILL, NULL);
    report(s);
    if (undo(s) == 0)
        remove_rest(s);
    return r;
}

void shim_leave(struct shim *s)
{
    close(SHIM_FD_LOCK);
    if (!s->config.on_exit)
        return;
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    set_signals(SIG_DFL);
    execv(s->config.on_exit[0], s->config.on_exit);
}
