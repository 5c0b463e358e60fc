/* What is left of networks that have no row any more: their removal, or the database, went away under them. A step of
 * engine_recover(). */
#ifndef SAMPAN_ENGINE_NETWORKS_RECOVER_H
#define SAMPAN_ENGINE_NETWORKS_RECOVER_H

#include "engine/engine.h"

/* Failures are logged: the next command tries again. */
void networks_recover(struct engine *en);

#endif
