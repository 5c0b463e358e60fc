/*
 * libarchive's readers, opened in the three ways that images need: a plain tar in a file, any compressed stream as the
 * bytes it holds, and a tar that comes from a callback. Only the tar format and the compressions of images are enabled:
 * what an image cannot be (iso, cab, …) is not parsed. Errors carry libarchive's own words.
 */
#ifndef SAMPAN_ARCHIVE_READER_H
#define SAMPAN_ARCHIVE_READER_H

#include <archive.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"

static inline void cleanup_reader(struct archive **a)
{
    archive_read_free(*a);
}
#define _cleanup_reader_ _cleanup_(cleanup_reader)

/* Bytes for a reader: their count, 0 at the end, or negative with e set. */
typedef ssize_t reader_source_fn(void *source, const void **ret, struct err *e);

/* Connects libarchive to a source; must outlive the reader. e is set when the source, not the data, failed. */
struct reader_input {
    reader_source_fn *next;
    void *source;
    struct err *e;
};

/* A seekable file, from its start and without moving its offset; the fd is borrowed and outlives the reader. */
int reader_open_tar_fd(int fd, struct archive **ret, struct err *e);
/* Whatever can be read, from where it stands. */
int reader_open_raw_fd(int fd, struct archive **ret, struct err *e);
int reader_open_tar(struct reader_input *in, struct archive **ret, struct err *e);
int reader_open_raw(struct reader_input *in, struct archive **ret, struct err *e);

/* The next bytes of the present entry, borrowed until the next call: their count, 0 at the end. Holes are skipped. */
ssize_t reader_next(struct archive *a, const void **ret, struct err *e);

/* Sets e from the archive's last error. */
int reader_error(struct archive *a, const char *what, struct err *e);

#endif
