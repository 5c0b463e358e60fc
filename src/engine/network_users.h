/* Who is on a network, by the containers' rows. A start looks a network up in the transaction in which its container's row
 * becomes RUNNING, so in a transaction no container can come to a network behind the caller's back. */
#ifndef SAMPAN_ENGINE_NETWORK_USERS_H
#define SAMPAN_ENGINE_NETWORK_USERS_H

#include "engine/engine.h"
#include "network/network.h"

/* The names of the containers that refer to it; only those whose row says RUNNING, or all. */
int network_users(struct engine *en, const struct network *n, bool only_running, char ***ret, struct err *e);

#endif
