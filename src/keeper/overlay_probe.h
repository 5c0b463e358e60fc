/*
 * The test of the data path: an ICMP echo from this host's gateway address on the overlay to that of each other host,
 * once small and once as large as the network's MTU allows (with DF). Both must come back. Hosts that answer are asked
 * again every half a minute, others more often; what is known is in their struct overlay_member.
 *
 * Privilege: CAP_NET_RAW. Source: icmp(7), raw(7), ip(7) IP_MTU_DISCOVER, RFC 792.
 */
#ifndef SAMPAN_KEEPER_OVERLAY_PROBE_H
#define SAMPAN_KEEPER_OVERLAY_PROBE_H

#include "keeper/overlay_events.h"

struct overlay_network;
struct overlay_member;

struct overlay_probe {
    struct event_source source; /* an owned raw socket on the bridge */
    struct event_timer timer;
    uint16_t id;       /* of our echoes */
    uint16_t sequence; /* of the last one */
};

int overlay_probe_start(struct overlay_network *n, struct err *e);
void overlay_probe_stop(struct overlay_network *n);

/* There are new hosts: they are asked at once. */
void overlay_probe_wake(struct overlay_probe *p);
/* Whether some host is being tested still. */
bool overlay_probe_is_testing(const struct overlay_network *n);

/* "ok", "testing", "unreachable", and what can be done about the latter ("" for the others). */
const char *overlay_probe_state(const struct overlay_member *m);
void overlay_probe_reason(const struct overlay_network *n, const struct overlay_member *m, char *buf, size_t size);

#endif
