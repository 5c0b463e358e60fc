/*
 * The program is written from its end to its beginning: whatever an instruction jumps to is there already, so its
 * distance is known and no second pass is needed. A conditional jump reaches 255 instructions; for a target further
 * away a return is repeated and anything else gets an unconditional jump in between (reach).
 */
#include "runtime/security/seccomp_compile.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "argument halves are read in little-endian order");

/* How far a conditional jump reaches, less the room for the jumps that reach() may put in between. */
enum { JUMP_MAX = 250, RETURNS_MAX = 8 };

/* A place in the program: the number of instructions from it to the end. 0 is no place. */
typedef uint32_t label;

struct writer {
    struct sock_filter *prog;
    uint32_t max;
    uint32_t n;
    bool overflow;
    struct {
        uint32_t action;
        label at;
    } returns[RETURNS_MAX]; /* the latest return of each action */
    label *verdicts;        /* the latest code of each verdict */
};

static label put(struct writer *w, uint16_t code, uint32_t jt, uint32_t jf, uint32_t k)
{
    if (w->n == w->max) {
        w->overflow = true;
        return w->n;
    }
    w->prog[w->max - 1 - w->n] = (struct sock_filter){.code = code, .jt = (uint8_t)jt, .jf = (uint8_t)jf, .k = k};
    return ++w->n;
}

static bool is_near(const struct writer *w, label at)
{
    return at != 0 && w->n - at <= JUMP_MAX;
}

static label put_return(struct writer *w, uint32_t action)
{
    size_t slot = 0;
    for (size_t i = 0; i < RETURNS_MAX; i++) {
        if (w->returns[i].at && w->returns[i].action == action) {
            if (is_near(w, w->returns[i].at))
                return w->returns[i].at;
            slot = i;
            break;
        }
        if (w->returns[i].at < w->returns[slot].at)
            slot = i; /* the furthest away is forgotten first */
    }
    w->returns[slot].action = action;
    return w->returns[slot].at = put(w, BPF_RET | BPF_K, 0, 0, action);
}

/* The target itself, or something near that leads to it. */
static label reach(struct writer *w, label target)
{
    if (is_near(w, target))
        return target;
    struct sock_filter insn = w->prog[w->max - target];
    if (BPF_CLASS(insn.code) == BPF_RET)
        return put_return(w, insn.k);
    return put(w, BPF_JMP | BPF_JA, 0, 0, w->n - target);
}

static label put_branch(struct writer *w, uint16_t op, uint32_t k, label yes, label no)
{
    yes = reach(w, yes);
    no = reach(w, no);
    return put(w, BPF_JMP | BPF_K | op, w->n - yes, w->n - no, k);
}

static label put_load(struct writer *w, size_t offset)
{
    return put(w, BPF_LD | BPF_W | BPF_ABS, 0, 0, (uint32_t)offset);
}

/* Loads one half of an argument, masked; the comparison was put before. */
static label put_load_half(struct writer *w, const struct seccomp_cond *c, bool high)
{
    uint32_t mask = (uint32_t)(high ? c->mask >> 32 : c->mask);
    if (mask != UINT32_MAX)
        put(w, BPF_ALU | BPF_AND | BPF_K, 0, 0, mask);
    return put_load(w, offsetof(struct seccomp_data, args) + 8 * c->arg + (high ? 4 : 0));
}

static label put_equal(struct writer *w, const struct seccomp_cond *c, label yes, label no)
{
    put_branch(w, BPF_JEQ, (uint32_t)c->value, yes, no);
    label low = put_load_half(w, c, false);
    if (c->mask >> 32 == 0 && c->value >> 32 == 0)
        return low;
    put_branch(w, BPF_JEQ, (uint32_t)(c->value >> 32), low, no);
    return put_load_half(w, c, true);
}

/* Greater than, or at least: the high halves decide unless they are equal. */
static label put_greater(struct writer *w, const struct seccomp_cond *c, uint16_t op, label yes, label no)
{
    uint32_t high = (uint32_t)(c->value >> 32);
    put_branch(w, op, (uint32_t)c->value, yes, no);
    label low = put_load_half(w, c, false);
    if (c->mask >> 32 == 0 && high == 0)
        return low;
    label equal = put_branch(w, BPF_JEQ, high, low, no);
    put_branch(w, BPF_JGT, high, yes, equal);
    return put_load_half(w, c, true);
}

static label put_cond(struct writer *w, const struct seccomp_cond *c, label yes, label no)
{
    switch ((enum seccomp_op)c->op) {
    case SECCOMP_EQ:
        return put_equal(w, c, yes, no);
    case SECCOMP_NE:
        return put_equal(w, c, no, yes);
    case SECCOMP_GT:
        return put_greater(w, c, BPF_JGT, yes, no);
    case SECCOMP_LE:
        return put_greater(w, c, BPF_JGT, no, yes);
    case SECCOMP_GE:
        return put_greater(w, c, BPF_JGE, yes, no);
    case SECCOMP_LT:
        return put_greater(w, c, BPF_JGE, no, yes);
    }
    abort(); /* a policy is made by this layer alone */
}

static label put_verdict(struct writer *w, const struct seccomp_verdict *v)
{
    label next = put_return(w, v->otherwise);
    for (size_t r = v->n_rules; r-- > 0;) {
        label yes = put_return(w, v->rules[r].action);
        for (size_t c = v->rules[r].n_conds; c-- > 0;)
            yes = put_cond(w, &v->rules[r].conds[c], yes, next);
        next = yes;
    }
    return next;
}

/* Numbers from `start` to the next segment's have one outcome: a verdict's index, or UNKNOWN. */
struct segment {
    uint32_t start;
    uint32_t verdict;
};

#define UNKNOWN UINT32_MAX

static label put_segment(struct writer *w, const struct seccomp_rules *p, const struct segment *s)
{
    if (s->verdict == UNKNOWN)
        return put_return(w, p->unknown);
    const struct seccomp_verdict *v = &p->verdicts[s->verdict];
    if (v->n_rules == 0)
        return put_return(w, v->otherwise);
    label *at = &w->verdicts[s->verdict];
    if (!is_near(w, *at))
        *at = put_verdict(w, v);
    return *at;
}

static label put_tree(struct writer *w, const struct seccomp_rules *p, const struct segment *s, size_t n)
{
    if (n == 1)
        return put_segment(w, p, s);
    size_t middle = n / 2;
    label high = put_tree(w, p, s + middle, n - middle);
    label low = put_tree(w, p, s, middle);
    return put_branch(w, BPF_JGE, s[middle].start, high, low);
}

/* Verdicts that say the same make one segment: the first of them stands for all. */
static uint32_t canonical(const struct seccomp_rules *p, uint32_t verdict)
{
    const struct seccomp_verdict *v = &p->verdicts[verdict];
    if (v->n_rules > 0)
        return verdict;
    if (v->otherwise == p->unknown)
        return UNKNOWN;
    uint32_t i = 0;
    while (p->verdicts[i].n_rules > 0 || p->verdicts[i].otherwise != v->otherwise)
        i++;
    return i;
}

static size_t add_segment(struct segment *s, size_t n, uint32_t start, uint32_t verdict)
{
    if (n > 0 && s[n - 1].start == start)
        n--; /* an empty gap */
    if (n > 0 && s[n - 1].verdict == verdict)
        return n;
    s[n] = (struct segment){.start = start, .verdict = verdict};
    return n + 1;
}

static int put_numbers(struct writer *w, const struct seccomp_rules *p, const struct seccomp_arch *a, label *ret)
{
    _cleanup_free_ struct segment *s = calloc(2 * a->n_ranges + 1, sizeof(*s));
    if (!s)
        return -ENOMEM;
    size_t n = add_segment(s, 0, a->nr_base, UNKNOWN);
    for (size_t i = 0; i < a->n_ranges; i++) {
        n = add_segment(s, n, a->nr_base + a->ranges[i].first, canonical(p, a->ranges[i].verdict));
        n = add_segment(s, n, a->nr_base + a->ranges[i].last + 1, UNKNOWN);
    }
    *ret = put_tree(w, p, s, n);
    return 0;
}

/* One AUDIT_ARCH value: a second ABI (x32) lies above a bit of the number. Without x32 in the policy none of its calls
 * is there: a list of refused calls must not be dodged through it. */
static int put_arch(struct writer *w, const struct seccomp_rules *p, size_t i, size_t n, label *ret)
{
    label x32 = 0, native = 0;
    int r = 0;
    if (n == 2)
        r = put_numbers(w, p, &p->archs[i + 1], &x32);
    else if (p->archs[i].audit == AUDIT_ARCH_X86_64)
        x32 = put_return(w, SECCOMP_RET_ERRNO | ENOSYS);
    if (r == 0)
        r = put_numbers(w, p, &p->archs[i], &native);
    if (r < 0)
        return r;
    if (x32)
        put_branch(w, BPF_JGE, SECCOMP_X32_BIT, x32, native);
    *ret = put_load(w, offsetof(struct seccomp_data, nr));
    return 0;
}

static bool has_second_abi(const struct seccomp_rules *p, size_t i)
{
    return i + 1 < p->n_archs && p->archs[i + 1].audit == p->archs[i].audit;
}

static int put_program(struct writer *w, const struct seccomp_rules *p)
{
    enum { ARCHS_MAX = 8 };
    label start[ARCHS_MAX] = {0};
    uint32_t audit[ARCHS_MAX] = {0};
    size_t n = 0, first[ARCHS_MAX];
    for (size_t i = 0; i < p->n_archs; i += has_second_abi(p, i) ? 2 : 1) {
        if (n == ARCHS_MAX)
            return -EINVAL;
        first[n] = i;
        audit[n++] = p->archs[i].audit;
    }
    label next = put_return(w, p->bad_arch);
    for (size_t i = n; i-- > 0;) {
        int r = put_arch(w, p, first[i], has_second_abi(p, first[i]) ? 2 : 1, &start[i]);
        if (r < 0)
            return r;
    }
    for (size_t i = n; i-- > 0;)
        next = put_branch(w, BPF_JEQ, audit[i], start[i], next);
    put_load(w, offsetof(struct seccomp_data, arch));
    return 0;
}

int seccomp_compile(const struct seccomp_rules *p, struct sock_filter *prog, size_t max, struct err *e)
{
    if (max == 0)
        return err_set(e, ERR_INVALID, E2BIG, "seccomp filter: no room");
    _cleanup_free_ label *verdicts = calloc(p->n_verdicts + 1, sizeof(*verdicts));
    struct writer w = {.prog = prog, .max = (uint32_t)max, .verdicts = verdicts};
    int r = verdicts ? put_program(&w, p) : -ENOMEM;
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "compile seccomp filter");
    if (w.overflow)
        return err_set(e, ERR_INVALID, E2BIG, "seccomp filter is longer than %zu instructions", max);
    memmove(prog, prog + (w.max - w.n), w.n * sizeof(*prog));
    return (int)w.n;
}
