/* A bundle: the directory with config.json, made into the runtime's spec. Source: runtime-spec bundle.md. */
#ifndef SAMPAN_RUNTIME_CLI_BUNDLE_H
#define SAMPAN_RUNTIME_CLI_BUNDLE_H

#include "base/err.h"
#include "base/json.h"
#include "runtime/spec.h"
#include "runtime_cli/instance.h"

struct bundle {
    char *path; /* absolute */
    json_object *config;
    struct spec *spec;
};

/* Loads DIR/config.json (dir NULL: the working directory) for a container to be created, and changes the working directory
 * to the bundle, since its relative paths mean that. */
int bundle_load(const char *dir, const char *id, struct bundle *ret, struct err *e);
void bundle_release(struct bundle *b);
#define _cleanup_bundle_ _cleanup_(bundle_release)

/* ROOT/ID/config.json: what the container was created with, whatever became of the bundle. Written when it is created. */
int bundle_save_config(const struct bundle *b, int dir_fd, struct err *e);
int bundle_load_config(const struct instance *i, json_object **ret, struct err *e);

/* Makes the spec of such a configuration, with its seccomp profile compiled. */
int bundle_make_spec(json_object *config, const char *id, const char *path, struct spec **ret, struct err *e);

#endif
