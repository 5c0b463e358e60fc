#include "storage/unit.h"

#include "base/timestamp.h"

static void formatted_as_docker_does(void **state)
{
    (void)state;
    assert_string_equal(timestamp_format(0).text, "0001-01-01T00:00:00Z");
    assert_string_equal(timestamp_format(INT64_C(1700000000000000001)).text, "2023-11-14T22:13:20.000000001Z");
}

static void parsed_with_zones_and_decimals(void **state)
{
    (void)state;
    const struct {
        const char *text;
        int64_t ns;
    } cases[] = {
        {"2023-11-14T22:13:20Z", INT64_C(1700000000000000000)},
        {"2023-11-14T22:13:20.5Z", INT64_C(1700000000500000000)},
        {"2023-11-15T00:13:20.000000001+02:00", INT64_C(1700000000000000001)},
        {"2023-11-14T19:43:20-02:30", INT64_C(1700000000000000000)},
        {"0001-01-01T00:00:00Z", 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t ns = -1;
        assert_ok(timestamp_parse(cases[i].text, &ns, e));
        assert_int_equal(ns, cases[i].ns);
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    int64_t ns;
    assert_err(timestamp_parse("4193-11-14T22:13:20Z", &ns, e), ERR_INVALID, "out of range");
    assert_err(timestamp_parse("1111-11-14T22:13:20Z", &ns, e), ERR_INVALID, "out of range");
    assert_ok(timestamp_parse("1969-12-31T23:59:59.5Z", &ns, e));
    assert_int_equal(ns, -500000000);
    assert_string_equal(timestamp_format(ns).text, "1969-12-31T23:59:59.500000000Z");
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    const char *bad[] = {
        "", "yesterday", "2023-11-14", "2023-11-14T22:13:20", "2023-11-14T22:13:20Zx", "2023-11-14T22:13:20+2"};
    int64_t ns;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_err(timestamp_parse(bad[i], &ns, e), ERR_INVALID, "not a point in time");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formatted_as_docker_does),
        cmocka_unit_test(parsed_with_zones_and_decimals),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
