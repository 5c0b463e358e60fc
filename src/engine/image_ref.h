/* Names of images as users write them. */
#ifndef SAMPAN_ENGINE_IMAGE_REF_H
#define SAMPAN_ENGINE_IMAGE_REF_H

#include <stdbool.h>

#include "base/err.h"

/* "busybox", "docker.io/library/busybox" -> "busybox:latest"; "localhost:5000/a" -> "localhost:5000/a:latest". An id
 * ("sha256:…") stays as it is. ERR_INVALID for what can be no name. */
int image_ref_normalize(const char *ref, char **ret, struct err *e);

/* Whether it is meant as a file: "./x.tar", "/x", "x.tar", "x.tar.gz". */
bool image_ref_is_path(const char *ref);

#endif
