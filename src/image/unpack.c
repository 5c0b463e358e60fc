#include "image/unpack.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "archive/reader.h"
#include "base/strbuf.h"

#define USER_OVERLAY_ATTRIBUTES "user.overlay."

#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_META_PREFIX ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

/* libarchive flags: owners by number, all bits, and an entry replaces what an earlier one of its name made. */
enum {
    DISK_FLAGS = ARCHIVE_EXTRACT_OWNER | ARCHIVE_EXTRACT_PERM | ARCHIVE_EXTRACT_TIME | ARCHIVE_EXTRACT_XATTR |
                 ARCHIVE_EXTRACT_ACL | ARCHIVE_EXTRACT_UNLINK | ARCHIVE_EXTRACT_SECURE_NODOTDOT
};

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

/* trusted.* can only be written in the initial user namespace; below it, overlays are mounted with userxattr and read the
 * other name. */
static int make_opaque(const char *dir, struct err *e)
{
    if (lsetxattr(dir, "trusted.overlay.opaque", "y", 1, 0) == 0)
        return 0;
    if (errno == EPERM && lsetxattr(dir, USER_OVERLAY_ATTRIBUTES "opaque", "y", 1, 0) == 0)
        return 0;
    return err_sys(e, "mark directory %s opaque", dir);
}

/* A whiteout is about what is below this layer. Where the layer has the name itself, a file hides that anyway, and a directory
 * does when it is opaque. */
static int hide_below(const char *path, struct err *e)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) ? make_opaque(path, e) : 0;
}

static bool is_whiteout(const char *path)
{
    struct stat st;

    return lstat(path, &st) == 0 && S_ISCHR(st.st_mode) && st.st_rdev == makedev(0, 0);
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
    if (mknod(path.buf, S_IFCHR | 0, makedev(0, 0)) == 0)
        return 0;
    return errno == EEXIST ? hide_below(path.buf, e) : err_sys(e, "make whiteout %s", path.buf);
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

static int disk_error(const struct unpacking *u, const char *path, struct err *e)
{
    return err_set(e, ERR_INVALID, 0, "unpack %s: %s", path, archive_error_string(u->disk));
}

/* libarchive only warns when it cannot write, chown or set an attribute; a layer that is not whole is no layer. What the file
 * system does not have (extended attributes, ACLs) is left out. */
static bool has_failed(const struct unpacking *u, int r)
{
    return r < ARCHIVE_WARN || (r == ARCHIVE_WARN && archive_errno(u->disk) != ENOTSUP);
}

static int copy_data(struct unpacking *u, const char *path, struct err *e)
{
    const void *data;
    size_t len;
    la_int64_t offset;
    int r;

    while ((r = archive_read_data_block(u->tar, &data, &len, &offset)) == ARCHIVE_OK) {
        u->size += (int64_t)len;
        if (archive_write_data_block(u->disk, data, len, offset) != ARCHIVE_OK)
            return err_set(e, ERR_SYS, archive_errno(u->disk), "unpack %s", path);
    }
    return r == ARCHIVE_EOF ? 0 : reader_error(u->tar, path, e);
}

/* Absolute names mean the same as relative ones, below the layer's root; the slash after a directory's name says nothing.
 * NULL when out of memory. */
static char *plain_name(const char *path)
{
    size_t len;

    while (*path == '/')
        path++;
    len = strlen(path);
    while (len > 0 && path[len - 1] == '/')
        len--;
    return len > 0 ? strndup(path, len) : strdup(".");
}

/* trusted.overlay.* and user.overlay.* would speak to overlayfs in the layer's name, security.* to the kernel's security
 * modules. */
static bool is_xattr_allowed(const char *name)
{
    if (strncmp(name, USER_OVERLAY_ATTRIBUTES, strlen(USER_OVERLAY_ATTRIBUTES)) == 0)
        return false;
    return strncmp(name, "user.", 5) == 0 || strcmp(name, "security.capability") == 0;
}

static int filter_xattrs(struct archive_entry *entry, struct err *e)
{
    struct archive_entry *all = NULL;
    const char *name;
    const void *value;
    size_t len;

    if (archive_entry_xattr_count(entry) == 0)
        return 0;
    all = archive_entry_clone(entry);
    if (!all)
        return err_set(e, ERR_SYS, ENOMEM, "unpack %s", archive_entry_pathname(entry));
    archive_entry_xattr_clear(entry);
    archive_entry_xattr_reset(all);
    while (archive_entry_xattr_next(all, &name, &value, &len) == ARCHIVE_OK)
        if (is_xattr_allowed(name))
            archive_entry_xattr_add_entry(entry, name, value, len);
    archive_entry_free(all);
    return 0;
}

static int make_names_plain(struct archive_entry *entry, struct err *e)
{
    const char *link = archive_entry_hardlink(entry);
    _cleanup_free_ char *name = plain_name(archive_entry_pathname(entry));
    _cleanup_free_ char *target = link ? plain_name(link) : NULL;

    if (!name || (link && !target))
        return err_set(e, ERR_SYS, ENOMEM, "unpack %s", archive_entry_pathname(entry));
    archive_entry_set_pathname(entry, name);
    if (target)
        archive_entry_set_hardlink(entry, target);
    return 0;
}

static int write_entry(struct unpacking *u, struct archive_entry *entry, struct err *e)
{
    const char *path = archive_entry_pathname(entry);
    bool replaces_whiteout = archive_entry_filetype(entry) == AE_IFDIR && is_whiteout(path);
    int r = 0;

    if (has_failed(u, archive_write_header(u->disk, entry)))
        return disk_error(u, path, e);
    if (replaces_whiteout)
        r = make_opaque(path, e);
    if (r == 0 && archive_entry_size(entry) > 0 && !archive_entry_hardlink(entry))
        r = copy_data(u, path, e);
    if (r == 0 && has_failed(u, archive_write_finish_entry(u->disk)))
        r = disk_error(u, path, e);
    return r;
}

static int unpack_entry(struct unpacking *u, struct archive_entry *entry, struct err *e)
{
    const char *path;
    int r;

    if (!archive_entry_pathname(entry))
        return err_invalid(e, "layer has an entry without a name");
    r = make_names_plain(entry, e);
    if (r < 0)
        return r;
    path = archive_entry_pathname(entry);
    if (strncmp(base_name(path), WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) == 0)
        return apply_whiteout(path, e);
    r = filter_xattrs(entry, e);
    return r < 0 ? r : write_entry(u, entry, e);
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
    if (r == 0 && has_failed(u, archive_write_close(u->disk)))
        r = disk_error(u, "directories", e);
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
