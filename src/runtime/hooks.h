/*
 * The hooks of the OCI specification: programs of the bundle's author that run at fixed points, with the container's
 * state as JSON on their stdin.
 *
 *   prestart, createRuntime   runtime_create, after the namespaces are made, before the mounts are handed over
 *   createContainer           in the init, before it pivots. Mounts are not attached yet at that point: they come as
 *                             detached fds, and a hook cannot see them below root.path
 *   startContainer            in the init, after the word to execute
 *   poststart, poststop       by the caller of runtime_start and runtime_release
 *
 * Source: runtime-spec config.md, "POSIX-platform Hooks"; runtime.md, "State".
 */
#ifndef SAMPAN_RUNTIME_HOOKS_H
#define SAMPAN_RUNTIME_HOOKS_H

#include <sys/types.h>

#include "base/err.h"
#include "runtime/spec.h"

/* Runs the hooks of a kind one after the other. `status` is the specification's: "creating", "created", "running",
 * "stopped". The first failure ends the run, but of poststart and poststop, whose failures are logged. Blocks as long
 * as the hooks do. */
int hooks_run(const struct spec *spec, enum spec_hook_kind kind, pid_t pid, const char *status, struct err *e);

#endif
