/*
 * What the flags --cap-add, --cap-drop, --privileged and --security-opt add up to. Used when a container is created (to
 * refuse mistakes) and when it starts (to write its bundle).
 */
#ifndef SAMPAN_ENGINE_SECURITY_H
#define SAMPAN_ENGINE_SECURITY_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/container.h"

/* Borrowed from host_config.security_opt; NULL: not given. */
struct security_options {
    const char *seccomp; /* "unconfined", "default" or the path of a profile */
    const char *apparmor;
    const char *label;
    bool no_new_privileges;
    bool systempaths_unconfined;
};

/* "seccomp=unconfined", "no-new-privileges[:true]", "apparmor:x" (the old colon is taken too). --privileged implies
 * seccomp=unconfined and systempaths=unconfined. */
int security_parse(const struct host_config *h, struct security_options *ret, struct err *e);

/* Docker's order: all with --privileged; "ALL" in either list; else the default fourteen, less, plus. */
int security_caps(const struct host_config *h, uint64_t *ret, struct err *e);

/* Fills masked_paths and readonly_paths with what holds by default, where they are not set; the database has only what
 * was set. */
int security_set_paths(struct host_config *h, struct err *e);

#endif
