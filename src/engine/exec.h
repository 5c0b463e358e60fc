/* A further process in a running container: the caller is its parent and relays its stdio (shim/session.h). */
#ifndef SAMPAN_ENGINE_EXEC_H
#define SAMPAN_ENGINE_EXEC_H

#include "engine/engine.h"

struct exec_options {
    char **cmd;
    char **env;
    char *user;        /* NULL: the container's */
    char *working_dir; /* NULL: the container's */
    char *detach_keys;
    bool tty, interactive, privileged, detach;
};

/* Blocks until the process ends (not with detach); ret_status is its status, 126/127 when it could not be executed
 * (with e set). */
int engine_exec(struct engine *en, const char *ref, const struct exec_options *o, int *ret_status, struct err *e);

#endif
