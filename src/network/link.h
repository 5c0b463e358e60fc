/*
 * The host's side of one interface: making it, with its other end born in the container's namespace, and deleting it.
 * Private to plan_up.c.
 *
 * Privilege: CAP_NET_ADMIN in both network namespaces. Source: ip-link(8), drivers/net/veth.c, Documentation/networking/ipvlan.rst.
 */
#ifndef SAMPAN_NETWORK_LINK_H
#define SAMPAN_NETWORK_LINK_H

#include "network/plan.h"

/* host: a route netlink socket of the host's namespace. A veth is then up and a port of its bridge; the container's end is down,
 * as whatever is its address and MTU. ERR_UNSUPPORTED where the kernel has no such kind of interface, ERR_NOT_FOUND where there is no
 * bridge or parent. */
int link_create(int host, const struct net_interface *i, int netns_fd, struct err *e);

/* In the namespace of the socket; both ends of a veth. Takes 30 ms. No error where there is none. */
int link_delete(int sock, const char *name, struct err *e);

#endif
