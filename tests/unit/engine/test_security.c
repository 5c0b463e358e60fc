#include "storage/unit.h"

#include <linux/capability.h>

#include "base/strv.h"
#include "engine/container.h"
#include "engine/security.h"
#include "runtime/security/capabilities.h"

static uint64_t caps(const char *add, const char *drop, bool privileged)
{
    _cleanup_container_ struct container *c = container_new();
    uint64_t result = 0;
    c->host.privileged = privileged;
    if (add)
        strv_split(add, ',', &c->host.cap_add, NULL);
    if (drop)
        strv_split(drop, ',', &c->host.cap_drop, NULL);
    assert_ok(security_caps(&c->host, &result, e));
    return result;
}

static void capabilities_add_up_as_docker_s(void **state)
{
    (void)state;
    assert_true(caps(NULL, NULL, false) == caps_default);
    assert_true(caps("NET_ADMIN", NULL, false) == (caps_default | CAP_BIT(CAP_NET_ADMIN)));
    assert_true(caps(NULL, "chown,CAP_KILL", false) == (caps_default & ~CAP_BIT(CAP_CHOWN) & ~CAP_BIT(CAP_KILL)));
    assert_true(caps("NET_ADMIN", "ALL", false) == CAP_BIT(CAP_NET_ADMIN));
    assert_true(caps(NULL, "all", false) == 0);
    assert_true(caps("ALL", "SYS_ADMIN", false) == (caps_all() & ~CAP_BIT(CAP_SYS_ADMIN)));
    assert_true(caps(NULL, NULL, true) == caps_all());
}

static struct container *with(const char *option, bool privileged)
{
    struct container *c = container_new();
    c->host.privileged = privileged;
    if (option)
        strv_add(&c->host.security_opt, option, NULL);
    return c;
}

static void options_are_taken_in_both_spellings(void **state)
{
    (void)state;
    const char *spellings[] = {"seccomp=unconfined", "seccomp:unconfined"};
    struct security_options o;
    for (size_t i = 0; i < 2; i++) {
        _cleanup_container_ struct container *c = with(spellings[i], false);
        assert_ok(security_parse(&c->host, &o, e));
        assert_string_equal(o.seccomp, "unconfined");
    }
    _cleanup_container_ struct container *on = with("no-new-privileges", false);
    assert_ok(security_parse(&on->host, &o, e));
    assert_true(o.no_new_privileges);
    assert_string_equal(o.seccomp, "default");
    _cleanup_container_ struct container *off = with("no-new-privileges:false", false);
    assert_ok(security_parse(&off->host, &o, e));
    assert_false(o.no_new_privileges);
}

static void privileged_hides_nothing(void **state)
{
    (void)state;
    struct security_options o;
    _cleanup_container_ struct container *c = with(NULL, true), *normal = with(NULL, false);
    assert_ok(security_parse(&c->host, &o, e));
    assert_string_equal(o.seccomp, "unconfined");
    assert_ok(security_set_paths(&c->host, e));
    assert_int_equal(strv_len(c->host.masked_paths), 0);
    assert_ok(security_set_paths(&normal->host, e));
    assert_true(strv_contains(normal->host.masked_paths, "/proc/kcore"));
    assert_true(strv_contains(normal->host.readonly_paths, "/proc/sys"));
}

static void privileged_keeps_a_profile_that_is_asked_for(void **state)
{
    (void)state;
    struct security_options o;
    _cleanup_container_ struct container *c = with("seccomp=default", true);
    assert_ok(security_parse(&c->host, &o, e));
    assert_string_equal(o.seccomp, "default");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capabilities_add_up_as_docker_s),
        cmocka_unit_test(options_are_taken_in_both_spellings),
        cmocka_unit_test(privileged_hides_nothing),
        cmocka_unit_test(privileged_keeps_a_profile_that_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
