#include "cli/template_functions.h"

#include <ctype.h>
#include <string.h>

#include "base/strbuf.h"
#include "cli/json_print.h"

enum { TEXT_MAX = 16 * 1024 * 1024 };

static bool is_string(json_object *o)
{
    return json_object_is_type(o, json_type_string);
}

static const char *type_of(json_object *o)
{
    static const char *const names[] = {
        [json_type_null] = "null",     [json_type_boolean] = "a boolean", [json_type_double] = "a number",
        [json_type_int] = "a number",  [json_type_object] = "an object",  [json_type_array] = "a list",
        [json_type_string] = "a text",
    };

    return names[json_object_get_type(o)];
}

static json_object *new_string(const struct strbuf *sb)
{
    return json_object_new_string_len(strbuf_str(sb), (int)sb->len);
}

static const char *string_of(json_object *o, struct err *e)
{
    if (is_string(o))
        return json_object_get_string(o);
    err_invalid(e, "a text is needed, not %s", type_of(o));
    return NULL;
}

bool template_is_true(json_object *o)
{
    switch (json_object_get_type(o)) {
    case json_type_null:
        return false;
    case json_type_string:
        return json_object_get_string_len(o) > 0;
    case json_type_array:
        return json_object_array_length(o) > 0;
    case json_type_object:
        return json_object_object_length(o) > 0;
    case json_type_boolean:
    case json_type_double:
    case json_type_int:
        break;
    }
    return json_object_get_double(o) != 0; /* a boolean is 0 or 1 */
}

/* ---- text ---- */

static int call_json(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(TEXT_MAX);

    (void)n;
    json_print_line(args[0], &sb);
    *ret = new_string(&sb);
    return strbuf_check(&sb, "text", e);
}

static int map_letters(json_object *value, int (*map)(int), json_object **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(TEXT_MAX);
    const char *text = string_of(value, e);

    if (!text)
        return -EINVAL;
    for (; *text; text++)
        strbuf_addc(&sb, (char)map((unsigned char)*text));
    *ret = new_string(&sb);
    return strbuf_check(&sb, "text", e);
}

static int call_upper(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    (void)n;
    return map_letters(args[0], toupper, ret, e);
}

static int call_lower(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    (void)n;
    return map_letters(args[0], tolower, ret, e);
}

static int call_join(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(TEXT_MAX);
    const char *separator = string_of(args[1], e);

    (void)n;
    if (!separator)
        return -EINVAL;
    if (args[0] && !json_object_is_type(args[0], json_type_array))
        return err_invalid(e, "a list is needed, not %s", type_of(args[0]));
    for (size_t i = 0; args[0] && i < json_object_array_length(args[0]); i++) {
        strbuf_adds(&sb, i ? separator : "");
        json_print_plain(json_object_array_get_idx(args[0], i), &sb);
    }
    *ret = new_string(&sb);
    return strbuf_check(&sb, "text", e);
}

static int call_split(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    const char *text = string_of(args[0], e);
    const char *separator = text ? string_of(args[1], e) : NULL;

    (void)n;
    if (!separator)
        return -EINVAL;
    if (!*separator)
        return err_invalid(e, "the separator is empty");
    *ret = json_object_new_array();
    for (const char *end; (end = strstr(text, separator)); text = end + strlen(separator))
        json_object_array_add(*ret, json_object_new_string_len(text, (int)(end - text)));
    json_object_array_add(*ret, json_object_new_string(text));
    return 0;
}

static int call_truncate(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    const char *text = string_of(args[0], e);
    int64_t len = json_object_get_int64(args[1]);

    (void)n;
    if (!text)
        return -EINVAL;
    if (len < 0 || len > (int64_t)strlen(text))
        len = (int64_t)strlen(text);
    *ret = json_object_new_string_len(text, (int)len);
    return 0;
}

/* As Go's Print: a space between two values that are both no text. */
static int call_print(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(TEXT_MAX);

    for (size_t i = 0; i < n; i++) {
        if (i && !is_string(args[i]) && !is_string(args[i - 1]))
            strbuf_addc(&sb, ' ');
        json_print_plain(args[i], &sb);
    }
    *ret = new_string(&sb);
    return strbuf_check(&sb, "text", e);
}

static int call_println(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(TEXT_MAX);

    for (size_t i = 0; i < n; i++) {
        strbuf_adds(&sb, i ? " " : "");
        json_print_plain(args[i], &sb);
    }
    strbuf_addc(&sb, '\n');
    *ret = new_string(&sb);
    return strbuf_check(&sb, "text", e);
}

static int print_verb(char verb, json_object *value, struct strbuf *sb, struct err *e)
{
    if (verb == 'q')
        json_print_line(value, sb);
    else if (strchr("sdv", verb) && verb)
        json_print_plain(value, sb);
    else
        return err_invalid(e, "%%%c is not known: known are %%s %%d %%v %%q %%%%", verb ? verb : ' ');
    return 0;
}

static int call_printf(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(TEXT_MAX);
    const char *format = string_of(args[0], e);
    size_t used = 1;
    int r = 0;

    for (const char *c = format; r == 0 && c && *c; c++) {
        if (*c != '%' || c[1] == '%')
            strbuf_addc(&sb, *c == '%' ? *c++ : *c);
        else if (used == n)
            return err_invalid(e, "more verbs than values");
        else
            r = print_verb(*++c, args[used++], &sb, e);
    }
    if (r < 0 || !format)
        return r < 0 ? r : -EINVAL;
    if (used < n)
        return err_invalid(e, "more values than verbs");
    *ret = new_string(&sb);
    return strbuf_check(&sb, "text", e);
}

/* ---- containers of values ---- */

static int call_len(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    json_object *o = args[0];

    (void)n;
    if (is_string(o))
        *ret = json_object_new_int64(json_object_get_string_len(o));
    else if (json_object_is_type(o, json_type_array))
        *ret = json_object_new_uint64(json_object_array_length(o));
    else if (!o || json_object_is_type(o, json_type_object))
        *ret = json_object_new_int64(o ? json_object_object_length(o) : 0);
    else
        return err_invalid(e, "%s has no length", type_of(o));
    return 0;
}

static int index_array(json_object *array, json_object *key, json_object **ret, struct err *e)
{
    int64_t i = json_object_get_int64(key), n = (int64_t)json_object_array_length(array);

    if (!json_object_is_type(key, json_type_int))
        return err_invalid(e, "a list is indexed by a number, not by %s", type_of(key));
    if (i < 0 || i >= n)
        return err_invalid(e, "index %lld is out of range: the list has %lld", (long long)i, (long long)n);
    *ret = json_object_array_get_idx(array, (size_t)i);
    return 0;
}

/* What a map does not have is "", as for Go's maps of strings. */
static int index_object(json_object *o, json_object *key, json_object **ret, struct err *e)
{
    const char *name = string_of(key, e);

    if (!name)
        return -EINVAL;
    if (o && json_object_object_get_ex(o, name, ret))
        return 0;
    *ret = json_object_new_string("");
    return 1; /* owned already */
}

static int call_index(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    _cleanup_json_ json_object *o = json_object_get(args[0]);

    for (size_t i = 1; i < n; i++) {
        json_object *item = NULL;
        int r;

        if (json_object_is_type(o, json_type_array))
            r = index_array(o, args[i], &item, e);
        else if (!o || json_object_is_type(o, json_type_object))
            r = index_object(o, args[i], &item, e);
        else
            return err_invalid(e, "%s has no items", type_of(o));
        if (r < 0)
            return r;
        if (r == 0)
            json_object_get(item);
        json_object_put(o);
        o = item;
    }
    *ret = TAKE_PTR(o);
    return 0;
}

/* ---- logic ---- */

static int compare(json_object *a, json_object *b, int *ret, struct err *e)
{
    double x = json_object_get_double(a), y = json_object_get_double(b);

    if (is_string(a) != is_string(b))
        return err_invalid(e, "%s can't be compared with %s", type_of(a), type_of(b));
    if (is_string(a))
        *ret = strcmp(json_object_get_string(a), json_object_get_string(b));
    else
        *ret = (x > y) - (x < y);
    return 0;
}

/* True when a is equal to any of the others. */
static int call_eq(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    bool is_equal = false;

    (void)e;
    for (size_t i = 1; i < n; i++)
        is_equal |= json_object_equal(args[0], args[i]) != 0;
    *ret = json_object_new_boolean(is_equal);
    return 0;
}

static int call_ne(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    (void)n;
    (void)e;
    *ret = json_object_new_boolean(!json_object_equal(args[0], args[1]));
    return 0;
}

#define DEFINE_COMPARISON(name, op)                                                                                    \
    static int call_##name(json_object *const *args, size_t n, json_object **ret, struct err *e)                       \
    {                                                                                                                  \
        int order = 0, r = compare(args[0], args[1], &order, e);                                                       \
                                                                                                                       \
        (void)n;                                                                                                       \
        if (r == 0)                                                                                                    \
            *ret = json_object_new_boolean(order op 0);                                                                \
        return r;                                                                                                      \
    }
DEFINE_COMPARISON(lt, <)
DEFINE_COMPARISON(le, <=)
DEFINE_COMPARISON(gt, >)
DEFINE_COMPARISON(ge, >=)

static int call_not(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    (void)n;
    (void)e;
    *ret = json_object_new_boolean(!template_is_true(args[0]));
    return 0;
}

/* The first that decides, or the last. */
static json_object *first_with(json_object *const *args, size_t n, bool truth)
{
    for (size_t i = 0; i + 1 < n; i++)
        if (template_is_true(args[i]) == truth)
            return args[i];
    return args[n - 1];
}

static int call_and(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    (void)e;
    *ret = json_object_get(first_with(args, n, false));
    return 0;
}

static int call_or(json_object *const *args, size_t n, json_object **ret, struct err *e)
{
    (void)e;
    *ret = json_object_get(first_with(args, n, true));
    return 0;
}

static const struct template_function functions[] = {
    {"and", 1, 16, call_and, false},
    {"eq", 2, 16, call_eq, false},
    {"ge", 2, 2, call_ge, false},
    {"gt", 2, 2, call_gt, false},
    {"index", 1, 16, call_index, true},
    {"join", 2, 2, call_join, true},
    {"json", 1, 1, call_json, true},
    {"le", 2, 2, call_le, false},
    {"len", 1, 1, call_len, true},
    {"lower", 1, 1, call_lower, true},
    {"lt", 2, 2, call_lt, false},
    {"ne", 2, 2, call_ne, false},
    {"not", 1, 1, call_not, false},
    {"or", 1, 16, call_or, false},
    {"print", 0, 16, call_print, false},
    {"printf", 1, 16, call_printf, false},
    {"println", 0, 16, call_println, false},
    {"split", 2, 2, call_split, true},
    {"truncate", 2, 2, call_truncate, true},
    {"upper", 1, 1, call_upper, true},
};

const struct template_function *template_function_find(const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        if (strncmp(functions[i].name, name, len) == 0 && functions[i].name[len] == '\0')
            return &functions[i];
    return NULL;
}

void template_function_names(struct strbuf *out)
{
    for (size_t i = 0; i < ARRAY_SIZE(functions); i++)
        strbuf_addf(out, "%s%s", i ? ", " : "", functions[i].name);
}
