#include "unit.h"

#include <signal.h>

#include "base/parse.h"

typedef int parse_int64_fn(const char *s, const char *what, int64_t *ret, struct err *e);

struct number_case {
    const char *text;
    int64_t value;
};

static void check_values(parse_int64_fn *parse, const struct number_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err e = ERR_INIT;
        int64_t value = -77;

        if (parse(cases[i].text, "number", &value, &e) != 0)
            fail_msg("\"%s\" is refused: %s", cases[i].text, e.text);
        if (value != cases[i].value)
            fail_msg("\"%s\" is read as %lld", cases[i].text, (long long)value);
        assert_false(err_is_set(&e));
    }
}

/* Each is refused with `code`, names what it is and what was given, and leaves the result alone. */
static void check_refused(parse_int64_fn *parse, int code, const char *const *texts, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct err e = ERR_INIT;
        int64_t value = -77;
        char start[100];

        if (parse(texts[i], "memory", &value, &e) != -code)
            fail_msg("\"%s\" is read as %lld", texts[i], (long long)value);
        assert_int_equal(value, -77);
        assert_int_equal(e.kind, ERR_INVALID);
        snprintf(start, sizeof(start), "invalid memory \"%s\": ", texts[i]);
        assert_says(&e, start);
    }
}

static void whole_numbers(void **state)
{
    static const struct number_case good[] = {
        {"0", 0},
        {"-0", 0},
        {"007", 7},
        {"-12", -12},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
    };
    static const char *const malformed[] = {
        "", " 1", "1 ", "+1", "-", "--1", "0x10", "1e3", "1.", "a", "1a", "- 1", "99999999999999999999x"};
    static const char *const large[] = {"9223372036854775808", "-9223372036854775809", "18446744073709551616"};

    (void)state;
    check_values(parse_int64, good, ARRAY_SIZE(good));
    check_refused(parse_int64, EINVAL, malformed, ARRAY_SIZE(malformed));
    check_refused(parse_int64, ERANGE, large, ARRAY_SIZE(large));
}

static void unsigned_numbers(void **state)
{
    struct err e = ERR_INIT;
    uint64_t value = 77;

    (void)state;
    assert_int_equal(parse_uint64("18446744073709551615", "n", &value, &e), 0);
    assert_true(value == UINT64_MAX);
    assert_int_equal(parse_uint64("18446744073709551616", "n", &value, &e), -ERANGE);
    assert_int_equal(parse_uint64("-1", "n", &value, &e), -EINVAL);
    assert_int_equal(parse_uint64("", "n", &value, &e), -EINVAL);
    assert_true(value == UINT64_MAX);
}

static void bytes(void **state)
{
    static const struct number_case good[] = {
        {"0", 0},
        {"32", 32},
        {"32b", 32},
        {"32B", 32},
        {"64K", 64LL << 10},
        {"64kb", 64LL << 10},
        {"64KiB", 64LL << 10},
        {"1.5g", 3LL << 29},
        {"10MiB", 10LL << 20},
        {"10 MB", 10LL << 20},
        {"1t", 1LL << 40},
        {"1p", 1LL << 50},
        {".5k", 512},
        {"5.k", 5120},
        {"0.3", 0}, /* rounded down, as Docker does */
        {"1.9999k", 2047},
        {"8191p", 8191LL << 50},
        {"9223372036854775807", INT64_MAX},
    };
    static const char *const malformed[] = {"",     ".",   "k",    "-1",  "-1k",  "12x", "1kk", "1kib2",
                                            "1ki",  "1bb", "1bib", "1 ",  "1  k", " 1k", "1k ", "1.2.3k",
                                            "0x10", "1e3", "1,5g", "inf", "nan",  "1e",  "1ee", "+1k"};
    static const char *const large[] = {"8192p", "9223372036854775808", "99999999999999999999",
                                        "18446744073709551615k"};

    (void)state;
    check_values(parse_bytes, good, ARRAY_SIZE(good));
    check_refused(parse_bytes, EINVAL, malformed, ARRAY_SIZE(malformed));
    check_refused(parse_bytes, ERANGE, large, ARRAY_SIZE(large));
}

static void bytes_advice_shows_an_example(void **state)
{
    struct err e = ERR_INIT;
    int64_t value;

    (void)state;
    parse_bytes("12x", "memory", &value, &e);
    assert_string_equal(
        e.text, "invalid memory \"12x\": use a number with an optional unit b, k, m, g, t, p (for example 512m)");
}

static void billionths(void **state)
{
    static const struct number_case good[] = {
        {"0", 0}, {"1.5", 1500000000}, {"2", 2000000000}, {".000000001", 1}, {"9223372036.854775807", INT64_MAX},
    };
    static const char *const malformed[] = {"", ".", "-1", "1.0000000001", "1.5c", "1 ", "1e1"};
    static const char *const large[] = {"9223372036.854775808", "9223372037"};

    (void)state;
    check_values(parse_nano, good, ARRAY_SIZE(good));
    check_refused(parse_nano, EINVAL, malformed, ARRAY_SIZE(malformed));
    check_refused(parse_nano, ERANGE, large, ARRAY_SIZE(large));
}

static void durations(void **state)
{
    static const struct number_case good[] = {
        {"0", 0},
        {"10", 10000000000},
        {"0.25", 250000000},
        {"10s", 10000000000},
        {"1m30s", 90000000000},
        {"1.5h", 5400000000000},
        {"500ms", 500000000},
        {"3us", 3000},
        {"3µs", 3000},
        {"7ns", 7},
        {"1h1m1s1ms1us1ns", 3661001001001},
    };
    static const char *const malformed[] = {"", "s", "-1s", "1x", "1m30", "1s ", " 1s", "1 s", "1M", "1mss", "1m.s"};
    static const char *const large[] = {"2562048h", "2562047h60m", "9223372037"};

    (void)state;
    check_values(parse_duration, good, ARRAY_SIZE(good));
    check_refused(parse_duration, EINVAL, malformed, ARRAY_SIZE(malformed));
    check_refused(parse_duration, ERANGE, large, ARRAY_SIZE(large));
}

static void booleans(void **state)
{
    static const char *const yes[] = {"1", "t", "T", "true", "TRUE", "True"};
    static const char *const no[] = {"0", "f", "F", "false", "FALSE", "False"};
    static const char *const neither[] = {"", "yes", "no", "tRUE", "true ", "2"};
    struct err e = ERR_INIT;
    bool value;

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(yes); i++) {
        value = false;
        assert_int_equal(parse_bool(yes[i], "flag", &value, &e), 0);
        assert_true(value);
        assert_int_equal(parse_bool(no[i], "flag", &value, &e), 0);
        assert_false(value);
        assert_int_equal(parse_bool(neither[i], "flag", &value, &e), -EINVAL);
    }
}

static void signals_by_name_and_number(void **state)
{
    static const struct {
        const char *text;
        int signo;
    } good[] = {
        {"TERM", SIGTERM}, {"SIGTERM", SIGTERM}, {"sigterm", SIGTERM}, {"15", SIGTERM},  {"1", 1},
        {"64", 64},        {"SIGIOT", SIGABRT},  {"poll", SIGIO},      {"RTMIN", 34},    {"RTMIN+3", 37},
        {"RTMIN+30", 64},  {"RTMAX", 64},        {"SIGRTMAX-14", 50},  {"rtmax-30", 34},
    };
    static const char *const bad[] = {"",          "0",          "65",       "-9",       "SIG",
                                      "TERMINATE", "SIGSIGTERM", "SIG15x",   "RTMIN+31", "RTMAX-31",
                                      "RTMIN-1",   "RTMIN+",     "RTMIN+-1", " TERM",    "99999999999999999999"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
        struct err e = ERR_INIT;
        int signo = 0;

        if (parse_signal(good[i].text, &signo, &e) != 0 || signo != good[i].signo)
            fail_msg("\"%s\" is read as %d", good[i].text, signo);
    }
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct err e = ERR_INIT;
        int signo = -77;

        if (parse_signal(bad[i], &signo, &e) != -EINVAL)
            fail_msg("\"%s\" is read as %d", bad[i], signo);
        assert_int_equal(signo, -77);
        assert_says(&e, "invalid signal ");
    }
}

static void every_signal_has_a_name_that_is_read_back(void **state)
{
    (void)state;
    for (int signo = 1; signo <= 64; signo++) {
        struct err e = ERR_INIT;
        int back = 0;

        assert_memory_equal(signal_name(signo), "SIG", 3);
        assert_int_equal(parse_signal(signal_name(signo), &back, &e), 0);
        assert_int_equal(back, signo);
    }
    assert_string_equal(signal_name(SIGTERM), "SIGTERM");
    assert_string_equal(signal_name(37), "SIGRTMIN+3");
    assert_string_equal(signal_name(0), "unknown signal");
    assert_string_equal(signal_name(65), "unknown signal");
    assert_string_equal(signal_name(-1), "unknown signal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers),
        cmocka_unit_test(unsigned_numbers),
        cmocka_unit_test(bytes),
        cmocka_unit_test(bytes_advice_shows_an_example),
        cmocka_unit_test(billionths),
        cmocka_unit_test(durations),
        cmocka_unit_test(booleans),
        cmocka_unit_test(signals_by_name_and_number),
        cmocka_unit_test(every_signal_has_a_name_that_is_read_back),
    };

    return cmocka_run_group_tests_name("base/parse", tests, NULL, NULL);
}
