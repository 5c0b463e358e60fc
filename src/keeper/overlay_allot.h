/*
 * How an overlay network's numbers are shared out: VNIs and subnets among networks, parts of a subnet among hosts.
 * Arithmetic only; that nobody else takes the same is for etcd's transactions.
 */
#ifndef SAMPAN_KEEPER_OVERLAY_ALLOT_H
#define SAMPAN_KEEPER_OVERLAY_ALLOT_H

#include "network/network.h"
#include "network/routes.h"

/* Where subnets come from that nobody asked for. */
#define OVERLAY_POOL "10.128.0.0/9"
enum { OVERLAY_POOL_SIZE = 20, OVERLAY_VNI_FIRST = 4096 };

/* Other networks, and this host's routes: what a new network's subnet may not overlap. */
struct overlay_taken {
    struct network *const *networks;
    size_t n_networks;
    const struct route_list *routes;
};

/* Chooses vni and the subnets that are not given; checks those that are. ERR_CONFLICT names the other network. */
int overlay_allot(struct network *n, const struct overlay_taken *taken, struct err *e);

/* The number of parts of its subnets: 256 of a /16 or larger, 64 of a /22, 16 of a /25; ERR_INVALID where a subnet is
 * too small. */
int overlay_count_parts(const struct network *n, unsigned *ret, struct err *e);
/* Range and gateways of a part: its first address is the gateway. part is below the number of parts. */
void overlay_set_part(struct network *n, unsigned part);
/* None: the network is as every host sees it. */
void overlay_clear_part(struct network *n);

#endif
