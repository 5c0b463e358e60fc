#include "unit.h"

#include "archive/digest.h"

/* FIPS 180-2, appendix B.1: the digest of "abc". */
#define ABC "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void the_known_digest(void **state)
{
    struct err e = ERR_INIT;
    struct digest d;

    (void)state;
    assert_works(digest_of("abc", 3, &d, &e), &e);
    assert_string_equal(d.text, ABC);
    assert_string_equal(digest_hex(&d), &ABC[strlen(DIGEST_PREFIX)]);
}

static void bytes_that_stream_by_give_the_same(void **state)
{
    _cleanup_digester_ struct digester *d = NULL;
    struct err e = ERR_INIT;
    struct digest whole, parts;

    (void)state;
    assert_works(digester_new(&d, &e), &e);
    assert_works(digester_add(d, "a", 1, &e), &e);
    assert_works(digester_add(d, "", 0, &e), &e);
    assert_works(digester_add(d, "bc", 2, &e), &e);
    assert_works(digester_finish(d, &parts, &e), &e);
    assert_works(digest_parse(ABC, &whole, &e), &e);
    assert_true(digest_equal(&whole, &parts));
}

static void different_digests_differ(void **state)
{
    struct err e = ERR_INIT;
    struct digest a, b;

    (void)state;
    assert_works(digest_of("a", 1, &a, &e), &e);
    assert_works(digest_of("b", 1, &b, &e), &e);
    assert_false(digest_equal(&a, &b));
}

/* What is parsed becomes a path: nothing but the one form may pass. */
static void only_one_form_is_accepted(void **state)
{
    static const char *const wrong[] = {
        "",
        "sha256",
        "sha256:",
        "sha256:../../../../etc/passwd",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",   /* 63 digits */
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adf", /* 65 */
        "sha256:BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD",
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a/",
        "sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        " " ABC,
        ABC "\n",
        &ABC[7],
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct digest d = {.text = "untouched"};
        struct err e = ERR_INIT;

        if (digest_parse(wrong[i], &d, &e) == 0)
            fail_msg("\"%s\" is taken for a digest", wrong[i]);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_string_equal(d.text, "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_known_digest),
        cmocka_unit_test(bytes_that_stream_by_give_the_same),
        cmocka_unit_test(different_digests_differ),
        cmocka_unit_test(only_one_form_is_accepted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
