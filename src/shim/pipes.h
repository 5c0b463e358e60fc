/* The pipes of a payload without a terminal: one end ours, one its own, all close-on-exec. */
#ifndef SAMPAN_SHIM_PIPES_H
#define SAMPAN_SHIM_PIPES_H

#include <stdbool.h>

#include "base/err.h"

struct stdio_pipes {
    int ours[3]; /* [0] is written to, [1] and [2] are read; -1: none */
    int payload[3];
};

#define STDIO_PIPES_INIT ((struct stdio_pipes){{-1, -1, -1}, {-1, -1, -1}})

/* Without `has_input` there is no pipe for stdin. */
int stdio_pipes_open(struct stdio_pipes *p, bool has_input, struct err *e);

/* Once the payload has its ends, ours must be the only others: or there is no end of file. */
void stdio_pipes_close_payload(struct stdio_pipes *p);
void stdio_pipes_release(struct stdio_pipes *p);

#endif
