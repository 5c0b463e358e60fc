/* A user's profile, read: what seccomp_json.c hands to seccomp_profile.c. Internal to the library seccomp_profile. */
#ifndef SAMPAN_RUNTIME_SECCOMP_PROFILE_H
#define SAMPAN_RUNTIME_SECCOMP_PROFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json.h"
#include "runtime/security/seccomp_compile.h"
#include "runtime/security/seccomp_names.h"

/* Bounds on what a profile may hold: an order of magnitude above Docker's own. */
enum { PROFILE_ENTRIES_MAX = 1024, PROFILE_CALLS_MAX = 16384, PROFILE_VERDICTS_MAX = 512, PROFILE_RULES_MAX = 8192 };

/* One element of "syscalls": any of its rules gives the action. Without conditions there is one empty rule. */
struct profile_entry {
    struct seccomp_rule *rules; /* owned */
    size_t n_rules;
};

/* "Call nr of this architecture is in that entry." */
struct profile_call {
    uint32_t nr;
    uint32_t entry;
};

struct profile {
    uint32_t default_action;
    bool has_arch[SECCOMP_ARCH_COUNT];
    struct profile_entry *entries; /* owned */
    size_t n_entries;
    struct profile_call *calls[SECCOMP_ARCH_COUNT]; /* owned */
    size_t n_calls[SECCOMP_ARCH_COUNT];
};

int profile_read(json_object *json, uint64_t caps, struct profile *ret, struct err *e);
int profile_compile(struct profile *p, struct sock_filter *prog, size_t max, struct err *e);
void profile_release(struct profile *p);

#endif
