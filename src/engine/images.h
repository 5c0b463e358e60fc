/* Images in the store. Loading is done by the sampan-image program, in a sandbox; see src/image. */
#ifndef SAMPAN_ENGINE_IMAGES_H
#define SAMPAN_ENGINE_IMAGES_H

#include "base/json.h"
#include "engine/engine.h"

struct image {
    char *id;            /* "sha256:…" of its configuration */
    char **tags;         /* "busybox:latest" */
    int64_t created;     /* ns since the epoch */
    int64_t size;        /* bytes of its layers unpacked */
    char **layers;       /* digests of the uncompressed layers ("sha256:…"), bottom first */
    json_object *config; /* the OCI image configuration */
};
struct image_list {
    struct image **v;
    size_t n;
};
void image_free(struct image *i);
void image_list_release(struct image_list *l);

int engine_images(struct engine *en, struct image_list *ret, struct err *e);

/* A reference "name[:tag]", an id or a prefix of one. When "busybox" is not in the store, the embedded image is loaded
 * first. ERR_NOT_FOUND names what to do. */
int engine_image_find(struct engine *en, const char *ref, struct image **ret, struct err *e);

/* Reads a docker-archive or OCI-layout tar (plain, gzip, zstd) from fd; ret_refs: what it brought. */
int engine_image_load(struct engine *en, int tar_fd, char ***ret_refs, struct err *e);

int engine_image_remove(struct engine *en, const char *ref, bool force, struct err *e);

#endif
