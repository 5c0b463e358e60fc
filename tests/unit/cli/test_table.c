#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cli/output.h"
#include "cli/table.h"

static void assert_aligned(const char *text, const char *expected)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(4096);

    table_align(text, &out);
    assert_string_equal(strbuf_str(&out), expected);
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    assert_aligned("ID\tNAMES\n0123456789ab\tweb\n", "ID             NAMES\n"
                                                     "0123456789ab   web\n");
}

static void narrow_columns_have_ten(void **state)
{
    (void)state;
    assert_aligned("A\tB\tC\n1\t2\t3\n", "A         B         C\n"
                                         "1         2         3\n");
}

/* The last cell has no tab behind it, and takes no part in a column. */
static void last_cells_do_not_widen(void **state)
{
    (void)state;
    assert_aligned("a very long last cell\nA\tB\n", "a very long last cell\nA         B\n");
    assert_aligned("A\t\tC\n", "A                   C\n");
    assert_aligned("A\t\n", "A         \n");
    assert_aligned("", "");
    assert_aligned("no newline", "no newline\n");
}

static void width_is_in_characters(void **state)
{
    (void)state;
    assert_aligned("äöüäöüäö\t1\n12345678\t2\n", "äöüäöüäö   1\n12345678   2\n");
}

static void control_bytes_do_not_reach_the_terminal(void **state)
{
    (void)state;
    assert_aligned("\033[31mred\tx\r\x7f\n", "?[31mred   x??\n");
}

static void columns_beyond_the_last_are_kept(void **state)
{
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT(4096), out = STRBUF_INIT(4096);

    (void)state;
    for (int i = 0; i < 40; i++)
        strbuf_addf(&line, "c%d\t", i);
    strbuf_adds(&line, "end\n");
    table_align(strbuf_str(&line), &out);
    assert_non_null(strstr(strbuf_str(&out), "c38c39end\n"));
}

static void cells_hold_no_separators(void **state)
{
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT(100);

    (void)state;
    output_cell(&line, "a\tb\nc");
    assert_string_equal(strbuf_str(&line), "a b c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(narrow_columns_have_ten),
        cmocka_unit_test(last_cells_do_not_widen),
        cmocka_unit_test(width_is_in_characters),
        cmocka_unit_test(control_bytes_do_not_reach_the_terminal),
        cmocka_unit_test(columns_beyond_the_last_are_kept),
        cmocka_unit_test(cells_hold_no_separators),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
