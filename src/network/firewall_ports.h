/* Published ports: an element each of a map and of a set in the address family's table. */
#ifndef SAMPAN_NETWORK_FIREWALL_PORTS_H
#define SAMPAN_NETWORK_FIREWALL_PORTS_H

#include "network/firewall_tables.h"

/* ERR_INVALID for a port whose ends are of different families. */
int firewall_check_port(const struct net_port *port, struct err *e);

/* Objects of the batch that one port takes. */
enum { PORT_OBJECTS = 2, PORT_REMOVAL_OBJECTS = 4 };

/* Switches to the port's table. */
void firewall_put_port(struct nft_batch *b, const char *table, const struct net_port *port);
/* Succeeds where it is not there; fails with -EEXIST where another container's port is in its place. */
void firewall_put_port_removal(struct nft_batch *b, const char *table, const struct net_port *port);

/* "0.0.0.0:8080/tcp" */
enum { PORT_TEXT_MAX = IP_TEXT_MAX + 24 };
const char *firewall_port_format(const struct net_port *port, char buf[static PORT_TEXT_MAX]);

#endif
