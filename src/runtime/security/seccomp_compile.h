/*
 * From rules to a BPF program. A policy says, for each architecture and each range of system call numbers, which
 * verdict holds; a verdict is a list of rules with conditions on arguments, the first that matches wins. The program
 * finds the range by a balanced tree of comparisons.
 *
 * Everything here is plain data, so that the build can write a policy down as constants. Source: seccomp(2).
 */
#ifndef SAMPAN_RUNTIME_SECCOMP_COMPILE_H
#define SAMPAN_RUNTIME_SECCOMP_COMPILE_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum seccomp_op { SECCOMP_EQ, SECCOMP_NE, SECCOMP_LT, SECCOMP_LE, SECCOMP_GT, SECCOMP_GE };

enum { SECCOMP_CONDS_MAX = 6 };

/* (argument & mask) op value, unsigned. The kernel reads an `int` argument from the low half of the register: a
 * condition on one must mask the high half away, or a caller dodges it by setting a bit up there. */
struct seccomp_cond {
    uint8_t arg; /* 0…5 */
    uint8_t op;  /* enum seccomp_op */
    uint64_t mask;
    uint64_t value;
};

/* All conditions must hold. `action` is what the filter returns: SECCOMP_RET_* with its data. */
struct seccomp_rule {
    uint32_t action;
    size_t n_conds;
    struct seccomp_cond conds[SECCOMP_CONDS_MAX];
};

struct seccomp_verdict {
    const struct seccomp_rule *rules; /* the first that matches wins */
    size_t n_rules;
    uint32_t otherwise; /* when none does */
};

struct seccomp_range {
    uint32_t first, last; /* without nr_base */
    uint32_t verdict;     /* index */
};

struct seccomp_arch {
    uint32_t audit;                     /* AUDIT_ARCH_* */
    uint32_t nr_base;                   /* X32_SYSCALL_BIT for x32, which shares AUDIT_ARCH_X86_64; else 0 */
    const struct seccomp_range *ranges; /* ascending, disjoint */
    size_t n_ranges;
};

/* __X32_SYSCALL_BIT of asm/unistd.h, here for every host. */
#define SECCOMP_X32_BIT UINT32_C(0x40000000)

struct seccomp_rules {
    const struct seccomp_arch *archs; /* x32 directly behind x86_64 */
    size_t n_archs;
    const struct seccomp_verdict *verdicts;
    size_t n_verdicts;
    uint32_t unknown;  /* the action for a number in no range */
    uint32_t bad_arch; /* the action for any other architecture */
};

/* Writes at most `max` instructions to `prog`; returns their number. -E2BIG when they do not fit. */
int seccomp_compile(const struct seccomp_rules *p, struct sock_filter *prog, size_t max, struct err *e);

#endif
