#include "base/json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/strv.h"

/* ---- parsing ---- */

/* "config.json: line 3, column 14: unexpected character" */
static int parse_failed(const char *text, size_t at, const char *what, const char *why, struct err *e)
{
    size_t line = 1;
    size_t column = 1;

    for (size_t i = 0; i < at; i++) {
        if (text[i] == '\n') {
            line++;
            column = 1;
        } else {
            column++;
        }
    }
    return err_invalid(e, "%s: line %zu, column %zu: %s", what, line, column, why);
}

static void cleanup_tokener(json_tokener **t)
{
    if (*t)
        json_tokener_free(*t);
}

/* Feeds the text and then the NUL that ends it: without one, json-c cannot know that "12" is not the start of "123". */
static json_object *tokenize(json_tokener *tokener, const char *text, size_t len, size_t *ret_end)
{
    json_object *o = json_tokener_parse_ex(tokener, text, (int)len);

    *ret_end = json_tokener_get_parse_end(tokener);
    if (json_tokener_get_error(tokener) == json_tokener_continue)
        o = json_tokener_parse_ex(tokener, "", 1);
    return o;
}

int json_parse(const char *text, size_t len, const char *what, json_object **ret, struct err *e)
{
    _cleanup_(cleanup_tokener) json_tokener *tokener = NULL;
    const char *nul = memchr(text, '\0', len);
    enum json_tokener_error error;
    json_object *o;
    size_t end;

    if (len > JSON_BYTES_MAX)
        return err_set(e, ERR_INVALID, EFBIG, "%s: larger than %d bytes", what, JSON_BYTES_MAX);
    /* json-c takes a NUL for the end of the text and would not look at what follows. */
    if (nul)
        return parse_failed(text, (size_t)(nul - text), what, "NUL byte", e);
    tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
    if (!tokener)
        return err_set(e, ERR_SYS, ENOMEM, "parse %s", what);

    /* Strict: no comments, no strings in single quotes (json-c takes keys in them all the same), nothing behind the
     * value. UTF-8 is not insisted on, because environment variables and file names that pass through are bytes. */
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
    o = tokenize(tokener, text, len, &end);
    error = json_tokener_get_error(tokener);
    if (error != json_tokener_success)
        return parse_failed(text, end, what, json_tokener_error_desc(error), e);
    *ret = o;
    return 0;
}

int json_parse_file(int dir_fd, const char *path, json_object **ret, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(dir_fd, path, JSON_BYTES_MAX, &text, &len, e);

    return r < 0 ? r : json_parse(text, len, path, ret, e);
}

/* ---- reading ---- */

json_object *json_get(json_object *o, const char *key)
{
    json_object *member = NULL;

    if (!json_object_is_type(o, json_type_object))
        return NULL;
    json_object_object_get_ex(o, key, &member);
    return member;
}

json_object *json_path(json_object *o, ...)
{
    const char *key;
    va_list keys;

    va_start(keys, o);
    while (o && (key = va_arg(keys, const char *)))
        o = json_get(o, key);
    va_end(keys);
    return o;
}

static int wrong_type(const char *key, const char *wanted, json_object *found, struct err *e)
{
    return err_invalid(e, "\"%s\" must be %s, not %s", key, wanted, json_type_to_name(json_object_get_type(found)));
}

static int wrong_range(const char *key, json_object *found, struct err *e)
{
    return err_set(e, ERR_INVALID, ERANGE, "\"%s\": %s is out of range", key, json_object_get_string(found));
}

/* The string of a JSON string as C has them: "\u0000" would silently end it early, so it is refused. */
static int as_c_string(const char *key, json_object *o, const char **ret, struct err *e)
{
    const char *s;

    if (!json_object_is_type(o, json_type_string))
        return wrong_type(key, "a string", o, e);
    s = json_object_get_string(o);
    if (strlen(s) != (size_t)json_object_get_string_len(o))
        return err_invalid(e, "\"%s\" must not contain a NUL byte", key);
    *ret = s;
    return 0;
}

int json_get_str(json_object *o, const char *key, const char *dflt, const char **ret, struct err *e)
{
    json_object *member = json_get(o, key);

    if (member)
        return as_c_string(key, member, ret, e);
    *ret = dflt;
    return 0;
}

/* json-c keeps a number as int64_t or, where it is larger, as uint64_t, and each getter clamps to its own range:
 * that both agree is the proof that nothing was clamped. What is larger than both was clamped while parsing. */
int json_get_int64(json_object *o, const char *key, int64_t dflt, int64_t *ret, struct err *e)
{
    json_object *member = json_get(o, key);
    int64_t value;

    if (!member) {
        *ret = dflt;
        return 0;
    }
    if (!json_object_is_type(member, json_type_int))
        return wrong_type(key, "a whole number", member, e);
    value = json_object_get_int64(member);
    if (value >= 0 && json_object_get_uint64(member) != (uint64_t)value)
        return wrong_range(key, member, e);
    *ret = value;
    return 0;
}

int json_get_uint64(json_object *o, const char *key, uint64_t dflt, uint64_t *ret, struct err *e)
{
    json_object *member = json_get(o, key);

    if (!member) {
        *ret = dflt;
        return 0;
    }
    if (!json_object_is_type(member, json_type_int))
        return wrong_type(key, "a whole number", member, e);
    if (json_object_get_int64(member) < 0)
        return wrong_range(key, member, e);
    *ret = json_object_get_uint64(member);
    return 0;
}

int json_get_bool(json_object *o, const char *key, bool dflt, bool *ret, struct err *e)
{
    json_object *member = json_get(o, key);

    if (member && !json_object_is_type(member, json_type_boolean))
        return wrong_type(key, "true or false", member, e);
    *ret = member ? json_object_get_boolean(member) : dflt;
    return 0;
}

int json_get_strv(json_object *o, const char *key, char ***ret, struct err *e)
{
    json_object *array = json_get(o, key);
    _cleanup_strv_ char **v = NULL;
    size_t n;

    if (array && !json_object_is_type(array, json_type_array))
        return wrong_type(key, "an array of strings", array, e);
    n = array ? json_object_array_length(array) : 0;
    if (array)
        v = calloc(n + 1, sizeof(*v));
    if (array && !v)
        return err_set(e, ERR_SYS, ENOMEM, "read \"%s\"", key);

    for (size_t i = 0; i < n; i++) {
        const char *s;
        int r = as_c_string(key, json_object_array_get_idx(array, i), &s, e);

        if (r < 0)
            return r;
        v[i] = strdup(s);
        if (!v[i])
            return err_set(e, ERR_SYS, ENOMEM, "read \"%s\"", key);
    }
    *ret = TAKE_PTR(v);
    return 0;
}

int json_get_map(json_object *o, const char *key, char ***ret, struct err *e)
{
    json_object *map = json_get(o, key);
    _cleanup_strv_ char **v = NULL;

    if (map && !json_object_is_type(map, json_type_object))
        return wrong_type(key, "an object of strings", map, e);
    if (map) {
        json_object_object_foreach(map, name, value)
        {
            const char *s;
            int r = as_c_string(name, value, &s, e);

            if (r == 0)
                r = strv_addf(&v, e, "%s=%s", name, s);
            if (r < 0)
                return err_context(e, "%s", key);
        }
    }
    *ret = TAKE_PTR(v);
    return 0;
}

/* ---- building ---- */

static json_object *json_build_check(json_object *made)
{
    if (made)
        return made;
    fputs("out of memory while building JSON\n", stderr);
    abort();
}

static json_object *add(json_object *o, const char *key, json_object *value)
{
    if (json_object_object_add(o, key, json_build_check(value)) < 0)
        json_build_check(NULL);
    return value;
}

void json_add_str(json_object *o, const char *key, const char *value)
{
    if (value)
        add(o, key, json_object_new_string(value));
}

void json_add_int(json_object *o, const char *key, int64_t value)
{
    add(o, key, json_object_new_int64(value));
}

void json_add_uint(json_object *o, const char *key, uint64_t value)
{
    add(o, key, json_object_new_uint64(value));
}

void json_add_bool(json_object *o, const char *key, bool value)
{
    add(o, key, json_object_new_boolean(value));
}

void json_add_strv(json_object *o, const char *key, char *const *values)
{
    json_object *array = json_add_array(o, key);

    STRV_FOREACH (value, values) {
        if (json_object_array_add(array, json_build_check(json_object_new_string(*value))) < 0)
            json_build_check(NULL);
    }
}

void json_add_map(json_object *o, const char *key, char *const *pairs)
{
    json_object *map = json_add_object(o, key);

    STRV_FOREACH (pair, pairs) {
        const char *eq = strchrnul(*pair, '=');
        _cleanup_free_ char *name = strndup(*pair, (size_t)(eq - *pair));

        if (!name)
            json_build_check(NULL);
        json_add_str(map, name, *eq ? eq + 1 : "");
    }
}

json_object *json_add_object(json_object *o, const char *key)
{
    return add(o, key, json_object_new_object());
}

json_object *json_add_array(json_object *o, const char *key)
{
    return add(o, key, json_object_new_array());
}
