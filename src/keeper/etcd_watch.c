#include "keeper/etcd_watch.h"

#include <string.h>

#include "base/log.h"
#include "keeper/etcd_kv.h"

enum { RETRY_FIRST_MS = 100, RETRY_MAX_MS = 3000 };

struct etcd_watch {
    struct etcd *client;
    char *prefix;
    const struct etcd_watch_handlers *handlers;
    void *owner;
    struct etcd_exchange *exchange; /* NULL: waiting for `retry` */
    struct event_timer retry;
    int64_t retry_ms;
    int64_t revision; /* the last that was told; 0: nothing, list first */
    bool is_listed;
};

static void list_start(struct etcd_watch *w);
static void stream_start(struct etcd_watch *w);

/* ---- failing and trying again */

static void broken(struct etcd_watch *w, const struct err *failure)
{
    w->exchange = NULL;
    log_debug("watch %s: %s", w->prefix, failure->text);
    timer_set(etcd_events(w->client), &w->retry, w->retry_ms);
    w->retry_ms = w->retry_ms * 2 > RETRY_MAX_MS ? RETRY_MAX_MS : w->retry_ms * 2;
}

static void try_again(struct event_timer *t)
{
    struct etcd_watch *w = t->owner;

    if (w->revision == 0)
        list_start(w);
    else
        stream_start(w);
}

static void start_or_retry(struct etcd_watch *w, const struct etcd_request *request)
{
    struct err e = ERR_INIT;

    if (etcd_start(w->client, request, &w->exchange, &e) < 0)
        broken(w, &e);
}

/* ---- what is there */

static void listed(void *owner, json_object *answer, const struct err *failure)
{
    struct etcd_watch *w = owner;
    _cleanup_etcd_list_ struct etcd_list list = ETCD_LIST_INIT;
    struct err e = ERR_INIT;

    w->exchange = NULL;
    if (failure || etcd_range_parse(answer, &list, &e) < 0) {
        broken(w, failure ? failure : &e);
        return;
    }
    w->handlers->begin(w->owner);
    for (size_t i = 0; i < list.n; i++)
        w->handlers->put(w->owner, list.pairs[i].key, list.pairs[i].value);
    w->handlers->end(w->owner);
    w->is_listed = true;
    w->revision = list.revision;
    stream_start(w);
}

static void list_start(struct etcd_watch *w)
{
    _cleanup_json_ json_object *body = etcd_range_body(w->prefix);
    const struct etcd_request request = {.path = "/v3/kv/range", .body = body, .done = listed, .owner = w};

    start_or_retry(w, &request);
}

/* ---- what changes */

static void tell(struct etcd_watch *w, json_object *event)
{
    const char *type = NULL;
    struct etcd_pair pair = {0};
    struct err e = ERR_INIT;

    if (json_get_str(event, "type", "PUT", &type, &e) < 0 || etcd_pair_parse(json_get(event, "kv"), &pair, &e) < 0)
        log_warning("watch %s: %s", w->prefix, e.text);
    else if (strcmp(type, "DELETE") == 0)
        w->handlers->gone(w->owner, pair.key);
    else
        w->handlers->put(w->owner, pair.key, pair.value);
    etcd_pair_release(&pair);
}

/* etcd ends a watch when the revision it is to resume from was compacted away. */
static bool is_canceled(json_object *result)
{
    bool canceled = false;

    return json_get_bool(result, "canceled", false, &canceled, NULL) < 0 || canceled;
}

/* Back to listing: the watch cannot tell what happened in between. */
static bool list_anew(struct etcd_watch *w, const char *why)
{
    struct err e = ERR_INIT;

    (void)err_set(&e, ERR_SYS, 0, "%s; listing anew", why);
    w->revision = 0;
    broken(w, &e);
    return false;
}

static bool line_came(void *owner, json_object *result)
{
    struct etcd_watch *w = owner;
    json_object *events = json_get(result, "events");
    const size_t n = events && json_object_is_type(events, json_type_array) ? json_object_array_length(events) : 0;

    if (!result || is_canceled(result))
        return list_anew(w, "etcd has compacted what changed meanwhile");
    if (etcd_int64(json_get(result, "header"), "revision") < w->revision)
        return list_anew(w, "etcd knows less than before");
    w->retry_ms = RETRY_FIRST_MS;
    for (size_t i = 0; i < n; i++) {
        json_object *event = json_object_array_get_idx(events, i);

        tell(w, event);
        /* Not the header's: that is the store's, which may be ahead of events to come. */
        w->revision = etcd_int64(json_get(event, "kv"), "mod_revision");
    }
    return true;
}

static void stream_ended(void *owner, json_object *answer, const struct err *failure)
{
    (void)answer;
    broken(owner, failure);
}

static void stream_start(struct etcd_watch *w)
{
    _cleanup_json_ json_object *body = json_object_new_object();
    _cleanup_json_ json_object *create = etcd_range_body(w->prefix);
    const struct etcd_request request = {
        .path = "/v3/watch", .body = body, .done = stream_ended, .line = line_came, .owner = w};

    json_object_object_add(create, "start_revision", json_object_new_int64(w->revision + 1));
    json_object_object_add(body, "create_request", json_object_get(create));
    start_or_retry(w, &request);
}

/* ---- the watch */

int etcd_watch_new(struct etcd *c, const char *prefix, const struct etcd_watch_handlers *handlers, void *owner,
                   struct etcd_watch **ret, struct err *e)
{
    struct etcd_watch *w = calloc(1, sizeof(*w));

    if (w)
        *w = (struct etcd_watch){
            .client = c, .prefix = strdup(prefix), .handlers = handlers, .owner = owner, .retry_ms = RETRY_FIRST_MS};
    if (!w || !w->prefix) {
        free(w);
        return err_set(e, ERR_SYS, ENOMEM, "watch %s", prefix);
    }
    w->retry = (struct event_timer){.fire = try_again, .owner = w};
    list_start(w);
    *ret = w;
    return 0;
}

void etcd_watch_free(struct etcd_watch *w)
{
    etcd_cancel(w->exchange);
    timer_clear(etcd_events(w->client), &w->retry);
    free(w->prefix);
    free(w);
}

bool etcd_watch_is_listed(const struct etcd_watch *w)
{
    return w->is_listed;
}
