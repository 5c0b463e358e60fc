/*
 * Who is on which network, watched: RUN_ROOT/networks/ID/endpoints of every network (network/names.h), by inotify.
 *
 * Privilege: none beyond reading below the run root. Source: inotify(7).
 */
#ifndef SAMPAN_KEEPER_ENDPOINTS_H
#define SAMPAN_KEEPER_ENDPOINTS_H

#include "base/loop.h"
#include "network/instance.h"

struct watched;

struct endpoints {
    const struct net_instance *in;
    struct loop_source source; /* owned inotify fd */
    struct watched *watched;   /* by watch descriptor */
    size_t n_watched;
    /* A container came to a network, or left it. Both NULL: a network came or went, or events were lost. */
    void (*changed)(void *owner, const char *network_id, const char *container);
    void *owner;
};

/* in: borrowed. The loop has room for one source. */
int endpoints_open(struct endpoints *ep, struct loop *l, const struct net_instance *in, struct err *e);
void endpoints_close(struct endpoints *ep);

/* The ids of all networks that have a directory, as an owned vector. */
int endpoints_networks(const struct net_instance *in, char ***ret, struct err *e);

/* From now on changes of this network are told; -ENOENT, e untouched, where it has no directory. */
int endpoints_watch(struct endpoints *ep, const char *network_id, struct err *e);

/* The number of endpoints on a network, which is watched from now on. */
int endpoints_count(struct endpoints *ep, const char *network_id, struct err *e);

#endif
