/*
 * A container's life: create, start, stop, remove. `ref` is a name, an id, or a unique prefix of an id.
 *
 * create takes a filled struct container (config, host, mounts; no id), resolves the image (a name in the store, the
 * embedded "busybox", a path of an image tar, or host.runtime_rootfs), merges the image's configuration, checks every
 * option, and writes it down. Nothing runs. start launches the shim.
 */
#ifndef SAMPAN_ENGINE_LIFECYCLE_H
#define SAMPAN_ENGINE_LIFECYCLE_H

#include "engine/container.h"
#include "engine/engine.h"

int engine_create(struct engine *en, struct container *c, struct err *e);

/* What a foreground start gives back: a socket that speaks shim/protocol.h, already attached as asked. */
struct engine_started {
    int session_fd; /* owned; -1 when not asked for */
    pid_t pid;
};

/* attach: SHIM_ATTACH_* flags of shim/protocol.h, 0 for detached. Returns after execve worked, or with its error (the
 * container is then in state created with exit code 127, 126 or 128, or removed when auto_remove). */
int engine_start(struct engine *en, const char *ref, unsigned attach, struct engine_started *ret, struct err *e);

/* `run`: create and start in one go: one transaction, nothing durable with auto_remove that needn't be. */
int engine_run(struct engine *en, struct container *c, unsigned attach, struct engine_started *ret, struct err *e);

/* After the session ended: merges the exit into the database, or removes the container with auto_remove. Waits for the
 * shim to let the lock go, at most 10 s. */
int engine_finish(struct engine *en, const char *id, struct err *e);

int engine_attach(struct engine *en, const char *ref, unsigned attach, int *ret_session_fd, struct err *e);

/* SIGTERM (or the container's stop signal), then SIGKILL after timeout_s (-1: the container's own, 10). Blocks. A
 * stopped container is success. */
int engine_stop(struct engine *en, const char *ref, const char *signal, int timeout_s, struct err *e);
int engine_kill(struct engine *en, const char *ref, const char *signal, struct err *e);

/* Blocks until it is not running; its exit status. */
int engine_wait(struct engine *en, const char *ref, int *ret_status, struct err *e);

struct engine_remove_options {
    bool force;   /* kill it first */
    bool volumes; /* and its anonymous volumes */
};
int engine_remove(struct engine *en, const char *ref, const struct engine_remove_options *o, struct err *e);

int engine_rename(struct engine *en, const char *ref, const char *new_name, struct err *e);

#endif
