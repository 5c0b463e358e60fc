#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/strv.h"
#include "cli/network_view.h"

#define LIST(...)                                                                                                      \
    (char *[])                                                                                                         \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static struct network *make(const char *name, enum network_driver driver)
{
    struct network *n = network_new();

    memset(n->id, 'a', NETWORK_ID_LEN);
    n->name = strdup(name);
    n->driver = driver;
    return n;
}

static bool matches(const struct network *n, char **filters)
{
    const struct network_filters f = {.filters = filters, .used = LIST("used")};

    assert_int_equal(network_filters_check(filters, NULL), 0);
    return network_filters_match(&f, n);
}

static void filters(void **state)
{
    _cleanup_network_ struct network *web = make("web", NETWORK_BRIDGE), *used = make("used", NETWORK_OVERLAY),
                                     *bridge = make("bridge", NETWORK_BRIDGE);

    (void)state;
    assert_int_equal(strv_add(&web->labels, "tier=front", NULL), 0);
    assert_int_equal(strv_add(&web->labels, "open", NULL), 0);
    assert_true(matches(web, NULL));
    assert_true(matches(web, LIST("name=we")) && !matches(web, LIST("name=bw")));
    assert_true(matches(web, LIST("id=aaa")) && !matches(web, LIST("id=b")));
    assert_true(matches(web, LIST("driver=bridge")) && !matches(web, LIST("driver=macvlan")));
    assert_true(matches(web, LIST("driver=macvlan", "driver=bridge"))); /* alternatives */
    assert_false(matches(web, LIST("driver=bridge", "name=x")));        /* both must match */
    assert_true(matches(web, LIST("label=tier")) && matches(web, LIST("label=tier=front", "label=open")));
    assert_false(matches(web, LIST("label=tier=front", "label=closed")));
    assert_true(matches(web, LIST("scope=local")) && matches(used, LIST("scope=global")));
    assert_true(matches(web, LIST("type=custom")) && matches(bridge, LIST("type=builtin")));
    assert_true(matches(web, LIST("dangling=true")) && !matches(web, LIST("dangling=0")));
    assert_false(matches(used, LIST("dangling=1")) || matches(bridge, LIST("dangling=1")));
    assert_true(network_filters_need_use(LIST("name=x", "dangling=1")) && !network_filters_need_use(LIST("name=x")));
}

static void filter_mistakes(void **state)
{
    static const struct {
        const char *filter, *says;
    } rows[] = {
        {"nam=x", "it is driver=, id="},   {"name", "it is driver=, id="},      {"driver=brigde", "no network driver"},
        {"type=own", "builtin or custom"}, {"dangling=maybe", "true or false"}, {"scope=swarm", "local or global"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct err e = ERR_INIT;

        assert_true(network_filters_check(LIST((char *)rows[i].filter), &e) < 0);
        if (!strstr(e.text, rows[i].says))
            fail_msg("%s: %s", rows[i].filter, e.text);
    }
}

static void assert_cell(json_object *row, const char *key, const char *expected)
{
    assert_non_null(json_get(row, key));
    assert_string_equal(json_object_get_string(json_get(row, key)), expected);
}

static void rows(void **state)
{
    _cleanup_network_ struct network *n = make("web", NETWORK_MACVLAN);
    _cleanup_json_ json_object *row = NULL, *whole = NULL;

    (void)state;
    n->internal = true;
    assert_int_equal(strv_add(&n->labels, "a=1", NULL), 0);
    assert_int_equal(strv_add(&n->labels, "b", NULL), 0);
    assert_int_equal(network_view_row(n, false, &row, NULL), 0);
    assert_cell(row, "ID", "aaaaaaaaaaaa");
    assert_cell(row, "Name", "web");
    assert_cell(row, "Driver", "macvlan");
    assert_cell(row, "Scope", "local");
    assert_cell(row, "IPv6", "false");
    assert_cell(row, "Internal", "true");
    assert_cell(row, "Labels", "a=1,b");
    assert_cell(row, "CreatedAt", "N/A");
    assert_int_equal(network_view_row(n, true, &whole, NULL), 0);
    assert_cell(whole, "ID", n->id);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters),
        cmocka_unit_test(filter_mistakes),
        cmocka_unit_test(rows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
