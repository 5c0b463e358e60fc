#include "shim/utf8.h"

#include <stdbool.h>

#include "base/cleanup.h"

/* The well-formed sequences by first byte; the second byte's range excludes overlong forms and surrogates. */
static const struct form {
    unsigned char first_min, first_max;
    unsigned char second_min, second_max;
    unsigned char length;
} forms[] = {
    {0x00, 0x7f, 0x00, 0x00, 1}, {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
    {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
    {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

static const struct form *form_of(unsigned char first)
{
    for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
        if (first >= forms[i].first_min && first <= forms[i].first_max)
            return &forms[i];
    return NULL;
}

/* True when the first n bytes, n up to the form's length, can stand at its start. */
static bool fits(const struct form *f, const unsigned char *s, size_t n)
{
    if (n > 1 && (s[1] < f->second_min || s[1] > f->second_max))
        return false;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return false;
    return true;
}

size_t utf8_length(const char *s, size_t len)
{
    const struct form *f = len > 0 ? form_of((unsigned char)s[0]) : NULL;
    if (!f || f->length > len || !fits(f, (const unsigned char *)s, f->length))
        return 0;
    return f->length;
}

size_t utf8_unfinished(const char *s, size_t len)
{
    for (size_t n = 1; n <= 3 && n <= len; n++) {
        const unsigned char *start = (const unsigned char *)s + len - n;
        const struct form *f = form_of(*start);
        if (f)
            return f->length > n && fits(f, start, n) ? n : 0;
    }
    return 0;
}
