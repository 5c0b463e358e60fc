/* Users' profiles: what the program that is made from one answers, on a BPF machine; and what is refused. */
#include <errno.h>
#include <linux/audit.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include <cmocka.h>

#include "bpf_machine.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp.h"

#define ALLOW SECCOMP_RET_ALLOW
#define REFUSE(code) (SECCOMP_RET_ERRNO | (code))

#if defined(__x86_64__)
#define NATIVE AUDIT_ARCH_X86_64
#define MAP "{'architecture': 'SCMP_ARCH_X86_64', 'subArchitectures': ['SCMP_ARCH_X86', 'SCMP_ARCH_X32']}"
#define NATIVE_DOCKER "amd64"
#else
#define NATIVE AUDIT_ARCH_AARCH64
#define MAP "{'architecture': 'SCMP_ARCH_AARCH64', 'subArchitectures': ['SCMP_ARCH_ARM']}"
#define NATIVE_DOCKER "arm64"
#endif

struct program {
    struct sock_filter *insns;
    size_t n;
};

static int compile(const char *text, uint64_t caps, struct program *ret, struct err *e)
{
    _cleanup_free_ char *json = strdup(text);
    _cleanup_json_ json_object *profile = NULL;
    for (char *c = json; *c; c++)
        if (*c == '\'') /* so that the tests can be read */
            *c = '"';
    int r = json_parse(json, strlen(json), "profile", &profile, e);
    return r < 0 ? r : seccomp_compile_json(profile, caps, &ret->insns, &ret->n, e);
}

static struct program compiled(const char *text, uint64_t caps)
{
    struct program p = {0};
    struct err e = ERR_INIT;
    if (compile(text, caps, &p, &e) < 0)
        fail_msg("%s", e.text);
    return p;
}

static uint32_t ask_arch(const struct program *p, uint32_t arch, uint32_t nr, uint64_t a0, uint64_t a1)
{
    const struct seccomp_data d = {.nr = (int)nr, .arch = arch, .args = {a0, a1}};
    return bpf_execute(p->insns, p->n, &d).action;
}

static uint32_t ask(const struct program *p, uint32_t nr, uint64_t a0, uint64_t a1)
{
    return ask_arch(p, NATIVE, nr, a0, a1);
}

static void assert_refused(const char *text, const char *part)
{
    struct program p = {0};
    struct err e = ERR_INIT;
    assert_true(compile(text, 0, &p, &e) < 0);
    if (!strstr(e.text, part))
        fail_msg("\"%s\" does not say \"%s\"", e.text, part);
}

/* ---- tests */

static void test_an_allow_list(void **state)
{
    (void)state;
    struct program p = compiled("{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': ["
                                "{'names': ['read', 'write', 'no_such_call'], 'action': 'SCMP_ACT_ALLOW'},"
                                "{'names': ['mkdirat'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 30},"
                                "{'name': 'statx', 'action': 'SCMP_ACT_LOG'}]}",
                                0);
    assert_int_equal(ask(&p, SYS_read, 0, 0), ALLOW);
    assert_int_equal(ask(&p, SYS_write, 0, 0), ALLOW);
    assert_int_equal(ask(&p, SYS_openat, 0, 0), REFUSE(EPERM));
    assert_int_equal(ask(&p, SYS_mkdirat, 0, 0), REFUSE(EROFS));
    assert_int_equal(ask(&p, SYS_statx, 0, 0), SECCOMP_RET_LOG);
    assert_int_equal(ask(&p, SYS_statx + 1 + 300, 0, 0), REFUSE(ENOSYS)); /* younger than the profile */
    assert_int_equal(ask_arch(&p, AUDIT_ARCH_S390X, SYS_read, 0, 0), SECCOMP_RET_KILL_PROCESS);
    free(p.insns);
}

static void test_a_refusal_list(void **state)
{
    (void)state;
    struct program p = compiled("{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': ["
                                "{'names': ['mount', 'bpf'], 'action': 'SCMP_ACT_KILL_PROCESS'}]}",
                                0);
    assert_int_equal(ask(&p, SYS_mount, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(&p, SYS_bpf, 0, 0), SECCOMP_RET_KILL_PROCESS);
    assert_int_equal(ask(&p, SYS_read, 0, 0), ALLOW);
    assert_int_equal(ask(&p, 4000, 0, 0), ALLOW);
#if defined(__x86_64__)
    /* not dodged through an ABI that the profile does not name */
    assert_int_equal(ask(&p, 0x40000000 | SYS_mount, 0, 0), REFUSE(ENOSYS));
    assert_int_equal(ask_arch(&p, AUDIT_ARCH_I386, 21, 0, 0), SECCOMP_RET_KILL_PROCESS);
#endif
    free(p.insns);
}

/* Each operator at, below and above its value, in the low and in the high half. */
static void test_operators(void **state)
{
    (void)state;
    enum { BELOW, AT, ABOVE, HIGH };
    static const struct {
        const char *op;
        int expected[4]; /* for value - 1, value, value + 1, value + 2^32 */
    } cases[] = {
        {"EQ", {0, 1, 0, 0}}, {"NE", {1, 0, 1, 1}}, {"LT", {1, 0, 0, 0}},
        {"LE", {1, 1, 0, 0}}, {"GT", {0, 0, 1, 1}}, {"GE", {0, 1, 1, 1}},
    };
    static const uint64_t values[] = {7, UINT64_C(0x100000005), UINT64_C(0xffffffff00000001)};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        for (size_t v = 0; v < ARRAY_SIZE(values) - 1; v++) {
            char text[400];
            snprintf(text, sizeof(text),
                     "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ALLOW',"
                     "'args': [{'index': 1, 'value': %llu, 'op': 'SCMP_CMP_%s'}]}]}",
                     (unsigned long long)values[v], cases[i].op);
            struct program p = compiled(text, 0);
            const uint64_t asked[] = {values[v] - 1, values[v], values[v] + 1, values[v] + (UINT64_C(1) << 32)};
            for (int a = BELOW; a <= HIGH; a++)
                assert_int_equal(ask(&p, SYS_read, 0, asked[a]), cases[i].expected[a] ? ALLOW : REFUSE(EPERM));
            free(p.insns);
        }
    }
}

static void test_masked_equality_and_all_conditions(void **state)
{
    (void)state;
    struct program p = compiled("{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': ["
                                "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'args': ["
                                "{'index': 0, 'value': 8589934595, 'valueTwo': 8589934593, 'op': 'SCMP_CMP_MASKED_EQ'},"
                                "{'index': 1, 'value': 5, 'op': 'SCMP_CMP_EQ'}]}]}",
                                0);
    const uint64_t high = UINT64_C(1) << 33; /* mask 2^33 + 3, wanted 2^33 + 1 */
    assert_int_equal(ask(&p, SYS_read, high | 1, 5), ALLOW);
    assert_int_equal(ask(&p, SYS_read, high | 0xf0 | 1, 5), ALLOW);
    assert_int_equal(ask(&p, SYS_read, high | 3, 5), REFUSE(EPERM));
    assert_int_equal(ask(&p, SYS_read, 1, 5), REFUSE(EPERM));
    assert_int_equal(ask(&p, SYS_read, high | 1, 6), REFUSE(EPERM));
    free(p.insns);
}

static void test_one_argument_twice_means_either(void **state)
{
    (void)state;
    struct program p = compiled("{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': ["
                                "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'args': ["
                                "{'index': 0, 'value': 1, 'op': 'SCMP_CMP_EQ'},"
                                "{'index': 0, 'value': 2, 'op': 'SCMP_CMP_EQ'}]}]}",
                                0);
    assert_int_equal(ask(&p, SYS_read, 1, 0), ALLOW);
    assert_int_equal(ask(&p, SYS_read, 2, 0), ALLOW);
    assert_int_equal(ask(&p, SYS_read, 3, 0), REFUSE(EPERM));
    free(p.insns);
}

static void test_the_first_rule_that_matches_wins(void **state)
{
    (void)state;
    struct program p = compiled(
        "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': ["
        "{'names': ['read'], 'action': 'SCMP_ACT_LOG', 'args': [{'index': 0, 'value': 1, 'op': 'SCMP_CMP_EQ'}]},"
        "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW'},"
        "{'names': ['read'], 'action': 'SCMP_ACT_TRAP'}]}",
        0);
    assert_int_equal(ask(&p, SYS_read, 1, 0), SECCOMP_RET_LOG);
    assert_int_equal(ask(&p, SYS_read, 2, 0), ALLOW);
    free(p.insns);
}

static void test_includes_and_excludes(void **state)
{
    (void)state;
    static const char text[] =
        "{'defaultAction': 'SCMP_ACT_ERRNO', 'archMap': [" MAP "], 'syscalls': ["
        "{'names': ['mount'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'caps': ['CAP_SYS_ADMIN']}},"
        "{'names': ['clone3'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': 38, 'excludes': {'caps': ['CAP_SYS_ADMIN']}},"
        "{'names': ['read'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'arches': ['" NATIVE_DOCKER "', 's390']}},"
        "{'names': ['write'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'arches': ['s390']}},"
        "{'names': ['openat'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'minKernel': '4.8'}},"
        "{'names': ['close'], 'action': 'SCMP_ACT_ALLOW', 'includes': {'minKernel': '99.0'}}]}";
    struct program with = compiled(text, CAP_BIT(CAP_SYS_ADMIN)), without = compiled(text, 0);
    assert_int_equal(ask(&with, SYS_mount, 0, 0), ALLOW);
    assert_int_equal(ask(&without, SYS_mount, 0, 0), REFUSE(EPERM));
    assert_int_equal(ask(&without, SYS_clone3, 0, 0), REFUSE(ENOSYS));
    assert_int_equal(ask(&without, SYS_read, 0, 0), ALLOW);
    assert_int_equal(ask(&without, SYS_write, 0, 0), REFUSE(EPERM));
    assert_int_equal(ask(&without, SYS_openat, 0, 0), ALLOW);
    assert_int_equal(ask(&without, SYS_close, 0, 0), REFUSE(EPERM));
#if defined(__x86_64__)
    assert_int_equal(ask_arch(&without, AUDIT_ARCH_I386, 3, 0, 0), ALLOW);
    assert_int_equal(ask(&without, 0x40000000 | SYS_read, 0, 0), ALLOW);
#endif
    free(with.insns);
    free(without.insns);
}

/* A verdict for each of many calls, so that trees and conditions lie further apart than a jump reaches. */
static void test_a_long_program(void **state)
{
    (void)state;
    enum { CALLS = 300, TEXT_MAX = 128 * 1024 };
    _cleanup_free_ char *text = malloc(TEXT_MAX);
    static const char *const names[] = {"read",  "openat", "close", "mmap",  "ioctl",
                                        "mount", "statx",  "futex", "socket"};
    static const int numbers[] = {SYS_read,  SYS_openat, SYS_close, SYS_mmap,  SYS_ioctl,
                                  SYS_mount, SYS_statx,  SYS_futex, SYS_socket};
    size_t n = (size_t)snprintf(text, TEXT_MAX, "{'defaultAction': 'SCMP_ACT_ERRNO', 'syscalls': [");
    for (int i = 0; i < CALLS; i++)
        n += (size_t)snprintf(text + n, TEXT_MAX - n,
                              "%s{'names': ['%s'], 'action': 'SCMP_ACT_ERRNO', 'errnoRet': %d, 'args': ["
                              "{'index': 0, 'value': %d, 'op': 'SCMP_CMP_EQ'}]}",
                              i ? "," : "", names[(size_t)i % ARRAY_SIZE(names)], 100 + i, i);
    snprintf(text + n, TEXT_MAX - n, "]}");
    struct program p = compiled(text, 0);
    assert_in_range(p.n, 1000, BPF_MAXINSNS);
    for (int i = 0; i < CALLS; i++)
        for (size_t c = 0; c < ARRAY_SIZE(names); c++)
            assert_int_equal(ask(&p, (uint32_t)numbers[c], (uint64_t)i, 0),
                             (size_t)i % ARRAY_SIZE(names) == c ? REFUSE((uint32_t)(100 + i)) : REFUSE(EPERM));
    assert_int_equal(ask(&p, SYS_read, CALLS, 0), REFUSE(EPERM));
    free(p.insns);
}

static void test_what_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *part;
    } cases[] = {
        {"[]", "not an object"},
        {"{}", "defaultAction is missing"},
        {"{'defaultAction': 'SCMP_ACT_NOTIFY'}", "SCMP_ACT_NOTIFY"},
        {"{'defaultAction': 'SCMP_ACT_ERRNO', 'defaultErrnoRet': 5000}", "5000"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'listenerPath': '/x'}", "listenerPath"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': {}}", "not an array"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [3]}", "syscalls[0]"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': [1], 'action': 'SCMP_ACT_ALLOW'}]}", "names[0]"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['read']}]}", "action is missing"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ERRNO', 'args':"
         "[{'index': 6, 'op': 'SCMP_CMP_EQ'}]}]}",
         "args[0]"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ERRNO', 'args':"
         "[{'index': 0, 'op': 'EQUAL'}]}]}",
         "EQUAL"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ERRNO',"
         "'includes': {'caps': ['CAP_NONSENSE']}}]}",
         "CAP_NONSENSE"},
        {"{'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [{'names': ['read'], 'action': 'SCMP_ACT_ERRNO',"
         "'includes': {'minKernel': 'new'}}]}",
         "minKernel"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_refused(cases[i].text, cases[i].part);
}

static void test_flags(void **state)
{
    (void)state;
    unsigned flags = 0;
    struct err e = ERR_INIT;
    _cleanup_json_ json_object *good = NULL;
    _cleanup_json_ json_object *bad = NULL;
    static const char good_text[] = "{\"flags\": [\"SECCOMP_FILTER_FLAG_LOG\", \"SECCOMP_FILTER_FLAG_SPEC_ALLOW\"]}";
    static const char bad_text[] = "{\"flags\": [\"SECCOMP_FILTER_FLAG_NONSENSE\"]}";
    assert_int_equal(json_parse(good_text, strlen(good_text), "profile", &good, &e), 0);
    assert_int_equal(seccomp_parse_flags(good, &flags, &e), 0);
    assert_int_equal(flags, SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
    assert_int_equal(json_parse(bad_text, strlen(bad_text), "profile", &bad, &e), 0);
    assert_true(seccomp_parse_flags(bad, &flags, &e) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_allow_list),
        cmocka_unit_test(test_a_refusal_list),
        cmocka_unit_test(test_operators),
        cmocka_unit_test(test_masked_equality_and_all_conditions),
        cmocka_unit_test(test_one_argument_twice_means_either),
        cmocka_unit_test(test_the_first_rule_that_matches_wins),
        cmocka_unit_test(test_includes_and_excludes),
        cmocka_unit_test(test_a_long_program),
        cmocka_unit_test(test_what_is_refused),
        cmocka_unit_test(test_flags),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
