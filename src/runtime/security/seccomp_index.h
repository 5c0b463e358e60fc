/*
 * From groups of names to tables of numbers: what the generator writes down and the tests check. Owns its arrays.
 */
#ifndef SAMPAN_RUNTIME_SECCOMP_INDEX_H
#define SAMPAN_RUNTIME_SECCOMP_INDEX_H

#include "runtime/security/seccomp_names.h"
#include "runtime/security/seccomp_policy.h"

struct seccomp_index {
    struct seccomp_guard guards[SECCOMP_GUARDS_MAX];
    uint64_t signatures[SECCOMP_SIGNATURES_MAX];
    struct seccomp_range *ranges[SECCOMP_ARCH_COUNT]; /* owned */
    struct seccomp_arch archs[SECCOMP_ARCH_COUNT];    /* those asked for, in order */
    struct seccomp_tables tables;                     /* points into the above */
};

/* Indexes seccomp_policy for the architectures first…last. A name that no architecture at all knows is an error: a
 * mistyped one must not vanish from the filter. */
int seccomp_index_init(struct seccomp_index *x, enum seccomp_arch_index first, enum seccomp_arch_index last,
                       struct err *e);
void seccomp_index_release(struct seccomp_index *x);

#endif
