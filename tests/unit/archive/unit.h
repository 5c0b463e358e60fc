/* What the unit tests of archives share: tar files made by libarchive, in memory files. */
#ifndef SAMPAN_TESTS_UNIT_ARCHIVE_UNIT_H
#define SAMPAN_TESTS_UNIT_ARCHIVE_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/mman.h>

#include "archive/tar_source.h"
#include "base/cleanup.h"
#include "base/err.h"
#include "base/fd.h"

/* `text` occurs in the error's text; else the test fails and shows both. */
static inline void assert_says(const struct err *e, const char *text)
{
    if (!strstr(e->text, text))
        fail_msg("the error \"%s\" does not say \"%s\"", e->text, text);
}

/* The call worked; else the test fails and shows the error. */
static inline void assert_works(int r, const struct err *e)
{
    if (r < 0)
        fail_msg("%d: %s", r, e->text);
}

/* One member: a file with data, or a link to `link` ('s' symbolic, 'h' hard), or a directory ('d'). */
struct member {
    const char *name;
    const char *data;
    const char *link;
    char kind;
};

static inline void add_member(struct archive *a, const struct member *m)
{
    struct archive_entry *entry = archive_entry_new();
    size_t len = m->data ? strlen(m->data) : 0;

    archive_entry_set_pathname(entry, m->name);
    archive_entry_set_mode(entry, 0644);
    archive_entry_set_filetype(entry, m->kind == 's' ? AE_IFLNK : m->kind == 'd' ? AE_IFDIR : AE_IFREG);
    archive_entry_set_size(entry, (la_int64_t)len);
    if (m->kind == 's')
        archive_entry_set_symlink(entry, m->link);
    if (m->kind == 'h')
        archive_entry_set_hardlink(entry, m->link);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, m->data ? m->data : "", len), (int)len);
    archive_entry_free(entry);
}

/* A tar of these members, up to the one without a name; filter is ARCHIVE_FILTER_GZIP and kin or ARCHIVE_FILTER_NONE. */
static inline int make_tar(const struct member *members, int filter)
{
    struct archive *a = archive_write_new();
    int fd = memfd_create("tar", MFD_CLOEXEC);

    assert_true(fd >= 0);
    archive_write_set_format_ustar(a);
    assert_int_equal(archive_write_add_filter(a, filter), ARCHIVE_OK);
    assert_int_equal(archive_write_open_fd(a, fd), ARCHIVE_OK);
    for (; members->name; members++)
        add_member(a, members);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

/* Opens a tar of these members; the caller releases it. */
static inline struct tar_source open_tar(const struct member *members)
{
    struct tar_source source = TAR_SOURCE_INIT;
    struct err e = ERR_INIT;

    assert_works(tar_source_open(make_tar(members, ARCHIVE_FILTER_NONE), AT_FDCWD, &source, &e), &e);
    return source;
}

#endif
