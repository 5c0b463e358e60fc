/* Layers in the layers directory, which is "/" inside the sandbox. */
#ifndef SAMPAN_IMAGE_LAYER_H
#define SAMPAN_IMAGE_LAYER_H

#include <stdint.h>

#include "archive/digest.h"
#include "archive/tar_source.h"
#include "base/err.h"

/* Makes .tmp, and removes what killed predecessors left in it. */
int layer_prepare_staging(struct err *e);

/* Makes sure that the layer with this digest is there, unpacking the archive's member when it isn't. ret_size: bytes of its
 * files. */
int layer_ensure(const struct tar_source *source, const char *member, const struct digest *diff_id, int64_t *ret_size,
                 struct err *e);

#endif
