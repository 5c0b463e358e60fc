#include "engine/fields.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"

static int64_t number_of(const struct field *f, const void *p)
{
    switch (f->type) {
    case FIELD_BOOL:
        return *(const bool *)p;
    case FIELD_INT:
        return *(const int *)p;
    case FIELD_INT64:
        return *(const int64_t *)p;
    case FIELD_U16:
        return *(const uint16_t *)p;
    case FIELD_STR:
    case FIELD_STRV:
    case FIELD_MAP:
    case FIELD_SET:
    case FIELD_RATES:
        break;
    }
    return 0;
}

static bool is_unset(const struct field *f, const void *p)
{
    switch (f->type) {
    case FIELD_STR:
        return !*(char *const *)p || !**(char *const *)p;
    case FIELD_STRV:
    case FIELD_MAP:
    case FIELD_SET:
    case FIELD_RATES:
        return strv_len(*(char **const *)p) == 0;
    case FIELD_BOOL:
    case FIELD_INT:
    case FIELD_INT64:
    case FIELD_U16:
        break;
    }
    return number_of(f, p) == f->unset;
}

static void add_set(json_object *o, const char *key, char *const *v)
{
    json_object *set = json_add_object(o, key);
    STRV_FOREACH (item, v)
        json_add_object(set, *item);
}

static void add_rates(json_object *o, const char *key, char *const *v)
{
    json_object *array = json_add_array(o, key);
    STRV_FOREACH (item, v) {
        const char *colon = strrchr(*item, ':');
        json_object *rate = json_object_new_object();
        _cleanup_free_ char *path = strndup(*item, colon ? (size_t)(colon - *item) : strlen(*item));
        json_add_str(rate, "Path", path);
        json_add_uint(rate, "Rate", colon ? strtoull(colon + 1, NULL, 10) : 0);
        json_object_array_add(array, rate);
    }
}

static void add_field(const struct field *f, const void *p, json_object *o)
{
    switch (f->type) {
    case FIELD_STR:
        json_add_str(o, f->key, *(char *const *)p ? *(char *const *)p : "");
        break;
    case FIELD_STRV:
        json_add_strv(o, f->key, *(char **const *)p);
        break;
    case FIELD_MAP:
        json_add_map(o, f->key, *(char **const *)p);
        break;
    case FIELD_SET:
        add_set(o, f->key, *(char **const *)p);
        break;
    case FIELD_RATES:
        add_rates(o, f->key, *(char **const *)p);
        break;
    case FIELD_BOOL:
        json_add_bool(o, f->key, *(const bool *)p);
        break;
    case FIELD_INT:
    case FIELD_INT64:
    case FIELD_U16:
        json_add_int(o, f->key, number_of(f, p));
        break;
    }
}

void fields_to_json(const struct field *fields, size_t n, const void *from, json_object *o, bool compact)
{
    for (size_t i = 0; i < n; i++) {
        const struct field *f = &fields[i];
        const void *p = (const char *)from + f->offset;
        if (!is_unset(f, p) || (!compact && !f->null_when_unset))
            add_field(f, p, o);
        else if (!compact)
            json_object_object_add(o, f->key, NULL);
    }
}

static int read_str(json_object *o, const struct field *f, char **p, struct err *e)
{
    const char *s;
    int r = json_get_str(o, f->key, NULL, &s, e);
    if (r < 0)
        return r;
    char *copy = strdup(s);
    if (!copy)
        return err_set(e, ERR_SYS, ENOMEM, "%s", f->key);
    free(*p);
    *p = copy;
    return 0;
}

static int read_number(json_object *o, const struct field *f, void *p, struct err *e)
{
    int64_t n;
    int r = json_get_int64(o, f->key, 0, &n, e);
    if (r < 0)
        return r;
    if ((f->type == FIELD_INT && n != (int)n) || (f->type == FIELD_U16 && n != (uint16_t)n))
        return err_invalid(e, "%s: %lld is out of range", f->key, (long long)n);
    if (f->type == FIELD_INT)
        *(int *)p = (int)n;
    else if (f->type == FIELD_U16)
        *(uint16_t *)p = (uint16_t)n;
    else
        *(int64_t *)p = n;
    return 0;
}

static int read_set(json_object *set, const struct field *f, char ***p, struct err *e)
{
    if (!json_object_is_type(set, json_type_object))
        return err_invalid(e, "%s: not an object", f->key);
    json_object_object_foreach(set, key, value)
    {
        (void)value;
        int r = strv_add(p, key, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_rates(json_object *array, const struct field *f, char ***p, struct err *e)
{
    if (!json_object_is_type(array, json_type_array))
        return err_invalid(e, "%s: not an array", f->key);
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        json_object *rate = json_object_array_get_idx(array, i);
        const char *path;
        uint64_t value;
        int r = json_get_str(rate, "Path", "", &path, e);
        if (r == 0)
            r = json_get_uint64(rate, "Rate", 0, &value, e);
        if (r == 0)
            r = strv_addf(p, e, "%s:%llu", path, (unsigned long long)value);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_vector(json_object *o, const struct field *f, char ***p, struct err *e)
{
    _cleanup_strv_ char **v = NULL;
    int r = 0;
    if (f->type == FIELD_MAP)
        r = json_get_map(o, f->key, &v, e);
    else if (f->type == FIELD_SET)
        r = read_set(json_get(o, f->key), f, &v, e);
    else if (f->type == FIELD_RATES)
        r = read_rates(json_get(o, f->key), f, &v, e);
    else
        r = json_get_strv(o, f->key, &v, e);
    if (r < 0)
        return r;
    strv_free(*p);
    *p = TAKE_PTR(v);
    return 0;
}

static int read_field(json_object *o, const struct field *f, void *p, struct err *e)
{
    switch (f->type) {
    case FIELD_STR:
        return read_str(o, f, p, e);
    case FIELD_BOOL:
        return json_get_bool(o, f->key, false, p, e);
    case FIELD_INT:
    case FIELD_INT64:
    case FIELD_U16:
        return read_number(o, f, p, e);
    case FIELD_STRV:
    case FIELD_MAP:
    case FIELD_SET:
    case FIELD_RATES:
        break;
    }
    return read_vector(o, f, p, e);
}

int fields_from_json(const struct field *fields, size_t n, json_object *o, void *to, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        if (!json_get(o, fields[i].key))
            continue;
        int r = read_field(o, &fields[i], (char *)to + fields[i].offset, e);
        if (r < 0)
            return r;
    }
    return 0;
}
