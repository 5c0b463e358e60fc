/*
 * Pieces of route netlink requests that more than one file builds. Private to network/.
 * Source: rtnetlink(7), linux/if_link.h.
 */
#ifndef SAMPAN_NETWORK_LINK_REQUEST_H
#define SAMPAN_NETWORK_LINK_REQUEST_H

#include "kernel/netlink.h"
#include "network/address.h"

void link_put_ip(struct netlink_batch *b, uint16_t type, const struct ip *ip);

/* To a request that changes an interface: the kernel makes no IPv6 addresses for it, neither link-local nor
 * advertised ones. Not at its making (EAFNOSUPPORT). */
void link_put_no_ipv6_addresses(struct netlink_batch *b);

/* An address of an interface; with its broadcast address, where it has one. IPv6: without duplicate address
 * detection, which would keep it from being used for a second: who has which is ours to know. flags: NLM_F_EXCL or
 * NLM_F_REPLACE. */
void link_request_address(struct netlink_batch *b, const char *what, uint16_t flags, const struct prefix *p, int index);

#endif
