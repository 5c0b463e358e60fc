/*
 * The namespaces of other containers that a container joins: opened here, by way of a pidfd of the other's init, and
 * handed to the shim as fds, so that no pid or path can come to mean something else meanwhile.
 */
#ifndef SAMPAN_ENGINE_NSJOIN_H
#define SAMPAN_ENGINE_NSJOIN_H

#include "engine/engine.h"
#include "engine/nsmode.h"

struct ns_join {
    int fds[NS_COUNT]; /* owned; the shim gets fds[i] as SHIM_FD_FIRST_NAMESPACE + i */
    enum ns_kind kinds[NS_COUNT];
    size_t n;
};
#define NS_JOIN_INIT ((struct ns_join){0})
void ns_join_release(struct ns_join *j);
#define _cleanup_ns_join_ _cleanup_(ns_join_release)

/* id_base: of the range that the joined user namespace must have, 0 when none is joined: a container that was
 * restarted since the range was leased is refused. */
int ns_join_open(struct engine *en, const struct ns_plan *plan, uint32_t id_base, struct ns_join *ret, struct err *e);

#endif
