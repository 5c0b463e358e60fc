#include "cli/container_values.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "engine/container.h"

enum { ENV_FILE_MAX = 1024 * 1024 };

int value_copy(char **field, const char *value, struct err *e)
{
    char *copy = strdup(value);

    if (!copy)
        return err_set(e, ERR_SYS, ENOMEM, "read the command line");
    free(*field);
    *field = copy;
    return 0;
}

/* ---- numbers: one row each */

/* Defines value_NAME: parses by `parser` with its option's name, checks the range, stores. */
#define NUMBER_VALUE(name, option, field, parser, min, max, range_text)                                                \
    int value_##name(const char *value, void *container, struct err *e)                                                \
    {                                                                                                                  \
        struct container *c = container;                                                                               \
        int64_t n = 0;                                                                                                 \
        int r = parser(value, option, &n, e);                                                                          \
                                                                                                                       \
        if (r < 0)                                                                                                     \
            return r;                                                                                                  \
        if (n < (min) || n > (max))                                                                                    \
            return err_invalid(e, "invalid " option " \"%s\": " range_text, value);                                    \
        c->field = (typeof(c->field))n;                                                                                \
        return 0;                                                                                                      \
    }

static int parse_bytes_or_unlimited(const char *value, const char *what, int64_t *ret, struct err *e)
{
    if (strcmp(value, "-1") != 0)
        return parse_bytes(value, what, ret, e);
    *ret = -1;
    return 0;
}

NUMBER_VALUE(memory, "--memory", host.memory, parse_bytes, 0, INT64_MAX, "it must not be negative")
NUMBER_VALUE(memory_reservation, "--memory-reservation", host.memory_reservation, parse_bytes, 0, INT64_MAX,
             "it must not be negative")
NUMBER_VALUE(memory_swap, "--memory-swap", host.memory_swap, parse_bytes_or_unlimited, -1, INT64_MAX,
             "it is a number of bytes, or -1 for unlimited swap")
NUMBER_VALUE(memory_swappiness, "--memory-swappiness", host.memory_swappiness, parse_int64, -1, 100,
             "it is a number from 0 to 100")
NUMBER_VALUE(shm_size, "--shm-size", host.shm_size, parse_bytes, 1, INT64_MAX, "it must be greater than 0")
NUMBER_VALUE(cpus, "--cpus", host.nano_cpus, parse_nano, 0, INT64_MAX, "it must not be negative")
NUMBER_VALUE(cpu_shares, "--cpu-shares", host.cpu_shares, parse_int64, 0, 262144, "it is a number from 2 to 262144")
NUMBER_VALUE(cpu_period, "--cpu-period", host.cpu_period, parse_int64, 0, 1000000,
             "it is a number of microseconds from 1000 to 1000000")
NUMBER_VALUE(cpu_quota, "--cpu-quota", host.cpu_quota, parse_int64, -1, INT64_MAX,
             "it is a number of microseconds of at least 1000, or -1 for no limit")
NUMBER_VALUE(pids_limit, "--pids-limit", host.pids_limit, parse_int64, -1, INT64_MAX,
             "it is a number of processes, or -1 for no limit")
NUMBER_VALUE(blkio_weight, "--blkio-weight", host.blkio_weight, parse_int64, 0, 1000, "it is a number from 10 to 1000")
NUMBER_VALUE(oom_score_adj, "--oom-score-adj", host.oom_score_adj, parse_int64, -1000, 1000,
             "it is a number from -1000 to 1000")
NUMBER_VALUE(stop_timeout, "--stop-timeout", config.stop_timeout, parse_int64, -1, INT_MAX,
             "it is a number of seconds, or -1 to wait for ever")

int value_stop_signal(const char *value, void *container, struct err *e)
{
    struct container *c = container;
    int signo = 0;
    int r = parse_signal(value, &signo, e);

    return r < 0 ? r : value_copy(&c->config.stop_signal, value, e);
}

/* ---- environment and labels */

/* "NAME" alone is the caller's value, or nothing when it has none: the host's other variables stay outside. */
static int add_env(char ***env, const char *text, struct err *e)
{
    const char *value;

    if (*text == '\0' || *text == '=')
        return err_invalid(
            e, "invalid environment variable \"%s\": it is NAME=VALUE, or NAME to pass the present value", text);
    if (strchr(text, '='))
        return strv_add(env, text, e);
    value = getenv(text);
    return value ? strv_addf(env, e, "%s=%s", text, value) : 0;
}

int value_env(const char *value, void *container, struct err *e)
{
    struct container *c = container;

    return add_env(&c->config.env, value, e);
}

int value_env_of_exec(const char *value, void *env, struct err *e)
{
    return add_env(env, value, e);
}

/* Calls add for each line that is neither empty nor a comment. */
static int for_each_line(const char *path, int (*add)(char ***v, const char *line, struct err *e), char ***v,
                         struct err *e)
{
    _cleanup_free_ char *text = NULL;
    int number = 0;
    int r = file_read(AT_FDCWD, path, ENV_FILE_MAX, &text, NULL, e);

    if (r < 0)
        return r;
    for (char *line = text, *next; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        line += strspn(line, " \t");
        line[strcspn(line, "\r")] = '\0';
        if (*line == '\0' || *line == '#')
            continue;
        r = add(v, line, e);
        if (r < 0)
            return err_context(e, "%s, line %d", path, number);
    }
    return 0;
}

static int add_env_line(char ***env, const char *line, struct err *e)
{
    const char *end = line + strcspn(line, "=");
    const char *blank = strpbrk(line, " \t");

    if (blank && blank < end)
        return err_invalid(e, "the name in \"%s\" has white space", line);
    return add_env(env, line, e);
}

static int add_label_line(char ***labels, const char *line, struct err *e)
{
    return strv_add(labels, line, e);
}

int value_env_file(const char *path, char ***env, struct err *e)
{
    return for_each_line(path, add_env_line, env, e);
}

int value_label_file(const char *path, char ***labels, struct err *e)
{
    return for_each_line(path, add_label_line, labels, e);
}

/* ---- devices and ulimits */

static bool is_access(const char *s)
{
    return *s && strspn(s, "rwm") == strlen(s);
}

int value_device(const char *value, void *container, struct err *e)
{
    struct container *c = container;
    _cleanup_strv_ char **parts = NULL;
    struct device_mapping *grown;
    int r = strv_split(value, ':', &parts, e);
    size_t n = strv_len(parts);

    if (r < 0)
        return r;
    if (n < 1 || n > 3 || parts[0][0] != '/' || (n == 3 && !is_access(parts[2])) ||
        (n == 2 && parts[1][0] != '/' && !is_access(parts[1])))
        return err_invalid(e, "invalid --device \"%s\": it is /dev/HOST[:/dev/INSIDE][:rwm]", value);
    const char *access = n == 3 ? parts[2] : n == 2 && parts[1][0] != '/' ? parts[1] : "rwm";
    const char *inside = n >= 2 && parts[1][0] == '/' ? parts[1] : parts[0];

    grown = reallocarray(c->host.devices, c->host.n_devices + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "read the command line");
    c->host.devices = grown;
    grown += c->host.n_devices++;
    *grown = (struct device_mapping){0};
    r = value_copy(&grown->path_on_host, parts[0], e);
    if (r == 0)
        r = value_copy(&grown->path_in_container, inside, e);
    return r < 0 ? r : value_copy(&grown->permissions, access, e);
}

/* The engine takes rates as plain numbers: PATH:2m is kept as PATH:2097152. Whether PATH is a device, it checks. */
static int add_byte_rate(char ***rates, const char *value, const char *option, struct err *e)
{
    const char *colon = strrchr(value, ':');
    int64_t bytes = 0;
    int r;

    if (!colon || colon == value)
        return err_invalid(e, "invalid %s \"%s\": it is PATH:BYTES, for example /dev/sda:1m", option, value);
    r = parse_bytes(colon + 1, option, &bytes, e);
    return r < 0 ? r : strv_addf(rates, e, "%.*s:%" PRId64, (int)(colon - value), value, bytes);
}

int value_device_read_bps(const char *value, void *container, struct err *e)
{
    struct container *c = container;

    return add_byte_rate(&c->host.device_read_bps, value, "--device-read-bps", e);
}

int value_device_write_bps(const char *value, void *container, struct err *e)
{
    struct container *c = container;

    return add_byte_rate(&c->host.device_write_bps, value, "--device-write-bps", e);
}

int value_ulimit(const char *value, void *container, struct err *e)
{
    struct container *c = container;
    const char *equals = strchr(value, '=');
    _cleanup_strv_ char **limits = NULL;
    struct ulimit u = {0};
    struct ulimit *grown;
    int r;

    if (!equals || equals == value)
        return err_invalid(e, "invalid --ulimit \"%s\": it is NAME=SOFT[:HARD], for example nofile=1024:2048", value);
    r = strv_split(equals + 1, ':', &limits, e);
    if (r == 0 && (strv_len(limits) < 1 || strv_len(limits) > 2))
        r = err_invalid(e, "invalid --ulimit \"%s\": it is NAME=SOFT[:HARD]", value);
    if (r == 0)
        r = parse_int64(limits[0], "--ulimit", &u.soft, e);
    u.hard = u.soft;
    if (r == 0 && limits[1])
        r = parse_int64(limits[1], "--ulimit", &u.hard, e);
    if (r < 0)
        return r;
    if (u.hard != -1 && (u.soft == -1 || u.soft > u.hard))
        return err_invalid(e, "invalid --ulimit \"%s\": the soft limit is above the hard one", value);
    grown = reallocarray(c->host.ulimits, c->host.n_ulimits + 1, sizeof(*grown));
    u.name = strndup(value, (size_t)(equals - value));
    if (grown)
        c->host.ulimits = grown;
    if (!grown || !u.name) {
        free(u.name);
        return err_set(e, ERR_SYS, ENOMEM, "read the command line");
    }
    grown[c->host.n_ulimits++] = u;
    return 0;
}
