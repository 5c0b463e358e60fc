/*
 * The namespaces of other containers that a container joins: opened here, by way of a pidfd of the other's init, and
 * handed to the shim as fds, so that no pid or path can come to mean something else meanwhile. With an IPC namespace
 * goes its /dev/shm (shmjoin.h).
 */
#ifndef SAMPAN_ENGINE_NSJOIN_H
#define SAMPAN_ENGINE_NSJOIN_H

#include "engine/engine.h"
#include "engine/nsmode.h"

struct ns_join {
    int fds[NS_COUNT + 1];   /* owned; the shim gets fds[i] as SHIM_FD_FIRST_NAMESPACE + i */
    int kinds[NS_COUNT + 1]; /* enum ns_kind, or NS_JOIN_SHM: a mount, not a namespace */
    size_t n;
};
enum { NS_JOIN_SHM = NS_COUNT };

/* The path that fds[i] of this kind has in the shim; false when none is joined. */
struct ns_join_path {
    char path[32];
};
bool ns_join_path(const struct ns_join *j, int kind, struct ns_join_path *ret);
#define NS_JOIN_INIT ((struct ns_join){0})
void ns_join_release(struct ns_join *j);
#define _cleanup_ns_join_ _cleanup_(ns_join_release)

/* id_base: of the range that the joined user namespace must have, 0 when none is joined: a container that was
 * restarted since the range was leased is refused. */
int ns_join_open(struct engine *en, const struct ns_plan *plan, uint32_t id_base, struct ns_join *ret, struct err *e);

#endif
