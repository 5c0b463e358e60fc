/*
 * What is asked of etcd, and what it answers: keys, transactions, leases, as the JSON gateway writes them (base64 keys
 * and values, 64-bit numbers as strings). Keys are text; so are values here, JSON of ours.
 *
 * A transaction is built from conditions that all must hold and operations that are then done, all of them or none:
 *
 *   json_object *t = etcd_txn_new();
 *   etcd_txn_if_absent(t, key);
 *   etcd_txn_put(t, key, value, lease);
 *   r = etcd_txn_commit(c, t, &done, e);
 *
 * The builders abort when out of memory, as those of base/json.h.
 */
#ifndef SAMPAN_KEEPER_ETCD_KV_H
#define SAMPAN_KEEPER_ETCD_KV_H

#include <stdint.h>

#include "keeper/etcd.h"

struct etcd_pair {
    char *key;
    char *value;
    int64_t create_revision;
};

struct etcd_list {
    struct etcd_pair *pairs; /* sorted by key */
    size_t n;
    int64_t revision; /* of the store, when this was so */
};
#define ETCD_LIST_INIT ((struct etcd_list){0})
void etcd_list_release(struct etcd_list *l);
#define _cleanup_etcd_list_ _cleanup_(etcd_list_release)

/* The body of /v3/kv/range for everything whose key begins with prefix, and what comes back. */
json_object *etcd_range_body(const char *prefix);
int etcd_range_parse(json_object *answer, struct etcd_list *ret, struct err *e);
/* Both, waiting. */
int etcd_range(struct etcd *c, const char *prefix, struct etcd_list *ret, struct err *e);

/* One {"key": …, "value": …} of an answer or event; *pair is the caller's (etcd_pair_release). */
int etcd_pair_parse(json_object *kv, struct etcd_pair *ret, struct err *e);
void etcd_pair_release(struct etcd_pair *p);

json_object *etcd_txn_new(void);
void etcd_txn_if_absent(json_object *txn, const char *key);
void etcd_txn_if_present(json_object *txn, const char *key);
void etcd_txn_if_value(json_object *txn, const char *key, const char *value);
/* No key below prefix was made since that revision. */
void etcd_txn_if_none_since(json_object *txn, const char *prefix, int64_t revision);
void etcd_txn_if_none(json_object *txn, const char *prefix);
void etcd_txn_put(json_object *txn, const char *key, const char *value, int64_t lease); /* lease 0: none */
void etcd_txn_delete(json_object *txn, const char *key);
void etcd_txn_delete_all(json_object *txn, const char *prefix);
/* *ret_done: whether the conditions held. */
int etcd_txn_commit(struct etcd *c, json_object *txn, bool *ret_done, struct err *e);
/* The same for the answer of one that was started. */
bool etcd_txn_is_done(json_object *answer);

/* The bodies of /v3/lease/grant, and of keepalive and revoke; "ID" of grant's answer is the lease. */
json_object *etcd_grant_body(unsigned seconds);
json_object *etcd_lease_body(int64_t lease);
/* What keepalive's answer grants; 0: the lease has ended. */
int64_t etcd_lease_seconds(json_object *answer);

/* A member that is a 64-bit number, written as a string; 0 when absent or none. */
int64_t etcd_int64(json_object *o, const char *key);

#endif
