#include "cli/table.h"

#include <string.h>

enum { COLUMNS_MAX = 32, WIDTH_MIN = 10, PADDING = 3 };

/* Characters, not bytes: those that continue one (10xxxxxx) are not counted. */
static size_t width_of(const char *cell, size_t len)
{
    size_t width = 0;

    for (size_t i = 0; i < len; i++)
        width += ((unsigned char)cell[i] & 0xc0) != 0x80;
    return width;
}

/* One cell of a line: up to the tab that ends it, or the rest of the line. */
struct cell {
    const char *text;
    size_t len;
    bool is_last;
};

static struct cell cell_at(const char *text)
{
    size_t len = strcspn(text, "\t\n");

    return (struct cell){text, len, text[len] != '\t'};
}

static void measure(const char *text, size_t widths[COLUMNS_MAX])
{
    size_t column = 0;

    while (*text) {
        struct cell c = cell_at(text);
        size_t width = width_of(c.text, c.len) + PADDING;

        if (!c.is_last && column < COLUMNS_MAX && width > widths[column])
            widths[column] = width;
        column = c.is_last ? 0 : column + 1;
        text += c.len + (text[c.len] != '\0');
    }
}

static void add_printable(const struct cell *c, struct strbuf *out)
{
    for (size_t i = 0; i < c->len; i++)
        strbuf_addc(out, (unsigned char)c->text[i] < ' ' || c->text[i] == 0x7f ? '?' : c->text[i]);
}

void table_align(const char *text, struct strbuf *out)
{
    size_t widths[COLUMNS_MAX];
    size_t column = 0;

    for (size_t i = 0; i < COLUMNS_MAX; i++)
        widths[i] = WIDTH_MIN;
    measure(text, widths);
    while (*text) {
        struct cell c = cell_at(text);
        size_t width = width_of(c.text, c.len);

        add_printable(&c, out);
        for (; !c.is_last && column < COLUMNS_MAX && width < widths[column]; width++)
            strbuf_addc(out, ' ');
        if (c.is_last)
            strbuf_addc(out, '\n');
        column = c.is_last ? 0 : column + 1;
        text += c.len + (text[c.len] != '\0');
    }
}
