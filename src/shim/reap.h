/* The end of a child process as the protocol tells it. */
#ifndef SAMPAN_SHIM_REAP_H
#define SAMPAN_SHIM_REAP_H

#include <stdint.h>

#include "shim/protocol.h"

/* Nanoseconds since the epoch. */
int64_t now_ns(void);

/* Reaps the caller's child: its status (128+n when signal n ended it) and the time. */
int reap_child(int pidfd, struct shim_exit *ret, struct err *e);

#endif
