/*
 * Containers with egress rules of their own are known by their source address, so they may have no other: a table of
 * the bridge family drops what comes from such a container's port of the bridge under another one's address (IPv4,
 * ARP, IPv6 and its neighbour advertisements), and every other protocol. Made with the first such container.
 */
#ifndef SAMPAN_NETWORK_FIREWALL_SOURCES_H
#define SAMPAN_NETWORK_FIREWALL_SOURCES_H

#include "network/firewall_tables.h"

/* Both switch to the bridge family's table. Only interfaces with a port of a bridge (veth). */
void firewall_put_sources(struct nft_batch *b, const char *table, const struct net_interface *i);
/* Takes it away; also succeeds where it is not there. */
void firewall_put_sources_removal(struct nft_batch *b, const char *table, const struct net_interface *i);

#endif
