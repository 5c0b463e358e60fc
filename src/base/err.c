#include "base/err.h"

#include <stdarg.h>
#include <string.h>

_Static_assert(sizeof(struct err) <= 1024, "an error crosses a fork in one datagram, and a pipe in one write");

/* The functions themselves, which err.h covers with macros for its users. */
#undef err_set
#undef err_context
#undef err_advice

static const char ellipsis[] = "…";

/* What a kind means to a caller that only looks at the return value. */
static const int kind_errno[ERR_KIND_COUNT] = {
    [ERR_NONE] = 0,
    [ERR_SYS] = EIO,
    [ERR_INVALID] = EINVAL,
    [ERR_NOT_FOUND] = ENOENT,
    [ERR_CONFLICT] = EEXIST,
    [ERR_DENIED] = EPERM,
    [ERR_UNSUPPORTED] = EOPNOTSUPP,
    [ERR_NO_COMMAND] = ENOENT,
    [ERR_NOT_EXECUTABLE] = EACCES,
    [ERR_INTERNAL] = EPROTO,
};

/*
 * A message under construction. It is built beside the error and copied over it when complete, because the error's own
 * text may be among the format's arguments.
 */
struct text {
    size_t len;
    char buf[ERR_TEXT_MAX];
};

/* Ends a full buffer with an ellipsis, in place of the last whole UTF-8 characters. */
static void text_cut(struct text *t)
{
    size_t at = ERR_TEXT_MAX - sizeof(ellipsis);

    while (at > 0 && ((unsigned char)t->buf[at] & 0xC0) == 0x80)
        at--;
    memcpy(t->buf + at, ellipsis, sizeof(ellipsis));
    t->len = at + sizeof(ellipsis) - 1;
}

static void __attribute__((format(printf, 2, 0))) text_vadd(struct text *t, const char *fmt, va_list ap)
{
    size_t room = ERR_TEXT_MAX - t->len;
    int n = vsnprintf(t->buf + t->len, room, fmt, ap);

    if (n < 0)
        t->buf[t->len] = '\0';
    else if ((size_t)n >= room)
        text_cut(t);
    else
        t->len += (size_t)n;
}

static void __attribute__((format(printf, 2, 3))) text_add(struct text *t, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    text_vadd(t, fmt, ap);
    va_end(ap);
}

/* strerror() may allocate and translate; strerrordesc_np() returns constants. */
static void text_add_errno(struct text *t, int code)
{
    const char *description = strerrordesc_np(code);

    if (description)
        text_add(t, ": %s", description);
    else
        text_add(t, ": error %d", code);
}

/* How many bytes of a control character are here: 2 for those that UTF-8 writes as C2 80 … C2 9F. A newline counts as
 * none: usage has some. */
static size_t control_length(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;

    if (s[0] == 0xC2 && s[1] >= 0x80 && s[1] <= 0x9F)
        return 2;
    return (s[0] < ' ' && s[0] != '\n') || s[0] == 0x7F;
}

/* Names and file contents of an image's get into errors, and errors to a terminal: nothing there may steer it. */
static void text_store(struct text *t, struct err *e)
{
    for (char *s = t->buf; *s; s++) {
        size_t n = control_length(s);

        if (n > 0) {
            memset(s, '?', n);
            s += n - 1;
        }
    }
    memcpy(e->text, t->buf, t->len);
    e->text[t->len] = '\0';
}

static int errno_of(enum err_kind kind, int code)
{
    if (code != 0)
        return -code;
    return (unsigned)kind < ERR_KIND_COUNT ? -kind_errno[kind] : -EPROTO;
}

int err_set(struct err *e, enum err_kind kind, int code, const char *fmt, ...)
{
    struct text t = {.len = 0};
    va_list ap;

    if (!e)
        return errno_of(kind, code);

    va_start(ap, fmt);
    text_vadd(&t, fmt, ap);
    va_end(ap);
    if (kind == ERR_SYS && code != 0)
        text_add_errno(&t, code);

    e->kind = kind;
    e->code = code;
    text_store(&t, e);
    return errno_of(kind, code);
}

/* A caller adds to an error that was never set: a callee broke its promise, and the user should still read a text. */
static void ensure_set(struct err *e)
{
    if (!err_is_set(e))
        err_set(e, ERR_INTERNAL, 0, "failed without saying why");
}

int err_context(struct err *e, const char *fmt, ...)
{
    struct text t = {.len = 0};
    va_list ap;

    if (!e)
        return -EPROTO;

    ensure_set(e);
    va_start(ap, fmt);
    text_vadd(&t, fmt, ap);
    va_end(ap);
    text_add(&t, ": %s", e->text);
    text_store(&t, e);
    return err_to_errno(e);
}

static int is_sentence(const struct text *t)
{
    return t->len > 0 && strchr(".?!", t->buf[t->len - 1]) != NULL;
}

int err_advice(struct err *e, const char *fmt, ...)
{
    struct text t = {.len = 0};
    va_list ap;
    int in_brackets;

    if (!e)
        return -EPROTO;

    ensure_set(e);
    text_add(&t, "%s", e->text);
    in_brackets = !is_sentence(&t);
    text_add(&t, in_brackets ? " (" : " ");
    va_start(ap, fmt);
    text_vadd(&t, fmt, ap);
    va_end(ap);
    if (in_brackets)
        text_add(&t, ")");
    text_store(&t, e);
    return err_to_errno(e);
}

int err_to_errno(const struct err *e)
{
    return errno_of(e->kind, e->code);
}
