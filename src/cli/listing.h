/*
 * Lists that can be printed Docker's ways. A row is a JSON object with Docker's keys; a table is a template of them
 * whose header comes from the same template, given the columns' titles in place of a row.
 *
 *     --format absent, "" or "table"   the list's own table
 *     --format 'table {{.ID}}\t{{.Names}}'
 *     --format '{{.ID}}'               a line for each row
 *     --format json                    an object for each row
 */
#ifndef SAMPAN_CLI_LISTING_H
#define SAMPAN_CLI_LISTING_H

#include "base/err.h"
#include "base/json.h"

struct listing_title {
    const char *key, *title;
};

struct listing {
    const struct listing_title *titles; /* ends with a NULL key */
    const char *table;                  /* "{{.ID}}\t{{.Names}}" */
};

/* Writes to standard output; rows is an array of objects. */
int listing_print(const struct listing *l, json_object *rows, const char *format, struct err *e);

/* One object by a template, and a newline: --format of inspect, info and version. "json" prints it whole on a line. */
int listing_print_one(json_object *o, const char *format, struct err *e);

/* What `inspect` prints: an array of objects whole, or with a format a line for each. */
int listing_print_objects(json_object *objects, const char *format, struct err *e);

#endif
