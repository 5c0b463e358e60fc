/* Who is on a network, by the containers' rows. A start looks a network up in the transaction in which its container's row
 * becomes RUNNING, so in a transaction no container can come to a network behind the caller's back. */
#ifndef SAMPAN_ENGINE_NETWORK_USERS_H
#define SAMPAN_ENGINE_NETWORK_USERS_H

#include "engine/engine.h"
#include "network/network.h"

enum network_users_of { USERS_ALL, USERS_RUNNING };

/* The names of the containers that refer to it: all, or those whose row says RUNNING. but: the id of one that is not meant, or
 * NULL. */
int network_users(struct engine *en, const struct network *n, enum network_users_of which, const char *but, char ***ret,
                  struct err *e);

#endif
