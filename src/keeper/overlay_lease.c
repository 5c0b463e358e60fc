#include "keeper/overlay_lease.h"

#include "base/log.h"
#include "keeper/etcd_kv.h"

enum { RETRY_MS = 1000, END_MS = 1000 };

static void take_turn(struct overlay_lease *l);

static void plan_turn(struct overlay_lease *l, int64_t ms)
{
    timer_set(etcd_events(l->etcd), &l->timer, ms);
}

/* Three tries in its life. */
static int64_t period(const struct overlay_lease *l)
{
    return (int64_t)l->seconds * 1000 / 3;
}

static void turn_failed(struct overlay_lease *l, const struct err *failure)
{
    log_debug("lease: %s", failure->text);
    plan_turn(l, period(l) < RETRY_MS ? period(l) : RETRY_MS);
}

static void grant_answered(void *owner, json_object *answer, const struct err *failure)
{
    struct overlay_lease *l = owner;

    l->exchange = NULL;
    if (failure) {
        turn_failed(l, failure);
        return;
    }
    l->id = etcd_int64(answer, "ID");
    plan_turn(l, period(l));
    l->granted(l->owner);
}

static void keepalive_answered(void *owner, json_object *answer, const struct err *failure)
{
    struct overlay_lease *l = owner;

    l->exchange = NULL;
    if (failure) {
        turn_failed(l, failure);
        return;
    }
    if (etcd_lease_seconds(answer) > 0) {
        plan_turn(l, period(l));
        return;
    }
    log_warning("etcd has ended the lease of this host: asking for a new one");
    l->id = 0;
    take_turn(l);
}

/* A new one, or a longer life for the one there is. */
static void take_turn(struct overlay_lease *l)
{
    _cleanup_json_ json_object *body = l->id == 0 ? etcd_grant_body(l->seconds) : etcd_lease_body(l->id);
    const struct etcd_request request = {.path = l->id == 0 ? "/v3/lease/grant" : "/v3/lease/keepalive",
                                         .body = body,
                                         .done = l->id == 0 ? grant_answered : keepalive_answered,
                                         .owner = l};
    struct err e = ERR_INIT;

    if (etcd_start(l->etcd, &request, &l->exchange, &e) < 0)
        turn_failed(l, &e);
}

static void turn_is_due(struct event_timer *t)
{
    take_turn(t->owner);
}

void overlay_lease_start(struct overlay_lease *l)
{
    l->timer = (struct event_timer){.fire = turn_is_due, .owner = l};
    take_turn(l);
}

void overlay_lease_check(struct overlay_lease *l)
{
    if (!l->exchange)
        plan_turn(l, 0);
}

void overlay_lease_end(struct overlay_lease *l)
{
    _cleanup_json_ json_object *body = NULL;
    struct err e = ERR_INIT;

    etcd_cancel(l->exchange);
    l->exchange = NULL;
    timer_clear(etcd_events(l->etcd), &l->timer);
    if (l->id == 0)
        return;
    body = etcd_lease_body(l->id);
    if (etcd_call_for(l->etcd, END_MS, "/v3/lease/revoke", body, NULL, &e) < 0)
        log_debug("lease: %s", e.text); /* it ends by itself */
    l->id = 0;
}
