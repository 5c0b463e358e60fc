/*
 * Keys in etcd that say what this host is and has: brought in line with what is wanted in the background, one
 * transaction after the other, and tried again until etcd has them. They are attached to a lease; with a new one all
 * are put again.
 */
#ifndef SAMPAN_KEEPER_OVERLAY_RECORDS_H
#define SAMPAN_KEEPER_OVERLAY_RECORDS_H

#include "keeper/overlay_lease.h"

struct overlay_record;

struct overlay_records {
    struct overlay_lease lease;
    const char *prefix; /* of the keys, borrowed */
    struct overlay_record *v;
    struct etcd_exchange *exchange; /* at most one on its way */
    struct event_timer retry;
};

/* Asks for the lease, of so many seconds. prefix outlives it. */
void overlay_records_start(struct overlay_records *rs, struct etcd *c, unsigned seconds, const char *prefix);
/* Ends the lease, and so removes all of them. Never started: nothing. */
void overlay_records_stop(struct overlay_records *rs);

/* From now on key (behind the prefix) shall have this value; NULL: it shall not be there. Takes effect with the next
 * overlay_records_sync. */
void overlay_records_want(struct overlay_records *rs, const char *key, const char *value);
/* Of the keys that begin with `prefix`, only these names behind it may stay wanted. */
void overlay_records_keep(struct overlay_records *rs, const char *prefix, char *const *names);
void overlay_records_sync(struct overlay_records *rs);

/* A watch tells of a key of this host that is there, which somebody may have left: removed when it is not wanted. */
void overlay_records_found(struct overlay_records *rs, const char *key, const char *value);
/* And that one has gone: put again when it is wanted. */
void overlay_records_lost(struct overlay_records *rs, const char *key);

/* Whether etcd has all that is wanted, and nothing else that is known of. */
bool overlay_records_are_done(const struct overlay_records *rs);

#endif
