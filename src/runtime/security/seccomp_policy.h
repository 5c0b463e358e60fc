/*
 * The default profile as people read it: groups of system calls by name, each with the reason for its treatment. Only
 * the build (seccomp_gen.c) and the tests link the names; the runtime gets the numbers (seccomp_tables.h).
 *
 * A call that is in several groups is allowed as soon as one of them allows it. One that none allows is refused with
 * the group's errno; one that is in no group at all (newer than this table) answers ENOSYS, so that programs fall back.
 *
 * Source: syscalls(2), capabilities(7), and Docker's default profile as the statement of what containers rely on.
 */
#ifndef SAMPAN_RUNTIME_SECCOMP_POLICY_H
#define SAMPAN_RUNTIME_SECCOMP_POLICY_H

#include <stddef.h>

#include "runtime/security/seccomp_tables.h"

struct seccomp_group {
    const char *why;
    struct seccomp_guard guard;
    const char *names; /* separated by one space */
};

extern const struct seccomp_group seccomp_policy[];
extern const size_t seccomp_policy_len;

#endif
