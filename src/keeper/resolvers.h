/*
 * The running dnsmasqs, one per scope (scope.h), each with its life:
 *
 *     serve -> STARTING -> READY -> (ends by itself) -> DOWN -> after a pause STARTING …
 *                 `-> (ends) -> DOWN
 *
 * Who waits for one that cannot have its address yet, since a predecessor is still dying, waits for some starts more.
 * The pause doubles with every failure in a row, from RETRY_MIN_MS to RETRY_MAX_MS. What a dnsmasq writes to stderr is
 * read as it comes; its last line is why it ended.
 *
 * Nothing here waits: who asked to serve is told by the `settled` callback. All memory is theirs.
 */
#ifndef SAMPAN_KEEPER_RESOLVERS_H
#define SAMPAN_KEEPER_RESOLVERS_H

#include <stdint.h>

#include "base/loop.h"
#include "keeper/scope.h"
#include "network/config.h"
#include "network/instance.h"

struct resolver;

struct resolvers {
    const struct net_instance *in;
    struct loop_source output; /* owned epoll fd: the stderr of all */
    struct resolver *first;
    /* A scope that was STARTING answers now (why NULL), or its dnsmasq ended instead. */
    void (*settled)(void *owner, const char *key, const struct err *why);
    void *owner;
};

/* in: borrowed. The loop has room for one source. */
int resolvers_init(struct resolvers *rs, struct loop *l, const struct net_instance *in, struct err *e);

/* Ends all. */
void resolvers_release(struct resolvers *rs);

/* 1: it answers already; 0: `settled` will tell; else it could not be started. Takes the scope over in any case. */
int resolvers_serve(struct resolvers *rs, struct scope *s, struct err *e);

/* Whether it answers. */
bool resolvers_is_ready(const struct resolvers *rs, const char *key);

/* Ends one; success where there is none. Waits for the end of the process. */
void resolvers_forget(struct resolvers *rs, const char *key);

/* All ask anew, and so fill the sets of egress rules anew. */
void resolvers_forget_answers(struct resolvers *rs);

/* Ends those that are not needed, but none that is STARTING: somebody waits for it. used_at: when it was last asked for
 * (clock.h). */
void resolvers_sweep(struct resolvers *rs, bool (*is_needed)(void *owner, const char *key, int64_t used_at));

/* After SIGCHLD: sees who ended. */
void resolvers_reap(struct resolvers *rs);

/* Starts again what is DOWN and due. Returns the milliseconds until the next is due, or -1. */
int resolvers_restart_due(struct resolvers *rs);

#endif
