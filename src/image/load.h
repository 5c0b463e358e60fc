/*
 * `sampan-image load`: an image archive into the layers directory, and a description of what it brought.
 *
 * Each layer that the directory lacks is unpacked into .tmp/RANDOM/, by a process of its own in the inner sandbox, and
 * renamed to its digest's hex form when the digest proved right. So what has a digest's name is whole, and a kill leaves only
 * things in .tmp, which are locked (flock) while somebody works on them.
 */
#ifndef SAMPAN_IMAGE_LOAD_H
#define SAMPAN_IMAGE_LOAD_H

#include "base/err.h"
#include "base/json.h"

/* Takes over tar_fd. Runs inside sandbox_enter: "/" is the layers directory.
 * *ret: {"images":[{"id","tags","config","layers","size"}]}, owned by the caller. */
int image_load(int tar_fd, json_object **ret, struct err *e);

#endif
