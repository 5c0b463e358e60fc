#include "storage/unit.h"

#include "base/strv.h"
#include "engine/nsmode.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct engine nowhere = ENGINE_INIT;

static void set(char **mode, const char *value)
{
    free(*mode);
    *mode = strdup(value);
}

static void every_namespace_is_its_own_by_default(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = container_new();
    struct ns_plan plan;
    assert_ok(nsmode_settle(&nowhere, c, e));
    assert_ok(nsmode_plan(c, &plan, e));
    assert_string_equal(c->host.network_mode, "bridge");
    assert_string_equal(c->host.ipc_mode, "private");
    for (int kind = 0; kind < NS_COUNT; kind++)
        assert_int_equal(plan.ns[kind].how, kind == NS_TIME ? NS_HOST : NS_OWN);
}

static void offsets_bring_a_time_namespace(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = container_new();
    struct ns_plan plan;
    strv_add(&c->host.time_offsets, "boottime=1", NULL);
    assert_ok(nsmode_plan(c, &plan, e));
    assert_int_equal(plan.ns[NS_TIME].how, NS_OWN);
}

static void the_host_s_pid_network_and_ipc_turn_the_user_namespace_off(void **state)
{
    (void)state;
    for (int i = 0; i < 5; i++) {
        _cleanup_container_ struct container *c = container_new();
        char **modes[] = {&c->host.network_mode, &c->host.pid_mode, &c->host.ipc_mode};
        struct ns_plan plan;
        if (i < 3)
            set(modes[i], "host");
        if (i == 3)
            c->host.privileged = true;
        if (i == 4)
            set(&c->host.uts_mode, "host"); /* this one needs no rights */
        assert_ok(nsmode_plan(c, &plan, e));
        assert_int_equal(plan.ns[NS_USER].how, i == 4 ? NS_OWN : NS_HOST);
        set(&c->host.userns_mode, "auto");
        assert_ok(nsmode_plan(c, &plan, e));
        assert_int_equal(plan.ns[NS_USER].how, NS_OWN);
    }
}

static void a_joined_namespace_brings_its_user_namespace(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = container_new();
    struct ns_plan plan;
    set(&c->host.network_mode, "container:" ID);
    set(&c->host.ipc_mode, "container:" ID);
    assert_ok(nsmode_plan(c, &plan, e));
    assert_int_equal(plan.ns[NS_NET].how, NS_CONTAINER);
    assert_string_equal(plan.ns[NS_NET].target, ID);
    assert_int_equal(plan.ns[NS_USER].how, NS_CONTAINER);
    assert_string_equal(plan.ns[NS_USER].target, ID);
    assert_int_equal(plan.ns[NS_PID].how, NS_OWN);
}

static void two_user_namespaces_are_one_too_many(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = container_new();
    struct ns_plan plan;
    set(&c->host.network_mode, "container:" ID);
    set(&c->host.pid_mode, "container:" OTHER);
    assert_err(nsmode_plan(c, &plan, e), ERR_CONFLICT, "--userns host");
    set(&c->host.userns_mode, "host");
    assert_ok(nsmode_plan(c, &plan, e));
}

static void unknown_modes_are_refused(void **state)
{
    (void)state;
    const struct {
        size_t offset;
        const char *mode, *part;
        enum err_kind kind;
    } cases[] = {
        {offsetof(struct host_config, pid_mode), "private2", "--pid private2", ERR_INVALID},
        {offsetof(struct host_config, uts_mode), "container:x", "--uts container:x", ERR_INVALID},
        {offsetof(struct host_config, ipc_mode), "container:nobody", "no such container: nobody", ERR_NOT_FOUND},
        {offsetof(struct host_config, userns_mode), "keep-id", "host, auto, container:NAME", ERR_INVALID},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        _cleanup_container_ struct container *c = container_new();
        set((char **)((char *)&c->host + cases[i].offset), cases[i].mode);
        assert_err(nsmode_settle(&nowhere, c, e), cases[i].kind, cases[i].part);
    }
}

static void a_network_s_name_is_a_network_namespace_of_its_own(void **state)
{
    (void)state;
    _cleanup_container_ struct container *c = container_new();
    struct ns_plan plan;
    set(&c->host.network_mode, "shop");
    assert_ok(nsmode_settle(&nowhere, c, e));
    assert_string_equal(c->host.network_mode, "shop");
    assert_ok(nsmode_plan(c, &plan, e));
    assert_int_equal(plan.ns[NS_NET].how, NS_OWN);
    assert_int_equal(plan.ns[NS_USER].how, NS_OWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_namespace_is_its_own_by_default),
        cmocka_unit_test(offsets_bring_a_time_namespace),
        cmocka_unit_test(the_host_s_pid_network_and_ipc_turn_the_user_namespace_off),
        cmocka_unit_test(a_joined_namespace_brings_its_user_namespace),
        cmocka_unit_test(two_user_namespaces_are_one_too_many),
        cmocka_unit_test(unknown_modes_are_refused),
        cmocka_unit_test(a_network_s_name_is_a_network_namespace_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
