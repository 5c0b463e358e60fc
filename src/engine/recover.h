/* Undoing what a dead container left: see recover.c. */
#ifndef SAMPAN_ENGINE_RECOVER_H
#define SAMPAN_ENGINE_RECOVER_H

#include "base/err.h"

struct engine;

/* For a container whose lock the caller holds and whose shim is gone: ends what is left of it, writes down how it
 * ended (or removes it, with --rm), removes its run directory and its lock. *lock_fd is taken, also on failure, where
 * the lock stays for the next command. */
int recover_container(struct engine *en, const char *id, int *lock_fd, struct err *e);

/* The row only, without the lock: for the command that started the container and has been told its end, while the
 * shim still holds the lock. 1 when it is done, 0 when exit.json does not stand. */
int recover_settle_row(struct engine *en, const char *id, struct err *e);

/* Once per boot: rows that say "running" without a lock, and directories without a row. */
void recover_after_boot(struct engine *en);

#endif
