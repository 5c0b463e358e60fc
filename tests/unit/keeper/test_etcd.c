/* Against a real etcd: requests, transactions, leases, endpoints that don't answer, and watches through all that may
 * happen to them. */
#include "keeper/etcd_server.h"

#include <fcntl.h>

#include "base/strbuf.h"
#include "keeper/clock.h"
#include "keeper/etcd_base64.h"
#include "keeper/etcd_watch.h"

static struct etcd_server server;
static struct events loop;

static char *one_endpoint[] = {(char *)ETCD_URL, NULL};
static const struct etcd_settings settings = {.endpoints = one_endpoint};

static int set_up(void **state)
{
    struct etcd *c = NULL;
    struct err e = ERR_INIT;

    (void)state;
    if (etcd_server_set_up(&server) < 0 || events_init(&loop, &e) < 0 || etcd_new(&loop, &settings, &c, &e) < 0)
        return -1;
    etcd_server_wait(c);
    etcd_free(c);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    events_release(&loop);
    return etcd_server_tear_down(&server);
}

static struct etcd *client(const struct etcd_settings *s)
{
    struct etcd *c = NULL;
    struct err e = ERR_INIT;

    if (etcd_new(&loop, s, &c, &e) < 0)
        fail_msg("%s", e.text);
    return c;
}

static bool commit(struct etcd *c, json_object *txn)
{
    struct err e = ERR_INIT;
    bool done = false;

    if (etcd_txn_commit(c, txn, &done, &e) < 0)
        fail_msg("%s", e.text);
    json_object_put(txn);
    return done;
}

static void put(struct etcd *c, const char *key, const char *value)
{
    json_object *txn = etcd_txn_new();

    etcd_txn_put(txn, key, value, 0);
    assert_true(commit(c, txn));
}

static void delete (struct etcd *c, const char *key)
{
    json_object *txn = etcd_txn_new();

    etcd_txn_delete(txn, key);
    assert_true(commit(c, txn));
}

static void list(struct etcd *c, const char *prefix, struct etcd_list *ret)
{
    struct err e = ERR_INIT;

    if (etcd_range(c, prefix, ret, &e) < 0)
        fail_msg("%s", e.text);
}

/* ---- values */

static void base64_round_trip(void **state)
{
    static const struct {
        const char *data, *text;
    } cases[] = {{"", ""},        {"f", "Zg=="},          {"fo", "Zm8="},
                 {"foo", "Zm9v"}, {"foobar", "Zm9vYmFy"}, {"\xff\xfe", "//4="}};
    static const char *const wrong[] = {"Zg", "Zg=", "Z===", "Zm9v!mFy", "Zg==Zg==", "===="};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_free_ char *text = base64_encode(cases[i].data, strlen(cases[i].data));
        _cleanup_free_ char *data = NULL;
        size_t len;

        assert_string_equal(text, cases[i].text);
        assert_int_equal(base64_decode(text, &data, &len, NULL), 0);
        assert_int_equal(len, strlen(cases[i].data));
        assert_string_equal(data, cases[i].data);
    }
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        char *data;

        assert_int_equal(base64_decode(wrong[i], &data, NULL, NULL), -EINVAL);
    }
}

/* ---- requests */

static void what_is_put_is_listed_by_prefix(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;

    (void)state;
    put(c, "/put/a", "one");
    put(c, "/put/b", "two \"quoted\" \xe2\x82\xac");
    put(c, "/puu", "not below it");
    list(c, "/put/", &l);
    assert_int_equal(l.n, 2);
    assert_string_equal(l.pairs[0].key, "/put/a");
    assert_string_equal(l.pairs[0].value, "one");
    assert_string_equal(l.pairs[1].value, "two \"quoted\" \xe2\x82\xac");
    assert_true(l.revision >= 3);
}

static void only_one_creates_a_key(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;

    (void)state;
    for (int i = 0; i < 2; i++) {
        json_object *txn = etcd_txn_new();

        etcd_txn_if_absent(txn, "/once/key");
        etcd_txn_put(txn, "/once/key", i == 0 ? "first" : "second", 0);
        assert_int_equal(commit(c, txn), i == 0);
    }
    list(c, "/once/", &l);
    assert_string_equal(l.pairs[0].value, "first");
}

static void a_range_guards_against_what_was_made_since(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;
    json_object *txn;

    (void)state;
    put(c, "/guard/old", "1");
    list(c, "/guard/", &l);

    txn = etcd_txn_new();
    etcd_txn_if_none_since(txn, "/guard/", l.revision);
    etcd_txn_put(txn, "/guard/new", "2", 0);
    assert_true(commit(c, txn));

    txn = etcd_txn_new();
    etcd_txn_if_none_since(txn, "/guard/", l.revision); /* the same revision: now there is something newer */
    etcd_txn_put(txn, "/guard/newer", "3", 0);
    assert_false(commit(c, txn));
}

static void a_range_that_is_empty(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);

    (void)state;
    for (int i = 0; i < 2; i++) {
        json_object *txn = etcd_txn_new();

        etcd_txn_if_none(txn, "/empty/");
        etcd_txn_put(txn, "/empty/key", "", 0);
        assert_int_equal(commit(c, txn), i == 0);
    }
}

static void a_value_that_is_still_the_same(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    json_object *txn = etcd_txn_new();

    (void)state;
    put(c, "/mine", "node1");
    etcd_txn_if_value(txn, "/mine", "node2");
    etcd_txn_delete(txn, "/mine");
    assert_false(commit(c, txn));
    txn = etcd_txn_new();
    etcd_txn_if_value(txn, "/mine", "node1");
    etcd_txn_delete(txn, "/mine");
    assert_true(commit(c, txn));
}

static void a_lease_takes_its_keys_with_it(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;
    _cleanup_json_ json_object *answer = NULL, *grant = etcd_grant_body(60), *body = NULL;
    json_object *txn = etcd_txn_new();
    struct err e = ERR_INIT;
    int64_t lease;

    (void)state;
    assert_int_equal(etcd_call(c, "/v3/lease/grant", grant, &answer, &e), 0);
    lease = etcd_int64(answer, "ID");
    json_object_put(answer);
    answer = NULL;
    etcd_txn_put(txn, "/leased/key", "v", lease);
    assert_true(commit(c, txn));
    body = etcd_lease_body(lease);
    assert_int_equal(etcd_call(c, "/v3/lease/keepalive", body, &answer, &e), 0);
    assert_int_equal(etcd_lease_seconds(answer), 60);
    assert_int_equal(etcd_call(c, "/v3/lease/revoke", body, NULL, &e), 0);
    list(c, "/leased/", &l);
    assert_int_equal(l.n, 0);
    json_object_put(answer);
    answer = NULL;
    assert_int_equal(etcd_call(c, "/v3/lease/keepalive", body, &answer, &e), 0);
    assert_int_equal(etcd_lease_seconds(answer), 0);
}

static void a_refusal_is_told_in_etcds_words(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_json_ json_object *body = json_object_new_object();
    struct err e = ERR_INIT;

    (void)state;
    assert_true(etcd_call(c, "/v3/kv/range", body, NULL, &e) < 0);
    assert_says(&e, ETCD_URL);
    assert_says(&e, "key is not provided");
}

static void the_next_endpoint_is_tried(void **state)
{
    char *endpoints[] = {(char *)"http://127.0.0.1:1", (char *)"http://127.0.0.1:2", (char *)ETCD_URL, NULL};
    const struct etcd_settings several = {.endpoints = endpoints};
    _cleanup_etcd_ struct etcd *c = client(&several);

    (void)state;
    put(c, "/next", "1");
}

static void no_endpoint_answers(void **state)
{
    char *endpoints[] = {(char *)"http://127.0.0.1:1", (char *)"http://127.0.0.1:2", NULL};
    const struct etcd_settings none = {.endpoints = endpoints};
    _cleanup_etcd_ struct etcd *c = client(&none);
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(etcd_range(c, "/", &l, &e), -ECONNREFUSED);
    assert_says(&e, "etcd at http://127.0.0.1:");
}

static void wrong_settings_are_refused(void **state)
{
    char *endpoints[] = {(char *)"10.0.0.1:2379", NULL};
    struct etcd_settings wrong = {.endpoints = endpoints};
    struct etcd *c;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(etcd_new(&loop, &wrong, &c, &e), -EINVAL);
    assert_says(&e, "https://");
    wrong.endpoints = NULL;
    assert_int_equal(etcd_new(&loop, &wrong, &c, &e), -EINVAL);
}

/* ---- watches: what is told becomes one line of text */

static void tell_begin(void *owner)
{
    strbuf_adds(owner, "begin ");
}

static void tell_put(void *owner, const char *key, const char *value)
{
    strbuf_addf(owner, "%s=%s ", strrchr(key, '/') + 1, value);
}

static void tell_gone(void *owner, const char *key)
{
    strbuf_addf(owner, "-%s ", strrchr(key, '/') + 1);
}

static void tell_end(void *owner)
{
    strbuf_adds(owner, "end ");
}

static const struct etcd_watch_handlers tell = {tell_begin, tell_put, tell_gone, tell_end};

/* Turns the loop until what was told is this, for at most ten seconds. */
static void assert_told(const struct strbuf *told, const char *text)
{
    const int64_t deadline = clock_ms() + 10000;

    while (strcmp(strbuf_str(told), text) != 0 && clock_ms() < deadline)
        assert_int_equal(events_turn(&loop, 50, NULL), 0);
    assert_string_equal(strbuf_str(told), text);
}

static struct etcd_watch *watch(struct etcd *c, const char *prefix, struct strbuf *told)
{
    struct etcd_watch *w = NULL;
    struct err e = ERR_INIT;

    if (etcd_watch_new(c, prefix, &tell, told, &w, &e) < 0)
        fail_msg("%s", e.text);
    return w;
}

static void a_watch_tells_what_is_there_and_what_changes(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_strbuf_ struct strbuf told = STRBUF_INIT(4096);
    _cleanup_etcd_watch_ struct etcd_watch *w = NULL;

    (void)state;
    put(c, "/watch/a", "1");
    w = watch(c, "/watch/", &told);
    assert_told(&told, "begin a=1 end ");
    assert_true(etcd_watch_is_listed(w));
    put(c, "/watch/b", "2");
    put(c, "/elsewhere", "3");
    delete (c, "/watch/a");
    put(c, "/watch/b", "4");
    assert_told(&told, "begin a=1 end b=2 -a b=4 ");
}

/* Both what changed while etcd was gone for the watcher, and what changes later, each once. */
static void a_watch_survives_a_restart(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_strbuf_ struct strbuf told = STRBUF_INIT(4096);
    _cleanup_etcd_watch_ struct etcd_watch *w = NULL;

    (void)state;
    put(c, "/restart/a", "1");
    w = watch(c, "/restart/", &told);
    assert_told(&told, "begin a=1 end ");
    put(c, "/restart/b", "2");
    assert_told(&told, "begin a=1 end b=2 ");
    etcd_server_stop(&server, SIGKILL);
    etcd_server_start(&server);
    etcd_server_wait(c);
    put(c, "/restart/c", "3");
    assert_told(&told, "begin a=1 end b=2 c=3 ");
}

static void compact(struct etcd *c, int64_t revision)
{
    _cleanup_json_ json_object *body = json_object_new_object();
    struct err e = ERR_INIT;

    json_object_object_add(body, "revision", json_object_new_int64(revision));
    if (etcd_call(c, "/v3/kv/compaction", body, NULL, &e) < 0)
        fail_msg("%s", e.text);
}

/* The watcher sleeps (its loop does not turn) while etcd restarts, things change and are compacted: it lists anew. */
static void a_watch_survives_compaction(void **state)
{
    struct events other_loop;
    struct etcd *sleeper = NULL;
    _cleanup_etcd_ struct etcd *c = client(&settings);
    _cleanup_strbuf_ struct strbuf told = STRBUF_INIT(4096);
    _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;
    struct etcd_watch *w = NULL;
    int64_t deadline;

    (void)state;
    assert_int_equal(events_init(&other_loop, NULL), 0);
    assert_int_equal(etcd_new(&other_loop, &settings, &sleeper, NULL), 0);
    put(c, "/compact/a", "1");
    assert_int_equal(etcd_watch_new(sleeper, "/compact/", &tell, &told, &w, NULL), 0);
    deadline = clock_ms() + 10000;
    while (!etcd_watch_is_listed(w) && clock_ms() < deadline)
        assert_int_equal(events_turn(&other_loop, 50, NULL), 0);
    assert_string_equal(strbuf_str(&told), "begin a=1 end ");

    etcd_server_stop(&server, SIGKILL);
    etcd_server_start(&server);
    etcd_server_wait(c);
    delete (c, "/compact/a");
    put(c, "/compact/b", "2");
    list(c, "/compact/", &l);
    compact(c, l.revision);

    deadline = clock_ms() + 10000;
    while (!strstr(strbuf_str(&told), "b=2 end ") && clock_ms() < deadline)
        assert_int_equal(events_turn(&other_loop, 50, NULL), 0);
    assert_string_equal(strbuf_str(&told), "begin a=1 end begin b=2 end ");
    etcd_watch_free(w);
    etcd_free(sleeper);
    events_release(&other_loop);
}

static void a_watch_may_be_ended_at_any_time(void **state)
{
    _cleanup_etcd_ struct etcd *c = client(&settings);

    (void)state;
    for (int turns = 0; turns < 8; turns++) {
        _cleanup_strbuf_ struct strbuf told = STRBUF_INIT(4096);
        struct etcd_watch *w = watch(c, "/ended/", &told);

        for (int i = 0; i < turns; i++)
            assert_int_equal(events_turn(&loop, 5, NULL), 0);
        etcd_watch_free(w);
    }
    put(c, "/ended/a", "1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_round_trip),
        cmocka_unit_test(what_is_put_is_listed_by_prefix),
        cmocka_unit_test(only_one_creates_a_key),
        cmocka_unit_test(a_range_guards_against_what_was_made_since),
        cmocka_unit_test(a_range_that_is_empty),
        cmocka_unit_test(a_value_that_is_still_the_same),
        cmocka_unit_test(a_lease_takes_its_keys_with_it),
        cmocka_unit_test(a_refusal_is_told_in_etcds_words),
        cmocka_unit_test(the_next_endpoint_is_tried),
        cmocka_unit_test(no_endpoint_answers),
        cmocka_unit_test(wrong_settings_are_refused),
        cmocka_unit_test(a_watch_tells_what_is_there_and_what_changes),
        cmocka_unit_test(a_watch_survives_a_restart),
        cmocka_unit_test(a_watch_survives_compaction),
        cmocka_unit_test(a_watch_may_be_ended_at_any_time),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
