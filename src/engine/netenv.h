/*
 * What all of the engine's networking stands on: the instance (names of tables, bridges, the directory of what is alive) and the
 * administrator's settings, opened when first needed and closed with the engine.
 */
#ifndef SAMPAN_ENGINE_NETENV_H
#define SAMPAN_ENGINE_NETENV_H

#include "engine/engine.h"
#include "network/config.h"
#include "network/instance.h"

/* Both borrowed: they live as long as the engine is open. Makes RUN_ROOT/networks. */
int engine_net(struct engine *en, const struct net_instance **ret_in, const struct net_config **ret_config,
               struct err *e);

/* For engine_close. */
void net_env_free(struct net_env *env);

#endif
