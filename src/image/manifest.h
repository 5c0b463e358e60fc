/*
 * What an image archive says it holds: which member is a configuration, which are its layers, how it is called. Read from
 * `docker save`'s manifest.json or, where that is missing, from an OCI layout's index.json.
 * Source: opencontainers/image-spec image-layout.md, image-index.md, manifest.md; Docker image spec v1.2.
 */
#ifndef SAMPAN_IMAGE_MANIFEST_H
#define SAMPAN_IMAGE_MANIFEST_H

#include <stddef.h>

#include "archive/digest.h"
#include "archive/tar_source.h"
#include "base/cleanup.h"
#include "base/err.h"

/* Each blob is searched in the archive, so their number is bounded as well: indexes can name each other's many times over. */
enum {
    MANIFEST_IMAGES_MAX = 256,
    MANIFEST_LAYERS_MAX = 500,
    MANIFEST_BLOBS_MAX = 1000,
    MANIFEST_BYTES_MAX = 4 * 1024 * 1024,
};

struct manifest_image {
    char *config;  /* member name; blobs/sha256/HEX promises its content's digest (manifest_check_blob) */
    char **layers; /* member names, bottom first */
    char **tags;   /* "busybox:latest"; may be empty */
};

struct manifest {
    struct manifest_image *images;
    size_t n_images;
    size_t n_blobs; /* indexes and manifests read on the way */
};

int manifest_read(const struct tar_source *source, struct manifest *ret, struct err *e);
void manifest_release(struct manifest *m);

/* A member called blobs/sha256/HEX must have that digest; any other name promises nothing. */
int manifest_check_blob(const char *member, const struct digest *actual, struct err *e);
#define _cleanup_manifest_ _cleanup_(manifest_release)

#endif
