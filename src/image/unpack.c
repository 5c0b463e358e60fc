#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "archive/reader.h"
#include "base/strbuf.h"

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

/* libarchive flags: owners by number, all bits, and an entry replaces what an earlier one of its name made. */
enum { DISK_FLAGS = ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR |
                    ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_UNLINK | ARCHIVE_EXTRACT_SECURE_NODOTDOT };

static void cleanup_disk(struct archive **a)
{
    archive_write_free(*a);
}

/*
 * member (compressed) -> plain (uncompressed bytes, hashed as they pass) -> tar (entries) -> disk
 */
struct unpacking {
    struct tar_member *member;
    struct digester *digester;
    struct archive *plain;
    struct archive *tar;
    struct archive *disk;
    int64_t size;
};

static ssize_t next_compressed(void *source, const void **ret, struct err *e)
{
    return tar_member_next(source, ret, e);
}

static ssize_t next_hashed(void *source, const void **ret, struct err *e)
{
    struct unpacking *u = source;
    ssize_t n = reader_next(u->plain, ret, e);
    int r = n > 0 ? digester_add(u->digester, *ret, (size_t)n, e) : 0;

    return r < 0 ? r : n;
}

/* ---- whiteouts */

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* The whiteout's directory, made when the layer has no entry for it before. */
static int parent_of(const char *path, char **ret, struct err *e)
{
    size_t len = (size_t)(base_name(path) - path);
    char *parent = len > 1 ? strndup(path, len - 1) : strdup(".");

    if (!parent)
        return err_set(e, ERR_SYS, ENOMEM, "unpack %s", path);
    for (char *p = parent; *p; p++) {
        if (*p != '/' || p == parent)
            continue;
        *p = '\0';
        if (mkdir(parent, 0755) < 0 && errno != EEXIST)
            goto failed;
        *p = '/';
    }
    if (mkdir(parent, 0755) < 0 && errno != EEXIST)
        goto failed;
    *ret = parent;
    return 0;
failed:
    err_sys(e, "make directory %s", parent);
    free(parent);
    return err_to_errno(e);
}

static int make_opaque(const char *dir, struct err *e)
{
    if (lsetxattr(dir, "trusted.overlay.opaque", "y", 1, 0) < 0)
        return err_sys(e, "mark directory %s opaque", dir);
    return 0;
}

static int make_whiteout(const char *dir, const char *hidden, struct err *e)
{
    _cleanup_strbuf_ struct strbuf path = STRBUF_INIT(2 * 4096);
    int r;

    if (*hidden == '\0' || strcmp(hidden, ".") == 0 || strcmp(hidden, "..") == 0)
        return err_invalid(e, "whiteout of \"%s\" in %s", hidden, dir);
    strbuf_addf(&path, "%s/%s", dir, hidden);
    r = strbuf_check(&path, "path in a layer", e);
    if (r < 0)
        return r;
    if (mknod(path.buf, S_IFCHR | 0, makedev(0, 0)) < 0 && errno != EEXIST)
        return err_sys(e, "make whiteout %s", path.buf);
    return 0;
}

static int apply_whiteout(const char *path, struct err *e)
{
    _cleanup_free_ char *dir = NULL;
    const char *name = base_name(path);
    int r = parent_of(path, &dir, e);

    if (r < 0)
        return r;
    if (strcmp(name, WHITEOUT_OPAQUE) == 0)
        return make_opaque(dir, e);
    if (strncmp(name, WHITEOUT_META_PREFIX, strlen(WHITEOUT_META_PREFIX)) == 0)
        return 0; /* aufs's own bookkeeping */
    return make_whiteout(dir, name + strlen(WHITEOUT_PREFIX), e);
}

/* ---- entries */

static int copy_data(struct unpacking *u, const char *path, struct err *e)
{
    const void *data;
    size_t len;
    la_int64_t offset;
    int r;

    while ((r = archive_read_data_block(u->tar, &data, &len, &offset)) == ARCHIVE_OK) {
        u->size += (int64_t)len;
        if (archive_write_data_block(u->disk, data, len, offset) < ARCHIVE_WARN)
            return err_set(e, ERR_SYS, archive_errno(u->disk), "unpack %s", path);
    }
    return r == ARCHIVE_EOF ? 0 : reader_error(u->tar, path, e);
}

/* Absolute names mean the same as relative ones, below the layer's root. */
static const char *relative(const char *path)
{
    while (*path == '/')
        path++;
    return *path ? path : ".";
}

static int unpack_entry(struct unpacking *u, struct archive_entry *entry, struct err *e)
{
    const char *path = archive_entry_pathname(entry);
    const char *link = archive_entry_hardlink(entry);
    int r;

    if (!path)
        return err_invalid(e, "layer has an entry without a name");
    if (strncmp(base_name(path), WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
        return apply_whiteout(relative(path), e);
    _cleanup_free_ char *name = strdup(relative(path)), *target = link ? strdup(relative(link)) : NULL;
    if (!name || (link && !target))
        return err_set(e, ERR_SYS, ENOMEM, "unpack %s", path);
    archive_entry_set_pathname(entry, name);
    if (target)
        archive_entry_set_hardlink(entry, target);
    r = archive_write_header(u->disk, entry);
    if (r < ARCHIVE_WARN)
        return err_set(e, ERR_INVALID, 0, "unpack %s: %s", name, archive_error_string(u->disk));
    r = archive_entry_size(entry) > 0 && !target ? copy_data(u, name, e) : 0;
    if (r == 0 && archive_write_finish_entry(u->disk) < ARCHIVE_WARN)
        r = err_set(e, ERR_INVALID, 0, "unpack %s: %s", name, archive_error_string(u->disk));
    return r;
}

static int unpack_entries(struct unpacking *u, struct err *e)
{
    struct archive_entry *entry;
    int r;

    while ((r = archive_read_next_header(u->tar, &entry)) >= ARCHIVE_WARN && r != ARCHIVE_EOF) {
        int s = unpack_entry(u, entry, e);

        if (s < 0)
            return s;
    }
    return r == ARCHIVE_EOF ? 0 : reader_error(u->tar, "layer", e);
}

/* What follows the tar's end (padding) belongs to the digest too. */
static int drain(struct unpacking *u, struct err *e)
{
    const void *data;
    ssize_t n;

    while ((n = next_hashed(u, &data, e)) > 0)
        ;
    return (int)n;
}

static int run(struct unpacking *u, struct unpack_result *ret, struct err *e)
{
    struct reader_input compressed = {.next = next_compressed, .source = u->member, .e = e};
    struct reader_input hashed = {.next = next_hashed, .source = u, .e = e};
    int r = reader_open_raw(&compressed, &u->plain, e);

    if (r == 0)
        r = reader_open_tar(&hashed, &u->tar, e);
    if (r == 0)
        r = unpack_entries(u, e);
    if (r == 0)
        r = drain(u, e);
    if (r == 0 && archive_write_close(u->disk) < ARCHIVE_WARN)
        r = err_set(e, ERR_INVALID, 0, "unpack: %s", archive_error_string(u->disk));
    if (r == 0)
        r = digester_finish(u->digester, &ret->diff_id, e);
    ret->size = u->size;
    return r;
}

int unpack_layer(struct tar_member *layer, struct unpack_result *ret, struct err *e)
{
    _cleanup_digester_ struct digester *digester = NULL;
    _cleanup_(cleanup_disk) struct archive *disk = archive_write_disk_new();
    struct unpacking u = {.member = layer, .disk = disk};
    int r = digester_new(&digester, e);

    if (r < 0)
        return r;
    if (!disk)
        return err_set(e, ERR_SYS, ENOMEM, "unpack layer");
    archive_write_disk_set_options(disk, DISK_FLAGS);
    umask(0);
    u.digester = digester;
    r = run(&u, ret, e);
    archive_read_free(u.tar);
    archive_read_free(u.plain);
    return r;
}
