/*
 * Structs to JSON and back by one table per struct, so that the two directions cannot drift apart.
 *
 * Absent and null members leave the field as it is, so the struct's own defaults hold. A wrong type is an ERR_INVALID
 * that names the key.
 */
#ifndef SAMPAN_ENGINE_FIELDS_H
#define SAMPAN_ENGINE_FIELDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

enum field_type {
    FIELD_STR,   /* char * */
    FIELD_BOOL,  /* bool */
    FIELD_INT,   /* int */
    FIELD_INT64, /* int64_t */
    FIELD_U16,   /* uint16_t */
    FIELD_STRV,  /* char ** <-> array of strings */
    FIELD_MAP,   /* char ** of "key=value" <-> object of strings */
    FIELD_SET,   /* char ** <-> object of empty objects: {"80/tcp": {}} */
    FIELD_RATES, /* char ** of "path:rate" <-> array of {"Path", "Rate"} */
};

struct field {
    const char *key;
    enum field_type type;
    size_t offset;
    int64_t unset;        /* the number that means "not set" */
    bool null_when_unset; /* shown as null rather than as its number, [] or {} */
};

/* compact: what has its unset value is left out. */
void fields_to_json(const struct field *fields, size_t n, const void *from, json_object *o, bool compact);
int fields_from_json(const struct field *fields, size_t n, json_object *o, void *to, struct err *e);

#endif
