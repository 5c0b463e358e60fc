/*
 * What the starter hands over before GO: the namespaces that the container joins, the sockets that hold the ports
 * which it publishes, and with GO its lock. Namespaces and lock get the numbers of shim.h.
 */
#ifndef SAMPAN_SHIM_HANDOVER_H
#define SAMPAN_SHIM_HANDOVER_H

#include <stdint.h>

#include "base/err.h"
#include "runtime/spec.h"
#include "shim/ports.h"

struct handover { /* all zero: nothing */
    struct held_ports ports;
    uint64_t files_limit; /* RLIMIT_NOFILE as it was before ports needed more; 0: unchanged */
};

/* Waits for the starter to say GO. An error when the starter gave up or died: the container is not to be. */
int handover_await(struct handover *h, struct err *e);

/* The payload does not inherit the limit that the ports needed. */
int handover_restore_limits(const struct handover *h, struct spec_process *p, struct err *e);

#endif
