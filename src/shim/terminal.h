/* The user's terminal: raw mode and back, and window sizes. */
#ifndef SAMPAN_SHIM_TERMINAL_H
#define SAMPAN_SHIM_TERMINAL_H

#include <stdbool.h>
#include <termios.h>

#include "base/err.h"
#include "shim/protocol.h"

struct terminal {
    int fd; /* borrowed; -1: nothing to restore */
    struct termios saved;
};

#define TERMINAL_INIT ((struct terminal){.fd = -1})

/* Raw mode (every byte as it comes, no echo, no signals); remembers how it was. A fd that is no terminal is left alone:
 * 0, and nothing to restore. */
int terminal_make_raw(struct terminal *t, int fd, struct err *e);

/* As it was. Idempotent; keeps errno. */
void terminal_restore(struct terminal *t);

/* False when the fd is no terminal. */
bool terminal_get_size(int fd, struct shim_size *ret);
void terminal_set_size(int fd, struct shim_size size);

#endif
