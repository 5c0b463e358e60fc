/* The shim's part of config.json, "sampan".shim: see shim.h. */
#ifndef SAMPAN_SHIM_CONFIG_H
#define SAMPAN_SHIM_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"

struct shim_config {
    unsigned attach; /* SHIM_ATTACH_*: the starter's streams */
    bool has_stdin;
    bool stdin_once;
    char *log;            /* path; NULL: no log */
    int64_t log_max_size; /* bytes; 0: no rotation */
    int64_t log_max_files;
    char **on_exit; /* argv; NULL: nothing */
    char **remove;  /* paths, the lock last; NULL: nothing */
};

/* An absent object is one with all defaults. */
int shim_config_load(json_object *config, struct shim_config *ret, struct err *e);
void shim_config_release(struct shim_config *c);

#endif
