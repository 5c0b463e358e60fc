/*
 * The image inside this program: busybox as a `docker save` tar, so that a first run needs no network.
 * Packed at build time by data/busybox/pack; read-only, alive as long as the program.
 */
#ifndef SAMPAN_IMAGE_EMBEDDED_H
#define SAMPAN_IMAGE_EMBEDDED_H

#include <stddef.h>
#include <stdint.h>

extern const unsigned char sampan_embedded_image[];
extern const unsigned char sampan_embedded_image_end[];

static inline size_t sampan_embedded_image_size(void)
{
    return (uintptr_t)sampan_embedded_image_end - (uintptr_t)sampan_embedded_image;
}

/* Its name and the digest of its configuration, which is its id: "busybox:latest", "sha256:…". */
extern const char sampan_embedded_image_name[];
extern const char sampan_embedded_image_id[];

#endif
