/*
 * How JSON becomes members of structs: tables of fields, and arrays of elements that one function reads each. Private
 * to the spec_*.c files, each of which reads one part of config.json.
 *
 * Errors name the member by its path: the reader that knows the prefix adds it ("linux.resources.memory: "limit" …").
 */
#ifndef SAMPAN_RUNTIME_SPEC_JSON_H
#define SAMPAN_RUNTIME_SPEC_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "runtime/spec.h"

enum spec_field_type {
    FIELD_STRING, /* char *, owned; an empty string is as good as none */
    FIELD_PATH,   /* the same, and absolute */
    FIELD_STRV,   /* char **, owned */
    FIELD_BOOL,   /* bool */
    FIELD_INT,    /* int, as the others with min and max */
    FIELD_INT64,  /* int64_t */
    FIELD_UINT16, /* uint16_t */
    FIELD_UINT32, /* uint32_t, uid_t, gid_t, mode_t */
    FIELD_UINT64, /* uint64_t; max 0: any */
};

struct spec_field {
    const char *key;
    enum spec_field_type type;
    size_t offset; /* in the target */
    int64_t min;
    int64_t max;
    size_t has; /* offset + 1 of a bool that tells whether the member was there; 0: none */
};

#define SPEC_HAS(type, member) (offsetof(type, member) + 1)

/* Numbers that are absent leave the target as it is. */
int spec_read_fields(json_object *o, const struct spec_field *fields, size_t n, void *target, struct err *e);

/* o[key], an array of objects, into a heap array of `size` bytes an element, each read by read_one into zeroed
 * memory. *ret and *ret_n are always consistent, so that what was read before a failure can be released. */
typedef int (*spec_read_one)(json_object *o, void *element, struct err *e);
int spec_read_array(json_object *o, const char *key, size_t size, spec_read_one read_one, void *ret, size_t *ret_n,
                    struct err *e);

/* An error unless the member is absent or of no consequence (null, "", {}, [], 0, false). */
int spec_refuse(json_object *o, const char *key, struct err *e);

/* The parts, each with what it takes from "sampan". */
int spec_read_process(json_object *process, json_object *ours, struct spec_process *ret, struct err *e);
int spec_read_root(json_object *config, struct spec_root *ret, struct err *e);
int spec_read_mounts(json_object *config, struct spec *s, struct err *e);
int spec_read_linux(json_object *config, struct spec *s, struct err *e);
int spec_read_devices(json_object *config, struct spec *s, struct err *e);
int spec_read_resources(json_object *resources, struct spec_resources *ret, struct err *e);
int spec_read_hooks(json_object *config, struct spec *s, struct err *e);

/* What no single member can tell: that the parts fit each other. */
int spec_check(const struct spec *s, struct err *e);

#endif
