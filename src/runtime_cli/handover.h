/*
 * What a caller wants to have of a new process: its pid in a file, its terminal and its pidfd through sockets. Used by
 * create, run and exec alike.
 */
#ifndef SAMPAN_RUNTIME_CLI_HANDOVER_H
#define SAMPAN_RUNTIME_CLI_HANDOVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/options.h"

struct handover {
    char *pid_file;
    char *console_socket; /* gets the master of the pty by SCM_RIGHTS, its name as the message */
    char *pidfd_socket;
};

/* The options that fill it in: HANDOVER_OPTIONS elements of a command's table. */
enum { HANDOVER_OPTIONS = 3 };
void handover_options(struct handover *h, struct option_def *table);

/* Makes the paths absolute, before the program moves to the bundle. */
int handover_resolve(struct handover *h, struct err *e);

/* Refuses a terminal that nobody would hold, and a console socket without a terminal. */
int handover_check(const struct handover *h, bool has_terminal, bool is_detached, struct err *e);

/* `master` (-1: none) and `pidfd` stay the caller's. */
int handover_make(const struct handover *h, pid_t pid, int pidfd, int master, struct err *e);
void handover_release(struct handover *h);

#endif
