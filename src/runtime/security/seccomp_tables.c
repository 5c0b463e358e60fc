/* The default profile for a set of capabilities: what they make of each group, and from that the program. */
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "runtime/security/seccomp_tables.h"

static uint32_t refusal(int errnum)
{
    return SECCOMP_RET_ERRNO | ((uint32_t)errnum & SECCOMP_RET_DATA);
}

/* What the capabilities make of one signature. Conditional groups become rules; an unconditional one decides. */
static struct seccomp_verdict make_verdict(const struct seccomp_tables *t, uint64_t signature, uint64_t caps,
                                           struct seccomp_rule *rules)
{
    struct seccomp_verdict v = {.rules = rules, .otherwise = refusal(EPERM)};
    for (size_t i = 0; i < t->n_guards; i++) {
        const struct seccomp_guard *g = &t->guards[i];
        if (!(signature & UINT64_C(1) << i))
            continue;
        if (g->never || (g->caps && !(g->caps & caps))) {
            if (g->refuse)
                v.otherwise = refusal(g->refuse);
            continue;
        }
        if (g->n_conds == 0)
            return (struct seccomp_verdict){.otherwise = SECCOMP_RET_ALLOW};
        struct seccomp_rule *rule = &rules[v.n_rules++];
        *rule = (struct seccomp_rule){.action = SECCOMP_RET_ALLOW, .n_conds = g->n_conds};
        memcpy(rule->conds, g->conds, g->n_conds * sizeof(g->conds[0]));
    }
    return v;
}

static size_t count_conditional(const struct seccomp_tables *t)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_guards; i++)
        n += t->guards[i].n_conds > 0;
    return n;
}

int seccomp_tables_compile(const struct seccomp_tables *t, uint64_t caps, struct sock_filter *prog, size_t max,
                           struct err *e)
{
    struct seccomp_verdict verdicts[SECCOMP_SIGNATURES_MAX];
    size_t per_verdict = count_conditional(t);
    _cleanup_free_ struct seccomp_rule *rules = calloc(t->n_signatures * per_verdict + 1, sizeof(*rules));
    if (!rules)
        return err_set(e, ERR_SYS, ENOMEM, "compile seccomp filter");
    for (size_t i = 0; i < t->n_signatures; i++)
        verdicts[i] = make_verdict(t, t->signatures[i], caps, rules + i * per_verdict);
    const struct seccomp_rules policy = {
        .archs = t->archs,
        .n_archs = t->n_archs,
        .verdicts = verdicts,
        .n_verdicts = t->n_signatures,
        .unknown = refusal(ENOSYS),
        .bad_arch = SECCOMP_RET_KILL_PROCESS,
    };
    return seccomp_compile(&policy, prog, max, e);
}
