#include "image/manifest.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/json.h"
#include "base/strbuf.h"
#include "base/strv.h"

#define BLOB_PREFIX "blobs/sha256/"

static const char annotation_ref_name[] = "org.opencontainers.image.ref.name";
static const char annotation_containerd_name[] = "io.containerd.image.name";

void manifest_release(struct manifest *m)
{
    for (size_t i = 0; i < m->n_images; i++) {
        free(m->images[i].config);
        strv_free(m->images[i].layers);
        strv_free(m->images[i].tags);
    }
    free(m->images);
    *m = (struct manifest){0};
}

static int add_image(struct manifest *m, struct manifest_image **ret, struct err *e)
{
    struct manifest_image *grown = NULL;

    if (m->n_images == MANIFEST_IMAGES_MAX)
        return err_invalid(e, "image archive holds more than %d images", MANIFEST_IMAGES_MAX);
    grown = reallocarray(m->images, m->n_images + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "read image archive");
    m->images = grown;
    *ret = &grown[m->n_images++];
    **ret = (struct manifest_image){0};
    return 0;
}

static int read_json(const struct tar_source *source, const char *member, json_object **ret, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    int r = tar_source_read(source, member, MANIFEST_BYTES_MAX, &text, &len, e);

    return r < 0 ? r : json_parse(text, len, member, ret, e);
}

static int check_layers(const struct manifest_image *image, struct err *e)
{
    if (strv_len(image->layers) > MANIFEST_LAYERS_MAX)
        return err_invalid(e, "image has more than %d layers", MANIFEST_LAYERS_MAX);
    return 0;
}

/* ---- manifest.json: [{"Config": "…json", "RepoTags": ["a:b"], "Layers": ["…tar"]}] */

static int read_docker_image(json_object *o, struct manifest_image *image, struct err *e)
{
    const char *config = NULL;
    int r = json_get_str(o, "Config", NULL, &config, e);

    if (r < 0)
        return err_context(e, "manifest.json");
    if (!config)
        return err_invalid(e, "manifest.json: an image has no Config");
    image->config = strdup(config);
    if (!image->config)
        return err_set(e, ERR_SYS, ENOMEM, "read image archive");
    r = json_get_strv(o, "Layers", &image->layers, e);
    if (r == 0)
        r = json_get_strv(o, "RepoTags", &image->tags, e);
    return r < 0 ? err_context(e, "manifest.json") : check_layers(image, e);
}

static int read_docker(json_object *list, struct manifest *m, struct err *e)
{
    if (!json_object_is_type(list, json_type_array))
        return err_invalid(e, "manifest.json is not a list");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        struct manifest_image *image = NULL;
        int r = add_image(m, &image, e);

        if (r == 0)
            r = read_docker_image(json_object_array_get_idx(list, i), image, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- index.json -> (nested index ->) manifest -> config and layers, all blobs/sha256/HEX */

static int descriptor_digest(json_object *descriptor, struct digest *ret, struct err *e)
{
    const char *text = "";
    int r = json_get_str(descriptor, "digest", "", &text, e);

    return r < 0 ? r : digest_parse(text, ret, e);
}

/* The member that holds a descriptor's blob; the digest was checked, so that it can't be any other name. */
static int blob_member(json_object *descriptor, char **ret, struct err *e)
{
    struct strbuf sb = STRBUF_INIT(256);
    struct digest digest;
    int r = descriptor_digest(descriptor, &digest, e);

    if (r < 0)
        return r;
    strbuf_addf(&sb, BLOB_PREFIX "%s", digest_hex(&digest));
    *ret = strbuf_take(&sb);
    return *ret ? 0 : err_set(e, ERR_SYS, ENOMEM, "read image archive");
}

int manifest_check_blob(const char *member, const struct digest *actual, struct err *e)
{
    size_t prefix = sizeof(BLOB_PREFIX) - 1;

    if (strncmp(member, BLOB_PREFIX, prefix) == 0 && strcmp(member + prefix, digest_hex(actual)) != 0)
        return err_invalid(e, "%s does not have the digest of its name: the archive is damaged", member);
    return 0;
}

static int read_blob_json(const struct tar_source *source, json_object *descriptor, json_object **ret, struct err *e)
{
    _cleanup_free_ char *member = NULL, *text = NULL;
    struct digest digest;
    size_t len = 0;
    int r = blob_member(descriptor, &member, e);

    if (r == 0)
        r = tar_source_read(source, member, MANIFEST_BYTES_MAX, &text, &len, e);
    if (r == 0)
        r = digest_of(text, len, &digest, e);
    if (r == 0)
        r = manifest_check_blob(member, &digest, e);
    return r < 0 ? r : json_parse(text, len, member, ret, e);
}

/* The architecture's name in an image, from uname's. */
static const char *host_architecture(void)
{
    static const char *const names[][2] = {
        {"x86_64", "amd64"}, {"aarch64", "arm64"}, {"armv7l", "arm"}, {"i686", "386"}};
    static struct utsname u;

    if (uname(&u) < 0)
        return "amd64";
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(u.machine, names[i][0]) == 0)
            return names[i][1];
    return u.machine;
}

/* An entry of an index is for this machine when it names no platform, or this one's. */
static bool is_for_this_machine(json_object *descriptor)
{
    json_object *platform = json_get(descriptor, "platform");
    const char *os = json_object_get_string(json_get(platform, "os"));
    const char *arch = json_object_get_string(json_get(platform, "architecture"));

    return !platform || ((!os || strcmp(os, "linux") == 0) && (!arch || strcmp(arch, host_architecture()) == 0));
}

/* The reference name of an OCI layout may be a tag alone ("latest"), which names no image. */
static int add_tag(json_object *descriptor, struct manifest_image *image, struct err *e)
{
    json_object *annotations = json_get(descriptor, "annotations");
    const char *name = json_object_get_string(json_get(annotations, annotation_containerd_name));

    if (!name)
        name = json_object_get_string(json_get(annotations, annotation_ref_name));
    return name && strpbrk(name, ":/") ? strv_add(&image->tags, name, e) : 0;
}

static int read_oci_manifest(json_object *manifest, json_object *descriptor, struct manifest *m, struct err *e)
{
    json_object *layers = json_get(manifest, "layers");
    struct manifest_image *image = NULL;
    int r = add_image(m, &image, e);

    if (r == 0 && layers && !json_object_is_type(layers, json_type_array))
        r = err_invalid(e, "image manifest: its layers are not a list");
    if (r == 0)
        r = blob_member(json_get(manifest, "config"), &image->config, e);
    for (size_t i = 0; r == 0 && layers && i < json_object_array_length(layers); i++) {
        char *member = NULL;

        r = blob_member(json_object_array_get_idx(layers, i), &member, e);
        if (r == 0)
            r = strv_take(&image->layers, member, e);
        if (r == 0)
            r = check_layers(image, e);
    }
    return r < 0 ? r : add_tag(descriptor, image, e);
}

enum { INDEX_DEPTH_MAX = 3 };

static int read_oci_index(const struct tar_source *source, json_object *index, int depth, struct manifest *m,
                          struct err *e)
{
    json_object *list = json_get(index, "manifests");

    if (depth > INDEX_DEPTH_MAX)
        return err_invalid(e, "image index: nested more than %d deep", INDEX_DEPTH_MAX);
    if (!list || !json_object_is_type(list, json_type_array))
        return err_invalid(e, "image index: it has no list of manifests");
    for (size_t i = 0; i < json_object_array_length(list); i++) {
        json_object *descriptor = json_object_array_get_idx(list, i);
        _cleanup_json_ json_object *blob = NULL;
        int r;

        if (!is_for_this_machine(descriptor))
            continue;
        if (m->n_blobs++ == MANIFEST_BLOBS_MAX)
            return err_invalid(e, "image index: it leads to more than %d blobs", MANIFEST_BLOBS_MAX);
        r = read_blob_json(source, descriptor, &blob, e);
        if (r < 0)
            return r;
        r = json_get(blob, "manifests") ? read_oci_index(source, blob, depth + 1, m, e)
                                        : read_oci_manifest(blob, descriptor, m, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int manifest_read(const struct tar_source *source, struct manifest *ret, struct err *e)
{
    _cleanup_json_ json_object *docker = NULL, *index = NULL;
    _cleanup_manifest_ struct manifest m = {0};
    struct err why = ERR_INIT;
    int r = read_json(source, "manifest.json", &docker, &why);

    if (r == 0) {
        r = read_docker(docker, &m, e);
    } else if (why.kind != ERR_NOT_FOUND) {
        *e = why;
    } else {
        r = read_json(source, "index.json", &index, e);
        if (r < 0 && e->kind == ERR_NOT_FOUND)
            return err_invalid(e,
                               "not an image archive: it has neither manifest.json (docker save) nor index.json (OCI)");
        if (r == 0)
            r = read_oci_index(source, index, 0, &m, e);
    }
    if (r < 0)
        return r;
    if (m.n_images == 0)
        return err_invalid(e, "image archive holds no image for this machine (linux/%s)", host_architecture());
    *ret = m;
    m = (struct manifest){0};
    return 0;
}
