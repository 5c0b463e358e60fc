#include "runtime/security/seccomp_index.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { CALLS_MAX = 1024, NAME_MAX_LEN = 64 };

struct call {
    uint32_t nr;
    uint64_t signature;
};

/* The next name of a list, copied; NULL at its end. */
static const char *next_name(const char **list, char buf[NAME_MAX_LEN])
{
    *list += strspn(*list, " ");
    size_t len = strcspn(*list, " ");
    if (len == 0 || len >= NAME_MAX_LEN)
        return NULL;
    memcpy(buf, *list, len);
    buf[len] = '\0';
    *list += len;
    return buf;
}

static bool is_known_anywhere(const char *name)
{
    for (int arch = 0; arch < SECCOMP_ARCH_COUNT; arch++)
        if (seccomp_number(arch, name) >= 0)
            return true;
    return false;
}

static int add_call(struct call *calls, size_t *n, uint32_t nr, size_t group)
{
    size_t i = 0;
    while (i < *n && calls[i].nr != nr)
        i++;
    if (i == CALLS_MAX)
        return -E2BIG;
    if (i == *n)
        calls[(*n)++] = (struct call){.nr = nr};
    calls[i].signature |= UINT64_C(1) << group;
    return 0;
}

static int compare_calls(const void *a, const void *b)
{
    const struct call *x = a, *y = b;
    return x->nr < y->nr ? -1 : x->nr > y->nr;
}

static int collect_calls(enum seccomp_arch_index arch, struct call *calls, size_t *n, struct err *e)
{
    for (size_t group = 0; group < seccomp_policy_len; group++) {
        char buf[NAME_MAX_LEN];
        const char *list = seccomp_policy[group].names, *name;
        while ((name = next_name(&list, buf))) {
            int64_t nr = seccomp_number(arch, name);
            if (nr >= 0 && add_call(calls, n, (uint32_t)nr, group) < 0)
                return err_set(e, ERR_INTERNAL, E2BIG, "more than %d system calls", CALLS_MAX);
            if (nr < 0 && !is_known_anywhere(name))
                return err_set(e, ERR_INTERNAL, 0, "no system call is called \"%s\"", name);
        }
    }
    qsort(calls, *n, sizeof(*calls), compare_calls);
    return 0;
}

static int intern_signature(struct seccomp_index *x, uint64_t signature, uint32_t *ret, struct err *e)
{
    size_t *n = &x->tables.n_signatures, i = 0;
    while (i < *n && x->signatures[i] != signature)
        i++;
    if (i == SECCOMP_SIGNATURES_MAX)
        return err_set(e, ERR_INTERNAL, E2BIG, "more than %d kinds of system calls", SECCOMP_SIGNATURES_MAX);
    if (i == *n)
        x->signatures[(*n)++] = signature;
    *ret = (uint32_t)i;
    return 0;
}

static int index_arch(struct seccomp_index *x, enum seccomp_arch_index arch, struct seccomp_arch *ret, struct err *e)
{
    size_t n_calls = 0, n = 0;
    _cleanup_free_ struct call *calls = calloc(CALLS_MAX, sizeof(*calls));
    struct seccomp_range *ranges = x->ranges[arch] = calloc(CALLS_MAX, sizeof(*ranges));
    if (!calls || !ranges)
        return err_set(e, ERR_SYS, ENOMEM, "index system calls");
    int r = collect_calls(arch, calls, &n_calls, e);
    for (size_t i = 0; r == 0 && i < n_calls; i++) {
        uint32_t signature;
        r = intern_signature(x, calls[i].signature, &signature, e);
        if (r < 0)
            break;
        if (n > 0 && ranges[n - 1].last + 1 == calls[i].nr && ranges[n - 1].verdict == signature)
            ranges[n - 1].last++;
        else
            ranges[n++] = (struct seccomp_range){calls[i].nr, calls[i].nr, signature};
    }
    const struct seccomp_arch_info *info = &seccomp_archs[arch];
    *ret = (struct seccomp_arch){.audit = info->audit, .nr_base = info->nr_base, .ranges = ranges, .n_ranges = n};
    return r;
}

int seccomp_index_init(struct seccomp_index *x, enum seccomp_arch_index first, enum seccomp_arch_index last,
                       struct err *e)
{
    *x = (struct seccomp_index){.tables = {.n_guards = seccomp_policy_len}};
    x->tables.guards = x->guards;
    x->tables.signatures = x->signatures;
    x->tables.archs = x->archs;
    if (seccomp_policy_len > SECCOMP_GUARDS_MAX)
        return err_set(e, ERR_INTERNAL, E2BIG, "more than %d groups of system calls", SECCOMP_GUARDS_MAX);
    for (size_t i = 0; i < seccomp_policy_len; i++)
        x->guards[i] = seccomp_policy[i].guard;
    int r = 0;
    for (unsigned arch = first; r == 0 && arch <= last; arch++)
        r = index_arch(x, arch, &x->archs[x->tables.n_archs++], e);
    if (r < 0)
        seccomp_index_release(x);
    return r;
}

void seccomp_index_release(struct seccomp_index *x)
{
    for (size_t i = 0; i < SECCOMP_ARCH_COUNT; i++) {
        free(x->ranges[i]);
        x->ranges[i] = NULL;
    }
}
