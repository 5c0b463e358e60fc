/*
 * Names of running containers, without the database: RUN_ROOT/names/NAME, a symbolic link that reads ID. So `exec` opens
 * no database.
 *
 * The database is what decides who has a name; a link is a short cut and may be missing, but never leads astray: it is
 * made and removed where the row gets or loses its name, in the same transaction or (removing) before it. So whoever
 * finds none, or finds that its container has ended, asks the database, which also has the precise error.
 */
#ifndef SAMPAN_ENGINE_RUNNING_H
#define SAMPAN_ENGINE_RUNNING_H

#include <stdbool.h>

#include "engine/container.h"
#include "engine/engine.h"

/* In the transaction that says RUNNING, by the holder of the container's lock. */
void running_publish(const struct engine *en, const char *name, const char *id);

/* Before the row loses the name or the status. */
void running_withdraw(const struct engine *en, const char *name);

/* The same for a container whose transaction never came to its end, so that its name is not known any more. */
void running_withdraw_id(const struct engine *en, const char *id);

/* The id of a container that had not ended a moment ago, by its name or whole id. False: ask the database. */
bool running_find(const struct engine *en, const char *ref, char ret_id[CONTAINER_ID_LEN + 1]);

#endif
