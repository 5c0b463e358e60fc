/*
 * Where a created container waits for `start`: a listening socket, ROOT/ID/start.sock, that only the container's init has
 * open (runtime_detach). It ends at the init's execve, so that "does anybody listen" is the same question as "is it
 * created and not started", and nothing has to be kept up to date for it.
 */
#ifndef SAMPAN_RUNTIME_CLI_START_SOCKET_H
#define SAMPAN_RUNTIME_CLI_START_SOCKET_H

#include <stdbool.h>

#include "base/err.h"

#define START_SOCKET_NAME "start.sock"

/* A listening socket in the directory; owned by the caller. */
int start_socket_listen(int dir_fd, struct err *e);

/* A connection to it; owned by the caller. -ECONNREFUSED when nobody listens any more. */
int start_socket_connect(int dir_fd, struct err *e);

bool start_socket_is_listening(int dir_fd);

#endif
