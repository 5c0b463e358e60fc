/* The parts of creating a container that `create` and `run` share. */
#ifndef SAMPAN_ENGINE_CREATE_H
#define SAMPAN_ENGINE_CREATE_H

#include "engine/container.h"
#include "engine/engine.h"

/* Everything that needs no lock: id, image (which may be loaded first), merging, namespace modes, defaults, checks. */
int create_prepare(struct engine *en, struct container *c, struct err *e);

/* The container's row, with c->state and c->id_base as they are, and those of its volumes; a name where it has none.
 * In the caller's transaction. */
int create_insert(struct engine *en, struct container *c, struct err *e);

/* containers/ID on disk with what its root file system needs. What exists is fine. */
int create_directories(struct engine *en, const struct container *c, struct err *e);

/* Whether the root is an overlay with a writable layer of the container's own (else --rootfs DIR as it is). */
bool create_has_upper(const struct container *c);

#endif
