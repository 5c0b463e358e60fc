#include "keeper/overlay_records.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/strv.h"
#include "keeper/etcd_kv.h"

enum { RETRY_MS = 1000, TXN_OPERATIONS_MAX = 100 /* etcd's limit is 128 */ };

struct overlay_record {
    char *key;
    char *wanted;    /* value; NULL: it shall not be there */
    char *sent;      /* on its way, "" for a removal; NULL: nothing is */
    char *published; /* what etcd has; NULL: nothing of ours */
    struct overlay_record *next;
};

/* ---- records */

static void set_text(char **at, const char *text)
{
    char *copy = text ? strdup(text) : NULL;

    if (text && !copy)
        abort();
    free(*at);
    *at = copy;
}

static struct overlay_record *record_find(const struct overlay_records *rs, const char *key)
{
    for (struct overlay_record *r = rs->v; r; r = r->next)
        if (strcmp(r->key, key) == 0)
            return r;
    return NULL;
}

static struct overlay_record *record_get(struct overlay_records *rs, const char *key)
{
    struct overlay_record *r = record_find(rs, key);

    if (r)
        return r;
    r = calloc(1, sizeof(*r));
    if (!r)
        abort();
    set_text(&r->key, key);
    r->next = rs->v;
    rs->v = r;
    return r;
}

static void record_free(struct overlay_record *r)
{
    free(r->key);
    free(r->wanted);
    free(r->sent);
    free(r->published);
    free(r);
}

static bool is_settled(const struct overlay_record *r)
{
    return r->wanted ? r->published && strcmp(r->wanted, r->published) == 0 : !r->published;
}

/* Forgets those that are neither wanted nor there. */
static void drop_done(struct overlay_records *rs)
{
    for (struct overlay_record **at = &rs->v; *at;) {
        struct overlay_record *r = *at;

        if (r->wanted || r->sent || r->published) {
            at = &r->next;
            continue;
        }
        *at = r->next;
        record_free(r);
    }
}

bool overlay_records_are_done(const struct overlay_records *rs)
{
    for (const struct overlay_record *r = rs->v; r; r = r->next)
        if (!is_settled(r))
            return false;
    return rs->lease.id != 0;
}

void overlay_records_want(struct overlay_records *rs, const char *key, const char *value)
{
    set_text(&record_get(rs, key)->wanted, value);
}

void overlay_records_keep(struct overlay_records *rs, const char *prefix, char *const *names)
{
    for (struct overlay_record *r = rs->v; r; r = r->next)
        if (strncmp(r->key, prefix, strlen(prefix)) == 0 && !strv_contains(names, r->key + strlen(prefix)))
            set_text(&r->wanted, NULL);
}

/* ---- towards etcd */

static void sync_answered(void *owner, json_object *answer, const struct err *failure)
{
    struct overlay_records *rs = owner;

    (void)answer;
    rs->exchange = NULL;
    for (struct overlay_record *r = rs->v; r; r = r->next) {
        if (!failure && r->sent)
            set_text(&r->published, r->sent[0] ? r->sent : NULL);
        set_text(&r->sent, NULL);
    }
    if (!failure) {
        overlay_records_sync(rs);
        return;
    }
    log_debug("publish %s: %s", rs->prefix, failure->text);
    overlay_lease_check(&rs->lease);
    timer_set(etcd_events(rs->lease.etcd), &rs->retry, RETRY_MS);
}

static size_t add_operations(struct overlay_records *rs, json_object *txn, bool removals, size_t room)
{
    size_t n_added = 0;

    for (struct overlay_record *r = rs->v; r && n_added < room; r = r->next) {
        _cleanup_free_ char *key = NULL;

        if (is_settled(r) || !r->wanted != removals)
            continue;
        if (asprintf(&key, "%s%s", rs->prefix, r->key) < 0)
            abort();
        if (removals)
            etcd_txn_delete(txn, key);
        else
            etcd_txn_put(txn, key, r->wanted, rs->lease.id);
        set_text(&r->sent, removals ? "" : r->wanted);
        n_added++;
    }
    return n_added;
}

/* One transaction with what differs; the next one when it is answered. Removals come first: an address that another
 * container has got by now is then its own at the end. */
void overlay_records_sync(struct overlay_records *rs)
{
    _cleanup_json_ json_object *txn = NULL;
    struct etcd_request request = {.path = "/v3/kv/txn", .done = sync_answered, .owner = rs};
    struct err e = ERR_INIT;
    size_t n_operations;

    drop_done(rs);
    if (rs->exchange || rs->lease.id == 0)
        return;
    txn = etcd_txn_new();
    n_operations = add_operations(rs, txn, true, TXN_OPERATIONS_MAX);
    n_operations += add_operations(rs, txn, false, TXN_OPERATIONS_MAX - n_operations);
    if (n_operations == 0)
        return;
    request.body = txn;
    if (etcd_start(rs->lease.etcd, &request, &rs->exchange, &e) < 0)
        sync_answered(rs, NULL, &e);
}

void overlay_records_found(struct overlay_records *rs, const char *key, const char *value)
{
    if (record_find(rs, key))
        return; /* known already, or on its way */
    set_text(&record_get(rs, key)->published, value);
    overlay_records_sync(rs);
}

void overlay_records_lost(struct overlay_records *rs, const char *key)
{
    struct overlay_record *r = record_find(rs, key);

    if (!r || !r->wanted || r->sent)
        return;
    set_text(&r->published, NULL);
    overlay_records_sync(rs);
}

/* ---- their life */

static void retry_is_due(struct event_timer *t)
{
    overlay_records_sync(t->owner);
}

static void lease_is_new(void *owner)
{
    struct overlay_records *rs = owner;

    for (struct overlay_record *r = rs->v; r; r = r->next)
        if (r->wanted)
            set_text(&r->published, NULL);
    overlay_records_sync(rs);
}

void overlay_records_start(struct overlay_records *rs, struct etcd *c, unsigned seconds, const char *prefix)
{
    *rs = (struct overlay_records){
        .lease = {.etcd = c, .seconds = seconds, .granted = lease_is_new, .owner = rs},
        .prefix = prefix,
        .retry = {.fire = retry_is_due, .owner = rs},
    };
    overlay_lease_start(&rs->lease);
}

void overlay_records_stop(struct overlay_records *rs)
{
    if (!rs->lease.etcd)
        return;
    etcd_cancel(rs->exchange);
    timer_clear(etcd_events(rs->lease.etcd), &rs->retry);
    overlay_lease_end(&rs->lease);
    while (rs->v) {
        struct overlay_record *r = rs->v;

        rs->v = r->next;
        record_free(r);
    }
    *rs = (struct overlay_records){0};
}
