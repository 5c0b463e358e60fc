/* Images as the commands show them. */
#ifndef SAMPAN_CLI_IMAGE_VIEW_H
#define SAMPAN_CLI_IMAGE_VIEW_H

#include "base/json.h"
#include "engine/images.h"

/*
 * The image that a name, an id or a prefix of an id means, NULL when none does; ERR_INVALID for a prefix of several.
 * Unlike engine_image_find it only looks: the embedded image is not loaded.
 */
int image_view_find(const struct image_list *l, const char *ref, const struct image **ret, struct err *e);

/* Docker's inspect object; owned by the caller. */
json_object *image_view_inspect(const struct image *i);

/* The row of `images` for one of its tags; NULL: for none. Owned by the caller. */
json_object *image_view_row(const struct image *i, const char *tag, bool no_trunc, int64_t now_ns);

/* "localhost:5000/a:1" -> the length of "localhost:5000/a"; the tag starts behind the colon. */
size_t image_view_name_length(const char *tag);

#endif
