/*
 * Subnets: those that were given are checked, those that were not are chosen, and both are completed with range and gateway.
 * A part of network_settle(); no I/O, no privilege.
 */
#ifndef SAMPAN_NETWORK_SUBNETS_H
#define SAMPAN_NETWORK_SUBNETS_H

#include "network/config.h"
#include "network/network.h"
#include "network/routes.h"

/* Length of the default network's prefix, and of a pool's subnets for it: 4,094 addresses are more than a bridge has ports,
 * and leave room for those that just ended. */
enum { DEFAULT_NETWORK_LEN = 20, ULA_SUBNET_LEN = 64 };

/* n: of a driver that has addresses; name and options set. */
int subnets_settle(const struct net_config *config, const struct network_surroundings *around,
                   const struct route_list *routes, struct network *n, struct err *e);

/* ERR_CONFLICT where a subnet of a network that is about to get its bridge overlaps a route that is not by this bridge. */
int subnets_check_routes(const struct route_list *routes, const struct network *n, struct err *e);

#endif
