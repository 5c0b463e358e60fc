/*
 * Layers: directories ROOT/layers/HEX, HEX being the sha256 of the uncompressed layer, owned on disk by the ids that
 * the archive names (0…65535). sampan-image fills them: it unpacks below layers/.tmp and renames, so a directory with
 * a digest's name is whole. Whoever unpacks or removes holds layers_lock().
 */
#ifndef SAMPAN_STORAGE_LAYERS_H
#define SAMPAN_STORAGE_LAYERS_H

#include <stdbool.h>

#include "base/err.h"

#define LAYERS_DIR "layers"

/* ROOT/layers/HEX for "sha256:HEX"; ERR_INVALID for anything else, so that no digest can name another path. */
int layers_path(const char *root, const char *digest, char **ret, struct err *e);

/* An fd that holds the store's lock while it is open; waits for others unless `try` (-EWOULDBLOCK, e untouched). */
int layers_lock(int root_fd, bool try, struct err *e);

/* Removes layers/.tmp: layers that were never finished or not wholly removed. Under the lock. */
int layers_sweep(int root_fd, struct err *e);

/* Removes one layer, by digest. Under the lock. */
int layers_remove(int root_fd, const char *digest, struct err *e);

#endif
