#include "engine/merge.h"

#include <string.h>

#include "base/strv.h"
#include "engine/ports.h"

static int take_string(json_object *config, const char *key, char **target, struct err *e)
{
    const char *s;
    int r = json_get_str(config, key, "", &s, e);
    if (r < 0 || !*s || (*target && **target))
        return r;
    free(*target);
    *target = strdup(s);
    return *target ? 0 : err_set(e, ERR_SYS, ENOMEM, "%s", key);
}

static bool has_key(char *const *v, const char *item)
{
    size_t n = strcspn(item, "=");
    STRV_FOREACH (other, v)
        if (strncmp(*other, item, n) == 0 && ((*other)[n] == '=' || (*other)[n] == '\0'))
            return true;
    return false;
}

static int take_env(json_object *config, char ***target, struct err *e)
{
    _cleanup_strv_ char **env = NULL;
    int r = json_get_strv(config, "Env", &env, e);
    STRV_FOREACH (item, env)
        if (r == 0 && !has_key(*target, *item))
            r = strv_add(target, *item, e);
    return r;
}

static int take_labels(json_object *config, char ***target, struct err *e)
{
    json_object *labels = json_get(config, "Labels");
    if (!json_object_is_type(labels, json_type_object))
        return 0;
    json_object_object_foreach(labels, key, value)
    {
        _cleanup_strv_ char **one = NULL;
        int r = strv_addf(&one, e, "%s=%s", key, json_object_get_string(value));
        if (r == 0 && !has_key(*target, one[0]))
            r = strv_add(target, one[0], e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int take_command(json_object *config, struct container_config *c, struct err *e)
{
    if (c->entrypoint_set || strv_len(c->entrypoint) > 0) {
        if (c->entrypoint && c->entrypoint[0] && !*c->entrypoint[0]) { /* --entrypoint "" */
            strv_free(c->entrypoint);
            c->entrypoint = NULL;
        }
        return 0;
    }
    int r = 0;
    if (strv_len(c->cmd) == 0) {
        strv_free(TAKE_PTR(c->cmd));
        r = json_get_strv(config, "Cmd", &c->cmd, e);
    }
    strv_free(TAKE_PTR(c->entrypoint));
    return r < 0 ? r : json_get_strv(config, "Entrypoint", &c->entrypoint, e);
}

static int take_ports(json_object *config, char ***target, struct err *e)
{
    json_object *ports = json_get(config, "ExposedPorts");
    if (!json_object_is_type(ports, json_type_object))
        return 0;
    json_object_object_foreach(ports, port, unused)
    {
        (void)unused;
        int r = ports_expose(target, port, e);
        if (r < 0)
            return err_context(e, "the image's ExposedPorts");
    }
    return 0;
}

static bool has_mount_at(const struct container *c, const char *destination)
{
    for (size_t i = 0; i < c->n_mounts; i++)
        if (strcmp(c->mounts[i].destination, destination) == 0)
            return true;
    return false;
}

/* The image's volumes become anonymous ones, named when the container gets its id. */
static int take_volumes(json_object *config, struct container *c, struct err *e)
{
    json_object *volumes = json_get(config, "Volumes");
    if (!json_object_is_type(volumes, json_type_object))
        return 0;
    json_object_object_foreach(volumes, destination, unused)
    {
        (void)unused;
        if (has_mount_at(c, destination))
            continue;
        struct mount_point *m = container_add_mount(c);
        m->type = strdup("volume");
        m->destination = strdup(destination);
        if (!m->type || !m->destination)
            return err_set(e, ERR_SYS, ENOMEM, "volume %s", destination);
    }
    return 0;
}

int merge_image_config(struct container *c, json_object *image_config, struct err *e)
{
    json_object *config = json_get(image_config, "config");
    int r = take_command(config, &c->config, e);
    if (r == 0)
        r = take_env(config, &c->config.env, e);
    if (r == 0)
        r = take_string(config, "WorkingDir", &c->config.working_dir, e);
    if (r == 0)
        r = take_string(config, "User", &c->config.user, e);
    if (r == 0)
        r = take_string(config, "StopSignal", &c->config.stop_signal, e);
    if (r == 0)
        r = take_labels(config, &c->config.labels, e);
    if (r == 0)
        r = take_ports(config, &c->config.exposed_ports, e);
    if (r == 0)
        r = take_volumes(config, c, e);
    if (r < 0)
        return r;
    if (strv_len(c->config.entrypoint) == 0 && strv_len(c->config.cmd) == 0)
        return err_invalid(e, "no command specified");
    return 0;
}
