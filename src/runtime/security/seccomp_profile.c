/* From a profile's entries to verdicts per system call number, and to the program. */
#include "runtime/security/seccomp_profile.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "runtime/security/seccomp.h"

struct builder {
    const struct profile *profile;
    struct seccomp_rule *rules; /* PROFILE_RULES_MAX; verdicts point into it */
    size_t n_rules;
    struct seccomp_verdict verdicts[PROFILE_VERDICTS_MAX]; /* [0] is the default action */
    const struct profile_call *made_from[PROFILE_VERDICTS_MAX];
    size_t made_from_n[PROFILE_VERDICTS_MAX];
    size_t n_verdicts;
    struct seccomp_range *ranges[SECCOMP_ARCH_COUNT];
};

static void builder_free(struct builder *b)
{
    for (size_t i = 0; i < SECCOMP_ARCH_COUNT; i++)
        free(b->ranges[i]);
    free(b->rules);
    free(b);
}
DEFINE_CLEANUP_PTR(builder, struct builder *, builder_free)

/* By number, and for one number in the profile's order. */
static int compare_calls(const void *a, const void *b)
{
    const struct profile_call *x = a, *y = b;
    if (x->nr != y->nr)
        return x->nr < y->nr ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

/* The entries' rules in order, up to the first without conditions, which answers whatever is left. */
static int make_verdict(struct builder *b, const struct profile_call *calls, size_t n, struct seccomp_verdict *ret,
                        struct err *e)
{
    *ret = (struct seccomp_verdict){.rules = b->rules + b->n_rules, .otherwise = b->profile->default_action};
    for (size_t i = 0; i < n; i++) {
        const struct profile_entry *entry = &b->profile->entries[calls[i].entry];
        for (size_t r = 0; r < entry->n_rules; r++) {
            if (entry->rules[r].n_conds == 0) {
                ret->otherwise = entry->rules[r].action;
                return 0;
            }
            if (b->n_rules == PROFILE_RULES_MAX)
                return err_invalid(e, "more than %d conditional rules", PROFILE_RULES_MAX);
            b->rules[b->n_rules++] = entry->rules[r];
            ret->n_rules++;
        }
    }
    return 0;
}

static bool is_made_from(const struct builder *b, size_t verdict, const struct profile_call *calls, size_t n)
{
    if (b->made_from_n[verdict] != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (b->made_from[verdict][i].entry != calls[i].entry)
            return false;
    return true;
}

/* Calls that are in the same entries share a verdict. */
static int intern_verdict(struct builder *b, const struct profile_call *calls, size_t n, uint32_t *ret, struct err *e)
{
    size_t v = 1;
    while (v < b->n_verdicts && !is_made_from(b, v, calls, n))
        v++;
    if (v == PROFILE_VERDICTS_MAX)
        return err_invalid(e, "more than %d different treatments of system calls", PROFILE_VERDICTS_MAX - 1);
    if (v == b->n_verdicts) {
        int r = make_verdict(b, calls, n, &b->verdicts[v], e);
        if (r < 0)
            return r;
        b->made_from[v] = calls;
        b->made_from_n[v] = n;
        b->n_verdicts++;
    }
    *ret = (uint32_t)v;
    return 0;
}

/* Every number up to the highest that the profile names gets a range, so that only younger calls are unknown. */
static int build_arch(struct builder *b, enum seccomp_arch_index arch, struct seccomp_arch *ret, struct err *e)
{
    struct profile_call *calls = b->profile->calls[arch];
    size_t n_calls = b->profile->n_calls[arch], n = 0;
    uint32_t next = 0;
    struct seccomp_range *ranges = b->ranges[arch] = calloc(2 * n_calls + 1, sizeof(*ranges));
    if (!ranges)
        return err_set(e, ERR_SYS, ENOMEM, "seccomp profile");
    qsort(calls, n_calls, sizeof(*calls), compare_calls);
    for (size_t i = 0, end; i < n_calls; i = end) {
        uint32_t nr = calls[i].nr, verdict;
        for (end = i; end < n_calls && calls[end].nr == nr;)
            end++;
        int r = intern_verdict(b, calls + i, end - i, &verdict, e);
        if (r < 0)
            return r;
        if (next < nr)
            ranges[n++] = (struct seccomp_range){next, nr - 1, 0};
        ranges[n++] = (struct seccomp_range){nr, nr, verdict};
        next = nr + 1;
    }
    const struct seccomp_arch_info *info = &seccomp_archs[arch];
    *ret = (struct seccomp_arch){.audit = info->audit, .nr_base = info->nr_base, .ranges = ranges, .n_ranges = n};
    return 0;
}

/* What a profile that refuses by default makes of calls that are younger than itself: libc falls back on ENOSYS, not on
 * EPERM. A profile that allows by default allows them. */
static uint32_t unknown_action(uint32_t default_action)
{
    switch (default_action & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ALLOW:
    case SECCOMP_RET_LOG:
    case SECCOMP_RET_TRACE:
        return default_action;
    default:
        return SECCOMP_RET_ERRNO | ENOSYS;
    }
}

int profile_compile(struct profile *p, struct sock_filter *prog, size_t max, struct err *e)
{
    _cleanup_(cleanup_builder) struct builder *b = calloc(1, sizeof(*b));
    if (!b || !(b->rules = calloc(PROFILE_RULES_MAX, sizeof(*b->rules))))
        return err_set(e, ERR_SYS, ENOMEM, "seccomp profile");
    b->profile = p;
    b->verdicts[b->n_verdicts++] = (struct seccomp_verdict){.otherwise = p->default_action};
    struct seccomp_arch archs[SECCOMP_ARCH_COUNT];
    struct seccomp_rules rules = {
        .archs = archs,
        .verdicts = b->verdicts,
        .unknown = unknown_action(p->default_action),
        .bad_arch = SECCOMP_RET_KILL_PROCESS,
    };
    for (unsigned arch = 0; arch < SECCOMP_ARCH_COUNT; arch++) {
        int r = p->has_arch[arch] ? build_arch(b, arch, &archs[rules.n_archs++], e) : 0;
        if (r < 0)
            return r;
    }
    rules.n_verdicts = b->n_verdicts;
    return seccomp_compile(&rules, prog, max, e);
}

void profile_release(struct profile *p)
{
    for (size_t i = 0; p->entries && i < p->n_entries; i++)
        free(p->entries[i].rules);
    free(p->entries);
    for (size_t i = 0; i < SECCOMP_ARCH_COUNT; i++)
        free(p->calls[i]);
    *p = (struct profile){0};
}

int seccomp_compile_json(json_object *json, uint64_t caps, struct sock_filter **ret, size_t *ret_n, struct err *e)
{
    _cleanup_(profile_release) struct profile profile;
    _cleanup_free_ struct sock_filter *prog = calloc(BPF_MAXINSNS, sizeof(*prog));
    int n = profile_read(json, caps, &profile, e);
    if (n == 0 && !prog)
        n = err_set(e, ERR_SYS, ENOMEM, "no memory");
    if (n == 0)
        n = profile_compile(&profile, prog, BPF_MAXINSNS, e);
    if (n < 0)
        return err_context(e, "seccomp profile");
    *ret = TAKE_PTR(prog);
    *ret_n = (size_t)n;
    return 0;
}
