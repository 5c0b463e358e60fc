/*
 * What objects are called: ids, which are 64 random hex digits, and names, which people give.
 */
#ifndef SAMPAN_BASE_ID_H
#define SAMPAN_BASE_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { ID_LEN = 64, SHORT_ID_LEN = 12, NAME_LEN_MAX = 255 };

/* A new id, never all decimal in the first 12 digits, so that a short id is never taken for a number. */
int id_new(char ret[static ID_LEN + 1], struct err *e);

/* A whole id, in lower case. */
bool id_is_valid(const char *s);

/* Docker's rule for names, [a-zA-Z0-9][a-zA-Z0-9_.-]*, of at least `min` characters: safe as a file's name, too. */
bool name_is_valid(const char *s, size_t min);

#endif
