/* "process" of config.json, and process.json. Source: runtime-spec config.md, "Process" and "User". */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "base/strv.h"
#include "runtime/security/capabilities.h"
#include "runtime/spec_json.h"

/* (uid_t)-1 means "no change" to the kernel, so it is no id. */
static const int64_t id_max = UINT32_MAX - 1;

static int read_groups(json_object *user, struct spec_user *ret, struct err *e)
{
    json_object *array = json_get(user, "additionalGids");
    size_t n = array && json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;

    if (array && !json_object_is_type(array, json_type_array))
        return err_invalid(e, "\"additionalGids\" must be an array");
    if (n == 0)
        return 0;
    ret->groups = calloc(n, sizeof(*ret->groups));
    if (!ret->groups)
        return err_set(e, ERR_SYS, ENOMEM, "read \"additionalGids\"");
    for (size_t i = 0; i < n; i++) {
        json_object *o = json_object_array_get_idx(array, i);
        int64_t gid = json_object_is_type(o, json_type_int) ? json_object_get_int64(o) : -1;

        if (gid < 0 || gid > id_max)
            return err_invalid(e, "\"additionalGids\": %s is no group id", json_object_get_string(o));
        ret->groups[ret->n_groups++] = (gid_t)gid;
    }
    return 0;
}

static int read_user(json_object *process, json_object *ours, struct spec_user *ret, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "uid", .type = FIELD_UINT32, .offset = offsetof(struct spec_user, uid), .max = UINT32_MAX - 1},
        {.key = "gid", .type = FIELD_UINT32, .offset = offsetof(struct spec_user, gid), .max = UINT32_MAX - 1},
        {.key = "umask",
         .type = FIELD_UINT32,
         .offset = offsetof(struct spec_user, umask),
         .max = 0777,
         .has = SPEC_HAS(struct spec_user, has_umask)},
    };
    static const struct spec_field our_fields[] = {
        {.key = "user", .type = FIELD_STRING, .offset = offsetof(struct spec_user, name)},
        {.key = "groups", .type = FIELD_STRV, .offset = offsetof(struct spec_user, more_groups)},
    };
    json_object *user = json_get(process, "user");
    int r;

    r = spec_read_fields(user, fields, ARRAY_SIZE(fields), ret, e);
    if (r == 0)
        r = read_groups(user, ret, e);
    if (r < 0)
        return err_context(e, "user");
    return spec_read_fields(ours, our_fields, ARRAY_SIZE(our_fields), ret, e);
}

/* A capability that this kernel or program does not know cannot be given; the specification wants a warning for it. */
static int read_cap_set(json_object *caps, const char *key, uint64_t *ret, struct err *e)
{
    _cleanup_strv_ char **names = NULL;
    int r = json_get_strv(caps, key, &names, e);

    if (r < 0)
        return err_context(e, "capabilities");
    STRV_FOREACH (name, names) {
        int cap;

        if (caps_parse(*name, &cap, NULL) < 0)
            log_warning("capability %s is unknown here and is left out", *name);
        else
            *ret |= CAP_BIT(cap);
    }
    return 0;
}

static int read_caps(json_object *process, struct spec_caps *ret, struct err *e)
{
    static const struct {
        const char *key;
        size_t offset;
    } sets[] = {
        {"bounding", offsetof(struct spec_caps, bounding)},       {"effective", offsetof(struct spec_caps, effective)},
        {"permitted", offsetof(struct spec_caps, permitted)},     {"ambient", offsetof(struct spec_caps, ambient)},
        {"inheritable", offsetof(struct spec_caps, inheritable)},
    };
    json_object *caps = json_get(process, "capabilities");

    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        int r = read_cap_set(caps, sets[i].key, (uint64_t *)((char *)ret + sets[i].offset), e);

        if (r < 0)
            return r;
    }
    return 0;
}

static const struct {
    const char *name;
    int resource;
} rlimit_names[] = {
    {"RLIMIT_AS", RLIMIT_AS},           {"RLIMIT_CORE", RLIMIT_CORE},
    {"RLIMIT_CPU", RLIMIT_CPU},         {"RLIMIT_DATA", RLIMIT_DATA},
    {"RLIMIT_FSIZE", RLIMIT_FSIZE},     {"RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"RLIMIT_MEMLOCK", RLIMIT_MEMLOCK}, {"RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"RLIMIT_NICE", RLIMIT_NICE},       {"RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"RLIMIT_NPROC", RLIMIT_NPROC},     {"RLIMIT_RSS", RLIMIT_RSS},
    {"RLIMIT_RTPRIO", RLIMIT_RTPRIO},   {"RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"RLIMIT_STACK", RLIMIT_STACK},     {"RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
};

static int read_rlimit(json_object *o, void *element, struct err *e)
{
    struct spec_rlimit *ret = element;
    const char *type;
    uint64_t soft = RLIM_INFINITY;
    uint64_t hard = RLIM_INFINITY;
    int r;

    r = json_get_str(o, "type", "", &type, e);
    if (r == 0)
        r = json_get_uint64(o, "soft", RLIM_INFINITY, &soft, e);
    if (r == 0)
        r = json_get_uint64(o, "hard", RLIM_INFINITY, &hard, e);
    if (r < 0)
        return r;
    if (soft > hard)
        return err_invalid(e, "%s: the soft limit is above the hard one", type);

    for (size_t i = 0; i < ARRAY_SIZE(rlimit_names); i++) {
        if (strcmp(type, rlimit_names[i].name) != 0)
            continue;
        *ret =
            (struct spec_rlimit){.resource = rlimit_names[i].resource, .limit = {.rlim_cur = soft, .rlim_max = hard}};
        return 0;
    }
    return err_invalid(e, "\"type\": there is no resource limit \"%s\"", type);
}

static int check_rlimits(const struct spec_process *p, struct err *e)
{
    for (size_t i = 0; i < p->n_rlimits; i++) {
        for (size_t j = 0; j < i; j++) {
            if (p->rlimits[i].resource == p->rlimits[j].resource)
                return err_invalid(e, "rlimits[%zu] sets the same resource as rlimits[%zu]", i, j);
        }
    }
    return 0;
}

static int read_console_size(json_object *process, struct spec_process *ret, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "height",
         .type = FIELD_UINT16,
         .offset = offsetof(struct spec_process, console_rows),
         .max = UINT16_MAX},
        {.key = "width",
         .type = FIELD_UINT16,
         .offset = offsetof(struct spec_process, console_cols),
         .max = UINT16_MAX},
    };

    return spec_read_fields(json_get(process, "consoleSize"), fields, ARRAY_SIZE(fields), ret, e);
}

static int read_members(json_object *process, json_object *ours, struct spec_process *ret, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "args", .type = FIELD_STRV, .offset = offsetof(struct spec_process, args)},
        {.key = "env", .type = FIELD_STRV, .offset = offsetof(struct spec_process, env)},
        {.key = "cwd", .type = FIELD_PATH, .offset = offsetof(struct spec_process, cwd)},
        {.key = "terminal", .type = FIELD_BOOL, .offset = offsetof(struct spec_process, terminal)},
        {.key = "noNewPrivileges", .type = FIELD_BOOL, .offset = offsetof(struct spec_process, no_new_privs)},
        {.key = "apparmorProfile", .type = FIELD_STRING, .offset = offsetof(struct spec_process, apparmor_profile)},
        {.key = "selinuxLabel", .type = FIELD_STRING, .offset = offsetof(struct spec_process, selinux_label)},
        {.key = "oomScoreAdj",
         .type = FIELD_INT,
         .offset = offsetof(struct spec_process, oom_score_adj),
         .min = -1000,
         .max = 1000,
         .has = SPEC_HAS(struct spec_process, has_oom_score_adj)},
    };
    static const struct spec_field our_fields[] = {
        {.key = "init", .type = FIELD_BOOL, .offset = offsetof(struct spec_process, init)},
    };
    int r = spec_read_fields(process, fields, ARRAY_SIZE(fields), ret, e);

    return r < 0 ? r : spec_read_fields(ours, our_fields, ARRAY_SIZE(our_fields), ret, e);
}

static int refuse_unsupported(json_object *process, struct err *e)
{
    static const char *const keys[] = {"scheduler", "ioPriority", "execCPUAffinity"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(keys) && r == 0; i++)
        r = spec_refuse(process, keys[i], e);
    return r;
}

static int read_all(json_object *process, json_object *ours, struct spec_process *ret, struct err *e)
{
    int r;

    r = read_members(process, ours, ret, e);
    if (r == 0)
        r = read_console_size(process, ret, e);
    if (r == 0)
        r = read_user(process, ours, &ret->user, e);
    if (r == 0)
        r = read_caps(process, &ret->caps, e);
    if (r == 0)
        r = spec_read_array(process, "rlimits", sizeof(*ret->rlimits), read_rlimit, &ret->rlimits, &ret->n_rlimits, e);
    if (r == 0)
        r = check_rlimits(ret, e);
    if (r == 0)
        r = refuse_unsupported(process, e);
    return r;
}

int spec_read_process(json_object *process, json_object *ours, struct spec_process *ret, struct err *e)
{
    int r;

    if (!json_object_is_type(process, json_type_object))
        return err_invalid(e, "\"process\" must be an object");
    r = read_all(process, ours, ret, e);
    if (r < 0)
        return err_context(e, "process");
    if (strv_len(ret->args) == 0)
        return err_invalid(e, "process: \"args\" names no program");
    if (!ret->cwd)
        ret->cwd = strdup("/");
    return ret->cwd ? 0 : err_set(e, ERR_SYS, ENOMEM, "read \"process\"");
}
