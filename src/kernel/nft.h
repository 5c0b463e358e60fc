/*
 * nf_tables by nfnetlink: tables, chains, sets, maps, elements and rules, built into one transaction that the kernel
 * does wholly or not at all. Rules are made of expressions (kernel/nft_expr.h).
 *
 *     _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();
 *
 *     nft_use(b, NFPROTO_INET, "sampan");
 *     nft_add_table(b);
 *     nft_add_chain(b, &(struct nft_chain){.name = "input", .type = "filter", .hook = NF_INET_LOCAL_IN});
 *     nft_add_rule(b, "input", "ct state established accept", expressions);
 *     nft_commit(b, &e);
 *
 * Building never fails: what does not fit is told by nft_commit. Names and texts are borrowed until then. An error names
 * the object that the kernel refused, with the kernel's own words.
 *
 * A transaction that deletes something takes 10 ms, for the kernel's grace period: deletions stay off the path of a start.
 *
 * Privilege: CAP_NET_ADMIN in the network namespace of the socket. Source: linux/netfilter/nf_tables.h, nft(8).
 */
#ifndef SAMPAN_KERNEL_NFT_H
#define SAMPAN_KERNEL_NFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "kernel/nft_expr.h"

struct nft_batch;

/* A NETLINK_NETFILTER socket in the calling thread's network namespace. */
int nft_open(struct err *e);

struct nft_batch *nft_batch_new(void); /* aborts on out of memory */
void nft_batch_free(struct nft_batch *b);
DEFINE_CLEANUP_PTR(nft_batch, struct nft_batch *, nft_batch_free)
#define _cleanup_nft_batch_ _cleanup_(cleanup_nft_batch)

/* Sends it by a socket of its own, all or nothing. Errors are the kernel's: -ENOENT, -EEXIST. The batch is of no more use
 * afterwards, but for nft_failed(). */
int nft_commit(struct nft_batch *b, struct err *e);

/* The objects so far: each of the calls below is one. And after a failure the first that was refused, from 0. */
size_t nft_count(const struct nft_batch *b);
size_t nft_failed(const struct nft_batch *b);

/* Whether there is such a table with this mark (nft_add_marked_table). One round trip. */
int nft_has_table(int sock, uint8_t family, const char *name, uint32_t mark, bool *ret, struct err *e);

/* The table that what follows is in. */
void nft_use(struct nft_batch *b, uint8_t family, const char *table);
void nft_add_table(struct nft_batch *b); /* success where it is there */
/* -EEXIST where it is there. With a mark that nft(8) does not show, and so does not restore: what was saved and
 * loaded again is told from what we made. */
void nft_add_marked_table(struct nft_batch *b, uint32_t mark);
void nft_delete_table(struct nft_batch *b); /* with all that is in it; -ENOENT where it is not there */

struct nft_chain {
    const char *name;
    const char *type; /* of a base chain: "filter", "nat"; NULL: one to jump to */
    uint32_t hook;    /* NF_INET_* */
    int32_t priority;
};

/* Policy: accept. */
void nft_add_chain(struct nft_batch *b, const struct nft_chain *c);
void nft_flush_chain(struct nft_batch *b, const char *chain);
void nft_delete_chain(struct nft_batch *b, const char *chain); /* -EBUSY while something jumps to it */

/* text: the rule in nft's own language, for errors and for whoever reads the source. expressions: up to one without
 * name. */
void nft_add_rule(struct nft_batch *b, const char *chain, const char *text, const struct nft_expr *expressions);

/* The types that keys and data are put together from. */
enum nft_type {
    NFT_TYPE_NONE,
    NFT_TYPE_IPV4,
    NFT_TYPE_IPV6,
    NFT_TYPE_L4PROTO,
    NFT_TYPE_PORT,
    NFT_TYPE_IFNAME,
    NFT_TYPE_VERDICT
};
enum { NFT_FIELDS_MAX = 3 };

struct nft_set {
    const char *name;
    enum nft_type key[NFT_FIELDS_MAX];
    enum nft_type data[NFT_FIELDS_MAX]; /* none: a set; else a map */
    bool is_interval;                   /* of several fields, and elements are ranges of each (key_end) */
    uint32_t timeout;                   /* seconds that an element lives; 0: for ever */
    uint32_t size;                      /* elements at most; 0: any number */
};

void nft_add_set(struct nft_batch *b, const struct nft_set *s);
void nft_flush_set(struct nft_batch *b, const char *set);
void nft_delete_set(struct nft_batch *b, const char *set);

/* A key or data: one field, or several behind one another, each padded to four bytes then. */
struct nft_value {
    size_t len;
    uint8_t bytes[48];
};
void nft_value_add(struct nft_value *v, const void *field, size_t len);
void nft_value_add_port(struct nft_value *v, uint16_t port);
void nft_value_add_ifname(struct nft_value *v, const char *name);

struct nft_element {
    struct nft_value key;
    struct nft_value key_end; /* of an interval: the last one, field by field */
    struct nft_value data;    /* of a map */
    const char *jump;         /* of a map of verdicts: the chain */
};

/* An element that is there already is success when its data is the same, and -EEXIST when it is not. */
void nft_add_element(struct nft_batch *b, const char *set, const struct nft_element *el);
/* Its data is not looked at. -ENOENT where it is not there. */
void nft_delete_element(struct nft_batch *b, const char *set, const struct nft_element *el);

/* ---- hearing of changes */

/* A socket that hears of every change to the tables of its network namespace; non-blocking. */
int nft_watch_open(struct err *e);
/* Reads what came; whether a table of that name went (also when so much came that some was lost). */
int nft_watch_read(int sock, const char *table, bool *ret_deleted, struct err *e);

#endif
