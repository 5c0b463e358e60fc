/*
 * Networks as the user sees them: create, list, inspect, remove, connect, disconnect, ports. `ref` is a name, an id, or a
 * unique prefix of an id. The definitions are in the database (storage/networks.h); what is alive is below the run root
 * (network/leases.h, names.h). The predefined networks bridge, host and none are always there; bridge is settled (its
 * subnet chosen) when it is first needed.
 */
#ifndef SAMPAN_ENGINE_NETWORKS_H
#define SAMPAN_ENGINE_NETWORKS_H

#include "base/json.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "network/network.h"

/* n: filled with what the user asked for. Settles it, writes it down, makes its bridge; n->id is then set. ERR_CONFLICT for a
 * name that is taken, and for a subnet that is in use. */
int engine_network_create(struct engine *en, struct network *n, struct err *e);

/* Also an overlay network that was made on another host, which is written down here then (and asks the keeper: not in a
 * transaction). */
int engine_network_find(struct engine *en, const char *ref, struct network **ret, struct err *e);

/* For a container that starts, by name alone: one look into an index. In the transaction that makes the container's row
 * RUNNING: a removal either came before it, and there is no such network, or comes after it and sees the container. Settles
 * the default network when it is first needed, and again, while nobody else is on it, when the configuration was changed or a
 * reboot brought the host to where the subnet is in use. container: the id of the one that starts. */
int engine_network_for_start(struct engine *en, const char *name, const char *container, struct network **ret,
                             struct err *e);

/* All, predefined ones first, then by name. The vector ends with NULL and is the caller's (engine_networks_free). */
int engine_networks_list(struct engine *en, struct network ***ret, struct err *e);
void engine_networks_free(struct network **v);
DEFINE_CLEANUP_PTR(networks, struct network **, engine_networks_free)
#define _cleanup_networks_ _cleanup_(cleanup_networks)

/* Docker's `network inspect`: the definition, with "Containers" (Name, EndpointID, MacAddress, IPv4Address, IPv6Address)
 * and for overlay networks "Peers". */
int engine_network_inspect(struct engine *en, const struct network *n, json_object **ret, struct err *e);

/* ERR_CONFLICT while running containers are connected, or for a predefined one. */
int engine_network_remove(struct engine *en, const char *ref, struct err *e);

/* Those that no container (running or not) refers to, and that match all filters: "label=KEY[=VALUE]", "label!=…",
 * "until=24h". ret_names: owned vector of names. */
int engine_network_prune(struct engine *en, char *const *filters, char ***ret_names, struct err *e);

/* For a running container at once, and for every later start. o: the endpoint's wishes (network set by this). */
int engine_network_connect(struct engine *en, const char *network, const char *container,
                           const struct endpoint_config *o, struct err *e);
int engine_network_disconnect(struct engine *en, const char *network, const char *container, bool force, struct err *e);

/* Publishes one more port of a container, or takes one back; running or not. */
int engine_port_add(struct engine *en, const char *container, const struct port_binding *p, struct err *e);
int engine_port_remove(struct engine *en, const char *container, const struct port_binding *p, struct err *e);

#endif
