/* The filters of `ps`: several of one kind are alternatives, those of different kinds must all match, as Docker does
 * it. */
#ifndef SAMPAN_ENGINE_FILTER_H
#define SAMPAN_ENGINE_FILTER_H

#include <stdbool.h>

#include "engine/container.h"

struct filter_set {
    char *const *filters; /* "kind=value", checked; borrowed */
};

/* ERR_INVALID for an unknown kind or a value that can never match. */
int filter_parse(char *const *filters, struct filter_set *ret, struct err *e);
bool filter_matches(const struct filter_set *s, const struct container *c);

/* Whether a status is asked for, which shows containers that do not run. */
bool filter_names_status(const struct filter_set *s);

/* "key" or "key=value", against labels of "key=value". */
bool filter_label_matches(char *const *labels, const char *wanted);

#endif
