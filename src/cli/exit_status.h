/*
 * Exit statuses, as Docker's: the payload's own 0…255 (128+n when signal n ended it); 127 when its program does not exist,
 * 126 when it cannot be executed, 125 for whatever sampan itself could not do. Commands that run no payload fail with 1,
 * and 125 only for a wrong command line.
 */
#ifndef SAMPAN_CLI_EXIT_STATUS_H
#define SAMPAN_CLI_EXIT_STATUS_H

#include "base/err.h"

enum {
    EXIT_STATUS_ENGINE = 125,
    EXIT_STATUS_NOT_EXECUTABLE = 126,
    EXIT_STATUS_NO_COMMAND = 127,
    EXIT_STATUS_FAILURE = 1
};

/* For commands that run a payload (run, start -a, exec). */
static inline int exit_status_of(const struct err *e)
{
    if (e->kind == ERR_NO_COMMAND)
        return EXIT_STATUS_NO_COMMAND;
    return e->kind == ERR_NOT_EXECUTABLE ? EXIT_STATUS_NOT_EXECUTABLE : EXIT_STATUS_ENGINE;
}

#endif
