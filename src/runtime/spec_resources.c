/* "linux.resources" of config.json. Source: runtime-spec config-linux.md, "Control groups". */
#include <string.h>

#include "base/strv.h"
#include "runtime/spec_json.h"

/* "name": the object's name in JSON; each field's offset is in struct spec_resources. */
#define RESOURCE(member) offsetof(struct spec_resources, member)

static const struct spec_field memory_fields[] = {
    {.key = "limit", .type = FIELD_INT64, .offset = RESOURCE(memory_limit), .min = -1, .max = INT64_MAX},
    {.key = "reservation", .type = FIELD_INT64, .offset = RESOURCE(memory_reservation), .min = -1, .max = INT64_MAX},
    {.key = "swap", .type = FIELD_INT64, .offset = RESOURCE(memory_swap), .min = -1, .max = INT64_MAX},
    {.key = "disableOOMKiller", .type = FIELD_BOOL, .offset = RESOURCE(memory_disable_oom_killer)},
    {.key = "swappiness",
     .type = FIELD_UINT64,
     .offset = RESOURCE(swappiness),
     .max = 100,
     .has = SPEC_HAS(struct spec_resources, has_swappiness)},
};

static const struct spec_field cpu_fields[] = {
    {.key = "shares", .type = FIELD_UINT64, .offset = RESOURCE(cpu_shares)},
    {.key = "quota", .type = FIELD_INT64, .offset = RESOURCE(cpu_quota), .min = -1, .max = INT64_MAX},
    {.key = "period", .type = FIELD_UINT64, .offset = RESOURCE(cpu_period)},
    {.key = "cpus", .type = FIELD_STRING, .offset = RESOURCE(cpuset_cpus)},
    {.key = "mems", .type = FIELD_STRING, .offset = RESOURCE(cpuset_mems)},
};

static const struct spec_field pids_fields[] = {
    {.key = "limit", .type = FIELD_INT64, .offset = RESOURCE(pids_limit), .min = -1, .max = INT64_MAX},
};

static const struct spec_field block_fields[] = {
    {.key = "weight", .type = FIELD_UINT16, .offset = RESOURCE(blkio_weight), .max = 1000},
};

static const struct {
    const char *name;
    const struct spec_field *fields;
    size_t n;
} groups[] = {
    {"memory", memory_fields, ARRAY_SIZE(memory_fields)},
    {"cpu", cpu_fields, ARRAY_SIZE(cpu_fields)},
    {"pids", pids_fields, ARRAY_SIZE(pids_fields)},
    {"blockIO", block_fields, ARRAY_SIZE(block_fields)},
};

/* Limits that no flag of ours asks for yet: silently dropping one would be worse than saying so. */
static const struct {
    const char *group;
    const char *key;
} unsupported[] = {
    {"memory", "kernelTCP"},   {"cpu", "realtimeRuntime"},
    {"cpu", "realtimePeriod"}, {"cpu", "idle"},
    {"cpu", "burst"},          {"blockIO", "weightDevice"},
    {"blockIO", "leafWeight"}, {NULL, "hugepageLimits"},
    {NULL, "network"},         {NULL, "rdma"},
};

static int refuse_unsupported(json_object *resources, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(unsupported); i++) {
        const char *group = unsupported[i].group;
        int r = spec_refuse(group ? json_get(resources, group) : resources, unsupported[i].key, e);

        if (r < 0)
            return group ? err_context(e, "%s", group) : r;
    }
    return 0;
}

static int read_throttle(json_object *o, void *element, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "major", .type = FIELD_INT64, .offset = offsetof(struct spec_blkio_limit, major), .max = UINT32_MAX},
        {.key = "minor", .type = FIELD_INT64, .offset = offsetof(struct spec_blkio_limit, minor), .max = UINT32_MAX},
        {.key = "rate", .type = FIELD_UINT64, .offset = offsetof(struct spec_blkio_limit, rate)},
    };

    return spec_read_fields(o, fields, ARRAY_SIZE(fields), element, e);
}

static int read_throttles(json_object *block, struct spec_resources *ret, struct err *e)
{
    const struct {
        const char *key;
        struct spec_blkio_limit **v;
        size_t *n;
    } lists[] = {
        {"throttleReadBpsDevice", &ret->read_bps, &ret->n_read_bps},
        {"throttleWriteBpsDevice", &ret->write_bps, &ret->n_write_bps},
        {"throttleReadIOPSDevice", &ret->read_iops, &ret->n_read_iops},
        {"throttleWriteIOPSDevice", &ret->write_iops, &ret->n_write_iops},
    };

    for (size_t i = 0; i < ARRAY_SIZE(lists); i++) {
        int r = spec_read_array(block, lists[i].key, sizeof(struct spec_blkio_limit), read_throttle, lists[i].v,
                                lists[i].n, e);

        if (r < 0)
            return err_context(e, "blockIO");
    }
    return 0;
}

static int read_unified(json_object *resources, struct spec_resources *ret, struct err *e)
{
    json_object *unified = json_get(resources, "unified");

    if (!unified)
        return 0;
    if (!json_object_is_type(unified, json_type_object))
        return err_invalid(e, "\"unified\" must be an object");
    json_object_object_foreach(unified, key, unused)
    {
        const char *value;
        int r = json_get_str(unified, key, "", &value, e);

        (void)unused;
        if (r == 0 && (strchr(key, '/') || strstr(key, "..")))
            r = err_invalid(e, "\"%s\" is no file of a cgroup", key);
        if (r == 0)
            r = strv_addf(&ret->unified, e, "%s=%s", key, value);
        if (r < 0)
            return err_context(e, "unified");
    }
    return 0;
}

/* ---- the device rules ---- */

static int read_access(json_object *o, struct spec_device_rule *rule, struct err *e)
{
    const char *access;
    int r = json_get_str(o, "access", "rwm", &access, e);

    if (r < 0)
        return r;
    if (*access == '\0')
        access = "rwm";
    if (strlen(access) >= sizeof(rule->access) || access[strspn(access, "rwm")] != '\0')
        return err_invalid(e, "\"access\": \"%s\" is not made of r, w and m", access);
    memcpy(rule->access, access, strlen(access) + 1);
    return 0;
}

static int read_rule(json_object *o, void *element, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "allow", .type = FIELD_BOOL, .offset = offsetof(struct spec_device_rule, allow)},
        {.key = "major",
         .type = FIELD_INT64,
         .offset = offsetof(struct spec_device_rule, major),
         .min = -1,
         .max = UINT32_MAX},
        {.key = "minor",
         .type = FIELD_INT64,
         .offset = offsetof(struct spec_device_rule, minor),
         .min = -1,
         .max = UINT32_MAX},
    };
    struct spec_device_rule *rule = element;
    const char *type;
    int r;

    rule->major = rule->minor = -1;
    r = json_get_str(o, "type", "a", &type, e);
    if (r == 0)
        r = spec_read_fields(o, fields, ARRAY_SIZE(fields), rule, e);
    if (r < 0)
        return r;
    if (strlen(type) != 1 || !strchr("acb", *type))
        return err_invalid(e, "\"type\": \"%s\" is not a, b or c", type);
    rule->type = *type;
    return read_access(o, rule, e);
}

int spec_read_resources(json_object *resources, struct spec_resources *ret, struct err *e)
{
    int r;

    for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
        r = spec_read_fields(json_get(resources, groups[i].name), groups[i].fields, groups[i].n, ret, e);
        if (r < 0)
            return err_context(e, "%s", groups[i].name);
    }
    r = refuse_unsupported(resources, e);
    if (r == 0)
        r = read_throttles(json_get(resources, "blockIO"), ret, e);
    if (r == 0)
        r = spec_read_array(resources, "devices", sizeof(*ret->devices), read_rule, &ret->devices, &ret->n_devices, e);
    if (r == 0)
        r = read_unified(resources, ret, e);
    return r;
}
