/* "linux" of config.json, without its resources. Source: runtime-spec config-linux.md. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "base/strv.h"
#include "runtime/spec_json.h"

/* ---- namespaces ---- */

static int find_kind(const char *name, struct err *e)
{
    for (int kind = 0; kind < NS_COUNT; kind++) {
        if (strcmp(name, ns_kinds[kind].oci_name) == 0)
            return kind;
    }
    return err_invalid(e, "\"type\": there is no namespace \"%s\"", name);
}

struct ns_entry {
    int kind;
    struct spec_namespace ns;
};

static int read_namespace(json_object *o, void *element, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "path", .type = FIELD_PATH, .offset = offsetof(struct ns_entry, ns.path)},
    };
    struct ns_entry *entry = element;
    const char *type;
    int r;

    r = json_get_str(o, "type", "", &type, e);
    if (r < 0)
        return r;
    entry->kind = find_kind(type, e);
    if (entry->kind < 0)
        return entry->kind;
    r = spec_read_fields(o, fields, ARRAY_SIZE(fields), entry, e);
    entry->ns.mode = entry->ns.path ? SPEC_NS_JOIN : SPEC_NS_NEW;
    return r;
}

/* The array becomes a table by kind; what is not in it is the caller's own. Takes the paths out of the entries. */
static int settle_namespaces(struct ns_entry *entries, size_t n, struct spec *s, struct err *e)
{
    for (size_t i = 0; i < n; i++) {
        struct spec_namespace *ns = &s->ns[entries[i].kind];

        if (ns->mode != SPEC_NS_INHERIT)
            return err_invalid(e, "namespaces[%zu]: a second \"%s\"", i, ns_kinds[entries[i].kind].oci_name);
        ns->mode = entries[i].ns.mode;
        ns->path = TAKE_PTR(entries[i].ns.path);
    }
    return 0;
}

static int read_namespaces(json_object *linux_, struct spec *s, struct err *e)
{
    struct ns_entry *entries = NULL;
    size_t n = 0;
    int r;

    r = spec_read_array(linux_, "namespaces", sizeof(*entries), read_namespace, &entries, &n, e);
    if (r == 0)
        r = settle_namespaces(entries, n, s, e);
    for (size_t i = 0; i < n; i++)
        free(entries[i].ns.path);
    free(entries);
    return r;
}

/* ---- id maps ---- */

static int read_id_map(json_object *o, void *element, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "containerID",
         .type = FIELD_UINT32,
         .offset = offsetof(struct spec_id_map, container_id),
         .max = UINT32_MAX - 1},
        {.key = "hostID", .type = FIELD_UINT32, .offset = offsetof(struct spec_id_map, host_id), .max = UINT32_MAX - 1},
        {.key = "size",
         .type = FIELD_UINT32,
         .offset = offsetof(struct spec_id_map, size),
         .min = 1,
         .max = UINT32_MAX},
    };
    struct spec_id_map *m = element;
    int r = spec_read_fields(o, fields, ARRAY_SIZE(fields), m, e);

    if (r < 0)
        return r;
    if (m->size == 0)
        return err_invalid(e, "\"size\" is missing");
    /* The last id of a range may be UINT32_MAX - 1 at most. */
    if (m->size > UINT32_MAX - m->container_id || m->size > UINT32_MAX - m->host_id)
        return err_invalid(e, "the range goes beyond the largest id");
    return 0;
}

static int read_maps(json_object *linux_, struct spec *s, struct err *e)
{
    int r = spec_read_array(linux_, "uidMappings", sizeof(struct spec_id_map), read_id_map, &s->uid_maps.v,
                            &s->uid_maps.n, e);

    return r < 0 ? r
                 : spec_read_array(linux_, "gidMappings", sizeof(struct spec_id_map), read_id_map, &s->gid_maps.v,
                                   &s->gid_maps.n, e);
}

/* ---- time ---- */

static int read_offset(json_object *offsets, const char *clock, struct spec_time_offset *ret, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "secs",
         .type = FIELD_INT64,
         .offset = offsetof(struct spec_time_offset, secs),
         .min = INT64_MIN,
         .max = INT64_MAX},
        {.key = "nanosecs",
         .type = FIELD_UINT32,
         .offset = offsetof(struct spec_time_offset, nanosecs),
         .max = 999999999},
    };
    json_object *o = json_get(offsets, clock);
    int r = spec_read_fields(o, fields, ARRAY_SIZE(fields), ret, e);

    if (r < 0)
        return err_context(e, "timeOffsets.%s", clock);
    ret->set = o != NULL;
    return 0;
}

static int read_time(json_object *linux_, struct spec *s, struct err *e)
{
    json_object *offsets = json_get(linux_, "timeOffsets");
    int r = read_offset(offsets, "monotonic", &s->monotonic, e);

    return r < 0 ? r : read_offset(offsets, "boottime", &s->boottime, e);
}

/* ---- cgroup path, propagation, sysctl ---- */

/* Below the root of each hierarchy, and without a way out of it. */
static int read_cgroup_path(json_object *linux_, struct spec *s, struct err *e)
{
    const char *path;
    int n;
    int r = json_get_str(linux_, "cgroupsPath", "", &path, e);

    if (r < 0)
        return r;
    if (*path == '\0')
        n = asprintf(&s->cgroup_path, "/sampan/%s", s->id);
    else
        n = asprintf(&s->cgroup_path, "%s%s", *path == '/' ? "" : "/", path);
    if (n < 0) {
        s->cgroup_path = NULL;
        return err_set(e, ERR_SYS, ENOMEM, "read \"cgroupsPath\"");
    }
    if (strstr(s->cgroup_path, "/../") || (n >= 3 && strcmp(s->cgroup_path + n - 3, "/..") == 0))
        return err_invalid(e, "\"cgroupsPath\": %s must not contain \"..\"", path);
    return 0;
}

static int read_propagation(json_object *linux_, struct spec_root *root, struct err *e)
{
    static const struct {
        const char *word;
        uint64_t flag;
    } words[] = {
        {"", 0},
        {"private", MS_PRIVATE},
        {"rprivate", MS_PRIVATE | MS_REC},
        {"slave", MS_SLAVE},
        {"rslave", MS_SLAVE | MS_REC},
        {"shared", MS_SHARED},
        {"rshared", MS_SHARED | MS_REC},
        {"unbindable", MS_UNBINDABLE},
    };
    const char *word;
    int r = json_get_str(linux_, "rootfsPropagation", "", &word, e);

    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
        if (strcmp(word, words[i].word) == 0) {
            root->propagation = words[i].flag;
            return 0;
        }
    }
    return err_invalid(e, "\"rootfsPropagation\": there is no propagation \"%s\"", word);
}

static int read_sysctl(json_object *linux_, struct spec *s, struct err *e)
{
    json_object *sysctl = json_get(linux_, "sysctl");

    if (!sysctl)
        return 0;
    if (!json_object_is_type(sysctl, json_type_object))
        return err_invalid(e, "\"sysctl\" must be an object");
    json_object_object_foreach(sysctl, key, unused)
    {
        const char *value;
        int r = json_get_str(sysctl, key, "", &value, e);

        (void)unused;
        if (r == 0)
            r = strv_addf(&s->sysctl, e, "%s=%s", key, value);
        if (r < 0)
            return err_context(e, "sysctl");
    }
    return 0;
}

/* ---- seccomp ---- */

static int read_seccomp(json_object *config, struct spec_seccomp *ret, struct err *e)
{
    const char *word;
    int r = json_get_str(json_get(config, "sampan"), "seccomp", NULL, &word, e);

    if (r < 0)
        return err_context(e, "sampan");
    if (!word) {
        ret->profile = json_object_get(json_path(config, "linux", "seccomp", NULL));
        return 0;
    }
    if (strcmp(word, "unconfined") == 0)
        return 0;
    if (strcmp(word, "default") == 0) {
        ret->mode = SPEC_SECCOMP_DEFAULT;
        return 0;
    }
    if (*word != '/')
        return err_invalid(e, "sampan: \"seccomp\" is \"default\", \"unconfined\" or an absolute path, not \"%s\"",
                           word);
    ret->mode = SPEC_SECCOMP_FILE;
    ret->path = strdup(word);
    return ret->path ? 0 : err_set(e, ERR_SYS, ENOMEM, "read \"seccomp\"");
}

/* ---- all of it ---- */

static int read_strings(json_object *linux_, struct spec *s, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "maskedPaths", .type = FIELD_STRV, .offset = offsetof(struct spec, masked_paths)},
        {.key = "readonlyPaths", .type = FIELD_STRV, .offset = offsetof(struct spec, readonly_paths)},
        {.key = "mountLabel", .type = FIELD_STRING, .offset = offsetof(struct spec, mount_label)},
    };

    return spec_read_fields(linux_, fields, ARRAY_SIZE(fields), s, e);
}

static int refuse_unsupported(json_object *linux_, struct err *e)
{
    static const char *const keys[] = {"intelRdt", "personality", "netDevices", "memoryPolicy"};
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(keys) && r == 0; i++)
        r = spec_refuse(linux_, keys[i], e);
    return r;
}

static int read_parts(json_object *linux_, struct spec *s, struct err *e)
{
    int r;

    r = read_namespaces(linux_, s, e);
    if (r == 0)
        r = read_maps(linux_, s, e);
    if (r == 0)
        r = read_time(linux_, s, e);
    if (r == 0)
        r = read_cgroup_path(linux_, s, e);
    if (r == 0)
        r = read_propagation(linux_, &s->root, e);
    if (r == 0)
        r = read_sysctl(linux_, s, e);
    if (r == 0)
        r = read_strings(linux_, s, e);
    if (r == 0)
        r = refuse_unsupported(linux_, e);
    return r;
}

int spec_read_linux(json_object *config, struct spec *s, struct err *e)
{
    json_object *linux_ = json_get(config, "linux");
    int r;

    r = read_parts(linux_, s, e);
    if (r < 0)
        return err_context(e, "linux");
    r = spec_read_resources(json_get(linux_, "resources"), &s->resources, e);
    if (r < 0)
        return err_context(e, "linux.resources");
    return read_seccomp(config, &s->seccomp, e);
}
