/*
 * A network's row (storage/networks.h) and the network that it stands for. A row without a spec is a predefined network that
 * nobody has needed yet: bridge, whose subnet is to be chosen, or host and none, of which there is nothing to know.
 */
#ifndef SAMPAN_ENGINE_NETWORK_RECORD_H
#define SAMPAN_ENGINE_NETWORK_RECORD_H

#include "engine/engine.h"
#include "network/network.h"
#include "storage/networks.h"

int network_record_read(const struct network_row *row, struct network **ret, struct err *e);
int network_record_write(const struct network *n, struct network_row *ret, struct err *e);

/* Where there is no database yet: the rows that one would begin with, with other ids each time. */
int network_record_each_predefined(int (*each)(const struct network_row *row, void *arg, struct err *e), void *arg,
                                   struct err *e);

/* Not settled: bare as a predefined network's row. */
static inline bool network_is_settled(const struct network *n)
{
    return !network_has_addresses(n) || ip_is_set(&n->v4.subnet.ip);
}

/* network_settle() among the networks that there are. In a transaction with what writes the result down, or two commands
 * choose the same subnet; for an overlay network, whose subnet is etcd's affair, without. */
int network_record_settle(struct engine *en, struct network *n, struct err *e);

#endif
