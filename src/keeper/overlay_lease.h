/*
 * A lease in etcd that is kept alive in the background: its keys exist as long as this process does. One that etcd does
 * not know any more (it was out of reach for longer than the lease) is replaced by a new one, and the owner puts its
 * keys again.
 */
#ifndef SAMPAN_KEEPER_OVERLAY_LEASE_H
#define SAMPAN_KEEPER_OVERLAY_LEASE_H

#include "keeper/etcd.h"

struct overlay_lease {
    struct etcd *etcd;
    unsigned seconds;
    void (*granted)(void *owner); /* `id` is new: nothing is attached to it yet */
    void *owner;
    int64_t id; /* 0: none at present */
    struct etcd_exchange *exchange;
    struct event_timer timer;
};

/* Begins to ask for it. etcd, seconds, granted and owner are set; the rest is zero. */
void overlay_lease_start(struct overlay_lease *l);
/* Asks at once whether it is still there: etcd refused a key for want of it. */
void overlay_lease_check(struct overlay_lease *l);
/* Ends it, with its keys, waiting for at most a second. */
void overlay_lease_end(struct overlay_lease *l);

#endif
