/* "namespaces", the id maps, time offsets, sysctls and the cgroup's path of a bundle. */
#include "engine/bundle.h"

#include <string.h>

#include "base/strv.h"
#include "engine/idrange.h"
#include "engine/limits.h"

static void add_namespaces(struct bundle *b)
{
    json_object *namespaces = json_add_array(b->linux_, "namespaces");
    struct ns_join_path path;
    for (int kind = 0; kind < NS_COUNT; kind++) {
        if (b->plan->ns[kind].how == NS_HOST)
            continue;
        json_object *ns = json_object_new_object();
        json_add_str(ns, "type", ns_kinds[kind].oci_name);
        if (ns_join_path(b->join, kind, &path))
            json_add_str(ns, "path", path.path);
        json_object_array_add(namespaces, ns);
    }
}

/* Also where the user namespace is another container's: its maps are the same, since the range is. */
static void add_maps(struct bundle *b)
{
    static const char *const keys[] = {"uidMappings", "gidMappings"};
    for (size_t i = 0; bundle_has_userns(b) && i < ARRAY_SIZE(keys); i++) {
        json_object *map = json_object_new_object();
        json_add_uint(map, "containerID", 0);
        json_add_uint(map, "hostID", b->c->id_base);
        json_add_uint(map, "size", IDRANGE_SIZE);
        json_object_array_add(json_add_array(b->linux_, keys[i]), map);
    }
}

static int add_time_offsets(struct bundle *b, struct err *e)
{
    if (strv_len(b->c->host.time_offsets) == 0)
        return 0;
    json_object *offsets = json_add_object(b->linux_, "timeOffsets");
    STRV_FOREACH (item, b->c->host.time_offsets) {
        const char *clock;
        int64_t secs;
        int r = limits_parse_time_offset(*item, &clock, &secs, e);
        if (r < 0)
            return r;
        json_add_int(json_add_object(offsets, clock), "secs", secs);
    }
    return 0;
}

static int add_sysctls(struct bundle *b, struct err *e)
{
    json_object *sysctl = strv_len(b->c->host.sysctls) > 0 ? json_add_object(b->linux_, "sysctl") : NULL;
    STRV_FOREACH (item, b->c->host.sysctls) {
        const char *eq = strchrnul(*item, '=');
        _cleanup_free_ char *key = strndup(*item, (size_t)(eq - *item));
        if (!key)
            return err_set(e, ERR_SYS, ENOMEM, "sysctl");
        json_add_str(sysctl, key, *eq ? eq + 1 : "");
    }
    return 0;
}

int bundle_add_namespaces(struct bundle *b, struct err *e)
{
    _cleanup_free_ char *cgroup = NULL;
    int r = bundle_cgroup_path(b->c, &cgroup, e);
    if (r < 0)
        return r;
    json_add_str(b->linux_, "cgroupsPath", cgroup);
    add_namespaces(b);
    add_maps(b);
    r = add_time_offsets(b, e);
    return r == 0 ? add_sysctls(b, e) : r;
}
