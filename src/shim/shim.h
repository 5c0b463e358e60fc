/*
 * One supervisor per container. `sampan-shim ID` is started by the engine with
 *     fd 3  the starter's socket (protocol.h)         fd 4  the container's run directory (config.json, shim.sock, state.json)
 * and over the socket, once config.json is written (protocol.h, GO),
 *     fd 5  the container's lock, held by flock(2): while anybody has this open file, the container is alive
 *     fd 6… namespaces to join, as config.json names them (/proc/self/fd/N), then sockets that hold ports (ports.h)
 * It is started before that, so that its own beginning (execve, libc) costs nobody time. It creates the container
 * through the runtime, with the network that network.json in the run directory describes, relays and logs its stdio,
 * serves shim.sock, reaps, reports the exit status, undoes the cgroup and the network, writes exit.json, and ends;
 * closing the lock is its last act. When "sampan".shim.onExit is set (a detached --rm), it then executes that
 * command.
 *
 * It holds a few tens of kilobytes: no heap beyond the spec, which is freed once the container runs.
 *
 * Its part of config.json, "sampan".shim:
 *     { "attach": 7, "stdin": true, "stdinOnce": true, "log": "/path/json.log" or absent, "onExit": ["/usr/bin/sampan", …],
 *       "logMaxSize": bytes (0 or absent: no rotation), "logMaxFile": 1…1000,
 *       "remove": ["/dir", …, "/lock"] or absent }
 *
 * "remove" is what of the container has to go at its end, the lock last. It is removed here, where nobody waits for
 * it (a directory costs some file systems milliseconds), but only at the word of the starter, SHIM_MSG_FORGET: that
 * the end is written down and nothing leads to the container any more. Without it everything stays, lock and all,
 * for recovery.
 */
#ifndef SAMPAN_SHIM_SHIM_H
#define SAMPAN_SHIM_SHIM_H

enum shim_fd {
    SHIM_FD_STARTER = 3,
    SHIM_FD_RUN_DIR = 4,
    SHIM_FD_LOCK = 5,
    SHIM_FD_FIRST_NAMESPACE = 6,
};

#define SHIM_SOCKET_NAME "shim.sock"
#define SHIM_STATE_NAME "state.json" /* {"pid","startTime" (ticks),"startedAt","shimPid"} written before STARTED */
/* A symlink to the cgroup's path: made by the engine before the cgroup is, removed after it. */
#define SHIM_CGROUP_NAME "cgroup"
#define SHIM_EXIT_NAME "exit.json" /* {"status","oomKilled","finishedAt","error"} written before the lock is let go */

#endif
