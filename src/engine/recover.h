/* Undoing what a dead container left: see recover.c. */
#ifndef SAMPAN_ENGINE_RECOVER_H
#define SAMPAN_ENGINE_RECOVER_H

#include "base/err.h"

struct engine;

/* For a container whose lock the caller holds and whose shim is gone: ends what is left of it, writes down how it ended (or
 * removes it, with --rm), removes its run directory and its lock. *lock_fd is taken, also on failure, where the lock stays
 * for the next command. */
int recover_container(struct engine *en, const char *id, int *lock_fd, struct err *e);

/* The same for row and disk only, without the lock: for the command that started the container and has been told its end
 * (exit.json stands), while the shim, which holds the lock, still undoes its part. Nothing happens without exit.json. */
int recover_settle(struct engine *en, const char *id, struct err *e);

/* Once per boot: rows that say "running" without a lock, and directories without a row. */
void recover_after_boot(struct engine *en);

#endif
