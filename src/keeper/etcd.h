/*
 * A client of etcd v3 by its JSON gateway (/v3/…): requests go to one of several endpoints, the next one where it does
 * not answer. Everything is done by libcurl's multi interface in the background of an event loop; etcd_call waits for
 * one answer while the others go on.
 *
 * A request whose connection broke is sent again elsewhere, and may have been carried out already: transactions must be
 * made so that their second run does no harm.
 *
 * Answers are bounded (ETCD_ANSWER_MAX). TLS needs at least version 1.2, and verifies the server. No privilege.
 * Source: etcd.io/docs/v3.4, "gRPC gateway"; libcurl-multi(3).
 */
#ifndef SAMPAN_KEEPER_ETCD_H
#define SAMPAN_KEEPER_ETCD_H

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "keeper/overlay_events.h"

enum { ETCD_ANSWER_MAX = 8 * 1024 * 1024, ETCD_CONNECT_MS = 1500, ETCD_REQUEST_MS = 3000, ETCD_CALL_MS = 7000 };

/* All borrowed, and outlive the client. */
struct etcd_settings {
    char *const *endpoints;      /* "https://10.0.0.1:2379" */
    const char *ca, *cert, *key; /* paths of PEM files; NULL: the system's authorities, no certificate of ours */
};

struct etcd;

int etcd_new(struct events *loop, const struct etcd_settings *settings, struct etcd **ret, struct err *e);
/* Drops every request in flight; their `done` is not called. */
void etcd_free(struct etcd *c);
DEFINE_CLEANUP_PTR(etcd, struct etcd *, etcd_free)
#define _cleanup_etcd_ _cleanup_(cleanup_etcd)

struct etcd_request {
    const char *path;  /* "/v3/kv/range"; a literal */
    json_object *body; /* borrowed during etcd_start */
    /* The answer, borrowed, or NULL and why. The request is gone when it is called; a new one may be started. */
    void (*done)(void *owner, json_object *answer, const struct err *failure);
    /* For answers that never end: called for each line, with its "result"; false ends the request without `done`. It may
     * end other requests, but its own in no other way. */
    bool (*line)(void *owner, json_object *result);
    void *owner;
};

struct etcd_exchange; /* one request in flight */

/* *ret may be NULL when nobody is going to cancel it; it is invalid once `done` was called. */
int etcd_start(struct etcd *c, const struct etcd_request *r, struct etcd_exchange **ret, struct err *e);
void etcd_cancel(struct etcd_exchange *x);

/* Waits for the answer, at most ETCD_CALL_MS. ret may be NULL. Never from within a handler of the loop. */
int etcd_call(struct etcd *c, const char *path, json_object *body, json_object **ret, struct err *e);
/* The same with a limit of its own. */
int etcd_call_for(struct etcd *c, int64_t ms, const char *path, json_object *body, json_object **ret, struct err *e);

/* This host's address in the connection that answered last; "" before the first. */
const char *etcd_local_address(const struct etcd *c);

struct events *etcd_events(struct etcd *c);

#endif
