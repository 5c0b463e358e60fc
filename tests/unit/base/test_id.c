#include "unit.h"

#include "base/id.h"

static void ids_are_new_and_hex(void **state)
{
    char a[ID_LEN + 1];
    char b[ID_LEN + 1];
    struct err e = ERR_INIT;

    (void)state;
    for (int i = 0; i < 2000; i++) { /* one in 280 would be all decimal in the first twelve */
        assert_int_equal(id_new(a, &e), 0);
        assert_true(id_is_valid(a));
        assert_true(strspn(a, "0123456789") < SHORT_ID_LEN);
    }
    assert_int_equal(id_new(b, &e), 0);
    assert_string_not_equal(a, b);
}

static void whole_ids_only(void **state)
{
    char id[ID_LEN + 2] = "";

    (void)state;
    memset(id, 'a', ID_LEN);
    assert_true(id_is_valid(id));
    id[ID_LEN] = 'a';
    assert_false(id_is_valid(id));
    id[ID_LEN - 1] = '\0';
    assert_false(id_is_valid(id));
    id[ID_LEN - 1] = 'G';
    id[ID_LEN] = '\0';
    assert_false(id_is_valid(id));
    assert_false(id_is_valid(""));
}

static void names_are_docker_s(void **state)
{
    const char *good[] = {"a", "0", "my_net-1.x", "A..b"};
    const char *bad[] = {"", ".", "..", "-a", "_a", "a b", "a/b", "a:b", "a\n", "\xc3\xa4"};
    char longest[NAME_LEN_MAX + 2] = "";

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++)
        assert_true(name_is_valid(good[i], 1));
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
        assert_false(name_is_valid(bad[i], 0));
    assert_false(name_is_valid("a", 2));
    memset(longest, 'n', NAME_LEN_MAX);
    assert_true(name_is_valid(longest, 1));
    longest[NAME_LEN_MAX] = 'n';
    assert_false(name_is_valid(longest, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_are_new_and_hex),
        cmocka_unit_test(whole_ids_only),
        cmocka_unit_test(names_are_docker_s),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
