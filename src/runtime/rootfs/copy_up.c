/*
 * tmpcopyup: a tmpfs starts with the content of the directory that it covers. The source belongs to the image, so
 * nothing in it is followed, and what is not a directory, a regular file or a symlink is left out. Extended
 * attributes and hard links are not kept. The amount is bounded by the tmpfs's size, the depth by DEPTH_MAX.
 */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/rootfs/parts.h"

enum { DEPTH_MAX = 100, CHUNK = 1 << 20 };

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int copy_attributes(int fd, const struct stat *st, const char *name, struct err *e)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};

    if (fchown(fd, st->st_uid, st->st_gid) < 0 || fchmod(fd, st->st_mode & 07777) < 0 || futimens(fd, times) < 0)
        return err_sys(e, "copy the attributes of %s", name);
    return 0;
}

static int copy_file(int from_dir, int to_dir, const char *name, struct err *e)
{
    /* O_NONBLOCK: it may have become a FIFO since it was looked at. */
    _cleanup_close_ int from = openat(from_dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    _cleanup_close_ int to = -1;
    struct stat st;
    ssize_t n;

    if (from < 0 || fstat(from, &st) < 0)
        return err_sys(e, "open %s", name);
    if (!S_ISREG(st.st_mode))
        return 0;
    to = openat(to_dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (to < 0)
        return err_sys(e, "make %s", name);
    while ((n = sendfile(to, from, NULL, CHUNK)) > 0)
        ;
    return n < 0 ? err_sys(e, "copy %s", name) : copy_attributes(to, &st, name, e);
}

static int copy_link(int from_dir, int to_dir, const char *name, const struct stat *st, struct err *e)
{
    char target[PATH_MAX];
    ssize_t n = readlinkat(from_dir, name, target, sizeof(target) - 1);

    if (n < 0)
        return err_sys(e, "read the link %s", name);
    target[n] = '\0';
    if (symlinkat(target, to_dir, name) < 0 || fchownat(to_dir, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(e, "make the link %s", name);
    return 0;
}

static int copy_tree(int from_dir, int to_dir, int depth, struct err *e);

static int copy_dir(int from_dir, int to_dir, const char *name, int depth, struct err *e)
{
    _cleanup_close_ int from = openat(from_dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    _cleanup_close_ int to = -1;

    if (from < 0)
        return err_sys(e, "open %s", name);
    if (mkdirat(to_dir, name, 0700) < 0)
        return err_sys(e, "make %s", name);
    to = openat(to_dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return to < 0 ? err_sys(e, "open the copy of %s", name) : copy_tree(from, to, depth + 1, e);
}

static int copy_entry(int from_dir, int to_dir, const char *name, int depth, struct err *e)
{
    struct stat st;

    if (fstatat(from_dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return err_sys(e, "stat %s", name);
    switch (st.st_mode & S_IFMT) {
    case S_IFREG:
        return copy_file(from_dir, to_dir, name, e);
    case S_IFLNK:
        return copy_link(from_dir, to_dir, name, &st, e);
    case S_IFDIR:
        return copy_dir(from_dir, to_dir, name, depth, e);
    default:
        return 0;
    }
}

/* Copies the entries, then the directory's own attributes. */
static int copy_tree(int from_dir, int to_dir, int depth, struct err *e)
{
    int fd = openat(from_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_close_ int to = openat(to_dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_(close_dir) DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct dirent *entry;
    struct stat st;

    if (!dir || to < 0)
        return err_sys(e, "open a directory to copy");
    if (depth > DEPTH_MAX)
        return err_set(e, ERR_INVALID, ELOOP, "directories are nested deeper than %d", DEPTH_MAX);
    while ((entry = readdir(dir))) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (copy_entry(fd, to, entry->d_name, depth, e) < 0)
            return err_to_errno(e);
    }
    if (depth == 0) /* the tmpfs's own mode is an option of its mount */
        return 0;
    return fstat(fd, &st) < 0 ? err_sys(e, "stat a directory to copy") : copy_attributes(to, &st, "a directory", e);
}

int copy_up(int from_fd, int to_fd, struct err *e)
{
    return copy_tree(from_fd, to_fd, 0, e) < 0 ? err_context(e, "copy the image's files into the tmpfs") : 0;
}
