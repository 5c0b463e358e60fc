/* "linux.devices" and "hooks" of config.json. Source: runtime-spec config-linux.md, "Devices"; config.md,
 * "POSIX-platform Hooks". */
#include <stdlib.h>
#include <string.h>

#include "runtime/spec_json.h"

/* ---- devices ---- */

/* 'u' is an unbuffered character device, an old name for 'c'. */
static int read_type(json_object *o, struct spec_device *d, struct err *e)
{
    const char *type;
    int r = json_get_str(o, "type", "", &type, e);

    if (r < 0)
        return r;
    if (strlen(type) != 1 || !strchr("cubp", *type))
        return err_invalid(e, "\"type\": \"%s\" is not c, b or p", type);
    d->type = *type == 'u' ? 'c' : *type;
    return 0;
}

static int read_device(json_object *o, void *element, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "path", .type = FIELD_PATH, .offset = offsetof(struct spec_device, path)},
        {.key = "major", .type = FIELD_INT64, .offset = offsetof(struct spec_device, major), .max = UINT32_MAX},
        {.key = "minor", .type = FIELD_INT64, .offset = offsetof(struct spec_device, minor), .max = UINT32_MAX},
        {.key = "fileMode", .type = FIELD_UINT32, .offset = offsetof(struct spec_device, mode), .max = UINT32_MAX},
        {.key = "uid", .type = FIELD_UINT32, .offset = offsetof(struct spec_device, uid), .max = UINT32_MAX - 1},
        {.key = "gid", .type = FIELD_UINT32, .offset = offsetof(struct spec_device, gid), .max = UINT32_MAX - 1},
    };
    struct spec_device *d = element;
    int r;

    d->mode = 0666;
    r = spec_read_fields(o, fields, ARRAY_SIZE(fields), d, e);
    if (r == 0)
        r = read_type(o, d, e);
    if (r < 0)
        return r;
    if (!d->path)
        return err_invalid(e, "\"path\" is missing");
    d->mode &= 0777; /* some writers put the file type in as well */
    return 0;
}

/* "sampan".devices: {"/dev/in/container": "/dev/on/host"}; a device that it does not name has the same path on both. */
static int settle_host_paths(json_object *config, struct spec *s, struct err *e)
{
    json_object *paths = json_path(config, "sampan", "devices", NULL);

    for (size_t i = 0; i < s->n_devices; i++) {
        struct spec_device *d = &s->devices[i];
        const char *path;
        int r = json_get_str(paths, d->path, d->path, &path, e);

        if (r < 0)
            return err_context(e, "sampan.devices");
        if (d->type == 'p')
            continue; /* a FIFO is made, also in a user namespace */
        d->host_path = strdup(path);
        if (!d->host_path)
            return err_set(e, ERR_SYS, ENOMEM, "read \"devices\"");
    }
    return 0;
}

int spec_read_devices(json_object *config, struct spec *s, struct err *e)
{
    int r = spec_read_array(json_get(config, "linux"), "devices", sizeof(*s->devices), read_device, &s->devices,
                            &s->n_devices, e);

    return r < 0 ? err_context(e, "linux") : settle_host_paths(config, s, e);
}

/* ---- hooks ---- */

static const char *const hook_keys[SPEC_HOOK_KIND_COUNT] = {
    [SPEC_HOOK_PRESTART] = "prestart",
    [SPEC_HOOK_CREATE_RUNTIME] = "createRuntime",
    [SPEC_HOOK_CREATE_CONTAINER] = "createContainer",
    [SPEC_HOOK_START_CONTAINER] = "startContainer",
    [SPEC_HOOK_POSTSTART] = "poststart",
    [SPEC_HOOK_POSTSTOP] = "poststop",
};

static int read_hook(json_object *o, void *element, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "path", .type = FIELD_PATH, .offset = offsetof(struct spec_hook, path)},
        {.key = "args", .type = FIELD_STRV, .offset = offsetof(struct spec_hook, args)},
        {.key = "env", .type = FIELD_STRV, .offset = offsetof(struct spec_hook, env)},
        {.key = "timeout", .type = FIELD_INT, .offset = offsetof(struct spec_hook, timeout), .min = 1, .max = 86400},
    };
    struct spec_hook *hook = element;
    int r = spec_read_fields(o, fields, ARRAY_SIZE(fields), hook, e);

    if (r == 0 && !hook->path)
        r = err_invalid(e, "\"path\" is missing");
    return r;
}

int spec_read_hooks(json_object *config, struct spec *s, struct err *e)
{
    json_object *hooks = json_get(config, "hooks");

    for (int kind = 0; kind < SPEC_HOOK_KIND_COUNT; kind++) {
        struct spec_hooks *list = &s->hooks[kind];
        int r = spec_read_array(hooks, hook_keys[kind], sizeof(*list->v), read_hook, &list->v, &list->n, e);

        if (r < 0)
            return err_context(e, "hooks");
    }
    return 0;
}
