/* Reads a profile in Docker's or OCI's JSON form into a struct profile. */
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/cleanup.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp.h"
#include "runtime/security/seccomp_profile.h"

#if defined(__x86_64__)
enum { NATIVE = SECCOMP_X86_64 };
#elif defined(__aarch64__)
enum { NATIVE = SECCOMP_AARCH64 };
#endif

/* ---- words of the format */

static const struct {
    const char *name;
    uint32_t action;
    bool has_data; /* errnoRet */
} actions[] = {
    {"SCMP_ACT_ALLOW", SECCOMP_RET_ALLOW, false},
    {"SCMP_ACT_ERRNO", SECCOMP_RET_ERRNO, true},
    {"SCMP_ACT_KILL", SECCOMP_RET_KILL_THREAD, false},
    {"SCMP_ACT_KILL_PROCESS", SECCOMP_RET_KILL_PROCESS, false},
    {"SCMP_ACT_KILL_THREAD", SECCOMP_RET_KILL_THREAD, false},
    {"SCMP_ACT_LOG", SECCOMP_RET_LOG, false},
    {"SCMP_ACT_TRACE", SECCOMP_RET_TRACE, true},
    {"SCMP_ACT_TRAP", SECCOMP_RET_TRAP, false},
};

static const struct {
    const char *name;
    enum seccomp_op op;
} operators[] = {
    {"SCMP_CMP_EQ", SECCOMP_EQ}, {"SCMP_CMP_NE", SECCOMP_NE}, {"SCMP_CMP_LT", SECCOMP_LT},
    {"SCMP_CMP_LE", SECCOMP_LE}, {"SCMP_CMP_GT", SECCOMP_GT}, {"SCMP_CMP_GE", SECCOMP_GE},
};

static const struct {
    const char *name;
    unsigned flag;
} filter_flags[] = {
    {"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
    {"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
    {"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
};

static int read_action(json_object *o, const char *key, const char *errno_key, uint32_t *ret, struct err *e)
{
    const char *name = NULL;
    uint64_t data = 0;
    int r = json_get_str(o, key, NULL, &name, e);
    if (r == 0)
        r = json_get_uint64(o, errno_key, EPERM, &data, e);
    if (r < 0)
        return r;
    if (!name)
        return err_invalid(e, "%s is missing", key);
    if (data > 4095)
        return err_invalid(e, "%s: %llu is no errno", errno_key, (unsigned long long)data);
    for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
        if (strcmp(actions[i].name, name) == 0) {
            *ret = actions[i].action | (actions[i].has_data ? (uint32_t)data : 0);
            return 0;
        }
    }
    return err_invalid(e, "%s: unknown or unsupported action \"%s\"", key, name);
}

/* The elements of an array of strings, "" beyond; `what` for errors. */
static int string_at(json_object *array, size_t i, const char *what, const char **ret, struct err *e)
{
    json_object *s = json_object_array_get_idx(array, i);
    if (!json_object_is_type(s, json_type_string))
        return err_invalid(e, "%s[%zu] is not a string", what, i);
    *ret = json_object_get_string(s);
    return 0;
}

/* An array member, or NULL when absent; *ret_n its length. */
static int get_array(json_object *o, const char *key, json_object **ret, size_t *ret_n, struct err *e)
{
    *ret = json_get(o, key);
    *ret_n = 0;
    if (*ret && !json_object_is_type(*ret, json_type_array))
        return err_invalid(e, "%s is not an array", key);
    if (*ret)
        *ret_n = json_object_array_length(*ret);
    return 0;
}

/* ---- architectures */

/* One that this engine cannot compile for is left out: its programs don't run here. */
static void add_arch(struct profile *p, const char *name)
{
    for (size_t i = 0; i < SECCOMP_ARCH_COUNT; i++)
        if (strcmp(seccomp_archs[i].name, name) == 0)
            p->has_arch[i] = true;
}

static int add_archs(struct profile *p, json_object *o, const char *key, struct err *e)
{
    json_object *list;
    size_t n;
    int r = get_array(o, key, &list, &n, e);
    for (size_t i = 0; r == 0 && i < n; i++) {
        const char *name = NULL;
        r = string_at(list, i, key, &name, e);
        if (r == 0)
            add_arch(p, name);
    }
    return r;
}

/* Docker's archMap: the entry of the native architecture with its sub-architectures. */
static int add_arch_map(struct profile *p, json_object *json, struct err *e)
{
    json_object *map;
    size_t n;
    int r = get_array(json, "archMap", &map, &n, e);
    for (size_t i = 0; r == 0 && i < n; i++) {
        json_object *entry = json_object_array_get_idx(map, i);
        const char *name;
        r = json_get_str(entry, "architecture", "", &name, e);
        if (r < 0 || strcmp(name, seccomp_archs[NATIVE].name) != 0)
            continue;
        add_arch(p, name);
        r = add_archs(p, entry, "subArchitectures", e);
    }
    return r;
}

static int read_archs(struct profile *p, json_object *json, struct err *e)
{
    int r = add_archs(p, json, "architectures", e);
    if (r == 0)
        r = add_arch_map(p, json, e);
    p->has_arch[NATIVE] = true; /* libseccomp's rule as well: a filter is at least for the machine it is made on */
    return r;
}

/* ---- includes and excludes */

static int count_caps(json_object *o, uint64_t caps, size_t *ret_held, size_t *ret_n, struct err *e)
{
    json_object *list;
    int r = get_array(o, "caps", &list, ret_n, e);
    *ret_held = 0;
    for (size_t i = 0; r == 0 && i < *ret_n; i++) {
        const char *name = NULL;
        int cap = 0;
        r = string_at(list, i, "caps", &name, e);
        if (r == 0)
            r = caps_parse(name, &cap, e);
        if (r == 0)
            *ret_held += (caps & CAP_BIT(cap)) != 0;
    }
    return r;
}

static int lists_native_arch(json_object *o, size_t *ret_n, bool *ret, struct err *e)
{
    json_object *list;
    int r = get_array(o, "arches", &list, ret_n, e);
    *ret = false;
    for (size_t i = 0; r == 0 && i < *ret_n; i++) {
        const char *name = NULL;
        r = string_at(list, i, "arches", &name, e);
        if (r == 0 && strcmp(name, seccomp_archs[NATIVE].docker) == 0)
            *ret = true;
    }
    return r;
}

static bool parse_kernel(const char *s, unsigned ret[2])
{
    return sscanf(s, "%5u.%5u", &ret[0], &ret[1]) == 2;
}

/* True when the member is absent or this kernel is at least that. */
static int is_kernel_at_least(json_object *o, bool *ret, struct err *e)
{
    struct utsname u;
    const char *wanted;
    unsigned w[2], k[2];
    int r = json_get_str(o, "minKernel", NULL, &wanted, e);
    if (r < 0)
        return r;
    *ret = true;
    if (!wanted)
        return 0;
    if (!parse_kernel(wanted, w))
        return err_invalid(e, "minKernel: \"%s\" is no kernel version", wanted);
    if (uname(&u) == 0 && parse_kernel(u.release, k))
        *ret = k[0] > w[0] || (k[0] == w[0] && k[1] >= w[1]);
    return 0;
}

static int is_included(json_object *entry, uint64_t caps, bool *ret, struct err *e)
{
    json_object *includes = json_get(entry, "includes"), *excludes = json_get(entry, "excludes");
    size_t held = 0, n_caps = 0, n_arches = 0, not_held = 0, n_not_caps = 0, n_not_arches = 0;
    bool on_arch = false, not_arch = false, new_enough = true, is_newer = true;
    int r = count_caps(includes, caps, &held, &n_caps, e);
    if (r == 0)
        r = lists_native_arch(includes, &n_arches, &on_arch, e);
    if (r == 0)
        r = is_kernel_at_least(includes, &new_enough, e);
    if (r == 0)
        r = count_caps(excludes, caps, &not_held, &n_not_caps, e);
    if (r == 0)
        r = lists_native_arch(excludes, &n_not_arches, &not_arch, e);
    if (r == 0)
        r = is_kernel_at_least(excludes, &is_newer, e);
    if (r < 0)
        return r;
    bool is_too_new = json_get(excludes, "minKernel") && is_newer;
    *ret = held == n_caps && (n_arches == 0 || on_arch) && new_enough && not_held == 0 && !not_arch && !is_too_new;
    return 0;
}

/* ---- rules */

static int read_cond(json_object *arg, struct seccomp_cond *ret, struct err *e)
{
    uint64_t index = 0, value = 0, value_two = 0;
    const char *op = "";
    int r = json_get_uint64(arg, "index", 0, &index, e);
    if (r == 0)
        r = json_get_uint64(arg, "value", 0, &value, e);
    if (r == 0)
        r = json_get_uint64(arg, "valueTwo", 0, &value_two, e);
    if (r == 0)
        r = json_get_str(arg, "op", "", &op, e);
    if (r < 0)
        return r;
    if (index >= SECCOMP_CONDS_MAX)
        return err_invalid(e, "index %llu: a system call has six arguments", (unsigned long long)index);
    *ret = (struct seccomp_cond){.arg = (uint8_t)index, .mask = UINT64_MAX, .value = value};
    if (strcmp(op, "SCMP_CMP_MASKED_EQ") == 0) {
        ret->op = SECCOMP_EQ;
        ret->mask = value;
        ret->value = value_two;
        return 0;
    }
    for (size_t i = 0; i < ARRAY_SIZE(operators); i++) {
        if (strcmp(operators[i].name, op) == 0) {
            ret->op = (uint8_t)operators[i].op;
            return 0;
        }
    }
    return err_invalid(e, "unknown operator \"%s\"", op);
}

/* Conditions on different arguments must all hold; as soon as one argument is named twice, any of them suffices. The
 * format does not say so; it is what libcontainer made of it, and profiles rely on it. */
static int make_rules(uint32_t action, const struct seccomp_cond *conds, size_t n, struct profile_entry *ret,
                      struct err *e)
{
    unsigned seen = 0;
    bool repeats = false;
    for (size_t i = 0; i < n; i++) {
        repeats |= (seen >> conds[i].arg) & 1;
        seen |= 1u << conds[i].arg;
    }
    ret->n_rules = repeats ? n : 1;
    ret->rules = calloc(ret->n_rules, sizeof(*ret->rules));
    if (!ret->rules)
        return err_set(e, ERR_SYS, ENOMEM, "seccomp profile");
    for (size_t i = 0; i < ret->n_rules; i++)
        ret->rules[i].action = action;
    for (size_t i = 0; i < n; i++) {
        struct seccomp_rule *rule = &ret->rules[repeats ? i : 0];
        rule->conds[rule->n_conds++] = conds[i];
    }
    return 0;
}

static int read_rules(json_object *entry, struct profile_entry *ret, struct err *e)
{
    enum { ARGS_MAX = 64 };
    struct seccomp_cond conds[ARGS_MAX];
    json_object *args = NULL;
    size_t n = 0;
    uint32_t action = 0;
    int r = read_action(entry, "action", "errnoRet", &action, e);
    if (r == 0)
        r = get_array(entry, "args", &args, &n, e);
    if (r == 0 && n > ARGS_MAX)
        return err_invalid(e, "args: more than %d", ARGS_MAX);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = read_cond(json_object_array_get_idx(args, i), &conds[i], e);
        if (r < 0)
            return err_context(e, "args[%zu]", i);
    }
    return r < 0 ? r : make_rules(action, conds, n, ret, e);
}

/* A name that an architecture does not have is passed over: profiles list the calls of all of them. */
static int add_name(struct profile *p, const char *name, size_t entry, struct err *e)
{
    for (unsigned arch = 0; arch < SECCOMP_ARCH_COUNT; arch++) {
        int64_t nr = p->has_arch[arch] ? seccomp_number(arch, name) : -1;
        if (nr < 0)
            continue;
        if (p->n_calls[arch] == PROFILE_CALLS_MAX)
            return err_invalid(e, "more than %d names", PROFILE_CALLS_MAX);
        p->calls[arch][p->n_calls[arch]++] = (struct profile_call){.nr = (uint32_t)nr, .entry = (uint32_t)entry};
    }
    return 0;
}

static int add_names(struct profile *p, json_object *json, size_t entry, struct err *e)
{
    json_object *names = NULL;
    size_t n = 0;
    const char *name = NULL;
    int r = json_get_str(json, "name", NULL, &name, e); /* Docker's old form */
    if (r == 0 && name)
        r = add_name(p, name, entry, e);
    if (r == 0)
        r = get_array(json, "names", &names, &n, e);
    for (size_t i = 0; r == 0 && i < n; i++) {
        r = string_at(names, i, "names", &name, e);
        if (r == 0)
            r = add_name(p, name, entry, e);
    }
    return r;
}

static int read_entry(struct profile *p, json_object *json, uint64_t caps, struct err *e)
{
    bool included;
    if (!json_object_is_type(json, json_type_object))
        return err_invalid(e, "not an object");
    int r = is_included(json, caps, &included, e);
    if (r < 0 || !included)
        return r;
    r = read_rules(json, &p->entries[p->n_entries], e);
    return r < 0 ? r : add_names(p, json, p->n_entries++, e);
}

static int read_entries(struct profile *p, json_object *json, uint64_t caps, struct err *e)
{
    json_object *list;
    size_t n;
    int r = get_array(json, "syscalls", &list, &n, e);
    if (r < 0)
        return r;
    if (n > PROFILE_ENTRIES_MAX)
        return err_invalid(e, "syscalls: more than %d", PROFILE_ENTRIES_MAX);
    p->entries = calloc(n + 1, sizeof(*p->entries));
    for (size_t i = 0; i < SECCOMP_ARCH_COUNT; i++)
        if (p->has_arch[i] && !(p->calls[i] = calloc(PROFILE_CALLS_MAX, sizeof(*p->calls[i]))))
            return err_set(e, ERR_SYS, ENOMEM, "seccomp profile");
    if (!p->entries)
        return err_set(e, ERR_SYS, ENOMEM, "seccomp profile");
    for (size_t i = 0; i < n; i++) {
        r = read_entry(p, json_object_array_get_idx(list, i), caps, e);
        if (r < 0)
            return err_context(e, "syscalls[%zu]", i);
    }
    return 0;
}

int profile_read(json_object *json, uint64_t caps, struct profile *ret, struct err *e)
{
    *ret = (struct profile){0};
    if (!json_object_is_type(json, json_type_object))
        return err_invalid(e, "not an object");
    if (json_get(json, "listenerPath"))
        return err_set(e, ERR_UNSUPPORTED, 0, "listenerPath: seccomp notification is not supported");
    int r = read_action(json, "defaultAction", "defaultErrnoRet", &ret->default_action, e);
    if (r == 0)
        r = read_archs(ret, json, e);
    return r < 0 ? r : read_entries(ret, json, caps, e);
}

int seccomp_parse_flags(json_object *profile, unsigned *ret, struct err *e)
{
    json_object *list;
    size_t n;
    unsigned flags = 0;
    int r = get_array(profile, "flags", &list, &n, e);
    for (size_t i = 0; r == 0 && i < n; i++) {
        const char *name = NULL;
        size_t f = 0;
        r = string_at(list, i, "flags", &name, e);
        if (r < 0)
            break;
        while (f < ARRAY_SIZE(filter_flags) && strcmp(filter_flags[f].name, name) != 0)
            f++;
        if (f == ARRAY_SIZE(filter_flags))
            return err_invalid(e, "flags: unknown flag \"%s\"", name);
        flags |= filter_flags[f].flag;
    }
    if (r == 0)
        *ret = flags;
    return r;
}
