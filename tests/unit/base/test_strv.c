#include "unit.h"

#include "base/strv.h"

static void null_is_an_empty_vector(void **state)
{
    _cleanup_free_ char *joined = strv_join(NULL, ",");
    _cleanup_strv_ char **copy = NULL;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(strv_len(NULL), 0);
    assert_false(strv_contains(NULL, "a"));
    assert_string_equal(joined, "");
    assert_int_equal(strv_copy(NULL, &copy, &e), 0);
    assert_non_null(copy);
    assert_null(copy[0]);
}

static void adding_copies_and_taking_does_not(void **state)
{
    _cleanup_strv_ char **v = NULL;
    struct err e = ERR_INIT;
    char text[] = "abc";
    char *own = strdup("own");

    (void)state;
    assert_int_equal(strv_add(&v, text, &e), 0);
    text[0] = 'X';
    assert_int_equal(strv_addf(&v, &e, "%s=%d", "n", 7), 0);
    assert_int_equal(strv_take(&v, own, &e), 0);
    assert_int_equal(strv_len(v), 3);
    assert_string_equal(v[0], "abc");
    assert_string_equal(v[1], "n=7");
    assert_ptr_equal(v[2], own);
    assert_null(v[3]);
}

static void taking_null_is_out_of_memory_and_changes_nothing(void **state)
{
    _cleanup_strv_ char **v = NULL;
    struct err e = ERR_INIT;

    (void)state;
    strv_add(&v, "a", &e);
    assert_int_equal(strv_take(&v, NULL, &e), -ENOMEM);
    assert_int_equal(strv_len(v), 1);
}

static void copy_is_deep(void **state)
{
    _cleanup_strv_ char **v = NULL;
    _cleanup_strv_ char **copy = NULL;
    struct err e = ERR_INIT;

    (void)state;
    strv_split("a,b", ',', &v, &e);
    assert_int_equal(strv_copy(v, &copy, &e), 0);
    v[0][0] = 'X';
    assert_string_equal(copy[0], "a");
    assert_string_equal(copy[1], "b");
    assert_null(copy[2]);
}

static void contains_compares_whole_strings(void **state)
{
    _cleanup_strv_ char **v = NULL;
    struct err e = ERR_INIT;

    (void)state;
    strv_split("abc,d", ',', &v, &e);
    assert_true(strv_contains(v, "abc"));
    assert_true(strv_contains(v, "d"));
    assert_false(strv_contains(v, "ab"));
    assert_false(strv_contains(v, ""));
}

static void split_and_join_are_inverse(void **state)
{
    /* With empty parts at every place; "" alone is no part at all. */
    static const struct {
        const char *text;
        size_t n;
    } cases[] = {{"", 0}, {"a", 1}, {"a,b", 2}, {",", 2}, {"a,", 2}, {",a", 2}, {"a,,b", 3}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_strv_ char **v = NULL;
        _cleanup_free_ char *joined = NULL;
        struct err e = ERR_INIT;

        assert_int_equal(strv_split(cases[i].text, ',', &v, &e), 0);
        assert_int_equal(strv_len(v), cases[i].n);
        joined = strv_join(v, ",");
        assert_string_equal(joined, cases[i].text);
    }
}

static void join_takes_separators_of_any_length(void **state)
{
    char *v[] = {(char[]){"a"}, (char[]){""}, (char[]){"b"}, NULL};
    _cleanup_free_ char *wide = strv_join(v, ", ");
    _cleanup_free_ char *none = strv_join(v, "");

    (void)state;
    assert_string_equal(wide, "a, , b");
    assert_string_equal(none, "ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_an_empty_vector),
        cmocka_unit_test(adding_copies_and_taking_does_not),
        cmocka_unit_test(taking_null_is_out_of_memory_and_changes_nothing),
        cmocka_unit_test(copy_is_deep),
        cmocka_unit_test(contains_compares_whole_strings),
        cmocka_unit_test(split_and_join_are_inverse),
        cmocka_unit_test(join_takes_separators_of_any_length),
    };

    return cmocka_run_group_tests_name("base/strv", tests, NULL, NULL);
}
