#include "archive/reader.h"

#include <archive_entry.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BLOCK = 64 * 1024 };

int reader_error(struct archive *a, const char *what, struct err *e)
{
    const char *text = archive_error_string(a);

    return err_set(e, ERR_INVALID, 0, "%s: %s", what, text ? text : "damaged");
}

static int make(bool raw, struct archive **ret, struct err *e)
{
    struct archive *a = archive_read_new();

    if (!a)
        return err_set(e, ERR_SYS, ENOMEM, "open archive");
    if (raw) {
        archive_read_support_format_raw(a);
        archive_read_support_filter_gzip(a);
        archive_read_support_filter_zstd(a);
        archive_read_support_filter_xz(a);
        archive_read_support_filter_bzip2(a);
    } else {
        archive_read_support_format_tar(a);
    }
    archive_read_support_format_empty(a);
    /* Names are bytes: libarchive would translate pax headers to the locale's charset and fail on what has no place there. */
    archive_read_set_format_option(a, "tar", "hdrcharset", "BINARY");
    *ret = a;
    return 0;
}

/* A raw reader has one nameless entry that holds everything; an empty input has none. */
static int enter_raw(struct archive *a, struct err *e)
{
    struct archive_entry *entry;
    int r = archive_read_next_header(a, &entry);

    return r == ARCHIVE_OK || r == ARCHIVE_EOF || r == ARCHIVE_WARN ? 0 : reader_error(a, "compressed data", e);
}

/* A position of its own in a file, so that several readers can share one fd. */
struct file_cursor {
    int fd;
    off_t at;
    char block[BLOCK];
};

static la_ssize_t cursor_read(struct archive *a, void *data, const void **ret)
{
    struct file_cursor *c = data;
    ssize_t n;

    do
        n = pread(c->fd, c->block, sizeof(c->block), c->at);
    while (n < 0 && errno == EINTR);
    if (n < 0) {
        archive_set_error(a, errno, "read: %s", strerrordesc_np(errno));
        return ARCHIVE_FATAL;
    }
    *ret = c->block;
    c->at += n;
    return n;
}

static la_int64_t cursor_skip(struct archive *a, void *data, la_int64_t count)
{
    struct file_cursor *c = data;

    (void)a;
    c->at += count;
    return count;
}

static int cursor_close(struct archive *a, void *data)
{
    (void)a;
    free(data);
    return ARCHIVE_OK;
}

int reader_open_tar_fd(int fd, struct archive **ret, struct err *e)
{
    _cleanup_reader_ struct archive *a = NULL;
    struct file_cursor *cursor = NULL;
    int r = make(false, &a, e);

    if (r < 0)
        return r;
    cursor = malloc(sizeof(*cursor));
    if (!cursor)
        return err_set(e, ERR_SYS, ENOMEM, "open archive");
    cursor->fd = fd;
    cursor->at = 0;
    if (archive_read_open2(a, cursor, NULL, cursor_read, cursor_skip, cursor_close) != ARCHIVE_OK)
        return reader_error(a, "archive", e); /* which has closed it */
    *ret = TAKE_PTR(a);
    return 0;
}

int reader_open_raw_fd(int fd, struct archive **ret, struct err *e)
{
    _cleanup_reader_ struct archive *a = NULL;
    int r = make(true, &a, e);

    if (r < 0)
        return r;
    if (archive_read_open_fd(a, fd, BLOCK) != ARCHIVE_OK)
        return reader_error(a, "archive", e);
    r = enter_raw(a, e);
    if (r == 0)
        *ret = TAKE_PTR(a);
    return r;
}

static la_ssize_t pull(struct archive *a, void *data, const void **ret)
{
    struct reader_input *in = data;
    ssize_t n = in->next(in->source, ret, in->e);

    if (n < 0)
        archive_set_error(a, (int)-n, "%s", in->e->text);
    return n < 0 ? ARCHIVE_FATAL : n;
}

static int open_input(bool raw, struct reader_input *in, struct archive **ret, struct err *e)
{
    _cleanup_reader_ struct archive *a = NULL;
    int r = make(raw, &a, e);

    if (r < 0)
        return r;
    if (archive_read_open(a, in, NULL, pull, NULL) != ARCHIVE_OK)
        return reader_error(a, "layer", e);
    r = raw ? enter_raw(a, e) : 0;
    if (r == 0)
        *ret = TAKE_PTR(a);
    return r;
}

int reader_open_tar(struct reader_input *in, struct archive **ret, struct err *e)
{
    return open_input(false, in, ret, e);
}

int reader_open_raw(struct reader_input *in, struct archive **ret, struct err *e)
{
    return open_input(true, in, ret, e);
}

/* Holes are left out, so a sparse member gives fewer bytes than it should; its digest then does not match. */
ssize_t reader_next(struct archive *a, const void **ret, struct err *e)
{
    size_t len = 0;
    la_int64_t offset = 0;
    int r;

    if (archive_format(a) == ARCHIVE_FORMAT_EMPTY) /* no entry, whose data could be asked for */
        return 0;
    do
        r = archive_read_data_block(a, ret, &len, &offset);
    while (r == ARCHIVE_OK && len == 0);
    if (r == ARCHIVE_EOF)
        return 0;
    if (r < ARCHIVE_WARN)
        return reader_error(a, "archive", e);
    return (ssize_t)len;
}
