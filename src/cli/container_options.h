/*
 * The options that `run` and `create` share, as one table, and what becomes of them: a filled struct container. What an
 * option's text means (volumes, devices, ulimits …) is in container_values.h; whether values go together is the
 * engine's to check, so that every way in gets the same answer.
 */
#ifndef SAMPAN_CLI_CONTAINER_OPTIONS_H
#define SAMPAN_CLI_CONTAINER_OPTIONS_H

#include "base/options.h"
#include "engine/container.h"

enum { CONTAINER_OPTIONS_MAX = 128 };

/* Values that need more than a copy into the container. Strings and vectors are owned. */
struct container_options {
    struct container *c;
    char **attach;
    char **env_files, **label_files;
    char *entrypoint;
    char *cidfile;
    char *pull;
    char *rootfs;
    struct endpoint_config endpoint; /* what --ip and kin say of the first network */
    bool no_healthcheck, quiet;
};

void container_options_release(struct container_options *o);

/* Appends the shared rows to table[n…] and returns the new count; the row after the last is the caller's to zero. */
size_t container_options_table(struct container_options *o, struct option_def *table, size_t n);

/* After parsing: files are read, IMAGE and its arguments are taken over (argc may be 0 with --rootfs). */
int container_options_finish(struct container_options *o, int argc, char **argv, struct err *e);

#endif
