#include "base/strv.h"

#include <stdarg.h>
#include <string.h>

size_t strv_len(char *const *v)
{
    size_t n = 0;

    while (v && v[n])
        n++;
    return n;
}

void strv_free(char **v)
{
    for (char **p = v; p && *p; p++)
        free(*p);
    free(v);
}

bool strv_contains(char *const *v, const char *s)
{
    STRV_FOREACH (item, v) {
        if (strcmp(*item, s) == 0)
            return true;
    }
    return false;
}

int strv_take(char ***v, char *s, struct err *e)
{
    size_t n = strv_len(*v);
    char **grown = s ? reallocarray(*v, n + 2, sizeof(*grown)) : NULL;

    if (!grown) {
        free(s);
        return err_set(e, ERR_SYS, ENOMEM, "add to a list of strings");
    }
    grown[n] = s;
    grown[n + 1] = NULL;
    *v = grown;
    return 0;
}

int strv_add(char ***v, const char *s, struct err *e)
{
    return strv_take(v, strdup(s), e);
}

int strv_addf(char ***v, struct err *e, const char *fmt, ...)
{
    va_list ap;
    char *s;

    va_start(ap, fmt);
    if (vasprintf(&s, fmt, ap) < 0)
        s = NULL;
    va_end(ap);
    return strv_take(v, s, e);
}

/* A vector with room for n strings, all of them NULL yet: sized once, so that input of any length costs linear time. */
static char **strv_new(size_t n, struct err *e)
{
    char **v = calloc(n + 1, sizeof(*v));

    if (!v)
        err_set(e, ERR_SYS, ENOMEM, "make a list of %zu strings", n);
    return v;
}

int strv_copy(char *const *v, char ***ret, struct err *e)
{
    size_t n = strv_len(v);
    _cleanup_strv_ char **copy = strv_new(n, e);

    if (!copy)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        copy[i] = strdup(v[i]);
        if (!copy[i])
            return err_set(e, ERR_SYS, ENOMEM, "copy a list of %zu strings", n);
    }
    *ret = TAKE_PTR(copy);
    return 0;
}

static size_t count_parts(const char *s, char sep)
{
    size_t n = *s != '\0';

    for (; *s; s++)
        n += *s == sep;
    return n;
}

int strv_split(const char *s, char sep, char ***ret, struct err *e)
{
    size_t n = count_parts(s, sep);
    _cleanup_strv_ char **parts = strv_new(n, e);

    if (!parts)
        return -ENOMEM;
    for (size_t i = 0; i < n; i++) {
        const char *end = strchrnul(s, sep);

        parts[i] = strndup(s, (size_t)(end - s));
        if (!parts[i])
            return err_set(e, ERR_SYS, ENOMEM, "split a list of %zu strings", n);
        s = end + 1;
    }
    *ret = TAKE_PTR(parts);
    return 0;
}

char *strv_join(char *const *v, const char *sep)
{
    size_t sep_len = strlen(sep);
    size_t len = 0;
    char *joined;
    char *p;

    STRV_FOREACH (item, v)
        len += strlen(*item) + sep_len;
    joined = malloc(len + 1);
    if (!joined)
        return NULL;

    p = joined;
    STRV_FOREACH (item, v) {
        if (item != v)
            p = mempcpy(p, sep, sep_len);
        p = mempcpy(p, *item, strlen(*item));
    }
    *p = '\0';
    return joined;
}
