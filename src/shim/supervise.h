/*
 * The life of a container as its shim lives it: supervise.c reads as the list of steps.
 *
 * Privilege: what runtime_create needs. The process must be single-threaded; its fds are those of shim.h.
 */
#ifndef SAMPAN_SHIM_SUPERVISE_H
#define SAMPAN_SHIM_SUPERVISE_H

#include "base/loop.h"
#include "runtime/runtime.h"
#include "shim/config.h"
#include "shim/handover.h"
#include "shim/json_log.h"
#include "shim/pipes.h"
#include "shim/relay.h"
#include "shim/server.h"

/* Large (its buffers are inside) and mostly untouched: it is to lie in zeroed memory, not on the stack. */
struct shim {
    const char *id; /* borrowed */
    struct shim_config config;
    struct loop loop;
    struct json_log log;
    struct relay relay;
    struct server server;
    struct stdio_pipes pipes;
    struct handover handover;
    struct runtime_container container;
    struct loop_source init;    /* its pidfd */
    struct loop_source orphans; /* owned signalfd for SIGCHLD; -1 when the container has a pid namespace of its own */
    bool has_own_pids;
    int64_t started_at;
    struct shim_exit exit;
};

/* Creates the container, stays with it, and undoes it. Returns when only the lock is left to let go of: 0, or a
 * negative errno with *e when the container did not start; the starter and exit.json have been told that as well. */
int shim_supervise(struct shim *s, const char *id, struct err *e);

/* Lets go of the lock, and becomes the command of "onExit" where one is given (returns where there is none, or it
 * cannot be executed). */
void shim_leave(struct shim *s);

#endif
