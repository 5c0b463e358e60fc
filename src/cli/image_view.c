#include "cli/image_view.h"

#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "base/timestamp.h"
#include "cli/human.h"
#include "engine/image_ref.h"

enum { ALGORITHM_LEN = sizeof("sha256:") - 1, SHORT_ID_LEN = 12 };

/* ---- finding ---- */

static bool is_prefix(const char *ref, const char *id)
{
    return strncmp(ref, id, strlen(ref)) == 0 || strncmp(ref, id + ALGORITHM_LEN, strlen(ref)) == 0;
}

static const struct image *by_tag(const struct image_list *l, const char *ref)
{
    _cleanup_free_ char *tag = NULL;

    if (image_ref_normalize(ref, &tag, NULL) < 0)
        return NULL;
    for (size_t i = 0; i < l->n; i++)
        if (strv_contains(l->v[i]->tags, tag))
            return l->v[i];
    return NULL;
}

int image_view_find(const struct image_list *l, const char *ref, const struct image **ret, struct err *e)
{
    const struct image *found = by_tag(l, ref);

    for (size_t i = 0; !found && *ref && i < l->n; i++) {
        if (!is_prefix(ref, l->v[i]->id))
            continue;
        for (size_t j = i + 1; j < l->n; j++)
            if (is_prefix(ref, l->v[j]->id))
                return err_invalid(e, "\"%s\" is the beginning of several images' ids", ref);
        found = l->v[i];
    }
    *ret = found;
    return 0;
}

/* ---- inspect ---- */

/* A member of the OCI configuration as it stands; `dflt` (taken) where it has none. */
static void copy_member(const struct image *i, const char *from, json_object *o, const char *to, json_object *dflt)
{
    json_object *value = json_get(i->config, from);

    json_object_object_add(o, to, value ? json_object_get(value) : json_object_get(dflt));
    json_object_put(dflt);
}

json_object *image_view_inspect(const struct image *i)
{
    json_object *o = json_object_new_object(), *rootfs;

    json_add_str(o, "Id", i->id);
    json_add_strv(o, "RepoTags", i->tags);
    json_add_array(o, "RepoDigests");
    copy_member(i, "comment", o, "Comment", json_object_new_string(""));
    json_add_str(o, "Created", timestamp_format(i->created).text);
    copy_member(i, "author", o, "Author", json_object_new_string(""));
    copy_member(i, "config", o, "Config", json_object_new_object());
    copy_member(i, "architecture", o, "Architecture", json_object_new_string(""));
    copy_member(i, "os", o, "Os", json_object_new_string("linux"));
    json_add_int(o, "Size", i->size);
    rootfs = json_add_object(o, "RootFS");
    json_add_str(rootfs, "Type", "layers");
    json_add_strv(rootfs, "Layers", i->layers);
    return o;
}

/* ---- rows ---- */

size_t image_view_name_length(const char *tag)
{
    const char *slash = strrchr(tag, '/');
    const char *colon = strrchr(slash ? slash : tag, ':');

    return colon ? (size_t)(colon - tag) : strlen(tag);
}

static void add_name(json_object *row, const char *tag)
{
    size_t len = image_view_name_length(tag);

    json_object_object_add(row, "Repository", json_object_new_string_len(tag, (int)len));
    json_add_str(row, "Tag", tag[len] ? tag + len + 1 : "<none>");
}

static void add_id(json_object *row, const char *id, bool no_trunc)
{
    char shown[128];

    snprintf(shown, sizeof(shown), "%.*s", no_trunc ? 100 : SHORT_ID_LEN, no_trunc ? id : id + ALGORITHM_LEN);
    json_add_str(row, "ID", shown);
}

json_object *image_view_row(const struct image *i, const char *tag, bool no_trunc, int64_t now_ns)
{
    json_object *row = json_object_new_object();

    json_add_str(row, "Containers", "N/A");
    json_add_str(row, "CreatedAt", i->created ? human_time(i->created).text : "N/A");
    json_add_str(row, "CreatedSince", i->created ? human_ago(i->created, now_ns).text : "N/A");
    json_add_str(row, "Digest", "<none>");
    add_id(row, i->id, no_trunc);
    add_name(row, tag ? tag : "<none>:<none>");
    json_add_str(row, "Size", human_size(i->size).text);
    return row;
}
