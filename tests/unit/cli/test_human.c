#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "base/timestamp.h"
#include "cli/human.h"

enum { MINUTE = 60, HOUR = 3600, DAY = 24 * HOUR };

/* Docker's words, with each boundary from both sides. */
static void durations(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } cases[] = {
        {-5, "Less than a second"},
        {0, "Less than a second"},
        {1, "1 second"},
        {2, "2 seconds"},
        {59, "59 seconds"},
        {MINUTE, "About a minute"},
        {2 * MINUTE - 1, "About a minute"},
        {2 * MINUTE, "2 minutes"},
        {HOUR - 1, "59 minutes"},
        {HOUR, "About an hour"},
        {HOUR + HOUR / 2 - 1, "About an hour"},
        {HOUR + HOUR / 2, "2 hours"},
        {47 * HOUR, "47 hours"},
        {48 * HOUR, "2 days"},
        {14 * DAY - HOUR, "13 days"},
        {14 * DAY, "2 weeks"},
        {60 * DAY - HOUR, "8 weeks"},
        {60 * DAY, "2 months"},
        {2 * 365 * DAY - HOUR, "24 months"},
        {2 * 365 * DAY, "2 years"},
        {INT64_C(56) * 365 * DAY, "56 years"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_string_equal(human_duration(cases[i].seconds * NS_PER_SEC).text, cases[i].text);
    assert_string_equal(human_duration(NS_PER_SEC - 1).text, "Less than a second");
    assert_string_equal(human_ago(10 * NS_PER_SEC, 15 * NS_PER_SEC).text, "5 seconds ago");
}

static void sizes(void **state)
{
    static const struct {
        int64_t bytes;
        const char *decimal, *binary;
    } cases[] = {
        {0, "0B", "0B"},
        {999, "999B", "999B"},
        {1000, "1kB", "1000B"},
        {1024, "1.02kB", "1KiB"},
        {999499, "999kB", "976.1KiB"},
        {999500, "1MB", "976.1KiB"}, /* not 1e+03kB */
        {2140000, "2.14MB", "2.041MiB"},
        {8337977344, "8.34GB", "7.765GiB"},
        {INT64_MAX, "9.22EB", "8EiB"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        assert_string_equal(human_size(cases[i].bytes).text, cases[i].decimal);
        assert_string_equal(human_size_binary(cases[i].bytes).text, cases[i].binary);
    }
}

static void statuses(void **state)
{
    const int64_t now = 1000000 * NS_PER_SEC;
    struct container_state s = {.status = CONTAINER_RUNNING, .started_at = now - 3 * HOUR * NS_PER_SEC};

    (void)state;
    assert_string_equal(human_status(&s, now).text, "Up 3 hours");
    s = (struct container_state){.status = CONTAINER_EXITED, .exit_code = 137, .finished_at = now - 5 * NS_PER_SEC};
    assert_string_equal(human_status(&s, now).text, "Exited (137) 5 seconds ago");
    s = (struct container_state){.status = CONTAINER_CREATED};
    assert_string_equal(human_status(&s, now).text, "Created");
    s = (struct container_state){.status = CONTAINER_DEAD};
    assert_string_equal(human_status(&s, now).text, "Dead");
}

static void times(void **state)
{
    (void)state;
    setenv("TZ", "CET-1", 1);
    tzset();
    assert_string_equal(human_time(1767323045 * NS_PER_SEC + 999).text, "2026-01-02 04:04:05 +0100 CET");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(sizes),
        cmocka_unit_test(statuses),
        cmocka_unit_test(times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
