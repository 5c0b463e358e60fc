/*
 * What this host says of itself on a network: that it serves it, and its containers. Those are what
 * RUN_ROOT/networks/ID/endpoints lists (network/names.h), with the MAC from the container's plan (network/plan.h),
 * which is written a moment later.
 */
#ifndef SAMPAN_KEEPER_OVERLAY_PUBLISH_H
#define SAMPAN_KEEPER_OVERLAY_PUBLISH_H

#include <sys/types.h>
#include <time.h>

#include "base/id.h"
#include "keeper/overlay_records.h"

struct overlay_network;

/* An endpoint's file as it was when it was read: it is replaced, never changed. */
struct overlay_stamp {
    char container[ID_LEN + 1];
    ino_t inode;
    struct timespec time;
};

struct overlay_publisher {
    struct overlay_records records;
    struct overlay_stamp *known; /* those that are published, sorted: only others are read again */
    size_t n_known;
    struct event_timer rescan; /* a container's plan was not there yet */
    unsigned n_rescans;
};

void overlay_publisher_start(struct overlay_network *n);
void overlay_publisher_stop(struct overlay_network *n);

/* The endpoints have changed. */
void overlay_publisher_scan(struct overlay_network *n);

#endif
