/* Labels of security modules: nothing asked is nothing done; what the kernel does not have is told, never passed over. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fd.h"
#include "kernel/path.h"
#include "runtime/security/lsm.h"

static int apply(char *profile, char *label, struct err *e)
{
    const struct spec_process process = {.apparmor_profile = profile, .selinux_label = label};
    _cleanup_close_ int proc_fd = path_open_procfs(e);
    assert_true(proc_fd >= 0);
    return lsm_apply_exec(&process, proc_fd, e);
}

static void test_nothing_asked(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(apply(NULL, NULL, &e), 0);
    assert_int_equal(apply((char[]){"unconfined"}, NULL, &e), 0);
}

static void test_a_profile_that_is_not_there(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_true(apply((char[]){"sampan-test-no-such-profile"}, NULL, &e) < 0);
    assert_non_null(strstr(e.text, "sampan-test-no-such-profile"));
    assert_non_null(strstr(e.text, "apparmor=unconfined"));
}

static void test_a_label_without_selinux(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    if (lsm_has_selinux())
        skip();
    assert_true(apply(NULL, (char[]){"system_u:system_r:container_t:s0"}, &e) < 0);
    assert_non_null(strstr(e.text, "label=disable"));
}

static void test_a_name_that_is_too_long(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char name[400];
    memset(name, 'a', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    assert_true(apply(name, NULL, &e) < 0);
    assert_non_null(strstr(e.text, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_asked),
        cmocka_unit_test(test_a_profile_that_is_not_there),
        cmocka_unit_test(test_a_label_without_selinux),
        cmocka_unit_test(test_a_name_that_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
