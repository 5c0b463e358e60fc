/*
 * The container's side of an interface: its addresses, its routes, and that it is up. Private to plan_up.c.
 *
 * Privilege: CAP_NET_ADMIN in the user namespace that owns the container's network namespace. Source: rtnetlink(7).
 */
#ifndef SAMPAN_NETWORK_INSIDE_H
#define SAMPAN_NETWORK_INSIDE_H

#include "network/plan.h"

/* One batch through the container's socket. Waits for a macvlan's MAC to be free, two seconds at most. */
int inside_configure(int sock, const struct net_interface *i, struct err *e);

/* For an interface that was born otherwise (see net_prepare_namespace), before it is up: IPv6 on or off, and no router
 * advertisements taken. These are sysctls, for which the calling thread enters the namespace and comes back. */
int inside_set_ipv6(int netns_fd, const char *name, bool is_on, struct err *e);

#endif
