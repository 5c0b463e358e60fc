#include "cli/json_print.h"

#include <string.h>

enum { INDENT = 4 };

void json_print_line(json_object *o, struct strbuf *out)
{
    strbuf_adds(out, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* ---- pretty ---- */

static void start_line(struct strbuf *out, int depth)
{
    strbuf_addf(out, "\n%*s", depth * INDENT, "");
}

static void print_at(json_object *o, int depth, struct strbuf *out);

static void print_array(json_object *array, int depth, struct strbuf *out)
{
    size_t n = json_object_array_length(array);

    for (size_t i = 0; i < n; i++) {
        strbuf_adds(out, i ? "," : "[");
        start_line(out, depth + 1);
        print_at(json_object_array_get_idx(array, i), depth + 1, out);
    }
    if (n)
        start_line(out, depth);
    strbuf_adds(out, n ? "]" : "[]");
}

static void print_key(const char *key, struct strbuf *out)
{
    _cleanup_json_ json_object *quoted = json_object_new_string(key);

    json_print_line(quoted, out);
    strbuf_adds(out, ": ");
}

static void print_object(json_object *o, int depth, struct strbuf *out)
{
    const char *separator = "{";

    json_object_object_foreach(o, key, value)
    {
        strbuf_adds(out, separator);
        start_line(out, depth + 1);
        print_key(key, out);
        print_at(value, depth + 1, out);
        separator = ",";
    }
    if (*separator == ',')
        start_line(out, depth);
    strbuf_adds(out, *separator == ',' ? "}" : "{}");
}

static void print_at(json_object *o, int depth, struct strbuf *out)
{
    if (json_object_is_type(o, json_type_array))
        print_array(o, depth, out);
    else if (json_object_is_type(o, json_type_object))
        print_object(o, depth, out);
    else
        json_print_line(o, out);
}

void json_print_pretty(json_object *o, struct strbuf *out)
{
    print_at(o, 0, out);
    strbuf_addc(out, '\n');
}

/* ---- plain ---- */

static void plain_array(json_object *array, struct strbuf *out)
{
    strbuf_addc(out, '[');
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        strbuf_adds(out, i ? " " : "");
        json_print_plain(json_object_array_get_idx(array, i), out);
    }
    strbuf_addc(out, ']');
}

/* The member whose key comes next after `last` (NULL: the first), or NULL. */
static const char *next_key(json_object *o, const char *last)
{
    const char *next = NULL;

    json_object_object_foreach(o, key, value)
    {
        (void)value;
        if ((!last || strcmp(key, last) > 0) && (!next || strcmp(key, next) < 0))
            next = key;
    }
    return next;
}

static void plain_object(json_object *o, struct strbuf *out)
{
    strbuf_adds(out, "map[");
    for (const char *key = next_key(o, NULL); key;) {
        strbuf_addf(out, "%s:", key);
        json_print_plain(json_get(o, key), out);
        key = next_key(o, key);
        strbuf_adds(out, key ? " " : "");
    }
    strbuf_addc(out, ']');
}

void json_print_plain(json_object *o, struct strbuf *out)
{
    switch (json_object_get_type(o)) {
    case json_type_null:
        strbuf_adds(out, "<nil>");
        break;
    case json_type_string:
        strbuf_add(out, json_object_get_string(o), (size_t)json_object_get_string_len(o));
        break;
    case json_type_array:
        plain_array(o, out);
        break;
    case json_type_object:
        plain_object(o, out);
        break;
    case json_type_boolean:
    case json_type_double:
    case json_type_int:
        json_print_line(o, out);
        break;
    }
}
