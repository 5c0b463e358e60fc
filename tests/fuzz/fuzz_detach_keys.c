/* The first line is the keys, the rest is typed. Whatever is typed either passes, in order, or is part of a match. */
#include <stdint.h>

#include "shim/detach_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TYPED_MAX = 4096 };

static void check_typed(struct detach_keys *d, const char *typed, size_t len)
{
    char passed[TYPED_MAX + DETACH_KEYS_MAX];
    size_t n = 0;
    bool has_detached = detach_keys_filter(d, typed, len, passed, &n);
    /* What passed, and then what is held back, is what was typed, but for what follows the last key. */
    if (n + d->matched > len || (!has_detached && n + d->matched != len) || has_detached != (d->matched == d->n))
        abort();
    if (memcmp(passed, typed, n) != 0 || memcmp(d->keys, typed + n, d->matched) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    if (!newline)
        return 0;
    char *keys = strndup((const char *)data, (size_t)(newline - data));
    size_t len = size - (size_t)(newline + 1 - data);
    struct detach_keys d;
    if (detach_keys_parse(keys, &d, NULL) == 0 && len <= TYPED_MAX)
        check_typed(&d, (const char *)newline + 1, len);
    free(keys);
    return 0;
}
