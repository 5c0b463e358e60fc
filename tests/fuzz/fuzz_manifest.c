/* image/manifest.h: any bytes are an image archive or are refused, and what is accepted is within its limits. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/strv.h"
#include "image/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

static void look_at(const struct manifest *m)
{
    require(m->n_images > 0 && m->n_images <= MANIFEST_IMAGES_MAX);
    for (size_t i = 0; i < m->n_images; i++) {
        require(m->images[i].config != NULL);
        require(strv_len(m->images[i].layers) <= MANIFEST_LAYERS_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    _cleanup_tar_source_ struct tar_source source = TAR_SOURCE_INIT;
    _cleanup_manifest_ struct manifest manifest = {0};
    struct err e = ERR_INIT;
    int fd = memfd_create("input", MFD_CLOEXEC);

    require(fd >= 0 && fd_write_all(fd, data, size) == 0);
    if (tar_source_open(fd, AT_FDCWD, &source, &e) < 0 || manifest_read(&source, &manifest, &e) < 0)
        require(err_is_set(&e) && manifest.n_images == 0);
    else
        look_at(&manifest);
    return 0;
}
