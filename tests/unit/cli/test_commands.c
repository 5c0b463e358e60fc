#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/command.h"

#define WORDS(...)                                                                                                     \
    (char *[])                                                                                                         \
    {                                                                                                                  \
        __VA_ARGS__, NULL                                                                                              \
    }

static void assert_found(char **words, int argc, const char *name, int expected_first)
{
    struct err e = ERR_INIT;
    int first = -1;
    const struct command *c = command_find(argc, words, &first, &e);

    if (!c)
        fail_msg("%s: %s", name, e.text);
    assert_string_equal(c->name, name);
    assert_int_equal(first, expected_first);
}

static void one_word_and_two(void **state)
{
    (void)state;
    assert_found(WORDS("ps", "-a"), 2, "ps", 0);
    assert_found(WORDS("container", "ls"), 2, "ps", 1);
    assert_found(WORDS("container", "remove", "x"), 3, "rm", 1);
    assert_found(WORDS("network", "create", "x"), 3, "network create", 1);
    assert_found(WORDS("network", "list"), 2, "network ls", 1);
    assert_found(WORDS("network", "remove", "x"), 3, "network rm", 1);
}

static void a_group_by_itself(void **state)
{
    (void)state;
    assert_found(WORDS("network"), 1, "network", 0);
    assert_found(WORDS("network", "--help"), 2, "network", 0);
    assert_found(WORDS("container"), 1, "container", 0);
}

static void assert_unknown(char **words, int argc, const char *says)
{
    struct err e = ERR_INIT;
    int first = 0;

    assert_null(command_find(argc, words, &first, &e));
    assert_int_equal(e.kind, ERR_INVALID);
    if (!strstr(e.text, says))
        fail_msg("%s, not: %s", e.text, says);
}

static void mistakes(void **state)
{
    (void)state;
    assert_unknown(WORDS("netwrok", "ls"), 2,
                   "unknown command \"netwrok\", did you mean \"network\"?; see 'sampan --help'");
    assert_unknown(WORDS("network", "conect"), 2, "did you mean \"connect\"?; see 'sampan network --help'");
    assert_unknown(WORDS("network", "start"), 2, "unknown command \"network start\"; see 'sampan network --help'");
    assert_unknown(WORDS("conect"), 1, "unknown command \"conect\"; see");
    assert_unknown(WORDS("_reep"), 1, "unknown command \"_reep\"; see");
}

/* What the table promises: names are unique, and each word of a group leads to its row. */
static void the_table(void **state)
{
    (void)state;
    for (const struct command *c = commands; c->name; c++) {
        assert_true(c->run && c->arguments && *c->summary);
        assert_int_equal(!c->group, !c->group_name);
        assert_false((c->flags & COMMAND_GROUPED) && !c->group);
        for (const struct command *other = c + 1; other->name; other++)
            assert_string_not_equal(c->name, other->name);
        if (c->group)
            assert_found(WORDS((char *)c->group, (char *)c->group_name), 2, c->name, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_word_and_two),
        cmocka_unit_test(a_group_by_itself),
        cmocka_unit_test(mistakes),
        cmocka_unit_test(the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
