/* Changes of a container's configuration after its creation: its networks and ports. */
#ifndef SAMPAN_ENGINE_CONNECT_RECORD_H
#define SAMPAN_ENGINE_CONNECT_RECORD_H

#include "engine/container.h"
#include "engine/engine.h"

/* Reads, changes and writes it in one transaction, so that no other command's change is lost. A negative return of `change`
 * ends it with nothing written. */
typedef int (*record_change_fn)(struct engine *en, struct container *c, const void *arg, struct err *e);
int record_change(struct engine *en, const char *id, record_change_fn change, const void *arg, struct err *e);

#endif
