/*
 * A tar file whose members are wanted by name and in any order, as image archives need it: manifest.json may come last
 * and name what came first. Each look-up is a pass over the headers; so the file must be seekable and plain, and what is
 * not (a pipe, a compressed file) is first copied, decompressed, to a temporary file without a name.
 *
 * Hostile input is expected: names, sizes and links are checked, look-ups are bounded by TAR_SOURCE_MEMBERS_MAX headers.
 */
#ifndef SAMPAN_ARCHIVE_TAR_SOURCE_H
#define SAMPAN_ARCHIVE_TAR_SOURCE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

enum { TAR_SOURCE_MEMBERS_MAX = 100000 };

struct tar_source {
    int fd; /* owned */
};
#define TAR_SOURCE_INIT ((struct tar_source){.fd = -1})

/* Takes over fd, also on failure. spool_dir_fd is where a temporary file may be made (O_TMPFILE). */
int tar_source_open(int fd, int spool_dir_fd, struct tar_source *ret, struct err *e);
void tar_source_release(struct tar_source *s);
#define _cleanup_tar_source_ _cleanup_(tar_source_release)

/* A small member as a NUL-terminated heap string. ERR_NOT_FOUND when there is none, ERR_INVALID beyond max bytes. */
int tar_source_read(const struct tar_source *s, const char *name, size_t max, char **ret, size_t *ret_len,
                    struct err *e);

/* A member as a stream. A member that is a link to another is followed once (older `docker save` tars name a layer that
 * two images share by a symbolic link, repacked ones by a hard link). */
struct tar_member;
int tar_member_open(const struct tar_source *s, const char *name, struct tar_member **ret, struct err *e);
/* The next bytes, borrowed until the next call: their count, 0 at the end, or negative. */
ssize_t tar_member_next(struct tar_member *m, const void **ret, struct err *e);
void tar_member_free(struct tar_member *m);
DEFINE_CLEANUP_PTR(tar_member, struct tar_member *, tar_member_free)
#define _cleanup_tar_member_ _cleanup_(cleanup_tar_member)

#endif
