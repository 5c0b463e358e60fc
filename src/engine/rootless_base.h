/* What a command and the process that holds its user's base (rootless.h) say to each other: one byte, and an answer. */
#ifndef SAMPAN_ENGINE_ROOTLESS_BASE_H
#define SAMPAN_ENGINE_ROOTLESS_BASE_H

#include "base/err.h"

#define BASE_LOCK_NAME "base.lock"
#define BASE_USERS_NAME "base.users"
#define BASE_SOCKET_NAME "base.sock"

enum base_request {
    BASE_JOIN = 1, /* answered with a pidfd of the process that holds the namespaces */
    BASE_CONNECT,  /* answered once the network is connected */
};

/* ret_fd may be NULL; else owned by the caller. -ENOENT and -ECONNREFUSED, e untouched, where nobody holds a base. */
int base_ask(int run_fd, enum base_request request, int *ret_fd, struct err *e);

#endif
