/* logs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/timestamp.h"
#include "cli/command.h"
#include "engine/query.h"

/* "all", or a count of lines; a negative one is all, as for Docker. */
static int parse_tail(const char *value, void *target, struct err *e)
{
    int64_t *tail = target;
    int r;

    if (strcmp(value, "all") == 0) {
        *tail = -1;
        return 0;
    }
    r = parse_int64(value, "--tail", tail, e);
    if (r == 0 && *tail < 0)
        *tail = -1;
    return r < 0 ? err_advice(e, "a number of lines, or all") : 0;
}

/* "1700000000", "1700000000.5" */
static int parse_unix_time(const char *value, int64_t *ret, struct err *e)
{
    return parse_nano(value, "time", ret, e);
}

/* RFC 3339 allows a date alone only in Docker: "2026-01-02" and "2026-01-02T03:04:05" are UTC here. */
static int parse_date(const char *value, int64_t *ret, struct err *e)
{
    char text[64];
    const char *rest = strchr(value, 'T') ? (strpbrk(strchr(value, 'T'), "Z+-") ? "" : "Z") : "T00:00:00Z";

    if ((size_t)snprintf(text, sizeof(text), "%s%s", value, rest) >= sizeof(text))
        return err_invalid(e, "too long");
    return timestamp_parse(text, ret, e);
}

/* A point in time: a date, seconds since the epoch, or how long ago ("10m"). */
static int parse_time(const char *value, void *target, struct err *e)
{
    int64_t *at = target, duration = 0;

    if (strspn(value, "0123456789.") == strlen(value) && *value)
        return parse_unix_time(value, at, e);
    if (parse_duration(value, "time", &duration, NULL) == 0) {
        *at = timestamp_now() - duration;
        return 0;
    }
    if (parse_date(value, at, NULL) == 0)
        return 0;
    return err_invalid(
        e, "invalid time \"%s\": it is 2026-01-02T03:04:05Z, seconds since 1970, or how long ago (10m, 1h30m)", value);
}

int cmd_logs(struct cli *cli, int argc, char **argv, struct err *e)
{
    struct log_options o = {.tail = -1};
    const struct option_def options[] = {
        {"follow", 'f', OPT_BOOL, &o.follow, NULL, "Go on until the container ends", NULL, false},
        {"since", 0, OPT_CALL, &o.since, "string", "Start at a time: 2026-01-02T03:04:05Z, or 10m ago", parse_time,
         false},
        {"tail", 'n', OPT_CALL, &o.tail, "string", "Only the last lines (all)", parse_tail, false},
        {"timestamps", 't', OPT_BOOL, &o.timestamps, NULL, "Show when each line was written", NULL, false},
        {"until", 0, OPT_CALL, &o.until, "string", "End at a time", parse_time, false},
        {"details", 0, OPT_BOOL, &(bool){false}, NULL, NULL, NULL, false},
        {0},
    };
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int args = 0;
    int r = command_parse("logs", options, argc, argv, 0, 1, 1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    cli->engine.read_only = true;
    r = cli_engine(cli, &engine, e);
    return r < 0 ? r : engine_logs(&engine, argv[args], &o, STDOUT_FILENO, STDERR_FILENO, e);
}
