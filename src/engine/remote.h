/* Speaking to the shim of a running container (shim/client.h). */
#ifndef SAMPAN_ENGINE_REMOTE_H
#define SAMPAN_ENGINE_REMOTE_H

#include "engine/engine.h"

/* A connection to the container's shim; waits for one that is being started. -ENOENT and -ECONNREFUSED, e untouched:
 * it does not run (any more). */
int remote_try_connect(const struct engine *en, const char *id, struct err *e);

/* The same; ERR_CONFLICT "container … is not running" where it does not. */
int remote_connect(const struct engine *en, const char *id, struct err *e);

/* A pidfd of its init. */
int remote_pidfd(const struct engine *en, const char *id, struct err *e);

#endif
