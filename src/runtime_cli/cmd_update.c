/* update. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime_cli/command.h"
#include "runtime_cli/instance.h"

/* ---- flags become the members of linux.resources that they stand for, and are checked as those are */

enum limit_kind { LIMIT_BYTES, LIMIT_NUMBER, LIMIT_TEXT };

struct limit {
    const char *flag;
    const char *group, *key;
    enum limit_kind kind;
    const char *arg, *help;
};

static const struct limit limits[] = {
    {"memory", "memory", "limit", LIMIT_BYTES, "bytes", "Memory"},
    {"memory-reservation", "memory", "reservation", LIMIT_BYTES, "bytes",
     "Memory that is left to it when it gets scarce"},
    {"memory-swap", "memory", "swap", LIMIT_BYTES, "bytes", "Memory and swap together; -1: unlimited swap"},
    {"cpu-period", "cpu", "period", LIMIT_NUMBER, "us", "Period of the quota in microseconds"},
    {"cpu-quota", "cpu", "quota", LIMIT_NUMBER, "us", "Cpu time in each period in microseconds; -1: unlimited"},
    {"cpu-share", "cpu", "shares", LIMIT_NUMBER, "n", "Weight against other containers, 2 to 262144"},
    {"cpu-burst", "cpu", "burst", LIMIT_NUMBER, "us", NULL},
    {"cpu-rt-period", "cpu", "realtimePeriod", LIMIT_NUMBER, "us", NULL},
    {"cpu-rt-runtime", "cpu", "realtimeRuntime", LIMIT_NUMBER, "us", NULL},
    {"cpu-idle", "cpu", "idle", LIMIT_NUMBER, "n", NULL},
    {"cpuset-cpus", "cpu", "cpus", LIMIT_TEXT, "list", "Cpus that it may use: 0-3,7"},
    {"cpuset-mems", "cpu", "mems", LIMIT_TEXT, "list", "Memory nodes that it may use"},
    {"pids-limit", "pids", "limit", LIMIT_NUMBER, "n", "Processes; -1: unlimited"},
    {"blkio-weight", "blockIO", "weight", LIMIT_NUMBER, "n", "Weight of its disk accesses, 10 to 1000"},
};

static int parse_number(const struct limit *l, const char *text, int64_t *ret, struct err *e)
{
    if (l->kind == LIMIT_BYTES && *text != '-')
        return parse_bytes(text, l->flag, ret, e);
    return parse_int64(text, l->flag, ret, e);
}

static int add_limit(json_object *resources, const struct limit *l, const char *text, struct err *e)
{
    json_object *group = json_get(resources, l->group);
    int64_t number = 0;
    int r = l->kind == LIMIT_TEXT ? 0 : parse_number(l, text, &number, e);

    if (r < 0)
        return r;
    if (!group)
        group = json_add_object(resources, l->group);
    if (l->kind == LIMIT_TEXT)
        json_add_str(group, l->key, text);
    else
        json_add_int(group, l->key, number);
    return 0;
}

static int from_flags(char *const *values, json_object **ret, struct err *e)
{
    _cleanup_json_ json_object *resources = json_object_new_object();
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(limits); i++)
        if (values[i])
            r = add_limit(resources, &limits[i], values[i], e);
    if (r == 0)
        *ret = TAKE_PTR(resources);
    return r;
}

/* ---- or a file has them all */

static int from_stdin(json_object **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(JSON_BYTES_MAX);
    char chunk[4096];
    ssize_t n;

    while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
        strbuf_add(&text, chunk, (size_t)n);
    if (n < 0)
        return err_sys(e, "read the resources from standard input");
    if (strbuf_check(&text, "the resources", e) < 0)
        return err_to_errno(e);
    return json_parse(strbuf_str(&text), text.len, "standard input", ret, e);
}

static int read_resources(const char *file, char *const *values, struct spec_resources *ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    int r;

    if (!file)
        r = from_flags(values, &o, e);
    else if (strcmp(file, "-") == 0)
        r = from_stdin(&o, e);
    else
        r = json_parse_file(AT_FDCWD, file, &o, e);
    if (r < 0)
        return r;
    json_object_object_del(o, "devices"); /* the list of a container's devices is made once, with the default ones */
    return spec_load_resources(o, ret, e);
}

/* ---- the command */

static int update(const char *root, const char *id, const struct spec_resources *resources, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    _cleanup_(cgroup_release) struct cgroup cgroup = CGROUP_INIT;
    int r = instance_open(root, id, true, &i, e);

    if (r == 0 && instance_status(&i) == INSTANCE_STOPPED)
        r = err_conflict(e, "cannot update a stopped container: container not running: %s", id);
    if (r == 0)
        r = cgroup_open(i.record.cgroup, &cgroup, e);
    return r < 0 ? r : cgroup_update(&cgroup, resources, e);
}

static void release_values(char *(*values)[ARRAY_SIZE(limits)])
{
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        free((*values)[i]);
}

int cmd_update(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_(release_values) char *values[ARRAY_SIZE(limits)] = {NULL};
    _cleanup_(spec_resources_release) struct spec_resources resources = {0};
    _cleanup_free_ char *file = NULL;
    struct option_def options[ARRAY_SIZE(limits) + 2] = {
        {"resources", 'r', OPT_STRING, &file, "file", "Take all limits from this JSON file, - for standard input", NULL,
         false},
    };
    int args = 0, r;

    for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
        options[i + 1] = (struct option_def){.name = limits[i].flag,
                                             .type = OPT_STRING,
                                             .target = &values[i],
                                             .arg = limits[i].arg,
                                             .help = limits[i].help};
    r = command_parse(options, argc, argv, 0, 1, 1, &args, e);
    if (r == 0)
        r = read_resources(file, values, &resources, e);
    if (r != 0)
        return r < 0 ? r : 0;
    return update(root, argv[args], &resources, e);
}
