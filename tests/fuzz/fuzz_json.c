/* base/json.h: hostile text is parsed or refused, and no getter minds what type it meets. */
#include <stdint.h>

#include "base/json.h"
#include "base/strv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void run_getters(json_object *o, const char *key)
{
    _cleanup_strv_ char **v = NULL;
    struct err e = ERR_INIT;
    const char *s = NULL;
    int64_t i = 0;
    uint64_t u = 0;
    bool b = false;

    (void)json_get_str(o, key, NULL, &s, &e);
    (void)json_get_bool(o, key, false, &b, &e);
    (void)json_get_strv(o, key, &v, &e);
    if (json_get_int64(o, key, 0, &i, &e) == 0 && json_get_uint64(o, key, 0, &u, &e) == 0)
        require(i >= 0 && (uint64_t)i == u);
}

static void run_object(json_object *o)
{
    run_getters(o, "a");
    if (!json_object_is_type(o, json_type_object))
        return;
    json_object_object_foreach(o, key, member)
    {
        require(json_get(o, key) == member);
        run_getters(o, key);
        run_getters(member, key);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_json_ json_object *o = NULL;
    struct err e = ERR_INIT;
    int r = json_parse((const char *)data, size, "input", &o, &e);

    require(r < 0 ? err_is_set(&e) && !o : !err_is_set(&e));
    run_object(o);
    return 0;
}
