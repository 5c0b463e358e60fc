/* One endpoint of a container: its addresses, its interface, its entry in the network's list. For a start (attach.c) and
 * for `network connect` (connect.c). */
#ifndef SAMPAN_ENGINE_ATTACH_ENDPOINT_H
#define SAMPAN_ENGINE_ATTACH_ENDPOINT_H

#include "engine/container.h"
#include "engine/engine.h"
#include "network/config.h"
#include "network/plan.h"

/*
 * The network is up and serves names; addresses are leased; one more interface and the paths of what it leaves are in the
 * plan; the endpoint file is written. Waits where --ip names an address whose holder is just ending. On failure leases may
 * stay (leases_sweep).
 */
int attach_endpoint(struct engine *en, const struct container *c, const struct network *n,
                    const struct endpoint_config *o, struct net_plan *plan, struct err *e);

/* Gives the default routes, one per family, to the interfaces of the highest priority, the first of equals; internal
 * networks have none. networks and endpoints: those of the interfaces, one for one. */
void attach_choose_gateways(struct net_plan *plan, struct network *const *networks,
                            const struct endpoint_config *endpoints);

/* Gives a resource that somebody has a chance to come free: recovers dead containers, or waits a moment for one that is ending.
 * False: nobody is on the way out (any more). *attempt counts, from 0. */
bool attach_wait_for_ending(struct engine *en, unsigned *attempt);

#endif
