/* "namespaces", the id maps, time offsets, sysctls and the cgroup's path of a bundle. */
#include "engine/bundle.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
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

static void add_map(json_object *maps, uint64_t inside, uint64_t outside, uint64_t size)
{
    json_object *map = json_object_new_object();
    json_add_uint(map, "containerID", inside);
    json_add_uint(map, "hostID", outside);
    json_add_uint(map, "size", size);
    json_object_array_add(maps, map);
}

/* An unprivileged user's ids are few: each is the same inside as in the user's own namespace. One map for each of that
 * one's, since none may cross two of them. Source: user_namespaces(7). */
static int add_same_ids(json_object *maps, const char *file, struct err *e)
{
    enum { MAP_FILE_MAX = 64 * 1024 };
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **lines = NULL;
    int r = file_read(AT_FDCWD, file, MAP_FILE_MAX, &text, NULL, e);
    if (r == 0)
        r = strv_split(text, '\n', &lines, e);
    STRV_FOREACH (line, lines) {
        uint64_t first, outside, size;
        if (sscanf(*line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &first, &outside, &size) == 3 && first < IDRANGE_SIZE)
            add_map(maps, first, first, size < IDRANGE_SIZE - first ? size : IDRANGE_SIZE - first);
    }
    return r;
}

/* Also where the user namespace is another container's: its maps are the same, since the range is. */
static int add_maps(struct bundle *b, struct err *e)
{
    static const struct {
        const char *key, *own;
    } kinds[] = {{"uidMappings", "/proc/self/uid_map"}, {"gidMappings", "/proc/self/gid_map"}};
    int r = 0;
    for (size_t i = 0; r == 0 && bundle_has_userns(b) && i < ARRAY_SIZE(kinds); i++) {
        json_object *maps = json_add_array(b->linux_, kinds[i].key);
        if (b->en->is_rootless)
            r = add_same_ids(maps, kinds[i].own, e);
        else
            add_map(maps, 0, b->c->id_base, IDRANGE_SIZE);
    }
    return r;
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
    r = add_maps(b, e);
    if (r == 0)
        r = add_time_offsets(b, e);
    return r == 0 ? add_sysctls(b, e) : r;
}
