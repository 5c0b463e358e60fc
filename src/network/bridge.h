/*
 * The host's side of a network: its bridge, addresses and forwarding, made when it is first needed and after a reboot.
 *
 * network_up() is on the way of every start, so its first look is one if_nametoindex: what is there is taken to be
 * whole. Whatever it makes is made under RUN_ROOT/networks/ID/lock (flock), by one process at a time.
 */
#ifndef SAMPAN_NETWORK_BRIDGE_H
#define SAMPAN_NETWORK_BRIDGE_H

#include "network/config.h"
#include "network/network.h"

/* Bridge (or VXLAN's bridge) with its addresses, the sysctls of forwarding, and the firewall's entries for its
 * subnets (firewall_ensure, firewall_add_network). Writes RUN_ROOT/networks/ID/network.json for the keeper.
 * Idempotent. Takes under 100 µs where all is there. */
int network_up(const struct net_instance *in, const struct net_config *config, const struct network *n, struct err *e);

/* Bridge, rules, directory: all that network_up made. For `network rm`; nothing may be connected. */
int network_down(const struct net_instance *in, const struct network *n, struct err *e);

#endif
