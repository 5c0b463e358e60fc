/*
 * json-c with bounds, and getters that do not crash on the wrong type. Objects are reference counted by json-c:
 * a getter's result is borrowed from its parent; json_parse's result is owned (_cleanup_json_).
 */
#ifndef SAMPAN_BASE_JSON_H
#define SAMPAN_BASE_JSON_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { JSON_DEPTH_MAX = 64, JSON_BYTES_MAX = 16 * 1024 * 1024 };

static inline void cleanup_json(json_object **o)
{
    json_object_put(*o);
}
#define _cleanup_json_ _cleanup_(cleanup_json)

/* One JSON value and nothing after it but white space; `what` names the source in errors ("config.json"), which say
 * where in the text the mistake is (line and column, in bytes from 1). The value `null` is a NULL *ret. */
int json_parse(const char *text, size_t len, const char *what, json_object **ret, struct err *e);
int json_parse_file(int dir_fd, const char *path, json_object **ret, struct err *e);

/* A member of an object; NULL when absent, null, or `o` is not an object. */
json_object *json_get(json_object *o, const char *key);

/* A nested member: json_path(o, "linux", "resources", NULL). */
json_object *json_path(json_object *o, ...) __attribute__((sentinel));

/* Typed members with a default for absent ones. A wrong type, a number out of range (ERANGE) and a string with a NUL
 * byte in it are ERR_INVALID and name the key. */
int json_get_str(json_object *o, const char *key, const char *dflt, const char **ret, struct err *e);
int json_get_int64(json_object *o, const char *key, int64_t dflt, int64_t *ret, struct err *e);
int json_get_uint64(json_object *o, const char *key, uint64_t dflt, uint64_t *ret, struct err *e);
int json_get_bool(json_object *o, const char *key, bool dflt, bool *ret, struct err *e);
/* An array of strings as a NULL-terminated heap vector of heap strings (base/strv.h); NULL when absent. */
int json_get_strv(json_object *o, const char *key, char ***ret, struct err *e);
/* An object of strings as such a vector of "key=value", for labels and options; NULL when absent or empty. */
int json_get_map(json_object *o, const char *key, char ***ret, struct err *e);

/* Builders: add a member, replacing one of the same name, and never fail halfway: out of memory ends the program
 * (abort), since a half-built object must not be stored. A NULL string adds nothing. */
void json_add_str(json_object *o, const char *key, const char *value);
void json_add_int(json_object *o, const char *key, int64_t value);
void json_add_uint(json_object *o, const char *key, uint64_t value);
void json_add_bool(json_object *o, const char *key, bool value);
void json_add_strv(json_object *o, const char *key, char *const *values); /* [] when NULL */
void json_add_map(json_object *o, const char *key, char *const *pairs);   /* {} when NULL; of "key=value" */
json_object *json_add_object(json_object *o, const char *key);            /* the new, borrowed, member */
json_object *json_add_array(json_object *o, const char *key);

#endif
