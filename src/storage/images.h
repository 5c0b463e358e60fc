/* Rows of images and their tags. The layers that an image is made of are named by its configuration
 * (rootfs.diff_ids). */
#ifndef SAMPAN_STORAGE_IMAGES_H
#define SAMPAN_STORAGE_IMAGES_H

#include <stdint.h>

#include "base/err.h"

struct db;

/* Borrowed in images_each's callback and images_put, owned after images_find: image_row_release. */
struct image_row {
    char *id; /* "sha256:…" */
    int64_t created, size;
    char *config; /* JSON */
    char **tags;
};
#define IMAGE_ROW_INIT ((struct image_row){0})
void image_row_release(struct image_row *row);
#define _cleanup_image_row_ _cleanup_(image_row_release)

/* Inserts or replaces the image, and moves its tags to it from whichever image had them. In a transaction of the
 * caller. */
int images_put(struct db *db, const struct image_row *row, struct err *e);

/* By tag ("busybox:latest"), whole id, or unique prefix of an id with or without "sha256:". 1, 0 when absent;
 * ERR_INVALID for a prefix of several. */
int images_find(struct db *db, const char *tag_or_id, struct image_row *ret, struct err *e);

/* Newest first. */
int images_each(struct db *db, int (*each)(const struct image_row *row, void *arg, struct err *e), void *arg,
                struct err *e);

int images_untag(struct db *db, const char *tag, struct err *e);
int images_delete(struct db *db, const char *id, struct err *e); /* and its tags */

#endif
