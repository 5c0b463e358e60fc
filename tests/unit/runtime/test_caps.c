/* Capabilities: names, and what a process has after they were applied, as the kernel tells it in /proc. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/syscalls.h"
#include "runtime/security/capabilities.h"

static void test_names_and_numbers(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    static const char *const spellings[] = {"NET_ADMIN", "CAP_NET_ADMIN", "net_admin", "cap_Net_Admin"};
    for (size_t i = 0; i < ARRAY_SIZE(spellings); i++) {
        int cap = -1;
        assert_int_equal(caps_parse(spellings[i], &cap, &e), 0);
        assert_int_equal(cap, CAP_NET_ADMIN);
    }
    for (int cap = 0; cap <= CAP_CHECKPOINT_RESTORE; cap++) {
        int again = -1;
        assert_int_equal(caps_parse(caps_name(cap), &again, &e), 0);
        assert_int_equal(again, cap);
    }
    assert_null(caps_name(CAP_CHECKPOINT_RESTORE + 1));
    assert_null(caps_name(-1));
    assert_string_equal(caps_name(CAP_SYS_ADMIN), "CAP_SYS_ADMIN");
    assert_string_equal(caps_name(CAP_BPF), "CAP_BPF");
}

static void test_a_mistyped_name_gets_a_suggestion(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int cap;
    assert_true(caps_parse("NET_ADMN", &cap, &e) < 0);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_non_null(strstr(e.text, "NET_ADMN"));
    assert_non_null(strstr(e.text, "CAP_NET_ADMIN"));
    assert_true(caps_parse("", &cap, &e) < 0);
    assert_true(caps_parse("CAP_", &cap, &e) < 0);
    assert_true(caps_parse("A_NAME_THAT_IS_LONGER_THAN_ANY_CAPABILITY", &cap, &e) < 0);
}

static void test_the_default_is_dockers(void **state)
{
    (void)state;
    assert_int_equal(__builtin_popcountll(caps_default), 14);
    assert_int_equal(caps_default, 0xa80425fb); /* CapPrm in every docker container */
    assert_int_equal(caps_all() & caps_default, caps_default);
    assert_int_equal(caps_all() >> caps_last(), 1);
}

/* ---- what the kernel says a process has */

static uint64_t own_set(const char *name)
{
    char line[256];
    unsigned long long value = UINT64_MAX;
    FILE *f = fopen("/proc/self/status", "re");
    while (f && fgets(line, sizeof(line), f))
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtoull(line + strlen(name) + 1, NULL, 16);
    if (f)
        fclose(f);
    return value;
}

/* 0, or 1 after saying which set is another one. */
static int compare_sets(const struct spec_caps *wanted)
{
    const struct {
        const char *name;
        uint64_t wanted;
    } sets[] = {
        {"CapBnd", wanted->bounding},    {"CapPrm", wanted->permitted}, {"CapEff", wanted->effective},
        {"CapInh", wanted->inheritable}, {"CapAmb", wanted->ambient},
    };
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        if (own_set(sets[i].name) != sets[i].wanted) {
            fprintf(stderr, "%s is %llx\n", sets[i].name, (unsigned long long)own_set(sets[i].name));
            return 1;
        }
    }
    return 0;
}

static int apply(const struct spec_caps *caps)
{
    struct err e = ERR_INIT;
    if (caps_apply_bounding(caps, &e) == 0 && caps_apply(caps, &e) == 0)
        return 0;
    fprintf(stderr, "%s\n", e.text);
    return 1;
}

static void run(int (*body)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(body());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

/* ---- bodies of children */

static int apply_as_root(void)
{
    const struct spec_caps caps = {.bounding = caps_default, .permitted = caps_default, .effective = caps_default};
    return apply(&caps) || compare_sets(&caps);
}

static int apply_as_user(void)
{
    const uint64_t bind = CAP_BIT(CAP_NET_BIND_SERVICE);
    const struct spec_caps caps = {
        .bounding = caps_default,
        .permitted = bind,
        .effective = bind,
        .inheritable = bind,
        .ambient = bind,
    };
    if (caps_apply_bounding(&caps, NULL) < 0 || prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 ||
        sys_setresuid(1234, 1234, 1234) < 0)
        return 1;
    return caps_apply(&caps, NULL) < 0 || compare_sets(&caps);
}

static int apply_more_than_there_is(void)
{
    const uint64_t few = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_SETPCAP);
    const struct spec_caps less = {.bounding = few, .permitted = few, .effective = few};
    const struct spec_caps all = {.bounding = UINT64_MAX, .permitted = UINT64_MAX, .effective = UINT64_MAX};
    return apply(&less) || apply(&all) || compare_sets(&less);
}

static int drop_all(void)
{
    const struct spec_caps none = {0};
    return apply(&none) || compare_sets(&none);
}

static int drop_without_privilege(void)
{
    const struct spec_caps none = {0};
    struct err e = ERR_INIT;
    if (caps_apply(&none, &e) < 0)
        return 1;
    return caps_apply_bounding(&none, &e) != -EPERM || !strstr(e.text, "CAP_CHOWN");
}

#define APPLY_TEST(name)                                                                                               \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        if (geteuid() != 0)                                                                                            \
            skip();                                                                                                    \
        run(name);                                                                                                     \
    }

APPLY_TEST(apply_as_root)
APPLY_TEST(apply_as_user)
APPLY_TEST(apply_more_than_there_is)
APPLY_TEST(drop_all)
APPLY_TEST(drop_without_privilege)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_and_numbers),
        cmocka_unit_test(test_a_mistyped_name_gets_a_suggestion),
        cmocka_unit_test(test_the_default_is_dockers),
        cmocka_unit_test(test_apply_as_root),
        cmocka_unit_test(test_apply_as_user),
        cmocka_unit_test(test_apply_more_than_there_is),
        cmocka_unit_test(test_drop_all),
        cmocka_unit_test(test_drop_without_privilege),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
