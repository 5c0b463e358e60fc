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

/* A line of /proc/self/status, "CapEff:\t0000…". */
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

/* Runs the check in a child; its exit status names the line that failed. */
#define CHECK(condition)                                                                                               \
    do                                                                                                                 \
        if (!(condition))                                                                                              \
            return __LINE__ & 0xff ? __LINE__ & 0xff : 1;                                                              \
    while (0)

static void run(int (*body)(void))
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(body());
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int apply_as_root(void)
{
    struct err e = ERR_INIT;
    const struct spec_caps caps = {.bounding = caps_default, .permitted = caps_default, .effective = caps_default};
    CHECK(caps_apply_bounding(&caps, &e) == 0);
    CHECK(caps_apply(&caps, &e) == 0);
    CHECK(own_set("CapBnd") == caps_default);
    CHECK(own_set("CapPrm") == caps_default);
    CHECK(own_set("CapEff") == caps_default);
    CHECK(own_set("CapInh") == 0);
    CHECK(own_set("CapAmb") == 0);
    return 0;
}

static int apply_as_user(void)
{
    struct err e = ERR_INIT;
    const uint64_t bind = CAP_BIT(CAP_NET_BIND_SERVICE);
    const struct spec_caps caps = {
        .bounding = caps_default,
        .permitted = bind,
        .effective = bind,
        .inheritable = bind,
        .ambient = bind,
    };
    CHECK(caps_apply_bounding(&caps, &e) == 0);
    CHECK(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) == 0);
    CHECK(sys_setresuid(1234, 1234, 1234) == 0);
    CHECK(caps_apply(&caps, &e) == 0);
    CHECK(own_set("CapEff") == bind);
    CHECK(own_set("CapPrm") == bind);
    CHECK(own_set("CapAmb") == bind);
    return 0;
}

static int apply_more_than_there_is(void)
{
    struct err e = ERR_INIT;
    const uint64_t few = CAP_BIT(CAP_CHOWN) | CAP_BIT(CAP_SETPCAP);
    const struct spec_caps less = {.bounding = few, .permitted = few, .effective = few};
    const struct spec_caps all = {.bounding = UINT64_MAX, .permitted = UINT64_MAX, .effective = UINT64_MAX};
    CHECK(caps_apply(&less, &e) == 0);
    CHECK(caps_apply(&all, &e) == 0);
    CHECK(own_set("CapEff") == few);
    CHECK(own_set("CapInh") == 0);
    return 0;
}

static int drop_all(void)
{
    struct err e = ERR_INIT;
    const struct spec_caps none = {0};
    CHECK(caps_apply_bounding(&none, &e) == 0);
    CHECK(caps_apply(&none, &e) == 0);
    CHECK(own_set("CapBnd") == 0);
    CHECK(own_set("CapPrm") == 0);
    CHECK(own_set("CapEff") == 0);
    return 0;
}

static int drop_without_privilege(void)
{
    struct err e = ERR_INIT;
    const struct spec_caps none = {0};
    CHECK(caps_apply(&none, &e) == 0);
    CHECK(caps_apply_bounding(&none, &e) == -EPERM);
    CHECK(strstr(e.text, "CAP_CHOWN") != NULL);
    return 0;
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
