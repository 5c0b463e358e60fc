#include "storage/unit.h"

#include "base/strbuf.h"
#include "engine/rootless.h"

static const char file[] = "root:100000:65536\n"
                           "anna:165536:65536\n"
                           "annabel:231072:65536\n"
                           "1000:300000:10\n"
                           "anna:400000:0\n"
                           "anna\n"
                           "anna:x:y\n"
                           "anna:500000:7";

static void ranges_of_a_name_and_a_number(void **state)
{
    struct rootless_range r[ROOTLESS_RANGES_MAX];

    (void)state;
    assert_int_equal(rootless_ranges(file, "anna", 1000, r), 3);
    assert_int_equal(r[0].first, 165536);
    assert_int_equal(r[0].count, 65536);
    assert_int_equal(r[1].first, 300000);
    assert_int_equal(r[1].count, 10);
    assert_int_equal(r[2].first, 500000);
    assert_int_equal(r[2].count, 7);
}

static void a_name_that_begins_alike_is_another(void **state)
{
    struct rootless_range r[ROOTLESS_RANGES_MAX];

    (void)state;
    assert_int_equal(rootless_ranges(file, "ann", 1, r), 0);
    assert_int_equal(rootless_ranges(file, "annabel", 1, r), 1);
    assert_int_equal(r[0].first, 231072);
    assert_int_equal(rootless_ranges("", "anna", 1, r), 0);
    assert_int_equal(rootless_ranges(NULL, "anna", 1, r), 0);
}

static void no_more_than_fit(void **state)
{
    struct rootless_range r[ROOTLESS_RANGES_MAX];
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(ROOTLESS_RANGES_MAX * 40);

    (void)state;
    for (int i = 0; i < ROOTLESS_RANGES_MAX + 5; i++)
        strbuf_adds(&text, "anna:100000:1\n");
    assert_int_equal(rootless_ranges(strbuf_str(&text), "anna", 1, r), ROOTLESS_RANGES_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_of_a_name_and_a_number),
        cmocka_unit_test(a_name_that_begins_alike_is_another),
        cmocka_unit_test(no_more_than_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
