/*
 * NULL-terminated vectors of heap strings, as argv and environ are. A NULL vector is an empty one wherever a vector is
 * taken; those that are returned (strv_copy, strv_split) are never NULL, so that they can be handed to execve.
 * Functions with a `struct err *` fail for lack of memory only.
 */
#ifndef SAMPAN_BASE_STRV_H
#define SAMPAN_BASE_STRV_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"
#include "base/err.h"

/* for each string of v: STRV_FOREACH(item, v) puts(*item); */
#define STRV_FOREACH(item, v) for (char *const *item = (v); item && *item; item++)

size_t strv_len(char *const *v);
void strv_free(char **v);
bool strv_contains(char *const *v, const char *s);

/* Append one string to *v, which may move. strv_add copies s; strv_take takes it over, also on failure, and fails for
 * NULL, so that the result of strdup can be handed to it unlooked at. */
int strv_add(char ***v, const char *s, struct err *e);
int strv_addf(char ***v, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
int strv_take(char ***v, char *s, struct err *e);

int strv_copy(char *const *v, char ***ret, struct err *e);

/* "a,b" -> {"a", "b"}, "a," -> {"a", ""}, "" -> {} */
int strv_split(const char *s, char sep, char ***ret, struct err *e);

/* NULL when out of memory. */
char *strv_join(char *const *v, const char *sep);

static inline void cleanup_strv(char ***v)
{
    strv_free(*v);
}
#define _cleanup_strv_ _cleanup_(cleanup_strv)

#endif
