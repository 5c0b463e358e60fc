/*
 * The kernel's settings that a bridge of ours needs. What has its value already is not written. Private to bridge.c.
 *
 * Privilege: CAP_NET_ADMIN. Source: Documentation/networking/ip-sysctl.rst.
 */
#ifndef SAMPAN_NETWORK_BRIDGE_SYSCTL_H
#define SAMPAN_NETWORK_BRIDGE_SYSCTL_H

#include "network/instance.h"
#include "network/network.h"

/* Names of files in RUN_ROOT/networks: forwarding was off before we turned it on, so the firewall forwards for our
 * networks only. */
#define FORWARDING_MARK_V4 "forwarding"
#define FORWARDING_MARK_V6 "forwarding6"

/* Notes which families' forwarding was off. Before forwarding_enable, so that the firewall can be there first. */
int forwarding_mark(const struct net_instance *in, const struct network *n, struct err *e);

/* Packets are forwarded between interfaces: what a network that is not internal needs, for the families that it has.
 * With IPv6 the kernel would no longer take the routers' advertisements by which this host has its own address:
 * interfaces that do go on. */
int forwarding_enable(const struct network *n, struct err *e);

/* Of the network's bridge, before it is brought up. */
int bridge_sysctls(const struct network *n, struct err *e);

#endif
