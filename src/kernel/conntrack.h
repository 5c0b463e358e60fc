/*
 * Connection tracking: flows that are forgotten, so that their next packet is looked at as a new one.
 *
 * The kernel walks its whole table, with tens of thousands of flows for milliseconds: not on the path of a start.
 *
 * Privilege: CAP_NET_ADMIN in the calling thread's network namespace. Source: linux/netfilter/nfnetlink_conntrack.h.
 */
#ifndef SAMPAN_KERNEL_CONNTRACK_H
#define SAMPAN_KERNEL_CONNTRACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Flows to a server, as it sees them: behind the translation of addresses. */
struct conntrack_flows {
    uint8_t family;        /* AF_INET, AF_INET6 */
    uint8_t protocol;      /* IPPROTO_UDP */
    const uint8_t *server; /* 4 or 16 bytes, borrowed; NULL: any */
    uint16_t server_port;
};

/* All flows that are one of the kinds. */
int conntrack_forget(const struct conntrack_flows *kinds, size_t n_kinds, struct err *e);

#endif
