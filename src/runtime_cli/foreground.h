/* The time between a start and its end, for `run` and `exec` without --detach. */
#ifndef SAMPAN_RUNTIME_CLI_FOREGROUND_H
#define SAMPAN_RUNTIME_CLI_FOREGROUND_H

#include "base/err.h"
#include "runtime/spec.h"

/* A terminal without a size of its own gets that of the caller's, before the program can ask for it. */
void foreground_take_size(struct spec_process *p);

/* Waits for a child, passes signals on to it, and relays the caller's terminal when it has one (master >= 0). Takes the
 * fds. The status is the process's, or 128+n. */
int foreground_wait(int pidfd, int master, int *ret_status, struct err *e);

#endif
