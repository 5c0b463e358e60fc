#include "base/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char never[] = "0001-01-01T00:00:00Z";

int64_t timestamp_now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return ts.tv_sec * NS_PER_SEC + ts.tv_nsec;
}

struct timestamp_text timestamp_format(int64_t ns)
{
    struct timestamp_text t;
    int64_t nanos = (ns % NS_PER_SEC + NS_PER_SEC) % NS_PER_SEC; /* also before 1970 */
    time_t secs = (ns - nanos) / NS_PER_SEC;
    struct tm tm;
    if (ns == 0 || !gmtime_r(&secs, &tm)) {
        memcpy(t.text, never, sizeof(never));
        return t;
    }
    size_t n = strftime(t.text, sizeof(t.text), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(t.text + n, sizeof(t.text) - n, ".%09dZ", (int)nanos);
    return t;
}

/* ".123" -> 123000000; more than nine digits are cut. */
static const char *parse_decimals(const char *s, int64_t *ret)
{
    *ret = 0;
    if (*s != '.')
        return s;
    int64_t unit = NS_PER_SEC / 10;
    for (s++; *s >= '0' && *s <= '9'; s++, unit /= 10)
        *ret += (*s - '0') * unit;
    return s;
}

/* "Z" or "+02:00" as seconds to subtract. */
static int parse_zone(const char *s, int64_t *ret)
{
    int hours, minutes, used = 0;
    char sign;
    *ret = 0;
    if (strcmp(s, "Z") == 0)
        return 0;
    if (sscanf(s, "%c%2d:%2d%n", &sign, &hours, &minutes, &used) != 3 || s[used] || !strchr("+-", sign))
        return -1;
    *ret = (sign == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
    return 0;
}

int timestamp_parse(const char *s, int64_t *ret, struct err *e)
{
    if (strncmp(s, never, 5) == 0) {
        *ret = 0;
        return 0;
    }
    struct tm tm = {0};
    int64_t decimals, zone;
    const char *rest = strptime(s, "%Y-%m-%dT%H:%M:%S", &tm);
    if (!rest || parse_zone(parse_decimals(rest, &decimals), &zone) < 0)
        return err_invalid(e, "not a point in time (2026-01-31T10:20:30Z): %.100s", s);
    int64_t ns;
    if (__builtin_mul_overflow(timegm(&tm) - zone, NS_PER_SEC, &ns) || __builtin_add_overflow(ns, decimals, &ns))
        return err_set(e, ERR_INVALID, ERANGE, "a point in time out of range (the years 1678 to 2261): %.100s", s);
    *ret = ns;
    return 0;
}
