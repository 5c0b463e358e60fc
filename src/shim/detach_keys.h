/*
 * The keys that leave a container's terminal without ending it: "ctrl-p,ctrl-q" as Docker writes them. Each is a
 * single character or ctrl- with a letter or one of @ [ \ ] ^ _.
 */
#ifndef SAMPAN_SHIM_DETACH_KEYS_H
#define SAMPAN_SHIM_DETACH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

#define DETACH_KEYS_DEFAULT "ctrl-p,ctrl-q"

enum { DETACH_KEYS_MAX = 16 };

struct detach_keys {
    char keys[DETACH_KEYS_MAX];
    size_t n;
    size_t matched; /* how many of them the last bytes were; these are held back */
};

/* NULL or "": the default. */
int detach_keys_parse(const char *text, struct detach_keys *ret, struct err *e);

/* Copies typed bytes to `out` (room for len + DETACH_KEYS_MAX), without the start of a sequence, which is held back
 * until it is known whether it goes on. True when the sequence is complete; what came after it is dropped. */
bool detach_keys_filter(struct detach_keys *d, const char *in, size_t len, char *out, size_t *ret_len);

#endif
