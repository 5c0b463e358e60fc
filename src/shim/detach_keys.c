#include "shim/detach_keys.h"

#include <string.h>

/* One name of len bytes; its character, or -1. */
static int parse_key(const char *name, size_t len)
{
    static const char prefix[] = "ctrl-";
    enum { PREFIX_LEN = sizeof(prefix) - 1 };
    if (len == 1)
        return (unsigned char)name[0];
    if (len != PREFIX_LEN + 1 || memcmp(name, prefix, PREFIX_LEN) != 0)
        return -1;
    char c = name[PREFIX_LEN];
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 1;
    if (c == '@' || (c >= '[' && c <= '_'))
        return c - '@';
    return -1;
}

int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e)
{
    if (!text || !*text)
        text = DETACH_KEYS_DEFAULT;
    struct detach_keys d = {.n = 0};
    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ",");
        int key = parse_key(p, len);
        if (key < 0)
            return err_invalid(e, "detach keys \"%s\": \"%.*s\" is no key (write a character, or ctrl-a, ctrl-@ …)",
                               text, (int)len, p);
        if (d.n == DETACH_KEYS_MAX)
            return err_invalid(e, "detach keys \"%s\": more than %d keys", text, DETACH_KEYS_MAX);
        d.keys[d.n++] = (char)key;
        p += len;
        if (!*p)
            break;
    }
    *ret = d;
    return 0;
}

/* The longest start of the sequence, shorter than what matched, that is also the end of it. */
static size_t shorter_match(const struct detach_keys *d)
{
    for (size_t n = d->matched - 1; n > 0; n--)
        if (memcmp(d->keys, d->keys + d->matched - n, n) == 0)
            return n;
    return 0;
}

bool detach_keys_filter(struct detach_keys *d, const char *in, size_t len, char *out, size_t *ret_len)
{
    size_t n_out = 0;
    for (size_t i = 0; i < len && d->matched < d->n; i++) {
        while (d->matched > 0 && d->keys[d->matched] != in[i]) {
            size_t kept = shorter_match(d);
            memcpy(out + n_out, d->keys, d->matched - kept);
            n_out += d->matched - kept;
            d->matched = kept;
        }
        if (d->keys[d->matched] == in[i])
            d->matched++;
        else
            out[n_out++] = in[i];
    }
    *ret_len = n_out;
    return d->matched == d->n;
}
