/*
 * Follows all keys below a prefix: what is there, then every change, in order, through restarts of etcd and of the
 * connection. After a break it resumes behind the last change that it saw; when etcd has forgotten that (compaction),
 * it lists anew, and the owner is told of a new beginning.
 *
 *   begin  put put … end   put delete put …   (compaction)   begin put put … end   …
 *
 * Between begin and end everything that exists is told; what the owner knows of and is not told is gone.
 * The handlers run inside events_dispatch: they don't block, don't call etcd_call, and don't free the watch.
 */
#ifndef SAMPAN_KEEPER_ETCD_WATCH_H
#define SAMPAN_KEEPER_ETCD_WATCH_H

#include "keeper/etcd.h"

struct etcd_watch_handlers {
    void (*begin)(void *owner);
    void (*put)(void *owner, const char *key, const char *value); /* key: whole */
    void (*gone)(void *owner, const char *key);
    void (*end)(void *owner);
};

struct etcd_watch;

/* handlers: a constant. */
int etcd_watch_new(struct etcd *c, const char *prefix, const struct etcd_watch_handlers *handlers, void *owner,
                   struct etcd_watch **ret, struct err *e);
void etcd_watch_free(struct etcd_watch *w);
DEFINE_CLEANUP_PTR(etcd_watch, struct etcd_watch *, etcd_watch_free)
#define _cleanup_etcd_watch_ _cleanup_(cleanup_etcd_watch)

/* Whether the first list has been told whole. */
bool etcd_watch_is_listed(const struct etcd_watch *w);

#endif
