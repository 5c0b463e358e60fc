/*
 * Removing and renaming.
 *
 * A removal takes the container's lock, and deletes the row; from then on the container is what recovery finds after
 * a creation that did not come to its row, and is removed by the same steps (recover.c), by us or, if we are killed,
 * by the next command.
 */
#include <string.h>

#include "base/fd.h"
#include "engine/lifecycle.h"
#include "engine/lock.h"
#include "engine/query.h"
#include "engine/recover.h"
#include "engine/running.h"
#include "storage/containers.h"
#include "storage/db.h"
#include "storage/volumes.h"

enum { JUST_ENDING_MS = 10000 };

static int is_running(const struct container *c, struct err *e)
{
    err_conflict(e, "cannot remove container \"%s\": container is running", c->name);
    return err_advice(e, "stop the container before removing or force remove: -f");
}

static int delete_row(struct engine *en, const char *id, bool volumes, struct err *e)
{
    int r = volumes ? volumes_remove_owned(en->db, en->root_fd, id, e) : 0;
    return r == 0 ? containers_delete(en->db, id, e) : r;
}

/* The row may have changed while the lock was waited for. */
static int still_at_rest(struct engine *en, const struct container *c, struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int r = containers_get(en->db, c->id, &row, e);
    if (r <= 0) /* gone, with --rm: what was asked for */
        return r;
    return row.status == CONTAINER_RUNNING ? is_running(c, e) : 0;
}

static int remove_at_rest(struct engine *en, const struct container *c, bool volumes, struct err *e)
{
    _cleanup_close_ int lock = lock_acquire(en, c->id, JUST_ENDING_MS, e);
    if (lock == -EWOULDBLOCK)
        return is_running(c, e);
    if (lock < 0)
        return lock;
    int r = still_at_rest(en, c, e);
    if (r == 0)
        r = delete_row(en, c->id, volumes, e);
    int cleaned = r == 0 ? recover_container(en, c->id, &lock, e) : r;
    if (lock >= 0)
        lock_remove(en, c->id, &lock);
    return cleaned;
}

int engine_remove(struct engine *en, const char *ref, const struct engine_remove_options *o, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    if (container_is_active(c)) {
        if (!o->force)
            return is_running(c, e);
        r = engine_stop(en, c->id, "SIGKILL", 0, e);
    }
    return r == 0 ? remove_at_rest(en, c, o->volumes, e) : r;
}

/* One transaction, and no lock of the container: a start, which publishes the name, is one as well. */
static int change_name(struct engine *en, const char *id, const char *new_name, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int r = db_begin_scoped(en->db, &tx, e);
    if (r == 0)
        r = containers_get(en->db, id, &row, e);
    if (r == 0)
        return err_not_found(e, "no such container: %.12s", id);
    if (r > 0)
        r = containers_rename(en->db, id, new_name, e);
    if (r < 0)
        return r;
    running_withdraw(en, row.name);
    return db_commit(en->db, e);
}

int engine_rename(struct engine *en, const char *ref, const char *new_name, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    if (*new_name == '/')
        new_name++;
    int r = container_check_name(new_name, e);
    if (r == 0)
        r = engine_find(en, ref, &c, e);
    if (r == 0 && strcmp(c->name, new_name) == 0)
        return err_invalid(e, "renaming a container with the same name as its current name");
    return r == 0 ? change_name(en, c->id, new_name, e) : r;
}
