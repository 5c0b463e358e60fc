/*
 * Who has which port of the host: RUN_ROOT/networks/ports/PROTOCOL-PORT-ADDRESS, a symbolic link that reads the container's
 * id, as leases of addresses are (network/leases.h); in the plan's list of files, so it goes when the rule has gone.
 *
 * A socket keeps living programs away. The claim tells of a dead one: where it stands although the port could be bound, its
 * holder's shim was killed and its rule in the firewall still leads to it, so that container is recovered first. Where there are no
 * sockets of a protocol, the claim is what decides.
 */
#ifndef SAMPAN_ENGINE_PORTS_CLAIM_H
#define SAMPAN_ENGINE_PORTS_CLAIM_H

#include "network/plan.h"

/* Claims and lists it in plan->files. -EEXIST (ERR_CONFLICT) where another container has it. */
int port_claim(const struct net_instance *in, struct net_plan *plan, const struct net_port *port, struct err *e);

/* Takes the claim and its entry in the list back. */
void port_unclaim(const struct net_instance *in, struct net_plan *plan, const struct net_port *port);

/* All claims of a container of which no plan tells. */
int ports_sweep(const struct net_instance *in, const char *container, struct err *e);

#endif
