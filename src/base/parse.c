#include "base/parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"

static const int64_t NANO = 1000000000;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* *value * 10 + digit; false when that is no uint64_t. */
static bool append_digit(uint64_t *value, char digit)
{
    return !__builtin_mul_overflow(*value, 10, value) &&
           !__builtin_add_overflow(*value, (uint64_t)(digit - '0'), value);
}

/* ---- whole numbers ---- */

static int not_a_number(const char *s, const char *what, struct err *e)
{
    return err_invalid(e, "invalid %s \"%s\": use a whole number", what, s);
}

static int out_of_range(const char *s, const char *what, struct err *e)
{
    return err_set(e, ERR_INVALID, ERANGE, "invalid %s \"%s\": out of range", what, s);
}

/* Digits to the end of the string: 0, -EINVAL or -ERANGE. */
static int scan_digits(const char *s, uint64_t *ret)
{
    uint64_t value = 0;

    if (!is_digit(*s))
        return -EINVAL;
    for (; is_digit(*s); s++) {
        if (!append_digit(&value, *s))
            return s[strspn(s, "0123456789")] == '\0' ? -ERANGE : -EINVAL;
    }
    if (*s != '\0')
        return -EINVAL;
    *ret = value;
    return 0;
}

int parse_uint64(const char *s, const char *what, uint64_t *ret, struct err *e)
{
    int r = scan_digits(s, ret);

    if (r == -ERANGE)
        return out_of_range(s, what, e);
    return r < 0 ? not_a_number(s, what, e) : 0;
}

int parse_int64(const char *s, const char *what, int64_t *ret, struct err *e)
{
    bool negative = *s == '-';
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    uint64_t magnitude;
    int r = scan_digits(s + negative, &magnitude);

    if (r == -EINVAL)
        return not_a_number(s, what, e);
    if (r == -ERANGE || magnitude > limit)
        return out_of_range(s, what, e);
    /* -INT64_MIN is no int64_t: negate while it is still unsigned. */
    *ret = (int64_t)(negative ? -magnitude : magnitude);
    return 0;
}

/* ---- decimal numbers ---- */

/* "12.345" without floating point: whole 12, fraction 345, scale 1000. */
struct decimal {
    uint64_t whole;
    uint64_t fraction;
    uint64_t scale;
};

enum { DECIMALS_MAX = 18 }; /* scale and fraction fit in 64 bits */

/* Reads digits with at most one point from *s, which moves behind them: 0, -EINVAL or -ERANGE. As Go's ParseFloat it
 * takes "1." and ".5", not ".". */
static int scan_decimal(const char **s, unsigned max_decimals, struct decimal *ret)
{
    struct decimal d = {.scale = 1};
    const char *p = *s;
    unsigned n_digits = 0;

    for (; is_digit(*p); p++, n_digits++) {
        if (!append_digit(&d.whole, *p))
            return -ERANGE;
    }
    if (*p == '.') {
        for (p++; is_digit(*p); p++, n_digits++) {
            if (max_decimals-- == 0)
                return -EINVAL;
            append_digit(&d.fraction, *p);
            d.scale *= 10;
        }
    }
    if (n_digits == 0)
        return -EINVAL;
    *s = p;
    *ret = d;
    return 0;
}

/* d * unit, rounded down; -ERANGE when it is no int64_t. */
static int decimal_times(const struct decimal *d, uint64_t unit, int64_t *ret)
{
    unsigned __int128 fraction = (unsigned __int128)d->fraction * unit / d->scale;
    unsigned __int128 value = (unsigned __int128)d->whole * unit + fraction;

    if (value > INT64_MAX)
        return -ERANGE;
    *ret = (int64_t)value;
    return 0;
}

/* ---- bytes ---- */

/* What may follow the number, as in Docker's go-units (RAMInBytes): one space, a unit letter, "b" or "ib" after it. */
static int scan_byte_unit(const char *s, uint64_t *ret)
{
    static const char letters[] = "kmgtp";
    const char *letter;

    if (*s == ' ' && s[1] != '\0')
        s++;
    if (*s == '\0' || strcasecmp(s, "b") == 0) {
        *ret = 1;
        return 0;
    }
    letter = strchr(letters, tolower((unsigned char)*s));
    if (!letter)
        return -EINVAL;
    s++;
    if (*s != '\0' && strcasecmp(s, "b") != 0 && strcasecmp(s, "ib") != 0)
        return -EINVAL;
    *ret = 1ULL << (10 * (letter - letters + 1));
    return 0;
}

int parse_bytes(const char *s, const char *what, int64_t *ret, struct err *e)
{
    struct decimal number;
    const char *rest = s;
    uint64_t unit;
    int r;

    r = scan_decimal(&rest, DECIMALS_MAX, &number);
    if (r == 0)
        r = scan_byte_unit(rest, &unit);
    if (r == 0)
        r = decimal_times(&number, unit, ret);

    if (r == -ERANGE)
        return out_of_range(s, what, e);
    if (r < 0)
        return err_invalid(
            e, "invalid %s \"%s\": use a number with an optional unit b, k, m, g, t, p (for example 512m)", what, s);
    return 0;
}

/* ---- billionths ---- */

int parse_nano(const char *s, const char *what, int64_t *ret, struct err *e)
{
    struct decimal number;
    const char *rest = s;
    int r = scan_decimal(&rest, 9, &number);

    if (r == 0 && *rest != '\0')
        r = -EINVAL;
    if (r == 0)
        r = decimal_times(&number, (uint64_t)NANO, ret);

    if (r == -ERANGE)
        return out_of_range(s, what, e);
    if (r < 0)
        return err_invalid(e, "invalid %s \"%s\": use a number with at most nine decimals (for example 1.5)", what, s);
    return 0;
}

/* ---- durations ---- */

/* A name comes before those that it begins with: "ms" before "m". */
static const struct time_unit {
    const char *name;
    uint64_t nanoseconds;
} time_units[] = {
    {"ns", 1}, {"us", 1000}, {"µs", 1000}, {"ms", 1000000}, {"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

static const struct time_unit *scan_time_unit(const char **s)
{
    for (size_t i = 0; i < ARRAY_SIZE(time_units); i++) {
        size_t len = strlen(time_units[i].name);

        if (strncmp(*s, time_units[i].name, len) == 0) {
            *s += len;
            return &time_units[i];
        }
    }
    return NULL;
}

/* Adds one "30s" at *s, which moves behind it, to *sum. */
static int scan_duration_part(const char **s, int64_t *sum)
{
    struct decimal number;
    const struct time_unit *unit;
    int64_t part;
    int r = scan_decimal(s, DECIMALS_MAX, &number);

    if (r < 0)
        return r;
    unit = scan_time_unit(s);
    if (!unit)
        return -EINVAL;
    r = decimal_times(&number, unit->nanoseconds, &part);
    if (r < 0)
        return r;
    return __builtin_add_overflow(*sum, part, sum) ? -ERANGE : 0;
}

static int scan_duration(const char *s, int64_t *ret)
{
    struct decimal seconds;
    const char *rest = s;
    int64_t sum = 0;
    int r;

    r = scan_decimal(&rest, DECIMALS_MAX, &seconds);
    if (r < 0)
        return r;
    if (*rest == '\0')
        return decimal_times(&seconds, (uint64_t)NANO, ret);

    while (*s != '\0') {
        r = scan_duration_part(&s, &sum);
        if (r < 0)
            return r;
    }
    *ret = sum;
    return 0;
}

int parse_duration(const char *s, const char *what, int64_t *ret, struct err *e)
{
    int r = scan_duration(s, ret);

    if (r == -ERANGE)
        return out_of_range(s, what, e);
    if (r < 0)
        return err_invalid(
            e, "invalid %s \"%s\": use numbers with units ns, us, ms, s, m, h (for example 1m30s), or plain seconds",
            what, s);
    return 0;
}

/* ---- booleans ---- */

int parse_bool(const char *s, const char *what, bool *ret, struct err *e)
{
    /* What Go's strconv.ParseBool takes, and so Docker. */
    static const struct {
        const char *word;
        bool value;
    } words[] = {
        {"1", true},  {"t", true},  {"T", true},  {"true", true},   {"TRUE", true},   {"True", true},
        {"0", false}, {"f", false}, {"F", false}, {"false", false}, {"FALSE", false}, {"False", false},
    };

    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(s, words[i].word) == 0) {
            *ret = words[i].value;
            return 0;
        }
    }
    return err_invalid(e, "invalid %s \"%s\": use true or false", what, s);
}
