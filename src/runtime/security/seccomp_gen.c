/*
 * Run by the build: writes seccomp_policy.c down as numbers (seccomp_tables.h), with the two programs that nearly every
 * container uses compiled ahead. Its output is a C file that holds both families of architectures; the compiler picks
 * one.
 */
#include <linux/seccomp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp_index.h"

static void write_guards(FILE *out, const struct seccomp_tables *t)
{
    fprintf(out, "static const struct seccomp_guard guards[] = {\n");
    for (size_t i = 0; i < t->n_guards; i++) {
        const struct seccomp_guard *g = &t->guards[i];
        fprintf(out, "    {.caps = 0x%llx, .refuse = %d, .never = %u, .n_conds = %u, .conds = {",
                (unsigned long long)g->caps, g->refuse, g->never, g->n_conds);
        for (size_t c = 0; c < g->n_conds; c++)
            fprintf(out, "{.arg = %u, .op = %u, .mask = 0x%llx, .value = 0x%llx}, ", g->conds[c].arg, g->conds[c].op,
                    (unsigned long long)g->conds[c].mask, (unsigned long long)g->conds[c].value);
        fprintf(out, "}},\n");
    }
    fprintf(out, "};\n");
}

static void write_signatures(FILE *out, const struct seccomp_tables *t)
{
    fprintf(out, "static const uint64_t signatures[] = {\n");
    for (size_t i = 0; i < t->n_signatures; i++)
        fprintf(out, "    0x%llx,\n", (unsigned long long)t->signatures[i]);
    fprintf(out, "};\n");
}

static void write_archs(FILE *out, const struct seccomp_tables *t)
{
    for (size_t a = 0; a < t->n_archs; a++) {
        fprintf(out, "static const struct seccomp_range ranges_%zu[] = {\n", a);
        for (size_t i = 0; i < t->archs[a].n_ranges; i++) {
            const struct seccomp_range *r = &t->archs[a].ranges[i];
            fprintf(out, "    {%u, %u, %u},\n", r->first, r->last, r->verdict);
        }
        fprintf(out, "};\n");
    }
    fprintf(out, "static const struct seccomp_arch archs[] = {\n");
    for (size_t a = 0; a < t->n_archs; a++)
        fprintf(out, "    {.audit = 0x%x, .nr_base = 0x%x, .ranges = ranges_%zu, .n_ranges = %zu},\n",
                t->archs[a].audit, t->archs[a].nr_base, a, t->archs[a].n_ranges);
    fprintf(out, "};\n");
}

static void write_tables(FILE *out, const struct seccomp_tables *t)
{
    write_guards(out, t);
    write_signatures(out, t);
    write_archs(out, t);
    fprintf(out,
            "const struct seccomp_tables seccomp_tables = {\n"
            "    .guards = guards, .n_guards = %zu,\n"
            "    .signatures = signatures, .n_signatures = %zu,\n"
            "    .archs = archs, .n_archs = %zu,\n};\n",
            t->n_guards, t->n_signatures, t->n_archs);
}

static int write_program(FILE *out, const char *name, const struct seccomp_tables *t, uint64_t caps, struct err *e)
{
    _cleanup_free_ struct sock_filter *prog = calloc(BPF_MAXINSNS, sizeof(*prog));
    if (!prog)
        return err_set(e, ERR_SYS, ENOMEM, "compile");
    int n = seccomp_tables_compile(t, caps, prog, BPF_MAXINSNS, e);
    if (n < 0)
        return n;
    fprintf(out, "const struct sock_filter seccomp_program_%s[] = {\n", name);
    for (int i = 0; i < n; i++)
        fprintf(out, "    {0x%x, %u, %u, 0x%x},\n", prog[i].code, prog[i].jt, prog[i].jf, prog[i].k);
    fprintf(out, "};\nconst size_t seccomp_program_%s_len = %d;\n", name, n);
    return 0;
}

static int write_family(FILE *out, const char *condition, enum seccomp_arch_index first, enum seccomp_arch_index last,
                        struct err *e)
{
    struct seccomp_index x;
    int r = seccomp_index_init(&x, first, last, e);
    if (r < 0)
        return r;
    fprintf(out, "%s\n", condition);
    write_tables(out, &x.tables);
    r = write_program(out, "default", &x.tables, caps_default, e);
    if (r == 0)
        r = write_program(out, "all", &x.tables, UINT64_MAX, e);
    seccomp_index_release(&x);
    return r;
}

static int generate(const char *path, struct err *e)
{
    FILE *out = fopen(path, "we");
    if (!out)
        return err_sys(e, "open %s", path);
    fprintf(
        out,
        "/* Written by seccomp_gen.c from seccomp_policy.c. */\n#include \"runtime/security/seccomp_tables.h\"\n\n");
    int r = write_family(out, "#if defined(__x86_64__)", SECCOMP_X86_64, SECCOMP_I386, e);
    if (r == 0)
        r = write_family(out, "#elif defined(__aarch64__)", SECCOMP_AARCH64, SECCOMP_ARM, e);
    fprintf(out, "#else\n#error \"no system call table for this architecture: see seccomp_names.c\"\n#endif\n");
    if (fclose(out) != 0 && r == 0)
        r = err_sys(e, "write %s", path);
    return r;
}

int main(int argc, char **argv)
{
    struct err e = ERR_INIT;
    if (argc != 2) {
        fprintf(stderr, "usage: seccomp_gen OUTPUT\n");
        return 2;
    }
    if (generate(argv[1], &e) < 0) {
        fprintf(stderr, "seccomp_gen: %s\n", e.text);
        return 1;
    }
    return 0;
}
