/*
 * Command-line options from a table, with Docker's habits: `--name value`, `--name=value`, `-e value`, `-evalue`,
 * clusters of boolean short options (`-it`), `--rm=false`, `--` ends them, and for commands that run a program
 * (OPTIONS_STOP_AT_ARG) the first argument that is no option ends them. An unknown option's message suggests the
 * nearest known one and names `--help`.
 */
#ifndef SAMPAN_BASE_OPTIONS_H
#define SAMPAN_BASE_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/strbuf.h"

enum option_type {
    OPT_BOOL,   /* target: bool *; optional value true/false/1/0 with = only */
    OPT_STRING, /* target: char **; the last one wins, the old one is freed */
    OPT_STRV,   /* target: char ***; each use appends */
    OPT_CALL,   /* target: passed to call() with the value */
};

struct option_def {
    const char *name; /* without dashes; NULL ends the table */
    char short_name;  /* 0: none */
    enum option_type type;
    void *target;
    const char *arg;  /* what the help calls the value: "list", "bytes"; NULL for booleans */
    const char *help; /* one line; NULL hides the option from --help */
    int (*call)(const char *value, void *target, struct err *e);
    bool optional_value; /* `--pull` and `--pull=always` both allowed; without a value OPT_CALL gets NULL, others "" */
};

enum option_flags {
    OPTIONS_STOP_AT_ARG = 1 << 0,
};

/* Parses argv[1…argc-1] by the table; ret_args gets the index in argv of the first argument that is no option (options
 * between arguments are moved before them unless OPTIONS_STOP_AT_ARG). `--help`, and `-h` unless the table gives it
 * another meaning, set *ret_help and end the parse. Targets keep what was set before an error; strings and vectors in
 * them are the caller's to free. */
int options_parse(const struct option_def *defs, int argc, char **argv, unsigned flags, int *ret_args, bool *ret_help,
                  struct err *e);

/* The table as aligned lines, sorted by name, as Docker prints it. */
void options_describe(const struct option_def *defs, struct strbuf *out);

/* The nearest of `names` (NULL-terminated) to a mistyped word, or NULL: at most two letters dropped, added, replaced or
 * swapped, one for words of two or three letters. */
const char *options_nearest(const char *word, const char *const *names);

#endif
