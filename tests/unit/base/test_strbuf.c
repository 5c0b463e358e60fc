#include "unit.h"

#include "base/strbuf.h"

/* Under AddressSanitizer malloc ends the program when it is asked for too much, unless told that NULL will do. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1";
}

static void empty_one_is_an_empty_string_and_owns_nothing(void **state)
{
    struct strbuf sb = STRBUF_INIT(10);

    (void)state;
    assert_string_equal(strbuf_str(&sb), "");
    assert_null(sb.buf);
}

static void appends_follow_each_other(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(100);
    struct err e = ERR_INIT;

    (void)state;
    strbuf_adds(&sb, "ab");
    strbuf_addc(&sb, 'c');
    strbuf_addf(&sb, "%d-%s", 42, "x");
    strbuf_add(&sb, "12345", 2);
    assert_string_equal(strbuf_str(&sb), "abc42-x12");
    assert_int_equal(sb.len, 9);
    assert_int_equal(strbuf_check(&sb, "text", &e), 0);
    assert_false(err_is_set(&e));
}

static void bytes_may_include_nul(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(100);

    (void)state;
    strbuf_add(&sb, "a\0b", 3);
    strbuf_addc(&sb, 'c');
    assert_int_equal(sb.len, 4);
    assert_memory_equal(sb.buf, "a\0bc", 5);
}

static void limit_may_be_reached_but_not_passed(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(5);
    struct err e = ERR_INIT;

    (void)state;
    strbuf_adds(&sb, "12345");
    assert_int_equal(strbuf_check(&sb, "text", &e), 0);
    assert_true(sb.cap <= 6);
    strbuf_addc(&sb, '6');
    assert_int_equal(sb.error, EOVERFLOW);
    assert_string_equal(strbuf_str(&sb), "12345");
    assert_int_equal(strbuf_check(&sb, "text", &e), -EOVERFLOW);
    assert_string_equal(e.text, "text: larger than 5 bytes");
}

static void formatted_append_obeys_the_limit_too(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(5);

    (void)state;
    strbuf_addf(&sb, "%s", "12345");
    assert_int_equal(sb.error, 0);
    strbuf_reset(&sb);
    strbuf_addf(&sb, "%s", "123456");
    assert_int_equal(sb.error, EOVERFLOW);
    assert_int_equal(sb.len, 0);
}

static void error_is_sticky_until_reset(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(3);
    struct err e = ERR_INIT;

    (void)state;
    strbuf_adds(&sb, "1234");
    strbuf_addc(&sb, 'x'); /* would fit */
    strbuf_addf(&sb, "y");
    assert_int_equal(sb.len, 0);
    assert_null(strbuf_take(&sb));
    assert_true(strbuf_check(&sb, "text", &e) < 0);

    strbuf_reset(&sb);
    strbuf_addc(&sb, 'x');
    assert_string_equal(strbuf_str(&sb), "x");
}

static void sum_of_lengths_cannot_wrap(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(SIZE_MAX);

    (void)state;
    strbuf_adds(&sb, "ab");
    strbuf_add(&sb, "", SIZE_MAX - 1);
    assert_int_equal(sb.error, EOVERFLOW);
    assert_int_equal(sb.len, 2);
}

static void no_memory_is_an_error_of_its_own(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(SIZE_MAX);
    struct err e = ERR_INIT;

    (void)state;
    strbuf_add(&sb, "", SIZE_MAX / 4);
    assert_int_equal(sb.error, ENOMEM);
    assert_int_equal(strbuf_check(&sb, "text", &e), -ENOMEM);
    assert_string_equal(e.text, "text: Cannot allocate memory");
}

static void long_run_of_appends_is_kept(void **state)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(1 << 20);

    (void)state;
    for (unsigned i = 0; i < 20000; i++)
        strbuf_addf(&sb, "%05u", i);
    assert_int_equal(sb.len, 100000);
    assert_memory_equal(sb.buf + 5 * 12345, "12345", 5);
    assert_int_equal(sb.buf[sb.len], '\0');
}

static void taking_hands_over_the_string(void **state)
{
    struct strbuf sb = STRBUF_INIT(10);
    _cleanup_free_ char *s = NULL;
    _cleanup_free_ char *empty = NULL;

    (void)state;
    strbuf_adds(&sb, "abc");
    s = strbuf_take(&sb);
    assert_string_equal(s, "abc");
    assert_string_equal(strbuf_str(&sb), "");
    empty = strbuf_take(&sb);
    assert_non_null(empty);
    assert_string_equal(empty, "");
    strbuf_adds(&sb, "0123456789"); /* the limit outlives the take */
    assert_int_equal(sb.error, 0);
    strbuf_release(&sb);
}

static void release_may_be_repeated(void **state)
{
    struct strbuf sb = STRBUF_INIT(10);

    (void)state;
    strbuf_adds(&sb, "abc");
    strbuf_release(&sb);
    strbuf_release(&sb);
    assert_int_equal(sb.max, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty_one_is_an_empty_string_and_owns_nothing),
        cmocka_unit_test(appends_follow_each_other),
        cmocka_unit_test(bytes_may_include_nul),
        cmocka_unit_test(limit_may_be_reached_but_not_passed),
        cmocka_unit_test(formatted_append_obeys_the_limit_too),
        cmocka_unit_test(error_is_sticky_until_reset),
        cmocka_unit_test(sum_of_lengths_cannot_wrap),
        cmocka_unit_test(no_memory_is_an_error_of_its_own),
        cmocka_unit_test(long_run_of_appends_is_kept),
        cmocka_unit_test(taking_hands_over_the_string),
        cmocka_unit_test(release_may_be_repeated),
    };

    return cmocka_run_group_tests_name("base/strbuf", tests, NULL, NULL);
}
