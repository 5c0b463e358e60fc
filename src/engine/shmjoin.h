/*
 * /dev/shm of another container: with its IPC namespace goes the tmpfs that POSIX shared memory lives in, or half of
 * the sharing would be missing. It is mounted in that container's mount namespace only, so a child enters there and
 * hands a detached copy of the mount out.
 */
#ifndef SAMPAN_ENGINE_SHMJOIN_H
#define SAMPAN_ENGINE_SHMJOIN_H

#include "base/err.h"

/* pidfd: of the other's init. A detached mount, owned. Needs CAP_SYS_ADMIN over the other's mount namespace. The
 * caller must be single-threaded. */
int shm_join_open(int pidfd, struct err *e);

#endif
