/*
 * A growing byte string with a compulsory limit.
 *
 * Invariants: `buf` is NULL (empty, nothing allocated) or a NUL-terminated buffer of which `len` bytes are in use (they
 * may include NULs); len <= max always. Life cycle: STRBUF_INIT(max) or strbuf_init, any number of appends,
 * strbuf_release (idempotent), or strbuf_take which hands the heap buffer to the caller.
 *
 * Appending past `max`, and running out of memory, set a sticky error: later appends do nothing, and the one check is
 * at the end, with strbuf_check. So a long run of appends needs no test for each. An append is done whole or not at
 * all. What is appended must not lie in the strbuf itself.
 */
#ifndef SAMPAN_BASE_STRBUF_H
#define SAMPAN_BASE_STRBUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

struct strbuf {
    char *buf;
    size_t len;
    size_t cap;
    size_t max;
    int error; /* 0, ENOMEM or EOVERFLOW; sticky */
};

#define STRBUF_INIT(limit) ((struct strbuf){.max = (limit)})

void strbuf_init(struct strbuf *sb, size_t max);
void strbuf_release(struct strbuf *sb);
void strbuf_reset(struct strbuf *sb); /* empty again, memory kept, error cleared */
void strbuf_add(struct strbuf *sb, const void *data, size_t len);
void strbuf_adds(struct strbuf *sb, const char *s);
void strbuf_addc(struct strbuf *sb, char c);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));

/* 0, or sets e with `what` as its subject: ERR_INVALID with EOVERFLOW ("larger than N bytes"), ERR_SYS with ENOMEM. */
int strbuf_check(const struct strbuf *sb, const char *what, struct err *e);

/* The string, never NULL: "" while nothing was added. Borrowed. */
const char *strbuf_str(const struct strbuf *sb);

/* The heap string, owned by the caller; the strbuf is empty afterwards. NULL only after an error, which stays to be
 * told by strbuf_check. */
char *strbuf_take(struct strbuf *sb);

#define _cleanup_strbuf_ _cleanup_(strbuf_release)

#endif
