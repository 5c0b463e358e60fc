/*
 * The networks' rows. The predefined bridge, host and none have theirs from the beginning. What a network is (`spec`, JSON)
 * is the engine's affair.
 */
#ifndef SAMPAN_STORAGE_NETWORKS_H
#define SAMPAN_STORAGE_NETWORKS_H

#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/id.h"

struct db;

/* Borrowed in networks_each's callback and in networks_insert, owned after the others: network_row_release. */
struct network_row {
    char *name;
    char id[ID_LEN + 1];
    int64_t created; /* ns since the epoch */
    char *spec;      /* NULL: a predefined network that is not settled */
};
#define NETWORK_ROW_INIT ((struct network_row){.created = 0})
void network_row_release(struct network_row *row);
#define _cleanup_network_row_ _cleanup_(network_row_release)

/* ERR_CONFLICT "network with name x already exists". */
int networks_insert(struct db *db, const struct network_row *row, struct err *e);

/* By name alone, which is one look into an index: 1 when it is there, 0 when not. */
int networks_get(struct db *db, const char *name, struct network_row *ret, struct err *e);

/* By name, whole id, or unique prefix of an id, in this order; ERR_NOT_FOUND "network x not found", ERR_INVALID for a prefix
 * of several. */
int networks_find(struct db *db, const char *ref, struct network_row *ret, struct err *e);

/* By name. A negative return of `each` ends the walk and is returned. */
int networks_each(struct db *db, int (*each)(const struct network_row *row, void *arg, struct err *e), void *arg,
                  struct err *e);

int networks_set_spec(struct db *db, const char *id, const char *spec, struct err *e);
int networks_delete(struct db *db, const char *id, struct err *e);

#endif
