/*
 * A container as the commands share it: the directory ROOT/ID (mode 0700) with
 *
 *   state.json   what is known (record.h)
 *   config.json  the bundle's, as it was when the container was created
 *   start.sock   where a created container waits for `start` (start_socket.h)
 *
 * The directory itself is the lock: who changes a container's life holds flock(2) on it, who only looks does not. A
 * directory that is free and whose record has no pid was left by a creation that a crash ended; the next `create` of the
 * id, and `delete`, clear it.
 */
#ifndef SAMPAN_RUNTIME_CLI_INSTANCE_H
#define SAMPAN_RUNTIME_CLI_INSTANCE_H

#include <stdbool.h>

#include "base/err.h"
#include "runtime/spec.h"
#include "runtime_cli/record.h"

struct instance {
    char *root;
    char *id;
    int dir_fd; /* owned */
    bool is_locked;
    struct record record;
};

#define INSTANCE_INIT ((struct instance){.dir_fd = -1})

enum instance_status { INSTANCE_CREATING, INSTANCE_CREATED, INSTANCE_RUNNING, INSTANCE_PAUSED, INSTANCE_STOPPED };

/* ERR_INVALID for what cannot be the id of a container. */
int instance_check_id(const char *id, struct err *e);

/* Makes the directory, locked, with nothing in it. ERR_CONFLICT when there is such a container. The id was checked. */
int instance_create(const char *root, const char *id, struct instance *ret, struct err *e);

/* Opens it and loads the record. Locking waits for whoever holds the lock. ERR_NOT_FOUND: "… does not exist". */
int instance_open(const char *root, const char *id, bool lock, struct instance *ret, struct err *e);

/* Removes the directory, which ends the id. */
int instance_remove(struct instance *i, struct err *e);

/* Closes, which unlocks. Idempotent. */
void instance_release(struct instance *i);
#define _cleanup_instance_ _cleanup_(instance_release)

/* The ids below root, sorted; none where there is no root. */
int instance_list(const char *root, char ***ret, struct err *e);

/* A pidfd of the init; -ESRCH when it has ended: "container not running". */
int instance_pidfd(const struct instance *i, struct err *e);

/* Ended processes that nobody has reaped yet count as stopped. */
enum instance_status instance_status(const struct instance *i);
const char *instance_status_name(enum instance_status status);

#endif
