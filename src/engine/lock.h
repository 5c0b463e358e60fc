/*
 * Containers' locks: RUN_ROOT/locks/ID, the ledger's first entry.
 *
 * The file is made without a name (O_TMPFILE), locked, then linked: it never exists unlocked. Its open file
 * description is shared with the container's shim and nobody else (close-on-exec everywhere but in the shim), so the
 * lock is free exactly when neither the command that starts the container nor its shim lives. Everything else of a
 * container is made after its lock and removed before it; what holds a lock may change the container's row and
 * directories, nobody else may.
 *
 * Source: flock(2): a lock belongs to the open file description.
 */
#ifndef SAMPAN_ENGINE_LOCK_H
#define SAMPAN_ENGINE_LOCK_H

#include "base/err.h"

struct engine;

/* A new lock, held: its fd. -EEXIST, e untouched, when there is one. */
int lock_create(const struct engine *en, const char *id, struct err *e);

/* Takes an existing, free lock: its fd. e is untouched at -ENOENT (there is none) and -EWOULDBLOCK (somebody lives). */
int lock_take(const struct engine *en, const char *id, struct err *e);

/* As lock_take, trying for up to timeout_ms. */
int lock_take_within(const struct engine *en, const char *id, int timeout_ms, struct err *e);

/* For changing a container that is at rest: a new lock, or that of a dead container, after undoing what it left.
 * Waits up to timeout_ms for one that is just ending. -EWOULDBLOCK, e untouched: it lives. */
int lock_acquire(struct engine *en, const char *id, int timeout_ms, struct err *e);

/* Removes the name, then lets go, in this order: whoever gets the lock afterwards finds that the file has no name. */
void lock_remove(const struct engine *en, const char *id, int *fd);

#endif
