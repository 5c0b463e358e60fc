#include "keeper/etcd.h"

#include <string.h>

#include "base/log.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "keeper/clock.h"
#include "keeper/etcd_curl.h"

struct etcd {
    struct events *loop;
    const struct etcd_settings *settings;
    struct etcd_curl curl;
    struct curl_slist *headers;
    size_t endpoint; /* the one that answered last */
    char local_address[64];
    struct etcd_exchange *exchanges;
};

struct etcd_exchange {
    struct etcd *client;
    struct etcd_request request; /* without the body */
    CURL *easy;
    char *body;
    struct strbuf answer;
    size_t scanned;  /* of a stream: so much of the answer has been looked at */
    size_t endpoint; /* where it was sent */
    size_t n_tried;
    int64_t deadline;
    char reason[CURL_ERROR_SIZE];
    struct etcd_exchange *next;
};

/* ---- life of an exchange */

static void exchange_unlink(struct etcd_exchange *x)
{
    for (struct etcd_exchange **p = &x->client->exchanges; *p; p = &(*p)->next) {
        if (*p == x) {
            *p = x->next;
            return;
        }
    }
}

static void exchange_free(struct etcd_exchange *x)
{
    exchange_unlink(x);
    if (x->easy) {
        (void)curl_multi_remove_handle(x->client->curl.multi, x->easy);
        curl_easy_cleanup(x->easy);
    }
    strbuf_release(&x->answer);
    free(x->body);
    free(x);
}

void etcd_cancel(struct etcd_exchange *x)
{
    if (x)
        exchange_free(x);
}

/* CURLOPT_WRITEFUNCTION. What is too long fails the transfer. Lines are looked at later: no request may be started in
 * here. */
static size_t take_bytes(char *data, size_t size, size_t n, void *owner)
{
    struct etcd_exchange *x = owner;

    strbuf_add(&x->answer, data, size * n);
    return x->answer.error ? CURL_WRITEFUNC_ERROR : size * n;
}

static void set_tls(CURL *easy, const struct etcd_settings *s)
{
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (s->ca)
        curl_easy_setopt(easy, CURLOPT_CAINFO, s->ca);
    if (s->cert)
        curl_easy_setopt(easy, CURLOPT_SSLCERT, s->cert);
    if (s->key)
        curl_easy_setopt(easy, CURLOPT_SSLKEY, s->key);
}

static void set_limits(const struct etcd_exchange *x)
{
    curl_easy_setopt(x->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)ETCD_CONNECT_MS);
    if (!x->request.line) {
        curl_easy_setopt(x->easy, CURLOPT_TIMEOUT_MS, (long)ETCD_REQUEST_MS);
        return;
    }
    /* A stream is silent while nothing changes: the kernel finds out whether the other side is still there. */
    curl_easy_setopt(x->easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(x->easy, CURLOPT_TCP_KEEPIDLE, 5L);
    curl_easy_setopt(x->easy, CURLOPT_TCP_KEEPINTVL, 3L);
}

static void set_request(struct etcd_exchange *x, const char *url)
{
    curl_easy_setopt(x->easy, CURLOPT_URL, url);
    curl_easy_setopt(x->easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(x->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(x->easy, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(x->easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(x->easy, CURLOPT_HTTPHEADER, x->client->headers);
    curl_easy_setopt(x->easy, CURLOPT_POSTFIELDS, x->body);
    curl_easy_setopt(x->easy, CURLOPT_WRITEFUNCTION, take_bytes);
    curl_easy_setopt(x->easy, CURLOPT_WRITEDATA, x);
    curl_easy_setopt(x->easy, CURLOPT_ERRORBUFFER, x->reason);
    curl_easy_setopt(x->easy, CURLOPT_PRIVATE, x);
}

/* To the endpoint that is its turn. */
static int exchange_send(struct etcd_exchange *x, struct err *e)
{
    struct etcd *c = x->client;
    _cleanup_strbuf_ struct strbuf url = STRBUF_INIT(4096);

    strbuf_addf(&url, "%s%s", c->settings->endpoints[x->endpoint], x->request.path);
    if (strbuf_check(&url, "etcd's URL", e) < 0)
        return err_to_errno(e);
    x->easy = curl_easy_init();
    if (!x->easy)
        return err_set(e, ERR_SYS, ENOMEM, "etcd");
    strbuf_reset(&x->answer);
    x->scanned = 0;
    x->reason[0] = '\0';
    x->n_tried++;
    set_request(x, strbuf_str(&url));
    set_limits(x);
    set_tls(x->easy, c->settings);
    if (curl_multi_add_handle(c->curl.multi, x->easy) != CURLM_OK)
        return err_set(e, ERR_INTERNAL, 0, "etcd: libcurl refuses a request");
    return 0;
}

int etcd_start(struct etcd *c, const struct etcd_request *r, struct etcd_exchange **ret, struct err *e)
{
    struct etcd_exchange *x = calloc(1, sizeof(*x));
    int sent;

    if (!x)
        return err_set(e, ERR_SYS, ENOMEM, "etcd");
    *x = (struct etcd_exchange){.client = c,
                                .request = *r,
                                .answer = STRBUF_INIT(ETCD_ANSWER_MAX),
                                .endpoint = c->endpoint,
                                .deadline = clock_ms() + ETCD_CALL_MS,
                                .next = c->exchanges};
    c->exchanges = x;
    x->request.body = NULL;
    x->body = strdup(json_object_to_json_string_ext(r->body, JSON_C_TO_STRING_PLAIN));
    sent = x->body ? exchange_send(x, e) : err_set(e, ERR_SYS, ENOMEM, "etcd");
    if (sent < 0) {
        exchange_free(x);
        return sent;
    }
    if (ret)
        *ret = x;
    return 0;
}

/* ---- answers */

/* The gateway's own words for a refusal: {"error": …, "message": …, "code": …}. */
static int refusal(const struct etcd_exchange *x, long status, json_object *answer, struct err *e)
{
    const char *text = NULL;

    if (answer)
        (void)json_get_str(answer, "error", NULL, &text, NULL);
    return err_set(e, ERR_SYS, EREMOTEIO, "etcd at %s answers %ld: %s", x->client->settings->endpoints[x->endpoint],
                   status, text ? text : "no reason given");
}

static int unreachable(const struct etcd_exchange *x, CURLcode code, struct err *e)
{
    return err_set(e, ERR_SYS, code == CURLE_OPERATION_TIMEDOUT ? ETIMEDOUT : ECONNREFUSED, "etcd at %s: %s",
                   x->client->settings->endpoints[x->endpoint], x->reason[0] ? x->reason : curl_easy_strerror(code));
}

/* Whether another endpoint may do better: this one was not reached, or cannot serve (no leader, shutting down). */
static bool is_worth_retrying(CURLcode code, long status)
{
    return code != CURLE_OK || status >= 500;
}

static bool try_next_endpoint(struct etcd_exchange *x)
{
    struct etcd *c = x->client;
    const size_t n = strv_len(c->settings->endpoints);

    x->endpoint = (x->endpoint + 1) % n;
    c->endpoint = x->endpoint;
    /* A broken stream goes back to its owner, who knows where to resume. */
    if (x->request.line || x->n_tried >= n || clock_ms() >= x->deadline)
        return false;
    (void)curl_multi_remove_handle(c->curl.multi, x->easy);
    curl_easy_cleanup(x->easy);
    x->easy = NULL;
    return exchange_send(x, NULL) == 0;
}

static void note_address(struct etcd *c, CURL *easy)
{
    char *address = NULL;

    if (curl_easy_getinfo(easy, CURLINFO_LOCAL_IP, &address) == CURLE_OK && address && address[0])
        snprintf(c->local_address, sizeof(c->local_address), "%s", address);
}

static void exchange_finish(struct etcd_exchange *x, CURLcode code)
{
    const struct etcd_request request = x->request;
    _cleanup_json_ json_object *answer = NULL;
    struct err failure = ERR_INIT;
    long status = 0;
    int r = 0;

    (void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK && !request.line)
        r = json_parse(strbuf_str(&x->answer), x->answer.len, "etcd's answer", &answer, &failure);
    if (code != CURLE_OK)
        r = unreachable(x, code, &failure);
    else if (status != 200)
        r = refusal(x, status, answer, &failure);
    else if (request.line)
        r = err_set(&failure, ERR_SYS, EPIPE, "etcd at %s ended the watch",
                    x->client->settings->endpoints[x->endpoint]);
    if (is_worth_retrying(code, status) && try_next_endpoint(x))
        return;
    note_address(x->client, x->easy);
    exchange_free(x);
    request.done(request.owner, r < 0 ? NULL : answer, r < 0 ? &failure : NULL);
}

/* One line of a stream: {"result": {…}} or {"error": {…}}. False ends it. */
static bool line_arrived(const struct etcd_exchange *x, const char *line, size_t len)
{
    _cleanup_json_ json_object *o = NULL;
    struct err e = ERR_INIT;

    if (len == 0)
        return true;
    if (json_parse(line, len, "etcd's watch", &o, &e) < 0) {
        log_warning("%s", e.text);
        return true;
    }
    return x->request.line(x->request.owner, json_get(o, "result"));
}

/* Hands the whole lines that have come to the owner. False when the owner wants no more. */
static bool drain_lines(struct etcd_exchange *x)
{
    char *at = x->answer.buf;
    char *newline;
    size_t left = x->answer.len;

    while ((newline = memchr(at, '\n', left))) {
        if (!line_arrived(x, at, (size_t)(newline - at)))
            return false;
        left -= (size_t)(newline + 1 - at);
        at = newline + 1;
    }
    memmove(x->answer.buf, at, left);
    x->answer.len = x->scanned = left;
    return true;
}

static bool has_line(struct etcd_exchange *x)
{
    const size_t from = x->scanned;

    x->scanned = x->answer.len;
    return x->request.line && from < x->answer.len && memchr(x->answer.buf + from, '\n', x->answer.len - from);
}

/* From the start after each one: an owner may have ended other requests, or started some. */
static void drain_streams(struct etcd *c)
{
    struct etcd_exchange *x = c->exchanges;

    while (x) {
        if (!has_line(x)) {
            x = x->next;
            continue;
        }
        if (!drain_lines(x))
            exchange_free(x);
        x = c->exchanges;
    }
}

/* What has come since: lines of streams, then requests that have ended. Handlers may start new ones. */
static void reap(void *owner)
{
    struct etcd *c = owner;
    CURLMsg *m;
    int left;

    drain_streams(c);
    while ((m = curl_multi_info_read(c->curl.multi, &left))) {
        struct etcd_exchange *x = NULL;

        if (m->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x);
        exchange_finish(x, m->data.result);
    }
}

/* ---- waiting for one */

struct waiting {
    bool is_done;
    json_object *answer;
    struct err failure;
};

static void wait_over(void *owner, json_object *answer, const struct err *failure)
{
    struct waiting *w = owner;

    w->is_done = true;
    w->answer = json_object_get(answer);
    if (failure)
        w->failure = *failure;
}

/* Turns the loop until the answer is there. */
static int wait_for(struct etcd *c, const struct waiting *w, int64_t deadline, struct err *e)
{
    int r = 0;

    while (r == 0 && !w->is_done) {
        const int64_t left = deadline - clock_ms();

        if (left <= 0)
            return err_set(e, ERR_SYS, ETIMEDOUT, "etcd");
        r = events_turn(c->loop, (int)left, e);
    }
    return r;
}

int etcd_call_for(struct etcd *c, int64_t ms, const char *path, json_object *body, json_object **ret, struct err *e)
{
    struct waiting w = {.failure = ERR_INIT};
    const struct etcd_request request = {.path = path, .body = body, .done = wait_over, .owner = &w};
    _cleanup_json_ json_object *answer = NULL;
    struct etcd_exchange *x;
    int r = etcd_start(c, &request, &x, e);

    if (r < 0)
        return r;
    r = wait_for(c, &w, clock_ms() + ms, e);
    if (r < 0) {
        etcd_cancel(x);
        return r;
    }
    answer = w.answer;
    if (err_is_set(&w.failure)) {
        if (e)
            *e = w.failure;
        return err_to_errno(&w.failure);
    }
    if (ret)
        *ret = TAKE_PTR(answer);
    return 0;
}

int etcd_call(struct etcd *c, const char *path, json_object *body, json_object **ret, struct err *e)
{
    return etcd_call_for(c, ETCD_CALL_MS, path, body, ret, e);
}

/* ---- the client */

static int check_endpoints(const struct etcd_settings *s, struct err *e)
{
    if (strv_len(s->endpoints) == 0)
        return err_invalid(e, "no etcd is configured");
    STRV_FOREACH (url, s->endpoints) {
        if (strncmp(*url, "https://", 8) != 0 && strncmp(*url, "http://", 7) != 0)
            return err_invalid(e, "etcd's endpoint %s is no URL: write https://HOST:2379", *url);
    }
    return 0;
}

int etcd_new(struct events *loop, const struct etcd_settings *settings, struct etcd **ret, struct err *e)
{
    _cleanup_etcd_ struct etcd *c = NULL;
    int r = check_endpoints(settings, e);

    if (r < 0)
        return r;
    c = calloc(1, sizeof(*c));
    if (!c)
        return err_set(e, ERR_SYS, ENOMEM, "etcd");
    *c = (struct etcd){.loop = loop, .settings = settings};
    /* Without "Expect: 100-continue", which would cost a round trip. */
    c->headers = curl_slist_append(curl_slist_append(NULL, "Content-Type: application/json"), "Expect:");
    if (!c->headers)
        return err_set(e, ERR_SYS, ENOMEM, "etcd");
    r = etcd_curl_init(&c->curl, loop, reap, c, e);
    if (r == 0)
        *ret = TAKE_PTR(c);
    return r;
}

void etcd_free(struct etcd *c)
{
    while (c->exchanges)
        exchange_free(c->exchanges);
    etcd_curl_release(&c->curl);
    curl_slist_free_all(c->headers);
    free(c);
}

const char *etcd_local_address(const struct etcd *c)
{
    return c->local_address;
}

struct events *etcd_events(struct etcd *c)
{
    return c->loop;
}
