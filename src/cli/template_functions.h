/* The functions of templates, as a table. */
#ifndef SAMPAN_CLI_TEMPLATE_FUNCTIONS_H
#define SAMPAN_CLI_TEMPLATE_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/json.h"
#include "base/strbuf.h"

struct template_function {
    const char *name;
    size_t min_args, max_args;
    /* Arguments are borrowed, the result is owned; a NULL value is null. The error need not name the function. */
    int (*call)(json_object *const *args, size_t n, json_object **ret, struct err *e);
    bool is_shape; /* shapes text: a table's header goes through it unchanged */
};

const struct template_function *template_function_find(const char *name, size_t len);

/* All names, for errors: "and, eq, …". */
void template_function_names(struct strbuf *out);

/* Go's truth: not null, not false, not zero, not empty. */
bool template_is_true(json_object *value);

#endif
