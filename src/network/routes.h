/*
 * The host's routes, of both families and all tables (policy routing, as VPNs have it, included): what a new subnet must not
 * overlap. Those shorter than /8 are left out: they are default routes, in halves (0.0.0.0/1) or whole.
 *
 * Needs no privilege. Source: rtnetlink(7).
 */
#ifndef SAMPAN_NETWORK_ROUTES_H
#define SAMPAN_NETWORK_ROUTES_H

#include <net/if.h>

#include "base/cleanup.h"
#include "network/address.h"

enum { ROUTE_LEN_MIN = 8 };

struct route {
    struct prefix to;
    char device[IFNAMSIZ]; /* "" for one without (blackhole) and for several ways */
};

struct route_list {
    struct route *v;
    size_t n;
};

int routes_list(struct route_list *ret, struct err *e);

static inline void route_list_release(struct route_list *l)
{
    free(l->v);
    *l = (struct route_list){.n = 0};
}
#define _cleanup_routes_ _cleanup_(route_list_release)

#endif
