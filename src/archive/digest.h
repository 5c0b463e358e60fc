/*
 * SHA-256 digests in the form that images use: "sha256:" and 64 lower-case hex digits.
 * Source: opencontainers/image-spec descriptor.md, "Digests".
 */
#ifndef SAMPAN_ARCHIVE_DIGEST_H
#define SAMPAN_ARCHIVE_DIGEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { DIGEST_HEX_LEN = 64 };

#define DIGEST_PREFIX "sha256:"

struct digest {
    char text[sizeof(DIGEST_PREFIX) + DIGEST_HEX_LEN]; /* the whole of it, NUL-terminated */
};

/* Accepts exactly the one form; what comes from a manifest must go through here before it becomes a path. */
int digest_parse(const char *text, struct digest *ret, struct err *e);

/* The 64 digits, borrowed. */
static inline const char *digest_hex(const struct digest *d)
{
    return d->text + sizeof(DIGEST_PREFIX) - 1;
}

bool digest_equal(const struct digest *a, const struct digest *b);

int digest_of(const void *data, size_t len, struct digest *ret, struct err *e);

/* A digest in the making, for bytes that stream by. */
struct digester;
int digester_new(struct digester **ret, struct err *e);
int digester_add(struct digester *d, const void *data, size_t len, struct err *e);
int digester_finish(struct digester *d, struct digest *ret, struct err *e);
void digester_free(struct digester *d);
DEFINE_CLEANUP_PTR(digester, struct digester *, digester_free)
#define _cleanup_digester_ _cleanup_(cleanup_digester)

#endif
