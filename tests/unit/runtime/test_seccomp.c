/*
 * The default filter. Our compiler and libseccomp's get the same policy, and both programs are run on a BPF machine for
 * every system call number and telling arguments, on each architecture: they must agree. What libseccomp cannot say
 * (conditions on half an argument, unknown calls) is checked by itself. At last the filter is loaded for real.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <sched.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "bpf_machine.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp.h"
#include "runtime/security/seccomp_index.h"

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))

struct filter {
    struct sock_filter insns[BPF_MAXINSNS];
    size_t n;
};

/* ---- the two programs for one policy */

static void assert_ok(int r, const struct err *e)
{
    if (r < 0)
        fail_msg("%s", e->text);
}

static void compile_ours(const struct seccomp_index *x, uint64_t caps, struct filter *ret)
{
    struct err e = ERR_INIT;
    int n = seccomp_tables_compile(&x->tables, caps, ret->insns, BPF_MAXINSNS, &e);
    assert_ok(n, &e);
    ret->n = (size_t)n;
}

static void add_rule(scmp_filter_ctx ctx, const char *name, unsigned n, struct scmp_arg_cmp arg)
{
    int nr = seccomp_syscall_resolve_name(name);
    int r = nr != __NR_SCMP_ERROR ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, nr, n, arg) : 0;
    if (r < 0)
        fail_msg("libseccomp, %s: %s", name, strerror(-r));
}

/* libseccomp takes one condition on an argument, and no mask but for equality: "neither 38 nor 40" becomes three rules,
 * which are the same for arguments below 2^32. */
static void add_conditional(scmp_filter_ctx ctx, const char *name, const struct seccomp_guard *g)
{
    const struct seccomp_cond *first = &g->conds[0], *last = &g->conds[g->n_conds - 1];
    if (first->op == SECCOMP_EQ) {
        assert_int_equal(g->n_conds, 1);
        add_rule(ctx, name, 1, SCMP_CMP64(first->arg, SCMP_CMP_MASKED_EQ, first->mask, first->value));
        return;
    }
    assert_true(first->op == SECCOMP_NE && last->op == SECCOMP_NE);
    add_rule(ctx, name, 1, SCMP_CMP64(first->arg, SCMP_CMP_LT, first->value, 0));
    for (uint64_t v = first->value + 1; v < last->value; v++)
        add_rule(ctx, name, 1, SCMP_CMP64(first->arg, SCMP_CMP_EQ, v, 0));
    add_rule(ctx, name, 1, SCMP_CMP64(first->arg, SCMP_CMP_GT, last->value, 0));
}

/* One group's calls as rules that allow, where the capabilities do. */
static void add_group(scmp_filter_ctx ctx, const struct seccomp_group *g, uint64_t caps)
{
    char *names = strdup(g->names), *rest = names;
    bool is_active = !g->guard.never && (!g->guard.caps || (g->guard.caps & caps));
    for (char *name; is_active && (name = strsep(&rest, " "));) {
        if (g->guard.n_conds == 0)
            add_rule(ctx, name, 0, (struct scmp_arg_cmp){0});
        else
            add_conditional(ctx, name, &g->guard);
    }
    free(names);
}

/* Refuses with EPERM all that is not allowed. */
static void compile_libseccomp(uint32_t scmp_arch, uint64_t caps, struct filter *ret)
{
    FILE *f = tmpfile();
    scmp_filter_ctx ctx = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    assert_non_null(ctx);
    if (scmp_arch != seccomp_arch_native()) {
        assert_return_code(seccomp_arch_add(ctx, scmp_arch), 0);
        assert_return_code(seccomp_arch_remove(ctx, SCMP_ARCH_NATIVE), 0);
    }
    for (size_t i = 0; i < seccomp_policy_len; i++)
        add_group(ctx, &seccomp_policy[i], caps);
    assert_return_code(seccomp_export_bpf(ctx, fileno(f)), 0);
    rewind(f);
    ret->n = fread(ret->insns, sizeof(ret->insns[0]), BPF_MAXINSNS, f);
    assert_true(ret->n > 0);
    fclose(f);
    seccomp_release(ctx);
}

/* ---- what to ask */

static const uint64_t telling_arguments[] = {
    0,    1,       2,       8,       9,          16,         37,         38,         39,       40,         41,
    0x80, 0x20000, 0x20008, 0x20010, 0x10000000, 0x02000000, 0x7E020000, 0x01200011, 0x3d0f00, 0xfffffffe, 0xffffffff,
};

/* Calls that libseccomp cannot tell of: younger ones, and 32-bit x86 calls that it merges with their multiplexers. */
static bool is_told_apart(enum seccomp_arch_index arch, uint32_t nr)
{
    bool is_multiplexed = arch == SECCOMP_I386 && (nr == 102 || nr == 117 || nr == 337 || nr == 345 ||
                                                   (nr >= 359 && nr <= 373) || (nr >= 393 && nr <= 402));
    char *name = seccomp_syscall_resolve_num_arch(seccomp_archs[arch].scmp, (int)(nr + seccomp_archs[arch].nr_base));
    bool is_known = name && seccomp_syscall_resolve_name(name) != __NR_SCMP_ERROR;
    free(name);
    return is_known && !is_multiplexed;
}

static void compare(const struct seccomp_index *x, enum seccomp_arch_index arch, uint64_t caps)
{
    static struct filter ours, theirs;
    const struct seccomp_arch_info *info = &seccomp_archs[arch];
    size_t compared = 0;
    compile_ours(x, caps, &ours);
    compile_libseccomp(info->scmp, caps, &theirs);
    for (uint32_t nr = 0; nr < 600; nr++) {
        if (!is_told_apart(arch, nr))
            continue;
        compared++;
        for (size_t i = 0; i < ARRAY_SIZE(telling_arguments); i++) {
            const struct seccomp_data d = {
                .nr = (int)(nr + info->nr_base),
                .arch = info->audit,
                .args = {telling_arguments[i], telling_arguments[i]},
            };
            uint32_t a = bpf_execute(ours.insns, ours.n, &d).action, b = bpf_execute(theirs.insns, theirs.n, &d).action;
            if (a == REFUSE(ENOSYS))
                a = REFUSE(EPERM); /* clone3: libseccomp has been given one errno for all */
            if (a != b)
                fail_msg("%s %u (0x%llx): 0x%x, libseccomp 0x%x", info->name, nr,
                         (unsigned long long)telling_arguments[i], a, b);
        }
    }
    assert_true(compared > 250);
}

static const uint64_t cap_sets[] = {
    0,
    CAP_BIT(CAP_SYS_ADMIN),
    CAP_BIT(CAP_BPF) | CAP_BIT(CAP_SYS_PTRACE),
    CAP_BIT(CAP_SYSLOG) | CAP_BIT(CAP_SYS_TIME) | CAP_BIT(CAP_SYS_NICE),
    UINT64_MAX,
};

static void compare_family(enum seccomp_arch_index first, enum seccomp_arch_index last)
{
    struct seccomp_index x;
    struct err e = ERR_INIT;
    assert_ok(seccomp_index_init(&x, first, last, &e), &e);
    for (unsigned arch = first; arch <= last; arch++) {
        compare(&x, arch, caps_default);
        for (size_t i = 0; i < ARRAY_SIZE(cap_sets); i++)
            compare(&x, arch, cap_sets[i]);
    }
    seccomp_index_release(&x);
}

static void test_agrees_with_libseccomp_on_x86(void **state)
{
    (void)state;
    compare_family(SECCOMP_X86_64, SECCOMP_I386);
}

static void test_agrees_with_libseccomp_on_arm(void **state)
{
    (void)state;
    compare_family(SECCOMP_AARCH64, SECCOMP_ARM);
}

static bool is_in_policy(const struct seccomp_arch *a, uint32_t nr)
{
    for (size_t i = 0; i < a->n_ranges; i++)
        if (a->ranges[i].first <= nr && nr <= a->ranges[i].last)
            return true;
    return false;
}

/* Every call that libseccomp knows is in the policy: whoever updates it must think about what is new. */
static void test_the_policy_is_complete(void **state)
{
    (void)state;
    struct seccomp_index x;
    struct err e = ERR_INIT;
    assert_ok(seccomp_index_init(&x, SECCOMP_X86_64, SECCOMP_ARM, &e), &e);
    for (unsigned arch = SECCOMP_X86_64; arch <= SECCOMP_ARM; arch++) {
        const struct seccomp_arch *a = &x.archs[arch];
        for (uint32_t nr = 0; nr < 600; nr++) {
            char *name = seccomp_syscall_resolve_num_arch(seccomp_archs[arch].scmp, (int)(nr + a->nr_base));
            if (name && !is_in_policy(a, nr))
                fail_msg("%s: %s (%u) is in no group", seccomp_archs[arch].name, name, nr);
            free(name);
        }
    }
    seccomp_index_release(&x);
}

/* Those younger than the distribution's libseccomp, whose numbers are our own table's. */
static void test_young_calls_are_in_the_policy(void **state)
{
    (void)state;
    enum { FIRST = 451 /* cachestat */, MAP_SHADOW_STACK = 453 /* not in x32 */, LAST = 467 /* open_tree_attr */ };
    struct seccomp_index x;
    struct err e = ERR_INIT;
    assert_ok(seccomp_index_init(&x, SECCOMP_X86_64, SECCOMP_ARM, &e), &e);
    for (unsigned arch = SECCOMP_X86_64; arch <= SECCOMP_ARM; arch++)
        for (uint32_t nr = FIRST; nr <= LAST; nr++)
            assert_true(is_in_policy(&x.archs[arch], nr) || (arch == SECCOMP_X32 && nr == MAP_SHADOW_STACK));
    seccomp_index_release(&x);
}

/* ---- the program that is linked in */

static uint32_t ask(uint64_t caps, uint32_t arch, uint32_t nr, uint64_t arg0)
{
    const struct sock_filter *prog;
    size_t n;
    struct err e = ERR_INIT;
    const struct seccomp_data d = {.nr = (int)nr, .arch = arch, .args = {arg0}};
    assert_ok(seccomp_default_program(caps, &prog, &n, &e), &e);
    return bpf_execute(prog, n, &d).action;
}

static void test_unknown_calls_are_not_there(void **state)
{
    (void)state;
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, 700, 0), REFUSE(ENOSYS));
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, 400, 0), REFUSE(ENOSYS)); /* the gap 337…423 */
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, UINT32_MAX, 0), REFUSE(ENOSYS));
    assert_int_equal(ask(UINT64_MAX, AUDIT_ARCH_I386, 700, 0), REFUSE(ENOSYS));
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_reboot, 0), REFUSE(EPERM));
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_keyctl, 0), REFUSE(EPERM));
}

static void test_other_architectures_die(void **state)
{
    (void)state;
    assert_int_equal(ask(caps_default, AUDIT_ARCH_S390X, SYS_getpid, 0), SECCOMP_RET_KILL_PROCESS);
}

static void test_socket_families(void **state)
{
    (void)state;
    static const struct {
        uint64_t family;
        uint32_t action;
    } cases[] = {
        {AF_UNIX, ALLOW},
        {AF_INET, ALLOW},
        {AF_NETLINK, ALLOW},
        {AF_ALG, REFUSE(EPERM)},
        {39, ALLOW},
        {AF_VSOCK, REFUSE(EPERM)},
        {41, ALLOW},
        /* the kernel takes an int: the high half must not hide the family */
        {UINT64_C(1) << 32 | AF_VSOCK, REFUSE(EPERM)},
        {UINT64_C(0xffffffff00000000) | AF_ALG, REFUSE(EPERM)},
        {UINT64_C(1) << 63 | AF_INET, ALLOW},
    };
    enum { I386_SOCKETCALL = 102, I386_SOCKET = 359, X32 = 0x40000000 };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_socket, cases[i].family), cases[i].action);
        assert_int_equal(ask(UINT64_MAX, AUDIT_ARCH_X86_64, SYS_socket, cases[i].family), cases[i].action);
        assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, X32 | SYS_socket, cases[i].family), cases[i].action);
        assert_int_equal(ask(caps_default, AUDIT_ARCH_I386, I386_SOCKET, cases[i].family), cases[i].action);
    }
    assert_int_equal(ask(caps_default, AUDIT_ARCH_I386, I386_SOCKETCALL, 1), REFUSE(EPERM));
    assert_int_equal(ask(caps_default, AUDIT_ARCH_I386, I386_SOCKETCALL, UINT64_C(1) << 32 | 1), REFUSE(EPERM));
    assert_int_equal(ask(caps_default, AUDIT_ARCH_I386, I386_SOCKETCALL, 2), ALLOW);
}

static void test_namespaces_need_sys_admin(void **state)
{
    (void)state;
    const uint64_t admin = caps_default | CAP_BIT(CAP_SYS_ADMIN);
    static const uint64_t flags[] = {CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                     CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET};
    for (size_t i = 0; i < ARRAY_SIZE(flags); i++) {
        assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_clone, flags[i] | SIGCHLD), REFUSE(EPERM));
        assert_int_equal(ask(admin, AUDIT_ARCH_X86_64, SYS_clone, flags[i] | SIGCHLD), ALLOW);
    }
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_clone, SIGCHLD), ALLOW);
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_clone3, 0), REFUSE(ENOSYS));
    assert_int_equal(ask(admin, AUDIT_ARCH_X86_64, SYS_clone3, 0), ALLOW);
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_unshare, 0), REFUSE(EPERM));
    assert_int_equal(ask(admin, AUDIT_ARCH_X86_64, SYS_unshare, CLONE_NEWUSER), ALLOW);
}

static void test_personality(void **state)
{
    (void)state;
    static const uint64_t allowed[] = {0, 8, 0x20000, 0x20008, 0xffffffff};
    static const uint64_t refused[] = {READ_IMPLIES_EXEC, ADDR_NO_RANDOMIZE, 1, UINT64_C(1) << 32 | ADDR_NO_RANDOMIZE};
    for (size_t i = 0; i < ARRAY_SIZE(allowed); i++)
        assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_personality, allowed[i]), ALLOW);
    for (size_t i = 0; i < ARRAY_SIZE(refused); i++)
        assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_personality, refused[i]), REFUSE(EPERM));
}

static void test_an_answer_takes_few_steps(void **state)
{
    (void)state;
    const struct sock_filter *prog;
    size_t n, most = 0;
    struct err e = ERR_INIT;
    assert_ok(seccomp_default_program(caps_default, &prog, &n, &e), &e);
    for (int nr = 0; nr < 600; nr++) {
        const struct seccomp_data d = {.nr = nr, .arch = AUDIT_ARCH_X86_64};
        size_t steps = bpf_execute(prog, n, &d).steps;
        most = steps > most ? steps : most;
    }
    print_message("%zu instructions, at most %zu steps\n", n, most);
    assert_in_range(most, 1, 20);
}

/* Capabilities that guard nothing make no difference; those that do are compiled at run time. */
static void test_which_program_is_taken(void **state)
{
    (void)state;
    const struct sock_filter *a, *b;
    size_t n_a, n_b;
    struct err e = ERR_INIT;
    assert_ok(seccomp_default_program(caps_default, &a, &n_a, &e), &e);
    assert_ok(seccomp_default_program(caps_default | CAP_BIT(CAP_NET_ADMIN), &b, &n_b, &e), &e);
    assert_ptr_equal(a, b);
    assert_ok(seccomp_default_program(caps_default | CAP_BIT(CAP_SYS_TIME), &b, &n_b, &e), &e);
    assert_ptr_not_equal(a, b);
    assert_int_equal(ask(caps_default | CAP_BIT(CAP_SYS_TIME), AUDIT_ARCH_X86_64, SYS_clock_settime, 0), ALLOW);
    assert_int_equal(ask(caps_default, AUDIT_ARCH_X86_64, SYS_clock_settime, 0), REFUSE(EPERM));
}

static int probe_loaded_filter(void)
{
    const struct sock_filter *prog;
    size_t n;
    if (seccomp_default_program(caps_default, &prog, &n, NULL) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return 1;
    if (seccomp_install(prog, n, 0, NULL) < 0)
        return 2;
    if (socket(AF_VSOCK, SOCK_STREAM, 0) >= 0 || errno != EPERM)
        return 3;
    if (unshare(CLONE_NEWUSER) == 0 || errno != EPERM)
        return 4;
    if (syscall(SYS_clone3, NULL, 0) >= 0 || errno != ENOSYS)
        return 5;
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    return fd < 0 || getpid() <= 0 ? 6 : 0;
}

static void test_the_kernel_takes_it(void **state)
{
    (void)state;
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(probe_loaded_filter());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

static void test_install_refuses_nonsense(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const struct sock_filter one = {0};
    assert_true(seccomp_install(&one, 0, 0, &e) < 0);
    assert_true(seccomp_install(&one, BPF_MAXINSNS + 1, 0, &e) < 0);
}

/* ---- resolving a spec */

static void test_a_compiled_file_is_read(void **state)
{
    (void)state;
    char path[] = "/tmp/sampan-test-seccomp-XXXXXX";
    const struct sock_filter program[] = {{BPF_RET | BPF_K, 0, 0, ALLOW}};
    struct spec spec = {.seccomp = {.mode = SPEC_SECCOMP_FILE, .path = path}};
    const struct sock_filter *prog;
    void *owned;
    size_t n;
    struct err e = ERR_INIT;
    int fd = mkstemp(path);
    assert_int_equal(write(fd, program, sizeof(program)), sizeof(program));
    assert_ok(seccomp_resolve(&spec, &prog, &n, &owned, &e), &e);
    assert_int_equal(n, 1);
    assert_int_equal(prog[0].k, ALLOW);
    free(owned);
    assert_int_equal(write(fd, "x", 1), 1); /* no longer a whole number of instructions */
    assert_true(seccomp_resolve(&spec, &prog, &n, &owned, &e) < 0);
    close(fd);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_libseccomp_on_x86),
        cmocka_unit_test(test_agrees_with_libseccomp_on_arm),
        cmocka_unit_test(test_the_policy_is_complete),
        cmocka_unit_test(test_young_calls_are_in_the_policy),
        cmocka_unit_test(test_unknown_calls_are_not_there),
        cmocka_unit_test(test_other_architectures_die),
        cmocka_unit_test(test_socket_families),
        cmocka_unit_test(test_namespaces_need_sys_admin),
        cmocka_unit_test(test_personality),
        cmocka_unit_test(test_an_answer_takes_few_steps),
        cmocka_unit_test(test_which_program_is_taken),
        cmocka_unit_test(test_the_kernel_takes_it),
        cmocka_unit_test(test_install_refuses_nonsense),
        cmocka_unit_test(test_a_compiled_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
