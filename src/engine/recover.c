/*
 * Recovery: what a dead container left is undone by the next command.
 *
 * The ledger is the directory of locks. A container's traces are made in the order
 *     lock, (volumes', its own) row and id range, directories on disk, run directory, cgroup, processes, mounts
 * and removed here in an order in which every step can be cut short by SIGKILL and done again:
 *
 *   1. processes and cgroup. The init dies with the shim (PR_SET_PDEATHSIG) and its pid namespace with it; what shares
 *      another pid namespace is found in the cgroup. Mounts go with the processes, since none is in the host's table.
 *   2. the row: how it ended (exit.json, or 137 where the shim was killed before it wrote one), and the range back to the pool, in
 *      one transaction; with --rm, its anonymous volumes and then the row itself. Before the run directory, which holds exit.json.
 *   3. the directory on disk, where there is no row (any more): --rm, or a creation that did not come to its row.
 *   4. the run directory.
 *   5. the lock. As long as it is there, the next command begins again at 1, and finds done what is done.
 *
 * So a step never depends on an earlier one having run in the same process. What has no lock: everything at a reboot,
 * since /run is emptied. recover_after_boot() compares rows and directories, once.
 */
#include "engine/recover.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strv.h"
#include "engine/engine.h"
#include "engine/lock.h"
#include "engine/paths.h"
#include "engine/record.h"
#include "runtime/runtime.h"
#include "storage/db.h"
#include "storage/layers.h"
#include "storage/volumes.h"

enum { STATUS_KILLED = 128 + 9, STATUS_NOT_STARTED = 128 };

/* ---- the steps ---- */

/* Where config.json cannot be read, the container was not even about to be started, or has the default path. */
static int end_processes(int run_dir, const char *id, struct err *e)
{
    _cleanup_json_ json_object *config = NULL;
    char dflt[sizeof("/sampan/") + CONTAINER_ID_LEN];
    snprintf(dflt, sizeof(dflt), "/sampan/%s", id);
    if (run_dir < 0)
        return 0;
    const char *path = dflt;
    if (json_parse_file(run_dir, CONFIG_NAME, &config, NULL) == 0)
        json_get_str(json_get(config, "linux"), "cgroupsPath", dflt, &path, NULL);
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

/* *ret_keep: whether there still is a row. */
static int settle_row(struct engine *en, const char *id, int run_dir, bool *ret_keep, struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int found = containers_get(en->db, id, &row, e);
    if (found < 0)
        return found;
    *ret_keep = found && !(row.auto_remove && row.status != CONTAINER_CREATED);
    return 0;
}
