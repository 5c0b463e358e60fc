#include "keeper/etcd_kv.h"

#include <inttypes.h>
#include <string.h>

#include "base/parse.h"
#include "keeper/etcd_base64.h"

/* ---- values */

static void add_base64(json_object *o, const char *member, const void *data, size_t len)
{
    _cleanup_free_ char *text = base64_encode(data, len);

    if (!text)
        abort();
    json_add_str(o, member, text);
}

static void add_text(json_object *o, const char *member, const char *text)
{
    add_base64(o, member, text, strlen(text));
}

/* etcd's range of all keys that begin with prefix: up to the prefix with its last byte one higher. */
static void add_prefix(json_object *o, const char *prefix)
{
    const size_t len = strlen(prefix);
    _cleanup_free_ char *end = strdup(prefix);

    if (!end)
        abort();
    end[len - 1]++;
    add_base64(o, "key", prefix, len);
    add_base64(o, "range_end", end, len);
}

static void add_int64(json_object *o, const char *member, int64_t v)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRId64, v);
    json_add_str(o, member, text);
}

int64_t etcd_int64(json_object *o, const char *key)
{
    const char *text = NULL;
    int64_t v = 0;

    if (json_get_str(o, key, NULL, &text, NULL) < 0 || !text || parse_int64(text, key, &v, NULL) < 0)
        return 0;
    return v;
}

/* ---- ranges */

void etcd_pair_release(struct etcd_pair *p)
{
    free(p->key);
    free(p->value);
    *p = (struct etcd_pair){0};
}

void etcd_list_release(struct etcd_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        etcd_pair_release(&l->pairs[i]);
    free(l->pairs);
    *l = ETCD_LIST_INIT;
}

int etcd_pair_parse(json_object *kv, struct etcd_pair *ret, struct err *e)
{
    const char *key, *value;
    struct etcd_pair pair = {.create_revision = etcd_int64(kv, "create_revision")};
    int r = json_get_str(kv, "key", "", &key, e);

    if (r == 0)
        r = json_get_str(kv, "value", "", &value, e);
    if (r == 0)
        r = base64_decode(key, &pair.key, NULL, e);
    if (r == 0)
        r = base64_decode(value, &pair.value, NULL, e);
    if (r < 0) {
        etcd_pair_release(&pair);
        return err_context(e, "etcd's answer");
    }
    *ret = pair;
    return 0;
}

json_object *etcd_range_body(const char *prefix)
{
    json_object *body = json_object_new_object();

    add_prefix(body, prefix);
    return body;
}

int etcd_range_parse(json_object *answer, struct etcd_list *ret, struct err *e)
{
    json_object *kvs = json_get(answer, "kvs");
    const size_t n = kvs && json_object_is_type(kvs, json_type_array) ? json_object_array_length(kvs) : 0;
    _cleanup_etcd_list_ struct etcd_list list = {.revision = etcd_int64(json_get(answer, "header"), "revision")};

    list.pairs = calloc(n + 1, sizeof(*list.pairs));
    if (!list.pairs)
        return err_set(e, ERR_SYS, ENOMEM, "etcd's answer");
    for (; list.n < n; list.n++) {
        int r = etcd_pair_parse(json_object_array_get_idx(kvs, list.n), &list.pairs[list.n], e);

        if (r < 0)
            return r;
    }
    *ret = list;
    list = ETCD_LIST_INIT;
    return 0;
}

int etcd_range(struct etcd *c, const char *prefix, struct etcd_list *ret, struct err *e)
{
    _cleanup_json_ json_object *body = etcd_range_body(prefix);
    _cleanup_json_ json_object *answer = NULL;
    int r = etcd_call(c, "/v3/kv/range", body, &answer, e);

    return r < 0 ? r : etcd_range_parse(answer, ret, e);
}

/* ---- transactions */

json_object *etcd_txn_new(void)
{
    json_object *txn = json_object_new_object();

    json_add_array(txn, "compare");
    json_add_array(txn, "success");
    return txn;
}

static json_object *add_element(json_object *txn, const char *array)
{
    json_object *o = json_object_new_object();

    if (!o || json_object_array_add(json_get(txn, array), o) < 0)
        abort();
    return o;
}

/* A key that is not there has revision 0. */
static void add_revision_test(json_object *txn, const char *key, const char *result)
{
    json_object *o = add_element(txn, "compare");

    add_text(o, "key", key);
    json_add_str(o, "target", "CREATE");
    json_add_str(o, "result", result);
    json_add_str(o, "create_revision", "0");
}

void etcd_txn_if_absent(json_object *txn, const char *key)
{
    add_revision_test(txn, key, "EQUAL");
}

void etcd_txn_if_present(json_object *txn, const char *key)
{
    add_revision_test(txn, key, "GREATER");
}

void etcd_txn_if_value(json_object *txn, const char *key, const char *value)
{
    json_object *o = add_element(txn, "compare");

    add_text(o, "key", key);
    json_add_str(o, "target", "VALUE");
    json_add_str(o, "result", "EQUAL");
    add_text(o, "value", value);
}

void etcd_txn_if_none_since(json_object *txn, const char *prefix, int64_t revision)
{
    json_object *o = add_element(txn, "compare");

    add_prefix(o, prefix);
    json_add_str(o, "target", "CREATE");
    json_add_str(o, "result", "LESS");
    add_int64(o, "create_revision", revision + 1);
}

void etcd_txn_if_none(json_object *txn, const char *prefix)
{
    etcd_txn_if_none_since(txn, prefix, 0);
}

void etcd_txn_put(json_object *txn, const char *key, const char *value, int64_t lease)
{
    json_object *put = json_add_object(add_element(txn, "success"), "request_put");

    add_text(put, "key", key);
    add_text(put, "value", value);
    if (lease != 0)
        add_int64(put, "lease", lease);
}

void etcd_txn_delete(json_object *txn, const char *key)
{
    add_text(json_add_object(add_element(txn, "success"), "request_delete_range"), "key", key);
}

void etcd_txn_delete_all(json_object *txn, const char *prefix)
{
    add_prefix(json_add_object(add_element(txn, "success"), "request_delete_range"), prefix);
}

bool etcd_txn_is_done(json_object *answer)
{
    bool done = false;

    return json_get_bool(answer, "succeeded", false, &done, NULL) == 0 && done;
}

int etcd_txn_commit(struct etcd *c, json_object *txn, bool *ret_done, struct err *e)
{
    _cleanup_json_ json_object *answer = NULL;
    int r = etcd_call(c, "/v3/kv/txn", txn, &answer, e);

    if (r < 0)
        return r;
    *ret_done = etcd_txn_is_done(answer);
    return 0;
}

/* ---- leases */

json_object *etcd_grant_body(unsigned seconds)
{
    json_object *body = json_object_new_object();

    add_int64(body, "TTL", seconds);
    return body;
}

json_object *etcd_lease_body(int64_t lease)
{
    json_object *body = json_object_new_object();

    add_int64(body, "ID", lease);
    return body;
}

/* Keepalive is a stream in etcd: the gateway puts its one answer into "result". */
int64_t etcd_lease_seconds(json_object *answer)
{
    return etcd_int64(json_get(answer, "result"), "TTL");
}
