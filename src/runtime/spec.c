#include "runtime/spec.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "runtime/spec_json.h"

/* ---- releasing ---- */

void spec_process_release(struct spec_process *p)
{
    strv_free(p->args);
    strv_free(p->env);
    free(p->cwd);
    free(p->user.name);
    free(p->user.groups);
    strv_free(p->user.more_groups);
    free(p->rlimits);
    free(p->apparmor_profile);
    free(p->selinux_label);
    memset(p, 0, sizeof(*p));
}

static void release_root(struct spec_root *r)
{
    free(r->path);
    strv_free(r->layers);
    free(r->upper);
    free(r->work);
}

static void release_mounts(struct spec *s)
{
    for (size_t i = 0; i < s->n_mounts; i++) {
        free(s->mounts[i].source);
        free(s->mounts[i].target);
        free(s->mounts[i].type);
        strv_free(s->mounts[i].data);
    }
    free(s->mounts);
}

void spec_resources_release(struct spec_resources *r)
{
    free(r->cpuset_cpus);
    free(r->cpuset_mems);
    free(r->read_bps);
    free(r->write_bps);
    free(r->read_iops);
    free(r->write_iops);
    free(r->devices);
    strv_free(r->unified);
}

static void release_devices(struct spec *s)
{
    for (size_t i = 0; i < s->n_devices; i++) {
        free(s->devices[i].path);
        free(s->devices[i].host_path);
    }
    free(s->devices);
}

static void release_hooks(struct spec_hooks *hooks)
{
    for (size_t i = 0; i < hooks->n; i++) {
        free(hooks->v[i].path);
        strv_free(hooks->v[i].args);
        strv_free(hooks->v[i].env);
    }
    free(hooks->v);
}

void spec_free(struct spec *s)
{
    if (!s)
        return;
    spec_process_release(&s->process);
    release_root(&s->root);
    release_mounts(s);
    for (size_t i = 0; i < NS_COUNT; i++)
        free(s->ns[i].path);
    free(s->uid_maps.v);
    free(s->gid_maps.v);
    spec_resources_release(&s->resources);
    free(s->seccomp.path);
    free(s->seccomp.program);
    json_object_put(s->seccomp.profile);
    release_devices(s);
    strv_free(s->masked_paths);
    strv_free(s->readonly_paths);
    strv_free(s->sysctl);
    free(s->mount_label);
    for (size_t i = 0; i < SPEC_HOOK_KIND_COUNT; i++)
        release_hooks(&s->hooks[i]);
    json_object_put(s->annotations);
    free(s->cgroup_path);
    free(s->hostname);
    free(s->domainname);
    free(s->bundle);
    free(s->id);
    free(s);
}

/* ---- loading ---- */

static int read_version(json_object *config, struct err *e)
{
    const char *version;
    int r = json_get_str(config, "ociVersion", NULL, &version, e);

    if (r < 0)
        return r;
    if (version && strncmp(version, "1.", 2) != 0)
        return err_set(e, ERR_UNSUPPORTED, 0, "ociVersion %s: only version 1 of the specification is known", version);
    return 0;
}

static int read_names(json_object *config, struct spec *s, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "hostname", .type = FIELD_STRING, .offset = offsetof(struct spec, hostname)},
        {.key = "domainname", .type = FIELD_STRING, .offset = offsetof(struct spec, domainname)},
    };

    return spec_read_fields(config, fields, ARRAY_SIZE(fields), s, e);
}

static int read_main_process(json_object *config, struct spec *s, struct err *e)
{
    json_object *process = json_get(config, "process");

    if (!process)
        return 0;
    s->has_process = true;
    return spec_read_process(process, json_get(config, "sampan"), &s->process, e);
}

static int read_annotations(json_object *config, struct spec *s, struct err *e)
{
    json_object *annotations = json_get(config, "annotations");

    if (annotations && !json_object_is_type(annotations, json_type_object))
        return err_invalid(e, "\"annotations\" must be an object");
    s->annotations = json_object_get(annotations);
    return 0;
}

/* The parts in the order of the specification's chapters. */
static int read_parts(json_object *config, struct spec *s, struct err *e)
{
    int r;

    r = read_version(config, e);
    if (r == 0)
        r = spec_read_root(config, &s->root, e);
    if (r == 0)
        r = spec_read_mounts(config, s, e);
    if (r == 0)
        r = read_main_process(config, s, e);
    if (r == 0)
        r = read_names(config, s, e);
    if (r == 0)
        r = spec_read_linux(config, s, e);
    if (r == 0)
        r = spec_read_devices(config, s, e);
    if (r == 0)
        r = spec_read_hooks(config, s, e);
    if (r == 0)
        r = read_annotations(config, s, e);
    return r;
}

int spec_load(json_object *config, const char *id, struct spec **ret, struct err *e)
{
    _cleanup_spec_ struct spec *s = calloc(1, sizeof(*s));
    int r;

    if (!s || !(s->id = strdup(id)))
        return err_set(e, ERR_SYS, ENOMEM, "load the specification of %s", id);
    if (!json_object_is_type(config, json_type_object))
        return err_invalid(e, "a specification must be a JSON object");
    r = read_parts(config, s, e);
    if (r == 0)
        r = spec_check(s, e);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(s);
    return 0;
}

int spec_load_process(json_object *process, struct spec_process *ret, struct err *e)
{
    struct spec_process p = {0};
    int r = spec_read_process(process, json_get(process, "sampan"), &p, e);

    if (r < 0)
        spec_process_release(&p);
    else
        *ret = p;
    return r;
}

int spec_load_resources(json_object *resources, struct spec_resources *ret, struct err *e)
{
    struct spec_resources read = {0};
    int r;

    if (!json_object_is_type(resources, json_type_object))
        return err_invalid(e, "resources must be a JSON object");
    r = spec_read_resources(resources, &read, e);
    if (r < 0)
        spec_resources_release(&read);
    else
        *ret = read;
    return r;
}

static bool maps_keep_ids(const struct spec_id_maps *maps)
{
    for (size_t i = 0; i < maps->n; i++)
        if (maps->v[i].container_id != maps->v[i].host_id)
            return false;
    return maps->n > 0;
}

bool spec_keeps_all_ids(const struct spec *s)
{
    return maps_keep_ids(&s->uid_maps) && maps_keep_ids(&s->gid_maps);
}

int64_t spec_id_to_host(const struct spec_id_maps *maps, uint32_t container_id)
{
    for (size_t i = 0; i < maps->n; i++) {
        const struct spec_id_map *m = &maps->v[i];

        if (container_id >= m->container_id && container_id - m->container_id < m->size)
            return (int64_t)m->host_id + (container_id - m->container_id);
    }
    return -1;
}
