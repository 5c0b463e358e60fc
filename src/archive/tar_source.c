#include "archive/tar_source.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/reader.h"
#include "base/fd.h"
#include "base/strbuf.h"

struct tar_member {
    struct archive *archive;
};

/* A tar that starts where the file does: the one form in which members can be found by seeking. */
static bool is_plain_tar(int fd)
{
    char magic[5];

    return lseek(fd, 0, SEEK_SET) == 0 && pread(fd, magic, sizeof(magic), 257) == (ssize_t)sizeof(magic) &&
           memcmp(magic, "ustar", sizeof(magic)) == 0;
}

/* The whole input, decompressed whatever it is compressed with, in a file that vanishes with its fd. */
static int spool(int from, int dir_fd, int *ret_fd, struct err *e)
{
    _cleanup_close_ int fd = openat(dir_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    _cleanup_reader_ struct archive *a = NULL;
    int r;

    if (fd < 0)
        return err_sys(e, "make a temporary file");
    r = reader_open_raw_fd(from, &a, e);
    if (r < 0)
        return r;
    for (;;) {
        const void *data;
        ssize_t n = reader_next(a, &data, e);

        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        r = fd_write_all(fd, data, (size_t)n);
        if (r < 0)
            return err_set(e, ERR_SYS, -r, "write a temporary file");
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

int tar_source_open(int fd, int spool_dir_fd, struct tar_source *ret, struct err *e)
{
    _cleanup_close_ int input = fd, plain = -1;
    int r;

    if (is_plain_tar(input)) {
        ret->fd = TAKE_FD(input);
        return 0;
    }
    r = spool(input, spool_dir_fd, &plain, e);
    if (r < 0)
        return r;
    if (!is_plain_tar(plain))
        return err_invalid(e, "not a tar archive (plain, or compressed with gzip, zstd, xz or bzip2)");
    ret->fd = TAKE_FD(plain);
    return 0;
}

void tar_source_release(struct tar_source *s)
{
    fd_close(&s->fd);
}

/* "./manifest.json" and "manifest.json" are the same member. */
static const char *plain_name(const char *name)
{
    while (strncmp(name, "./", 2) == 0)
        name += 2;
    return name;
}

/* Moves to the header of the member called name. 1 when found, 0 when the archive has none. */
static int seek_member(struct archive *a, const char *name, struct archive_entry **ret, struct err *e)
{
    for (int n = 0; n < TAR_SOURCE_MEMBERS_MAX; n++) {
        struct archive_entry *entry;
        int r = archive_read_next_header(a, &entry);

        if (r == ARCHIVE_EOF)
            return 0;
        if (r < ARCHIVE_WARN)
            return reader_error(a, "image archive", e);
        if (archive_entry_pathname(entry) && strcmp(plain_name(archive_entry_pathname(entry)), name) == 0) {
            *ret = entry;
            return 1;
        }
    }
    return err_invalid(e, "image archive has more than %d members", TAR_SOURCE_MEMBERS_MAX);
}

/* "ab/layer.tar" linking to "../cd/layer.tar" means "cd/layer.tar": names only, nothing on disk is followed. */
static int symlink_target(const char *name, const char *link, char **ret, struct err *e)
{
    struct strbuf sb = STRBUF_INIT(4096);
    const char *slash = strrchr(name, '/');
    size_t dir_len = slash ? (size_t)(slash - name) : 0;
    int r;

    for (; strncmp(link, "../", 3) == 0; link += 3) {
        while (dir_len > 0 && name[dir_len - 1] != '/')
            dir_len--;
        if (dir_len > 0)
            dir_len--;
    }
    if (dir_len > 0) {
        strbuf_add(&sb, name, dir_len);
        strbuf_addc(&sb, '/');
    }
    strbuf_adds(&sb, plain_name(link));
    r = strbuf_check(&sb, "name in an image archive", e);
    if (r < 0)
        strbuf_release(&sb);
    else
        *ret = strbuf_take(&sb);
    return r;
}

/* The member that a link means, or NULL when the entry is no link. A hard link's target counts from the archive's root. */
static int link_target(struct archive_entry *entry, const char *name, char **ret, struct err *e)
{
    const char *hard = archive_entry_hardlink(entry), *soft = archive_entry_symlink(entry);

    *ret = NULL;
    if (soft)
        return symlink_target(name, soft, ret, e);
    if (!hard)
        return 0;
    *ret = strdup(plain_name(hard));
    return *ret ? 0 : err_set(e, ERR_SYS, ENOMEM, "read image archive");
}

/* Opens the member; when it is a link, its target's name goes to ret_target (heap) and no member is opened. */
static int open_once(const struct tar_source *s, const char *name, struct tar_member **ret, char **ret_target,
                     struct err *e)
{
    _cleanup_tar_member_ struct tar_member *m = calloc(1, sizeof(*m));
    struct archive_entry *entry = NULL;
    int r;

    if (!m)
        return err_set(e, ERR_SYS, ENOMEM, "read image archive");
    r = reader_open_tar_fd(s->fd, &m->archive, e);
    if (r < 0)
        return r;
    r = seek_member(m->archive, name, &entry, e);
    if (r < 0)
        return r;
    if (r == 0)
        return err_not_found(e, "image archive has no member \"%s\"", name);
    r = link_target(entry, name, ret_target, e);
    if (r < 0 || *ret_target)
        return r;
    if (archive_entry_filetype(entry) != AE_IFREG)
        return err_invalid(e, "image archive's member \"%s\" is not a file", name);
    *ret = TAKE_PTR(m);
    return 0;
}

int tar_member_open(const struct tar_source *s, const char *name, struct tar_member **ret, struct err *e)
{
    _cleanup_free_ char *target = NULL, *second = NULL;
    int r = open_once(s, plain_name(name), ret, &target, e);

    if (r < 0 || !target)
        return r;
    r = open_once(s, target, ret, &second, e);
    if (r >= 0 && second)
        return err_invalid(e, "image archive's member \"%s\" is a link to a link", name);
    return r;
}

ssize_t tar_member_next(struct tar_member *m, const void **ret, struct err *e)
{
    return reader_next(m->archive, ret, e);
}

void tar_member_free(struct tar_member *m)
{
    if (!m)
        return;
    archive_read_free(m->archive);
    free(m);
}

int tar_source_read(const struct tar_source *s, const char *name, size_t max, char **ret, size_t *ret_len,
                    struct err *e)
{
    _cleanup_tar_member_ struct tar_member *m = NULL;
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(max);
    int r = tar_member_open(s, name, &m, e);
    const void *data;
    ssize_t n = 0;

    if (r < 0)
        return r;
    while (!sb.error && (n = tar_member_next(m, &data, e)) > 0)
        strbuf_add(&sb, data, (size_t)n);
    if (n < 0)
        return (int)n;
    r = strbuf_check(&sb, name, e);
    if (r < 0)
        return r;
    if (ret_len)
        *ret_len = sb.len;
    *ret = sb.buf ? strbuf_take(&sb) : strdup("");
    return *ret ? 0 : err_set(e, ERR_SYS, ENOMEM, "read image archive");
}
