/*
 * A container's life, step by step: created, started, ended, deleted. The commands are thin over this.
 *
 * Every resource is in the record before it exists (record.h), so that `delete` finds what a crash at any step left. The
 * init dies with its creator until the record names it and the creator lets go of it (runtime_detach).
 */
#ifndef SAMPAN_RUNTIME_CLI_LIFECYCLE_H
#define SAMPAN_RUNTIME_CLI_LIFECYCLE_H

#include <stdbool.h>

#include "base/err.h"
#include "runtime_cli/handover.h"
#include "runtime_cli/instance.h"

struct create_options {
    char *bundle; /* NULL: the working directory */
    struct handover handover;
    bool is_detached;     /* nobody stays to hold the terminal */
    unsigned n_preserved; /* 3 to 2+N go to the payload */
};

/* What a creator that stays has of the container. */
struct created {
    int pidfd;  /* of its child, the init; owned */
    int master; /* the terminal, unless it was handed over; owned, -1: none */
};
#define CREATED_INIT ((struct created){.pidfd = -1, .master = -1})

/* Makes the container, which then waits for its start; on failure nothing is left. `i` is locked. */
int lifecycle_create(const char *root, const char *id, struct create_options *o, struct instance *i,
                     struct created *ret, struct err *e);

/* Lets the program of a created container run, and runs the poststart hooks. ERR_CONFLICT when it is not created;
 * ERR_NO_COMMAND and ERR_NOT_EXECUTABLE when it could not be executed: the container is then stopped. `i` is locked. */
int lifecycle_start(const struct instance *i, struct err *e);

/* Ends what is left of it, removes the cgroup, runs the poststop hooks, removes the state. `i` is locked. A running container
 * is ERR_CONFLICT unless it may be killed. */
int lifecycle_delete(struct instance *i, bool kill_running, struct err *e);

void created_release(struct created *c);
#define _cleanup_created_ _cleanup_(created_release)

#endif
