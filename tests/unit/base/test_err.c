#include "unit.h"

/* The number of bytes that "…" has in UTF-8. */
enum { ELLIPSIS_LEN = 3 };

static void sys_error_appends_the_reason_and_returns_the_errno(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(err_set(&e, ERR_SYS, ENOENT, "open %s", "/x"), -ENOENT);
    assert_int_equal(e.kind, ERR_SYS);
    assert_int_equal(e.code, ENOENT);
    assert_string_equal(e.text, "open /x: No such file or directory");
}

static void err_sys_takes_the_present_errno(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    errno = EACCES;
    assert_int_equal(err_sys(&e, "read"), -EACCES);
    assert_string_equal(e.text, "read: Permission denied");
}

static void unknown_errno_is_shown_as_a_number(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(err_set(&e, ERR_SYS, 4000, "read"), -4000);
    assert_string_equal(e.text, "read: error 4000");
}

static void code_of_other_kinds_is_returned_but_not_told(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(err_set(&e, ERR_DENIED, EACCES, "not yours"), -EACCES);
    assert_string_equal(e.text, "not yours");
}

static void every_kind_without_code_returns_a_negative_errno(void **state)
{
    (void)state;
    for (int kind = ERR_SYS; kind < ERR_KIND_COUNT; kind++) {
        struct err e = ERR_INIT;
        int r = err_set(&e, (enum err_kind)kind, 0, "x");

        assert_true(r < 0);
        assert_int_equal(err_to_errno(&e), r);
        assert_true(err_is_set(&e));
    }
}

static void context_goes_in_front_and_keeps_kind_and_code(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    err_set(&e, ERR_SYS, ENOENT, "open /x");
    assert_int_equal(err_context(&e, "mount volume %s", "db"), -ENOENT);
    assert_int_equal(e.kind, ERR_SYS);
    assert_string_equal(e.text, "mount volume db: open /x: No such file or directory");
}

static void context_on_an_error_never_set_is_an_internal_error(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_true(err_context(&e, "start web") < 0);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_says(&e, "start web: ");
}

static void advice_is_bracketed_unless_it_follows_a_sentence(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    err_invalid(&e, "no image");
    assert_int_equal(err_advice(&e, "pull %s", "it"), -EINVAL);
    assert_string_equal(e.text, "no image (pull it)");

    err_invalid(&e, "There is none.");
    err_advice(&e, "Pull it.");
    assert_string_equal(e.text, "There is none. Pull it.");
}

static void own_text_may_be_an_argument(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    err_invalid(&e, "inner");
    err_set(&e, ERR_CONFLICT, 0, "<%s>", e.text);
    assert_string_equal(e.text, "<inner>");
    err_context(&e, "[%s]", e.text);
    assert_string_equal(e.text, "[<inner>]: <inner>");
}

static void null_error_only_returns(void **state)
{
    (void)state;
    assert_int_equal(err_set(NULL, ERR_SYS, EBUSY, "x"), -EBUSY);
    assert_int_equal(err_set(NULL, ERR_NOT_FOUND, 0, "x"), -ENOENT);
    assert_true(err_context(NULL, "x") < 0);
    assert_true(err_advice(NULL, "x") < 0);
}

static void text_that_just_fits_is_not_cut(void **state)
{
    char longest[ERR_TEXT_MAX];
    struct err e = ERR_INIT;

    (void)state;
    memset(longest, 'a', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    err_invalid(&e, "%s", longest);
    assert_string_equal(e.text, longest);
}

static void longer_text_is_cut_with_an_ellipsis(void **state)
{
    char text[ERR_TEXT_MAX + 1];
    struct err e = ERR_INIT;

    (void)state;
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    err_invalid(&e, "%s", text); /* one byte too many */
    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
    assert_string_equal(e.text + ERR_TEXT_MAX - 1 - ELLIPSIS_LEN, "…");
    err_set(&e, ERR_SYS, ENOENT, "%s", text);
    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);
    assert_string_equal(e.text + ERR_TEXT_MAX - 1 - ELLIPSIS_LEN, "…");
    for (int i = 0; i < 50; i++)
        err_context(&e, "context %d", i);
    assert_int_equal(e.code, ENOENT);
    assert_memory_equal(e.text, "context 49: context 48: ", 24);
    assert_true(strlen(e.text) < ERR_TEXT_MAX);
}

/* Whatever the offset, the cut leaves whole characters: "é" is two bytes long. */
static void cut_keeps_utf8_characters_whole(void **state)
{
    (void)state;
    for (int shift = 0; shift < 2; shift++) {
        char text[2 * ERR_TEXT_MAX + 2];
        struct err e = ERR_INIT;
        size_t len = (size_t)shift;

        memset(text, 'a', len);
        for (; len + 2 < sizeof(text); len += 2)
            memcpy(text + len, "é", 2);
        text[len] = '\0';
        err_invalid(&e, "%s", text);

        len = strlen(e.text) - ELLIPSIS_LEN;
        assert_string_equal(e.text + len, "…");
        assert_int_equal((len - (size_t)shift) % 2, 0);
    }
}

static void control_characters_are_made_harmless(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    err_invalid(&e, "%s", "a\033[31m\a\177 b\302\233c\td \u00e9\u2026\nnext line");
    assert_string_equal(e.text, "a?[31m?? b??c?d \u00e9\u2026\nnext line");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sys_error_appends_the_reason_and_returns_the_errno),
        cmocka_unit_test(err_sys_takes_the_present_errno),
        cmocka_unit_test(unknown_errno_is_shown_as_a_number),
        cmocka_unit_test(code_of_other_kinds_is_returned_but_not_told),
        cmocka_unit_test(every_kind_without_code_returns_a_negative_errno),
        cmocka_unit_test(context_goes_in_front_and_keeps_kind_and_code),
        cmocka_unit_test(context_on_an_error_never_set_is_an_internal_error),
        cmocka_unit_test(advice_is_bracketed_unless_it_follows_a_sentence),
        cmocka_unit_test(own_text_may_be_an_argument),
        cmocka_unit_test(null_error_only_returns),
        cmocka_unit_test(text_that_just_fits_is_not_cut),
        cmocka_unit_test(longer_text_is_cut_with_an_ellipsis),
        cmocka_unit_test(cut_keeps_utf8_characters_whole),
        cmocka_unit_test(control_characters_are_made_harmless),
    };

    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
