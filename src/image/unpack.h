/*
 * One layer's tar into a directory, in the form that overlayfs reads: a whiteout ".wh.NAME" becomes a character device 0:0,
 * ".wh..wh..opq" the attribute trusted.overlay.opaque of its directory.
 * Source: opencontainers/image-spec layer.md; Documentation/filesystems/overlayfs.rst.
 */
#ifndef SAMPAN_IMAGE_UNPACK_H
#define SAMPAN_IMAGE_UNPACK_H

#include <stdint.h>

#include "archive/digest.h"
#include "archive/tar_source.h"
#include "base/err.h"

struct unpack_result {
    struct digest diff_id; /* of the uncompressed tar, as it streamed by */
    int64_t size;          /* bytes of its files */
};

/* Unpacks into "/": the caller is chrooted into the target (image/sandbox.h). */
int unpack_layer(struct tar_member *layer, struct unpack_result *ret, struct err *e);

#endif
