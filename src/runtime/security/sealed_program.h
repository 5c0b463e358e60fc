/*
 * Our own programs, out of reach of the containers they enter (CVE-2019-5736).
 *
 * What is executed in a container may be us: "/proc/self/exe", as the program or as a script's interpreter, names the
 * file of whoever is about to execute it, which is ours, on the host. Once it runs, the container's other processes may
 * open its exe too; and where root inside is root outside (--userns host and what implies it) they could write to it,
 * and the host's next command would be theirs.
 *
 * So a program that makes processes in containers runs from a detached, read-only mount of the directory that its file
 * lies in. /proc/PID/exe leads to a file by way of the mount that it was executed from: whoever opens it for writing
 * gets EROFS. Nobody can make that mount writable again, since it is attached nowhere and its fd is closed.
 *
 * Privilege: CAP_SYS_ADMIN in the mount namespace. Costs two system calls, and an execve for sealed_program_enter.
 */
#ifndef SAMPAN_RUNTIME_SECURITY_SEALED_PROGRAM_H
#define SAMPAN_RUNTIME_SECURITY_SEALED_PROGRAM_H

#include "base/cleanup.h"
#include "base/err.h"

struct sealed_program {
    int dir_fd; /* close-on-exec, behind all fds that process_start places */
    char *path; /* what to execute while dir_fd is open: /proc/self/fd/N/NAME */
};

#define SEALED_PROGRAM_INIT ((struct sealed_program){.dir_fd = -1})

/* For starting another program: seals the one at `path`, which is absolute. */
int sealed_program_open(const char *path, struct sealed_program *ret, struct err *e);
void sealed_program_release(struct sealed_program *p);
#define _cleanup_sealed_program_ _cleanup_(sealed_program_release)

/* For the program itself: 0 when it runs from a read-only mount. Else it is executed anew from one, with the arguments,
 * environment and fds that it has, so it comes by here once more; call it before anything was done that must not be
 * done twice. Returns on failure only. */
int sealed_program_enter(struct err *e);

#endif
