#include "base/strbuf.h"

#include <stdint.h>
#include <string.h>

enum { CAP_FIRST = 64 };

void strbuf_init(struct strbuf *sb, size_t max)
{
    *sb = STRBUF_INIT(max);
}

void strbuf_release(struct strbuf *sb)
{
    free(sb->buf);
    strbuf_init(sb, sb->max);
}

void strbuf_reset(struct strbuf *sb)
{
    sb->len = 0;
    sb->error = 0;
    if (sb->buf)
        sb->buf[0] = '\0';
}

/* The capacity for `need` bytes and the NUL: doubled, so that a long run of appends copies each byte about twice, but
 * not beyond what the limit can ever use. */
static size_t next_cap(const struct strbuf *sb, size_t need)
{
    size_t cap = sb->cap ? sb->cap : CAP_FIRST;

    while (cap <= need)
        cap = cap > SIZE_MAX / 2 ? SIZE_MAX : cap * 2;
    return cap > sb->max && sb->max < SIZE_MAX ? sb->max + 1 : cap;
}

/* Makes room for `extra` more bytes and a NUL; false with the sticky error set when there is none. */
static bool grow(struct strbuf *sb, size_t extra)
{
    size_t cap;
    char *buf;

    if (sb->error)
        return false;
    if (extra > sb->max - sb->len) {
        sb->error = EOVERFLOW;
        return false;
    }
    if (sb->len + extra < sb->cap)
        return true;

    cap = next_cap(sb, sb->len + extra);
    buf = realloc(sb->buf, cap);
    if (!buf) {
        sb->error = ENOMEM;
        return false;
    }
    sb->buf = buf;
    sb->cap = cap;
    return true;
}

void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
    if (!grow(sb, len))
        return;
    if (len > 0)
        memcpy(sb->buf + sb->len, data, len);
    sb->len += len;
    sb->buf[sb->len] = '\0';
}

void strbuf_adds(struct strbuf *sb, const char *s)
{
    strbuf_add(sb, s, strlen(s));
}

void strbuf_addc(struct strbuf *sb, char c)
{
    strbuf_add(sb, &c, 1);
}

void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap)
{
    va_list again;
    int n;

    if (sb->error)
        return;

    va_copy(again, ap);
    n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    if (n < 0) {
        sb->error = EOVERFLOW;
        return;
    }
    if (!grow(sb, (size_t)n))
        return;
    vsnprintf(sb->buf + sb->len, (size_t)n + 1, fmt, ap);
    sb->len += (size_t)n;
}

void strbuf_addf(struct strbuf *sb, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(sb, fmt, ap);
    va_end(ap);
}

int strbuf_check(const struct strbuf *sb, const char *what, struct err *e)
{
    if (sb->error == EOVERFLOW)
        return err_set(e, ERR_INVALID, EOVERFLOW, "%s: larger than %zu bytes", what, sb->max);
    if (sb->error)
        return err_set(e, ERR_SYS, sb->error, "%s", what);
    return 0;
}

const char *strbuf_str(const struct strbuf *sb)
{
    return sb->buf ? sb->buf : "";
}

char *strbuf_take(struct strbuf *sb)
{
    char *s;

    strbuf_add(sb, "", 0); /* so that an empty string is a heap string too */
    if (sb->error)
        return NULL;
    s = sb->buf;
    strbuf_init(sb, sb->max);
    return s;
}
