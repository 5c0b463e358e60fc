/* runtime/spec.h: any config.json is loaded or refused with a sentence, and what is loaded keeps its promises. */
#include <stdint.h>

#include "base/json.h"
#include "base/strv.h"
#include "runtime/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void check_namespaces(const struct spec *s)
{
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++)
        require((s->ns[kind].mode == SPEC_NS_JOIN) == (s->ns[kind].path != NULL));
    require(s->ns[NS_MOUNT].mode != SPEC_NS_INHERIT);
    require(!spec_has_own(s, NS_USER) || (s->uid_maps.n > 0 && s->gid_maps.n > 0));
}

static void check_maps(const struct spec_id_maps *maps)
{
    for (size_t i = 0; i < maps->n; i++) {
        const struct spec_id_map *m = &maps->v[i];

        require(m->size > 0);
        require((uint64_t)m->container_id + m->size <= UINT32_MAX && (uint64_t)m->host_id + m->size <= UINT32_MAX);
        require(spec_id_to_host(maps, m->container_id) >= 0);
    }
}

static void check_mounts(const struct spec *s)
{
    for (size_t i = 0; i < s->n_mounts; i++) {
        const struct spec_mount *m = &s->mounts[i];

        require(m->target[0] == '/' && m->type);
        require((m->attr_set & m->attr_clear & ~(uint64_t)0x70) == 0); /* MOUNT_ATTR__ATIME may be in both */
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_json_ json_object *config = NULL;
    _cleanup_spec_ struct spec *s = NULL;
    struct err e = ERR_INIT;

    if (json_parse((const char *)data, size, "input", &config, &e) < 0)
        return 0;
    if (spec_load(config, "fuzz", &s, &e) < 0) {
        require(err_is_set(&e) && !s);
        return 0;
    }
    require(!s->has_process || (strv_len(s->process.args) > 0 && s->process.cwd[0] == '/'));
    require(s->cgroup_path[0] == '/');
    check_namespaces(s);
    check_maps(&s->uid_maps);
    check_maps(&s->gid_maps);
    check_mounts(s);
    return 0;
}
