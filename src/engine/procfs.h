/* What /proc tells about other processes. */
#ifndef SAMPAN_ENGINE_PROCFS_H
#define SAMPAN_ENGINE_PROCFS_H

#include "engine/query.h"

/* -ESRCH, e untouched, for a process that is gone. */
int procfs_read_process(pid_t pid, struct container_process *ret, struct err *e);

/* Every pid in this procfs; heap. */
int procfs_pids(pid_t **ret, size_t *ret_n, struct err *e);

#endif
