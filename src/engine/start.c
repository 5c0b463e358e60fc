/*
 * Starting a container.
 *
 *   1. the lock                    lock.h
 *   2. the run directory
 *   3. the shim                    comes to be on another processor meanwhile, and waits for GO
 *   4. one transaction             the row says RUNNING and leases the id range (and is inserted, for `run`)
 *   5. directories, volumes        on disk
 *   6. the network                 addresses and ports are taken; network.json says what the shim is to make (attach.h)
 *   7. the others' namespaces      after the lease: from now on their ids cannot be given to somebody else
 *   8. the bundle                  config.json and the files it binds
 *   9. GO, with the lock           the shim answers STARTED, or the sentence of the step that failed
 *  10. the lock is the shim's      our descriptor is closed
 *
 * Killed by SIGKILL: until 9 the lock is free, the shim ends without having done anything, and recovery undoes 8 to 2
 * (record_merge…: no state.json, so it never started). From 9 on the shim holds the lock as well and brings the start to
 * its end without us: the container runs, as if detached. A failure is undone here in the same way, by
 * recover_container(), once the shim is gone.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "engine/attach.h"
#include "engine/bundle.h"
#include "engine/create.h"
#include "engine/idrange.h"
#include "engine/lifecycle.h"
#include "engine/lock.h"
#include "engine/nsjoin.h"
#include "engine/paths.h"
#include "engine/query.h"
#include "engine/record.h"
#include "engine/recover.h"
#include "engine/running.h"
#include "engine/security.h"
#include "kernel/features.h"
#include "kernel/pidfd.h"
#include "runtime/security/sealed_program.h"
#include "shim/client.h"
#include "shim/shim.h"
#include "storage/db.h"

enum { SHIM_END_MS = 10000, STATUS_NOT_STARTED = 128, STATUS_NOT_EXECUTABLE = 126, STATUS_NO_COMMAND = 127 };

struct launch {
    struct engine *en;
    struct container *c;
    unsigned attach;
    struct ns_plan plan;
    struct ns_join join;
    struct attachment net;
    int lock_fd, run_dir_fd;
    int sock; /* the starter's */
    struct sealed_program shim;
};

static void launch_release(struct launch *l)
{
    sealed_program_release(&l->shim); /* the last close of a mount waits for the kernel: not before the shim is told */
    ns_join_release(&l->join);
    attachment_release(&l->net);
    fd_close(&l->lock_fd);
    fd_close(&l->run_dir_fd);
    fd_close(&l->sock);
}
#define _cleanup_launch_ _cleanup_(launch_release)
#define LAUNCH_INIT(engine, container, flags)                                                                          \
    {                                                                                                                  \
        .en = (engine), .c = (container), .attach = (flags), .lock_fd = -1, .run_dir_fd = -1, .sock = -1,              \
        .shim = SEALED_PROGRAM_INIT                                                                                    \
    }

/* Root may have been deprived of what makes containers; better one sentence here than a failing step somewhere. */
static int check_privilege(struct err *e)
{
    if (process_has_cap(CAP_SYS_ADMIN))
        return 0;
    err_set(e, ERR_DENIED, EPERM,
            "to make namespaces and mounts sampan needs CAP_SYS_ADMIN, which this root does not have");
    return err_advice(e, "run it outside of the sandbox that took it away");
}

/* ---- 4: the range ---- */

/* The range of a container whose user namespace is joined. It is leased a second time, so it stays ours when the
 * other ends. */
static int lease_joined(struct launch *l, int64_t *ret_slot, struct err *e)
{
    struct ns_choice *user = &l->plan.ns[NS_USER];
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int r = containers_get(l->en->db, user->target, &row, e);
    if (r < 0)
        return r;
    if (r == 0 || row.status != CONTAINER_RUNNING)
        return err_conflict(e, "cannot join the namespaces of container %.12s: it is not running", user->target);
    if (row.id_slot == ROW_NO_SLOT)
        user->how = NS_HOST; /* it has the host's itself */
    *ret_slot = row.id_slot;
    return 0;
}

static int lease(struct launch *l, struct err *e)
{
    int64_t slot = ROW_NO_SLOT;
    int r = 0;
    if (l->en->is_rootless)
        return 0;
    if (l->plan.ns[NS_USER].how == NS_OWN)
        r = idrange_lease(l->en->db, &slot, e);
    else if (l->plan.ns[NS_USER].how == NS_CONTAINER)
        r = lease_joined(l, &slot, e);
    l->c->id_base = idrange_base(slot);
    return r;
}

/* ---- 2: the run directory ---- */

/* With the ledger's entry of the cgroup, which is there before the cgroup is. */
static int make_run_dir(struct launch *l, struct err *e)
{
    struct container_path path = container_path(l->c->id);
    _cleanup_free_ char *cgroup = NULL;
    if (mkdirat(l->en->run_fd, path.path, 0700) < 0)
        return err_sys(e, "make %s/%s", l->en->run_root, path.path);
    l->run_dir_fd = run_dir_open(l->en, l->c->id, e);
    int r = l->run_dir_fd < 0 ? l->run_dir_fd : bundle_cgroup_path(l->c, &cgroup, e);
    if (r == 0 && !l->en->is_rootless && symlinkat(cgroup, l->run_dir_fd, SHIM_CGROUP_NAME) < 0)
        return err_sys(e, "note the cgroup");
    return r;
}

/* ---- 3: the shim ---- */

/* Its own messages go to nobody: what concerns the user comes over the socket, and a detached container must not keep
 * the user's terminal or pipe open. */
static int spawn_shim(struct launch *l, struct err *e)
{
    _cleanup_free_ char *file = NULL;
    int pair[2];
    int r = program_find(l->en, "sampan-shim", &file, e);
    if (r == 0)
        r = sealed_program_open(file, &l->shim, e);
    if (r < 0)
        return r;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "make a socket pair for the shim");
    l->sock = pair[0];
    _cleanup_close_ int theirs = pair[1];
    const char *const argv[] = {"sampan-shim", l->c->id, NULL};
    struct process p = {
        .path = l->shim.path,
        .argv = argv,
        .fds = {-1, -1, -1, theirs, l->run_dir_fd},
        .n_fds = SHIM_FD_RUN_DIR + 1,
        .new_session = 1,
        .pidfd = -1,
    };
    r = process_start(&p, e);
    if (r < 0)
        return err_context(e, "start sampan-shim");
    fd_close(&l->en->shim_pidfd);
    l->en->shim_pidfd = p.pidfd;
    memcpy(l->en->shim_id, l->c->id, sizeof(l->en->shim_id));
    return 0;
}

static int prepare_shim(struct launch *l, struct err *e)
{
    int r = make_run_dir(l, e);
    return r == 0 ? spawn_shim(l, e) : r;
}

/* ---- 5 to 9 ---- */

static int write_bundle(struct launch *l, struct err *e)
{
    struct bundle b = {.en = l->en,
                       .c = l->c,
                       .plan = &l->plan,
                       .join = &l->join,
                       .attachment = &l->net,
                       .run_dir_fd = l->run_dir_fd,
                       .attach = l->attach};
    return bundle_write(&b, e);
}

static int launch(struct launch *l, struct shim_started *ret, struct err *e)
{
    uint32_t joined_base = l->plan.ns[NS_USER].how == NS_CONTAINER ? l->c->id_base : 0;
    int r = create_directories(l->en, l->c, e);
    if (r == 0)
        r = attach_prepare(l->en, l->c, l->run_dir_fd, &l->net, e);
    if (r == 0)
        r = security_set_paths(&l->c->host, e);
    if (r == 0)
        r = ns_join_open(l->en, &l->plan, joined_base, &l->join, e);
    if (r == 0)
        r = write_bundle(l, e);
    if (r == 0)
        r = shim_client_go(l->sock, l->lock_fd, l->join.fds, l->join.n, l->net.port_fds, l->net.n_port_fds, e);
    if (r < 0)
        return r;
    attach_watch(l->en, &l->net); /* while the shim works */
    return shim_client_wait_started(l->sock, ret, e);
}

/* ---- when it fails ---- */

/* The shim reported its failure first and undoes its part then. One that hangs is ended; the lock being ours, nobody
 * else interferes. */
static void await_shim(struct engine *en)
{
    siginfo_t info;
    if (en->shim_pidfd < 0)
        return;
    if (!pidfd_has_exited(en->shim_pidfd, SHIM_END_MS))
        pidfd_kill(en->shim_pidfd, SIGKILL, NULL);
    pidfd_wait(en->shim_pidfd, &info, NULL);
    fd_close(&en->shim_pidfd);
}

static int failed_status(const struct err *e)
{
    return e->kind == ERR_NO_COMMAND       ? STATUS_NO_COMMAND
           : e->kind == ERR_NOT_EXECUTABLE ? STATUS_NOT_EXECUTABLE
                                           : STATUS_NOT_STARTED;
}

/* With --rm recovery removes it, for its row says RUNNING; else the row says first what happened. */
static void undo(struct launch *l, const struct err *why)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    struct engine *en = l->en;
    fd_close(&l->sock);
    await_shim(en);
    if (!l->c->host.auto_remove && containers_get(en->db, l->c->id, &row, NULL) == 1) {
        row.status = row.started_at ? CONTAINER_EXITED : CONTAINER_CREATED;
        row.exit_code = failed_status(why);
        row.id_slot = ROW_NO_SLOT;
        free(row.error);
        row.error = strdup(why->text);
        containers_set_state(en->db, &row, NULL);
    }
    recover_container(en, l->c->id, &l->lock_fd, NULL);
}

/* From the lock on. write_row, in the transaction of the lease. */
static int run_locked(struct launch *l, int (*write_row)(struct engine *, struct container *, struct err *),
                      struct engine_started *ret, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    struct shim_started started = {0};
    struct err own = ERR_INIT;
    int r = prepare_shim(l, &own);
    if (r == 0)
        r = db_begin_scoped(l->en->db, &tx, &own);
    if (r == 0)
        r = lease(l, &own);
    if (r == 0)
        r = write_row(l->en, l->c, &own);
    if (r == 0)
        r = attach_find(l->en, l->c, &l->net, &own);
    if (r == 0)
        running_publish(l->en, l->c->name, l->c->id);
    if (r == 0)
        r = db_commit(l->en->db, &own);
    if (r == 0)
        r = launch(l, &started, &own);
    if (r < 0) {
        db_rollback(l->en->db);
        undo(l, &own);
        if (e)
            *e = own;
        return r;
    }
    ret->pid = started.pid;
    ret->session_fd = l->attach ? TAKE_FD(l->sock) : -1;
    fd_close(&l->en->shim_sock);
    l->en->shim_sock = l->attach ? fcntl(ret->session_fd, F_DUPFD_CLOEXEC, 0) : -1;
    return 0;
}

/* ---- run ---- */

static int insert_running(struct engine *en, struct container *c, struct err *e)
{
    c->state.status = CONTAINER_RUNNING;
    return create_insert(en, c, e);
}

int engine_run(struct engine *en, struct container *c, unsigned attach, struct engine_started *ret, struct err *e)
{
    _cleanup_launch_ struct launch l = LAUNCH_INIT(en, c, attach);
    int r = check_privilege(e);
    if (r == 0)
        r = create_prepare(en, c, e);
    if (r == 0)
        r = nsmode_plan(c, &l.plan, e);
    if (r < 0)
        return r;
    l.lock_fd = lock_create(en, c->id, e);
    return l.lock_fd < 0 ? l.lock_fd : run_locked(&l, insert_running, ret, e);
}

/* ---- start ---- */

static int mark_running(struct engine *en, struct container *c, struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int r = containers_get(en->db, c->id, &row, e);
    if (r <= 0)
        return r < 0 ? r : err_not_found(e, "no such container: %s", c->name);
    row.status = CONTAINER_RUNNING;
    row.exit_code = 0;
    row.oom_killed = false;
    row.finished_at = 0;
    row.id_slot = idrange_slot(c->id_base);
    free(TAKE_PTR(row.error));
    return containers_set_state(en->db, &row, e);
}

/* Its lock is held: it runs, or is just being started, ended or removed by somebody else. */
static int answer_busy(struct engine *en, const char *id, struct engine_started *ret, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int r = engine_find(en, id, &c, e);
    if (r < 0)
        return r;
    if (!container_is_active(c))
        return err_conflict(e, "container %s is being changed by another command", c->name);
    *ret = (struct engine_started){.session_fd = -1, .pid = c->state.pid};
    return 0;
}

int engine_start(struct engine *en, const char *ref, unsigned attach, struct engine_started *ret, struct err *e)
{
    enum { JUST_ENDING_MS = 3000 };
    _cleanup_container_ struct container *c = NULL;
    int r = check_privilege(e);
    if (r == 0)
        r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    _cleanup_launch_ struct launch l = LAUNCH_INIT(en, c, attach);
    r = nsmode_plan(c, &l.plan, e);
    if (r < 0)
        return r;
    l.lock_fd = lock_acquire(en, c->id, container_is_active(c) ? 0 : JUST_ENDING_MS, e);
    if (l.lock_fd == -EWOULDBLOCK)
        return answer_busy(en, c->id, ret, e);
    return l.lock_fd < 0 ? l.lock_fd : run_locked(&l, mark_running, ret, e);
}

/* ---- the end ---- */

/* Then recovery has something to look at that the shim does not know of (attach_undo). */
static bool has_changed_network(const struct engine *en, const char *id)
{
    _cleanup_close_ int run_dir = run_dir_open(en, id, NULL);
    return run_dir >= 0 && file_exists(run_dir, NETWORK_LOCK_NAME);
}

/*
 * The common case, our own foreground container: the end is written into the row and the shim is told so
 * (SHIM_MSG_FORGET). It still undoes its part, and then removes the rest and the lock: nobody waits for rmdir(2),
 * which on some disks takes milliseconds. Killed before the word, we leave a lock that the shim lets go of; killed
 * after it, nothing. The shim killed before it is done leaves a free lock. Each time recovery does what remains.
 */
static bool finish_by_shim(struct engine *en, const char *id, struct err *e)
{
    if (en->shim_sock < 0 || strcmp(en->shim_id, id) != 0 || has_changed_network(en, id) ||
        recover_settle_row(en, id, e) <= 0)
        return false;
    bool is_told = shim_send(en->shim_sock, SHIM_MSG_FORGET, NULL, 0, -1, NULL) == 0;
    fd_close(&en->shim_sock);
    return is_told;
}

int engine_finish(struct engine *en, const char *id, struct err *e)
{
    if (finish_by_shim(en, id, e))
        return 0;
    _cleanup_close_ int lock = lock_take_within(en, id, SHIM_END_MS, e);
    if (lock == -ENOENT) /* somebody else was first */
        return 0;
    if (lock == -EWOULDBLOCK)
        return err_set(e, ERR_SYS, EBUSY, "container %.12s has ended, but its shim has not", id);
    return lock < 0 ? lock : recover_container(en, id, &lock, e);
}
