/*
 * Bandwidth limits (--network-rate): a token bucket (tc-tbf(8)) where packets leave, at each end of the veth.
 *
 * What the container receives is limited at the host's end, out of its reach. What it sends is limited at its own
 * end, so it waits instead of losing packets; to lift that limit it would need CAP_NET_ADMIN, which containers have
 * only when asked for (--cap-add, --privileged).
 *
 * Privilege: CAP_NET_ADMIN in the socket's namespace.
 */
#ifndef SAMPAN_NETWORK_RATE_H
#define SAMPAN_NETWORK_RATE_H

#include <stdint.h>

#include "base/err.h"

/* rate: bytes per second, not 0. ERR_UNSUPPORTED where the kernel has no such queueing discipline. */
int rate_limit(int sock, const char *name, uint64_t rate, struct err *e);

#endif
