#include "cli/human.h"

#include <stdio.h>
#include <time.h>

#include "base/timestamp.h"

/* Each row holds below its limit: `count` is the duration in units, with half an hour rounded up from hours on. */
static const struct {
    int64_t below, unit; /* seconds; hours for the rows after the minutes */
    const char *one, *many;
} spans[] = {
    {60, 1, "1 second", "seconds"},
    {60 * 60, 60, "About a minute", "minutes"},
    {48 * 3600, 3600, "About an hour", "hours"},
    {14 * 24 * 3600, 24 * 3600, NULL, "days"},
    {60 * 24 * 3600, 7 * 24 * 3600, NULL, "weeks"},
    {2 * 365 * 24 * INT64_C(3600), 30 * 24 * 3600, NULL, "months"},
    {INT64_MAX, 365 * 24 * 3600, NULL, "years"},
};

/* Docker counts hours rounded to the nearest, and all that is longer from these. */
static int64_t round_to_hours(int64_t seconds)
{
    return seconds < 3600 ? seconds : (seconds + 1800) / 3600 * 3600;
}

struct human human_duration(int64_t ns)
{
    struct human h = {"Less than a second"};
    int64_t seconds = round_to_hours(ns / NS_PER_SEC);

    if (seconds < 1)
        return h;
    for (size_t i = 0; i < ARRAY_SIZE(spans); i++) {
        int64_t count = seconds / spans[i].unit;

        if (seconds >= spans[i].below)
            continue;
        if (count == 1 && spans[i].one)
            snprintf(h.text, sizeof(h.text), "%s", spans[i].one);
        else
            snprintf(h.text, sizeof(h.text), "%lld %s", (long long)count, spans[i].many);
        break;
    }
    return h;
}

struct human human_ago(int64_t then_ns, int64_t now_ns)
{
    struct human duration = human_duration(now_ns - then_ns), h;

    snprintf(h.text, sizeof(h.text), "%.50s ago", duration.text);
    return h;
}

/* From `limit` on the digits would round up to a whole unit of the next size ("1e+03kB"). */
static struct human scale(int64_t bytes, double base, double limit, const char *const *units, int digits)
{
    double size = (double)bytes;
    struct human h;

    while (size >= limit && units[1]) {
        size /= base;
        units++;
    }
    snprintf(h.text, sizeof(h.text), "%.*g%s", digits, size, *units);
    return h;
}

struct human human_size(int64_t bytes)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB", NULL};

    return scale(bytes, 1000, 999.5, units, 3);
}

struct human human_size_binary(int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", NULL};

    return scale(bytes, 1024, 1023.5, units, 4);
}

struct human human_time(int64_t ns)
{
    time_t seconds = ns / NS_PER_SEC;
    struct human h = {""};
    struct tm tm;

    if (localtime_r(&seconds, &tm))
        strftime(h.text, sizeof(h.text), "%Y-%m-%d %H:%M:%S %z %Z", &tm);
    return h;
}

struct human human_status(const struct container_state *s, int64_t now_ns)
{
    struct human h = {"Created"};

    switch (s->status) {
    case CONTAINER_RUNNING:
        snprintf(h.text, sizeof(h.text), "Up %.50s", human_duration(now_ns - s->started_at).text);
        break;
    case CONTAINER_EXITED:
        snprintf(h.text, sizeof(h.text), "Exited (%d) %.40s", s->exit_code, human_ago(s->finished_at, now_ns).text);
        break;
    case CONTAINER_DEAD:
        snprintf(h.text, sizeof(h.text), "Dead");
        break;
    case CONTAINER_CREATED:
        break;
    }
    return h;
}
