#include "storage/unit.h"

#include "base/strv.h"
#include "engine/filter.h"
#include "engine/image_ref.h"

static struct container *sample(void)
{
    struct container *c = container_new();
    memset(c->id, 'a', CONTAINER_ID_LEN);
    c->name = strdup("web1");
    c->image_id = strdup("sha256:0123456789");
    c->config.image = strdup("busybox");
    strv_add(&c->config.labels, "tier=front", NULL);
    c->state.status = CONTAINER_EXITED;
    c->state.exit_code = 3;
    return c;
}

static bool matches(const char *list)
{
    _cleanup_container_ struct container *c = sample();
    _cleanup_strv_ char **filters = NULL;
    struct filter_set set;
    strv_split(list, ' ', &filters, NULL);
    assert_ok(filter_parse(filters, &set, e));
    return filter_matches(&set, c);
}

static void one_kind_is_alternatives_and_kinds_add_up(void **state)
{
    (void)state;
    assert_true(matches("name=we"));
    assert_false(matches("name=db"));
    assert_true(matches("name=db name=web"));
    assert_true(matches("name=web status=exited"));
    assert_false(matches("name=web status=running"));
    assert_true(matches("label=tier"));
    assert_true(matches("label=tier=front"));
    assert_false(matches("label=tier=back"));
    assert_false(matches("label=tie"));
    assert_true(matches("id=aaa"));
    assert_false(matches("id=b"));
    assert_true(matches("exited=3"));
    assert_false(matches("exited=0"));
    assert_true(matches("ancestor=busybox"));
    assert_true(matches("ancestor=docker.io/library/busybox:latest"));
    assert_true(matches("ancestor=012345"));
    assert_false(matches("ancestor=busybox:1"));
}

static void mistakes_are_refused(void **state)
{
    (void)state;
    const char *bad[] = {"colour=red", "name", "status=flying", "exited=soon"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *filters[] = {(char *)bad[i], NULL};
        struct filter_set set;
        assert_err(filter_parse(filters, &set, e), ERR_INVALID, "");
    }
}

static void references_are_normalized(void **state)
{
    (void)state;
    const char *cases[][2] = {
        {"busybox", "busybox:latest"},        {"docker.io/library/busybox", "busybox:latest"},
        {"docker.io/ann/app:1", "ann/app:1"}, {"localhost:5000/app", "localhost:5000/app:latest"},
        {"app@sha256:12", "app@sha256:12"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        _cleanup_free_ char *name = NULL;
        assert_ok(image_ref_normalize(cases[i][0], &name, e));
        assert_string_equal(name, cases[i][1]);
    }
    const char *bad[] = {"", "bad name", "-x", "a;b", "/abs"};
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        char *name = NULL;
        assert_err(image_ref_normalize(bad[i], &name, e), ERR_INVALID, "invalid reference format");
    }
}

static void paths_are_told_from_names(void **state)
{
    (void)state;
    assert_true(image_ref_is_path("./x") && image_ref_is_path("/x") && image_ref_is_path("x.tar.gz"));
    assert_false(image_ref_is_path("busybox") || image_ref_is_path("ann/app:1") || image_ref_is_path(".tar"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_kind_is_alternatives_and_kinds_add_up),
        cmocka_unit_test(mistakes_are_refused),
        cmocka_unit_test(references_are_normalized),
        cmocka_unit_test(paths_are_told_from_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
