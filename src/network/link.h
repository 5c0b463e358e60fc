/*
 * The host's side of one interface: making it, with its other end born in the container's namespace, and deleting it.
 * Private to plan_up.c.
 *
 * Privilege: CAP_NET_ADMIN in both network namespaces. Source: ip-link(8), drivers/net/veth.c,
 * Documentation/networking/ipvlan.rst.
 */
#ifndef SAMPAN_NETWORK_LINK_H
#define SAMPAN_NETWORK_LINK_H

#include "network/plan.h"

/* host: a route netlink socket of the host's namespace. The container's end has its name, MAC and MTU and is down; a
 * veth's other end is up and a port of its bridge. ERR_UNSUPPORTED where the kernel has no such kind of interface or
 * the bridge no port left, ERR_NOT_FOUND where there is no bridge or parent. On failure nothing is left. */
int link_create(int host, const struct net_interface *i, const struct net_target *t, struct err *e);

/* In the namespace of the socket; both ends of a veth. Takes 30 ms. No error where there is none. */
int link_delete(int sock, const char *name, struct err *e);

#endif
