#include "cli/listing.h"

#include <string.h>

#include "cli/json_print.h"
#include "cli/output.h"
#include "cli/template.h"

/* A line of text for one object. */
static int add_line(const struct text_template *t, json_object *o, struct strbuf *out, struct err *e)
{
    int r = t ? template_execute(t, o, out, e) : (json_print_line(o, out), 0);

    strbuf_addc(out, '\n');
    return r;
}

static int add_header(const struct listing *l, const struct text_template *t, struct strbuf *out, struct err *e)
{
    _cleanup_json_ json_object *titles = json_object_new_object();
    int r;

    for (const struct listing_title *title = l->titles; title->key; title++)
        json_add_str(titles, title->key, title->title);
    r = template_execute_header(t, titles, out, e);
    strbuf_addc(out, '\n');
    return r;
}

/* A template, or none for "json". */
static int parse_format(const char *format, struct text_template **ret, struct err *e)
{
    *ret = NULL;
    return strcmp(format, "json") == 0 ? 0 : template_parse(format, ret, e);
}

/* "table X" -> X, "table" -> the list's own; NULL when no table is wanted. */
static const char *table_format(const struct listing *l, const char *format)
{
    size_t len = strlen("table");

    if (!format || !*format || strcmp(format, "table") == 0)
        return l->table;
    if (strncmp(format, "table", len) != 0 || !strchr(" \t", format[len]))
        return NULL;
    return format + len + strspn(format + len, " \t");
}

int listing_print(const struct listing *l, json_object *rows, const char *format, struct err *e)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(OUTPUT_MAX);
    _cleanup_template_ struct text_template *t = NULL;
    const char *table = table_format(l, format);
    int r = parse_format(table ? table : format, &t, e);

    if (r == 0 && table && t)
        r = add_header(l, t, &lines, e);
    for (size_t i = 0; r == 0 && i < json_object_array_length(rows); i++)
        r = add_line(t, json_object_array_get_idx(rows, i), &lines, e);
    if (r < 0)
        return r;
    return table ? output_table(&lines, e) : output_write(&lines, e);
}

int listing_print_one(json_object *o, const char *format, struct err *e)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(OUTPUT_MAX);
    _cleanup_template_ struct text_template *t = NULL;
    int r = parse_format(format, &t, e);

    if (r == 0)
        r = add_line(t, o, &out, e);
    return r < 0 ? r : output_write(&out, e);
}

int listing_print_objects(json_object *objects, const char *format, struct err *e)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(OUTPUT_MAX);
    int r = 0;

    if (!format) {
        json_print_pretty(objects, &out);
        return output_write(&out, e);
    }
    for (size_t i = 0; r == 0 && i < json_object_array_length(objects); i++)
        r = listing_print_one(json_object_array_get_idx(objects, i), format, e);
    return r;
}
