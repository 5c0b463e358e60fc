#include "runtime/spec_json.h"

#include <stdlib.h>
#include <string.h>

static int read_string(json_object *o, const struct spec_field *f, void *at, struct err *e)
{
    char **ret = at;
    const char *s;
    int r = json_get_str(o, f->key, NULL, &s, e);

    if (r < 0 || !s || *s == '\0')
        return r;
    if (f->type == FIELD_PATH && s[0] != '/')
        return err_invalid(e, "\"%s\": %s is not an absolute path", f->key, s);
    free(*ret);
    *ret = strdup(s);
    return *ret ? 0 : err_set(e, ERR_SYS, ENOMEM, "read \"%s\"", f->key);
}

/* Writes through the type that the target has. */
static void store_number(enum spec_field_type type, void *at, int64_t v)
{
    if (type == FIELD_INT)
        *(int *)at = (int)v;
    else if (type == FIELD_UINT16)
        *(uint16_t *)at = (uint16_t)v;
    else if (type == FIELD_UINT32)
        *(uint32_t *)at = (uint32_t)v;
    else
        *(int64_t *)at = v;
}

static int read_number(json_object *o, const struct spec_field *f, void *at, struct err *e)
{
    int64_t v;
    int r;

    r = json_get_int64(o, f->key, 0, &v, e);
    if (r < 0)
        return r;
    if (v < f->min || v > f->max)
        return err_invalid(e, "\"%s\": %lld is not between %lld and %lld", f->key, (long long)v, (long long)f->min,
                           (long long)f->max);
    store_number(f->type, at, v);
    return 0;
}

static int read_uint64(json_object *o, const struct spec_field *f, void *at, struct err *e)
{
    uint64_t v;
    int r = json_get_uint64(o, f->key, 0, &v, e);

    if (r < 0)
        return r;
    if (v < (uint64_t)f->min || (f->max != 0 && v > (uint64_t)f->max))
        return err_invalid(e, "\"%s\": %llu is not between %lld and %lld", f->key, (unsigned long long)v,
                           (long long)f->min, (long long)f->max);
    *(uint64_t *)at = v;
    return 0;
}

static int read_field(json_object *o, const struct spec_field *f, void *target, struct err *e)
{
    void *at = (char *)target + f->offset;

    switch (f->type) {
    case FIELD_STRING:
    case FIELD_PATH:
        return read_string(o, f, at, e);
    case FIELD_STRV:
        return json_get_strv(o, f->key, at, e);
    case FIELD_BOOL:
        return json_get_bool(o, f->key, false, at, e);
    case FIELD_UINT64:
        return read_uint64(o, f, at, e);
    case FIELD_INT:
    case FIELD_INT64:
    case FIELD_UINT16:
    case FIELD_UINT32:
        return read_number(o, f, at, e);
    }
    return err_set(e, ERR_INTERNAL, 0, "\"%s\" is of no known type", f->key);
}

int spec_read_fields(json_object *o, const struct spec_field *fields, size_t n, void *target, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        const struct spec_field *f = &fields[i];
        int r;

        if (!json_get(o, f->key))
            continue;
        r = read_field(o, f, target, e);
        if (r < 0)
            return r;
        if (f->has)
            *((bool *)target + f->has - 1) = true;
    }
    return 0;
}

int spec_read_array(json_object *o, const char *key, size_t size, spec_read_one read_one, void *ret, size_t *ret_n,
                    struct err *e)
{
    json_object *array = json_get(o, key);
    size_t n;
    char *v;

    if (!array)
        return 0;
    if (!json_object_is_type(array, json_type_array))
        return err_invalid(e, "\"%s\" must be an array", key);
    n = json_object_array_length(array);
    if (n == 0)
        return 0;
    v = calloc(n, size);
    if (!v)
        return err_set(e, ERR_SYS, ENOMEM, "read \"%s\"", key);
    *(void **)ret = v;

    for (size_t i = 0; i < n; i++) {
        json_object *element = json_object_array_get_idx(array, i);
        int r;

        *ret_n = i + 1;
        if (!json_object_is_type(element, json_type_object))
            return err_invalid(e, "%s[%zu] must be an object", key, i);
        r = read_one(element, v + i * size, e);
        if (r < 0)
            return err_context(e, "%s[%zu]", key, i);
    }
    return 0;
}

static bool is_empty(json_object *v)
{
    switch (json_object_get_type(v)) {
    case json_type_null:
        return true;
    case json_type_object:
        return json_object_object_length(v) == 0;
    case json_type_array:
        return json_object_array_length(v) == 0;
    case json_type_string:
        return json_object_get_string_len(v) == 0;
    case json_type_boolean:
    case json_type_double:
    case json_type_int:
        return !json_object_get_boolean(v);
    }
    return false;
}

int spec_refuse(json_object *o, const char *key, struct err *e)
{
    json_object *v = json_get(o, key);

    if (!v || is_empty(v))
        return 0;
    return err_set(e, ERR_UNSUPPORTED, 0, "\"%s\" is not supported by this runtime", key);
}
