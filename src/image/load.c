#include "image/load.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "archive/digest.h"
#include "archive/tar_source.h"
#include "base/fd.h"
#include "base/strv.h"
#include "image/layer.h"
#include "image/manifest.h"

enum { CONFIG_BYTES_MAX = 4 * 1024 * 1024 };

/* The configuration; its digest is the image's id. */
static int read_config(const struct tar_source *source, const char *member, json_object **ret, struct digest *ret_id,
                       struct err *e)
{
    _cleanup_free_ char *text = NULL;
    size_t len = 0;
    int r = tar_source_read(source, member, CONFIG_BYTES_MAX, &text, &len, e);

    if (r == 0)
        r = digest_of(text, len, ret_id, e);
    if (r == 0)
        r = manifest_check_blob(member, ret_id, e);
    return r < 0 ? r : json_parse(text, len, member, ret, e);
}

static json_object *diff_ids(json_object *config)
{
    json_object *ids = json_path(config, "rootfs", "diff_ids", NULL);

    return ids && json_object_is_type(ids, json_type_array) ? ids : NULL;
}

static int diff_id_at(json_object *config, size_t i, struct digest *ret, struct err *e)
{
    const char *text = json_object_get_string(json_object_array_get_idx(diff_ids(config), i));

    return digest_parse(text ? text : "", ret, e);
}

static int load_layers(const struct tar_source *source, const struct manifest_image *image, json_object *config,
                       json_object *out, struct err *e)
{
    json_object *list = json_add_array(out, "layers");
    size_t n = diff_ids(config) ? json_object_array_length(diff_ids(config)) : 0;
    size_t n_members = strv_len(image->layers);
    int64_t size = 0, layer_size = 0;

    if (n != n_members)
        return err_invalid(e, "image has %zu layers, but its configuration lists %zu", n_members, n);
    for (size_t i = 0; i < n; i++) {
        struct digest id;
        int r = diff_id_at(config, i, &id, e);

        if (r == 0)
            r = layer_ensure(source, image->layers[i], &id, &layer_size, e);
        if (r < 0)
            return err_context(e, "layer %zu of %zu", i + 1, n);
        size += layer_size;
        json_object_array_add(list, json_object_new_string(id.text));
    }
    json_add_int(out, "size", size);
    return 0;
}

static int load_image(const struct tar_source *source, const struct manifest_image *image, json_object *list,
                      struct err *e)
{
    _cleanup_json_ json_object *config = NULL, *out = json_object_new_object();
    struct digest id;
    int r = read_config(source, image->config, &config, &id, e);

    if (r == 0)
        r = load_layers(source, image, config, out, e);
    if (r < 0)
        return err_context(e, "image %s", strv_len(image->tags) > 0 ? image->tags[0] : image->config);
    json_add_str(out, "id", id.text);
    json_add_strv(out, "tags", image->tags);
    json_object_object_add(out, "config", TAKE_PTR(config));
    json_object_array_add(list, TAKE_PTR(out));
    return 0;
}

int image_load(int tar_fd, json_object **ret, struct err *e)
{
    _cleanup_json_ json_object *out = json_object_new_object();
    _cleanup_tar_source_ struct tar_source source = TAR_SOURCE_INIT;
    _cleanup_manifest_ struct manifest manifest = {0};
    json_object *list = json_add_array(out, "images");
    int r = layer_prepare_staging(e);

    if (r < 0) {
        fd_close(&tar_fd);
        return r;
    }
    r = tar_source_open(tar_fd, AT_FDCWD, &source, e);
    if (r == 0)
        r = manifest_read(&source, &manifest, e);
    for (size_t i = 0; r == 0 && i < manifest.n_images; i++)
        r = load_image(&source, &manifest.images[i], list, e);
    if (r == 0)
        *ret = TAKE_PTR(out);
    return r;
}
