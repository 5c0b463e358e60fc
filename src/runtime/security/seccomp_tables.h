/*
 * The default profile as the runtime has it: written by the build from seccomp_policy.c as constants without pointers
 * to names. `guards` are the policy's groups; a call's signature is the set of groups that it is in; ranges map numbers
 * to signatures. Two programs are compiled ahead, for Docker's default capabilities and for all.
 */
#ifndef SAMPAN_RUNTIME_SECCOMP_TABLES_H
#define SAMPAN_RUNTIME_SECCOMP_TABLES_H

#include <stdint.h>

#include "runtime/security/seccomp_compile.h"

/* When a group's calls are allowed. */
struct seccomp_guard {
    uint64_t caps;   /* one of these is needed; 0: none */
    int refuse;      /* the errno otherwise; 0: EPERM */
    uint8_t never;   /* known, and refused always */
    uint8_t n_conds; /* all must hold */
    struct seccomp_cond conds[2];
};

enum { SECCOMP_GUARDS_MAX = 64 /* bits of a signature */, SECCOMP_SIGNATURES_MAX = 128 };

struct seccomp_tables {
    const struct seccomp_guard *guards;
    size_t n_guards;
    const uint64_t *signatures; /* sets of guards, by bit */
    size_t n_signatures;
    const struct seccomp_arch *archs; /* ranges' verdicts index signatures */
    size_t n_archs;
};

/* For the architecture that this file was compiled for, with its 32-bit kin. */
extern const struct seccomp_tables seccomp_tables;
extern const struct sock_filter seccomp_program_default[], seccomp_program_all[];
extern const size_t seccomp_program_default_len, seccomp_program_all_len;

/* The program for a process with these capabilities: at most `max` instructions; returns their number. */
int seccomp_tables_compile(const struct seccomp_tables *t, uint64_t caps, struct sock_filter *prog, size_t max,
                           struct err *e);

#endif
