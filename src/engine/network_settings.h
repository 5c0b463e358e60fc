/*
 * The network's part of a container in Docker's JSON: HostConfig.PortBindings and NetworkSettings. What was asked for goes
 * both ways; what a running container has got (container.net) only out.
 */
#ifndef SAMPAN_ENGINE_NETWORK_SETTINGS_H
#define SAMPAN_ENGINE_NETWORK_SETTINGS_H

#include "base/json.h"
#include "engine/container.h"

/* compact: for the database, without what is unset and without what was got. */
void network_settings_add_bindings(json_object *host, const struct container *c, bool compact);
int network_settings_read_bindings(json_object *host, struct container *c, struct err *e);

void network_settings_add(json_object *o, const struct container *c, bool compact);
int network_settings_read(json_object *o, struct container *c, struct err *e);

/* Docker's EndpointID: of a container on a network, the same each time. */
struct endpoint_id {
    char text[CONTAINER_ID_LEN + 1];
};
struct endpoint_id endpoint_id(const char *container, const char *network);

#endif
