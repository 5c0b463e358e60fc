/*
 * Recovery: what a dead container left is undone by the next command.
 *
 * The ledger is the directory of locks. A container's traces are made in the order
 *     lock, (volumes', its own) row and id range, directories on disk, run directory, addresses and ports, cgroup,
 *     processes, mounts
 * and removed here in an order in which every step can be cut short by SIGKILL and done again:
 *
 *   1. processes and cgroup. The init dies with the shim (PR_SET_PDEATHSIG) and its pid namespace with it; what shares
 *      another pid namespace is found in the cgroup. Mounts go with the processes, since none is in the host's table.
 *   2. what its network left on the host (attach_undo): map elements, leases, its entries in the networks' lists.
 *   3. its name's link (running.h), and the row: how it ended (exit.json, or 137 where the shim was killed before it wrote one), and the range back to
 *      the pool, in one transaction; with --rm, its anonymous volumes and then the row itself. Before the run directory,
 *      which holds exit.json.
 *   4. the directory on disk, where there is no row (any more): --rm, or a creation that did not come to its row.
 *   5. the run directory.
 *   6. the lock. As long as it is there, the next command begins again at 1, and finds done what is done.
 *
 * So a step never depends on an earlier one having run in the same process. What has no lock: everything at a reboot,
 * since /run is emptied. recover_after_boot() compares rows and directories, once.
 *
 * Networks have a ledger of their own, the rows of the database: networks_recover.h.
 */
#include "engine/recover.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "engine/attach.h"
#include "engine/engine.h"
#include "engine/lock.h"
#include "engine/networks_recover.h"
#include "engine/paths.h"
#include "engine/record.h"
#include "engine/running.h"
#include "runtime/runtime.h"
#include "shim/shim.h"
#include "storage/db.h"
#include "storage/layers.h"
#include "storage/volumes.h"

enum { STATUS_KILLED = 128 + 9, STATUS_NOT_STARTED = 128 };

/* ---- the steps ---- */

/* The run directory's entry of the cgroup: made before it, and removed by the shim after it, in an orderly end. */
static int end_processes(int run_dir, struct err *e)
{
    char path[PATH_MAX];
    ssize_t n = run_dir < 0 ? -1 : readlinkat(run_dir, SHIM_CGROUP_NAME, path, sizeof(path) - 1);
    if (n < 0)
        return run_dir < 0 || errno == ENOENT ? 0 : err_sys(e, "read the name of the cgroup");
    path[n] = '\0';
    return runtime_clean_up(path, e);
}

/* How it ended, for a row that says RUNNING. */
static int merge_end(int run_dir, struct container_row *row, struct err *e)
{
    int ended = run_dir < 0 ? 0 : record_merge_exit(run_dir, row, e);
    int started = ended < 0 || run_dir < 0 ? ended : record_merge_state(run_dir, row, NULL, e);
    if (ended < 0 || started < 0)
        return ended < 0 ? ended : started;
    row->id_slot = ROW_NO_SLOT;
    if (ended)
        return 0;
    row->status = started ? CONTAINER_EXITED : CONTAINER_CREATED;
    row->exit_code = started ? STATUS_KILLED : STATUS_NOT_STARTED;
    row->finished_at = started ? timestamp_now() : 0;
    free(row->error);
    row->error = strdup(started ? "the container's supervisor was killed" : "the start was interrupted");
    return 0;
}

/* *ret_keep: whether a row remains. */
static int settle_row(struct engine *en, const char *id, int run_dir, bool *ret_keep, struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int found = containers_get(en->db, id, &row, e);
    if (found < 0)
        return found;
    if (found)
        running_withdraw(en, row.name);
    else
        running_withdraw_id(en, id);
    *ret_keep = found && !(row.status == CONTAINER_RUNNING && row.auto_remove);
    if (!found || row.status != CONTAINER_RUNNING)
        return 0;
    if (*ret_keep) {
        int r = merge_end(run_dir, &row, e);
        return r < 0 ? r : containers_set_state(en->db, &row, e);
    }
    int r = volumes_remove_owned(en->db, en->root_fd, id, e);
    return r < 0 ? r : containers_delete(en->db, id, e);
}

/* Steps 3 and 4. */
static int settle(struct engine *en, const char *id, int run_dir, struct err *e)
{
    bool keep;
    int r = settle_row(en, id, run_dir, &keep, e);
    return r < 0 || keep ? r : dir_remove_all(en->root_fd, container_path(id).path, e);
}

int recover_container(struct engine *en, const char *id, int *lock_fd, struct err *e)
{
    _cleanup_close_ int lock = TAKE_FD(*lock_fd);
    _cleanup_close_ int run_dir = run_dir_open(en, id, e);
    if (run_dir < 0 && run_dir != -ENOENT)
        return run_dir;
    int r = end_processes(run_dir, e);
    if (r == 0)
        r = attach_undo(en, id, run_dir, e);
    if (r == 0)
        r = settle(en, id, run_dir, e);
    if (r == 0)
        r = dir_remove_all(en->run_fd, container_path(id).path, e);
    if (r < 0)
        return err_context(e, "clean up after %.12s", id);
    lock_remove(en, id, &lock);
    return 0;
}

int recover_settle_row(struct engine *en, const char *id, struct err *e)
{
    bool keep;
    _cleanup_close_ int run_dir = run_dir_open(en, id, e);
    if (run_dir < 0 || !file_exists(run_dir, SHIM_EXIT_NAME))
        return 0;
    int r = settle_row(en, id, run_dir, &keep, e);
    return r < 0 ? r : 1;
}

/* ---- who needs it ---- */

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static DIR *open_dir(int dir_fd, const char *path)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir)
        TAKE_FD(fd);
    return dir;
}

/* Whether the shim has reported the end and is about to let go. Then what it leaves is waited for, unless this
 * command has a container of its own to look after. */
static int ending_ms(const struct engine *en, const char *id)
{
    enum { ENDING_MS = 300 };
    _cleanup_close_ int run_dir = en->shim_pidfd >= 0 ? -1 : run_dir_open(en, id, NULL);
    return run_dir >= 0 && file_exists(run_dir, SHIM_EXIT_NAME) ? ENDING_MS : 0;
}

/* A lock that is held or gone needs nothing. */
static void try_recover(struct engine *en, const char *id)
{
    struct err e = ERR_INIT;
    int fd = lock_take(en, id, &e);
    if (fd == -EWOULDBLOCK)
        fd = lock_take_within(en, id, ending_ms(en, id), &e);
    if (fd == -EWOULDBLOCK || fd == -ENOENT)
        return;
    if (fd < 0 || recover_container(en, id, &fd, &e) < 0)
        log_warning("%s", e.text);
}

void engine_recover(struct engine *en)
{
    if (en->locks_fd < 0 || !en->db)
        return;
    _cleanup_(close_dir) DIR *dir = open_dir(en->locks_fd, ".");
    for (struct dirent *d; dir && (d = readdir(dir));)
        if (id_is_valid(d->d_name))
            try_recover(en, d->d_name);
    networks_recover(en);
    db_checkpoint(en->db);
}

/* ---- after a boot ---- */

static int note_running(const struct container_row *row, void *arg, struct err *e)
{
    return row->status == CONTAINER_RUNNING ? strv_add(arg, row->id, e) : 0;
}

/* Every container that needs a look gets a lock, and then is what any dead container is. */
static void recover_unlocked(struct engine *en, const char *id)
{
    struct err e = ERR_INIT;
    int fd = lock_create(en, id, &e);
    if (fd == -EEXIST)
        return;
    if (fd < 0 || recover_container(en, id, &fd, &e) < 0)
        log_warning("%s", e.text);
}

static void sweep_directories(struct engine *en)
{
    _cleanup_(close_dir) DIR *dir = open_dir(en->root_fd, CONTAINERS_DIR);
    for (struct dirent *d; dir && (d = readdir(dir));) {
        _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
        if (id_is_valid(d->d_name) && containers_get(en->db, d->d_name, &row, NULL) == 0)
            recover_unlocked(en, d->d_name);
    }
}

static void sweep_layers(struct engine *en)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int lock = layers_lock(en->root_fd, true, &e);
    if (lock >= 0 && layers_sweep(en->root_fd, &e) < 0)
        log_warning("%s", e.text);
}

void recover_after_boot(struct engine *en)
{
    struct err e = ERR_INIT;
    _cleanup_strv_ char **running = NULL;
    if (containers_each(en->db, note_running, &running, &e) < 0)
        log_warning("%s", e.text);
    STRV_FOREACH (id, running)
        recover_unlocked(en, *id);
    sweep_directories(en);
    sweep_layers(en);
}
