/* The time between a container's start and its end, as the user at the terminal lives it: run, start -a, attach. */
#ifndef SAMPAN_CLI_FOREGROUND_H
#define SAMPAN_CLI_FOREGROUND_H

#include <stdbool.h>

#include "engine/container.h"
#include "engine/engine.h"

struct foreground {
    struct engine *engine;
    const char *id;
    int session_fd;   /* borrowed */
    unsigned streams; /* SHIM_ATTACH_* */
    bool tty;
    bool forwards_signals; /* --sig-proxy */
    bool ends_with_reader; /* `run … | head`: the container ends with the reader of its output, as a program would */
    const char *detach_keys; /* NULL: ctrl-p,ctrl-q */
};

/* For a terminal inside that has the size of ours from its first moment on. Without one of ours: nothing. */
void foreground_measure(struct engine *en);

/* Relays until the container ends or the user leaves, finishes the container when it ended; the exit status. */
int foreground_run(const struct foreground *f, struct err *e);

/* The streams that a configuration asks to attach, as SHIM_ATTACH_*. */
unsigned foreground_streams(const struct container_config *c);

/* Before anything starts: -t with -i needs a terminal on our side, and the detach keys (NULL: the default) must be keys. */
int foreground_check_terminal(bool tty, bool has_stdin, const char *detach_keys, struct err *e);

#endif
