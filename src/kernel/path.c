#include "kernel/path.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"

enum {
    RESOLVE_TRIES =
        128,            /* openat2 says EAGAIN when a rename races with ".."; a swapper can do that, but not for ever */
    LINK_MAX_HOPS = 40, /* as the kernel's own MAXSYMLINKS */
    PROC_ROOT_INODE = 1, /* include/linux/proc_fs.h: PROC_ROOT_INO */
};

/* openat2 with the bounded retries; an fd or -errno, and no message. */
static int resolve(int dir_fd, const char *path, int flags, mode_t mode, unsigned how_flags)
{
    struct open_how how = {
        .flags = (unsigned)(flags | O_CLOEXEC),
        .mode = (flags & O_CREAT) ? mode : 0,
        .resolve = how_flags,
    };

    for (int i = 0; i < RESOLVE_TRIES; i++) {
        int fd = sys_openat2(dir_fd, path, &how);

        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            return fd >= 0 ? fd : -errno;
    }
    return -EAGAIN;
}

static int resolve_in_root(int root_fd, const char *path, int flags, mode_t mode)
{
    return resolve(root_fd, path, flags, mode, RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
}

static int open_error(int error, const char *path, struct err *e)
{
    if (error == -EAGAIN)
        return err_set(e, ERR_SYS, EAGAIN, "open %s: somebody keeps renaming its directories", path);
    return err_set(e, ERR_SYS, -error, "open %s", path);
}

int path_open_in_root(int root_fd, const char *path, int flags, mode_t mode, struct err *e)
{
    int fd = resolve_in_root(root_fd, path, flags, mode);

    return fd >= 0 ? fd : open_error(fd, path, e);
}

int path_open_no_symlinks(int root_fd, const char *path, int flags, mode_t mode, struct err *e)
{
    /* With O_PATH|O_NOFOLLOW a final symlink would be opened, as itself, in place of being refused (openat2(2)). */
    int fd = resolve(root_fd, path, flags & ~O_NOFOLLOW, mode, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);

    if (fd == -ELOOP)
        return err_set(e, ERR_DENIED, ELOOP, "open %s: it is, or leads through, a symbolic link", path);
    return fd >= 0 ? fd : open_error(fd, path, e);
}

/* ---- making directories and mount targets */

/*
 * A path on its way to being made: text[0…done) exists and is `fd`; the rest does not exist yet. A symlink that
 * dangles is replaced by what it says, so that /var/run/x with /var/run -> /run makes /run/x.
 */
struct walk {
    int root_fd;
    int fd; /* O_PATH */
    int hops;
    size_t done;
    char text[PATH_MAX];
};

static void walk_release(struct walk *w)
{
    fd_close(&w->fd);
}

static int walk_init(struct walk *w, int root_fd, const char *path, struct err *e)
{
    size_t len = strlen(path);

    w->root_fd = root_fd;
    w->fd = -1;
    w->hops = 0;
    w->done = 0;
    if (len >= sizeof(w->text))
        return err_set(e, ERR_INVALID, ENAMETOOLONG, "the path is longer than %d bytes", PATH_MAX - 1);
    memcpy(w->text, path, len + 1);
    while (len > 1 && w->text[len - 1] == '/')
        w->text[--len] = '\0';
    return 0;
}

/* Finds the longest part that exists, as seen inside the root. */
static int walk_find(struct walk *w, struct err *e)
{
    char prefix[PATH_MAX];
    size_t len = strlen(w->text);

    fd_close(&w->fd);
    memcpy(prefix, w->text, len + 1);
    for (;;) {
        int fd = resolve_in_root(w->root_fd, len ? prefix : "/", O_PATH, 0);

        if (fd >= 0) {
            w->fd = fd;
            w->done = len;
            return 0;
        }
        if (fd != -ENOENT || len == 0)
            return open_error(fd, prefix, e);
        while (len > 0 && prefix[len - 1] != '/')
            len--;
        while (len > 0 && prefix[len - 1] == '/')
            len--;
        prefix[len] = '\0';
    }
}

/* The next missing component into name[]; false at the end. *ret_last tells whether it is the last one. */
static bool walk_next(const struct walk *w, char name[PATH_MAX], size_t *ret_end, bool *ret_last)
{
    size_t at = w->done + strspn(w->text + w->done, "/");
    size_t len = strcspn(w->text + at, "/");

    memcpy(name, w->text + at, len);
    name[len] = '\0';
    *ret_end = at + len;
    *ret_last = w->text[at + len + strspn(w->text + at + len, "/")] == '\0';
    return len > 0;
}

/* `name` in w->fd exists but resolves to nothing: a dangling symlink. Puts its target in its place and looks again. */
static int walk_follow(struct walk *w, const char *name, size_t end, struct err *e)
{
    char target[PATH_MAX];
    char text[PATH_MAX];
    ssize_t len = readlinkat(w->fd, name, target, sizeof(target) - 1);
    int n;

    if (++w->hops > LINK_MAX_HOPS)
        return err_set(e, ERR_SYS, ELOOP, "make %s", w->text);
    if (len < 0 && errno == EINVAL) /* no link: somebody made it between our two looks */
        return walk_find(w, e);
    if (len < 0)
        return err_sys(e, "read the symbolic link %.*s", (int)end, w->text);
    target[len] = '\0';
    n = snprintf(text, sizeof(text), "%.*s/%s%s", target[0] == '/' ? 0 : (int)w->done, w->text, target, w->text + end);
    if (n < 0 || (size_t)n >= sizeof(text))
        return err_set(e, ERR_SYS, ENAMETOOLONG, "make %s", w->text);
    memcpy(w->text, text, (size_t)n + 1);
    return walk_find(w, e);
}

/* Makes one component (S_IFDIR or S_IFREG) in w->fd and steps into it. O_NOFOLLOW on the way in: what an attacker may
 * have put there in the meantime is not followed. */
static int walk_make(struct walk *w, const char *name, size_t end, mode_t mode, struct err *e)
{
    int is_dir = S_ISDIR(mode);
    int made = is_dir ? mkdirat(w->fd, name, mode & 07777) : mknodat(w->fd, name, mode, 0);
    int fd;

    if (made < 0 && errno == EEXIST)
        return walk_follow(w, name, end, e);
    if (made < 0)
        return err_sys(e, "make %.*s", (int)end, w->text);
    fd = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC | (is_dir ? O_DIRECTORY : 0));
    if (fd < 0)
        return err_sys(e, "open %.*s, just made", (int)end, w->text);
    fd_close(&w->fd);
    w->fd = fd;
    w->done = end;
    return 0;
}

/* Makes what is missing: directories, and as the last component a directory or an empty file. Returns its O_PATH fd.
 * It ends: each round makes one component, or takes one of at most LINK_MAX_HOPS hops. */
static int make_path(int root_fd, const char *path, mode_t dir_mode, mode_t last_mode, struct err *e)
{
    _cleanup_(walk_release) struct walk w;
    char name[PATH_MAX];
    bool last;
    size_t end;
    int r = walk_init(&w, root_fd, path, e);

    if (r == 0)
        r = walk_find(&w, e);
    while (r == 0 && walk_next(&w, name, &end, &last)) {
        /* The kernel resolved every ".." of the part that exists; after a name that does not exist it means nothing. */
        if (strcmp(name, "..") == 0)
            return err_set(e, ERR_INVALID, ENOENT, "%s: \"..\" after a directory that does not exist", w.text);
        if (strcmp(name, ".") == 0)
            w.done = end;
        else
            r = walk_make(&w, name, end, last ? last_mode : (S_IFDIR | dir_mode), e);
    }
    return r < 0 ? r : TAKE_FD(w.fd);
}

int path_make_dirs(int root_fd, const char *path, mode_t mode, struct err *e)
{
    _cleanup_close_ int fd = make_path(root_fd, path, mode, S_IFDIR | mode, e);
    struct stat st;

    if (fd < 0)
        return fd;
    if (fstat(fd, &st) < 0)
        return err_sys(e, "stat %s", path);
    if (!S_ISDIR(st.st_mode))
        return err_set(e, ERR_SYS, ENOTDIR, "make directory %s", path);
    return TAKE_FD(fd);
}

/* A mount must not cover the root itself: everything that comes after it would go into the covered tree. */
static int check_target(int root_fd, int fd, const char *path, bool is_dir, struct err *e)
{
    struct stat st, root;

    if (fstat(fd, &st) < 0 || fstat(root_fd, &root) < 0)
        return err_sys(e, "stat %s", path);
    if (S_ISLNK(st.st_mode)) /* put there after make_path made a file, and opened as itself */
        return err_set(e, ERR_SYS, ELOOP, "%s was replaced by a symbolic link", path);
    if (st.st_dev == root.st_dev && st.st_ino == root.st_ino)
        return err_invalid(e, "%s is the root directory itself, which cannot be a mount's target", path);
    if (S_ISDIR(st.st_mode) != is_dir)
        return err_set(e, ERR_INVALID, ENOTDIR,
                       "%s is %s in the container, but what is to be mounted there is %s: are you trying to mount a "
                       "directory onto a file (or vice versa)?",
                       path, is_dir ? "a file" : "a directory", is_dir ? "a directory" : "a file");
    return 0;
}

int path_make_mount_target(int root_fd, const char *path, bool is_dir, struct err *e)
{
    _cleanup_close_ int fd = make_path(root_fd, path, 0755, is_dir ? S_IFDIR | 0755 : S_IFREG | 0644, e);
    int r = fd < 0 ? fd : check_target(root_fd, fd, path, is_dir, e);

    return r < 0 ? r : TAKE_FD(fd);
}

/* ---- procfs */

int path_open_procfs(struct err *e)
{
    _cleanup_close_ int fd = open("/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct statfs fs;
    struct stat st;

    if (fd < 0)
        return err_sys(e, "open /proc");
    if (fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "stat /proc");
    if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
        return err_set(e, ERR_DENIED, 0, "/proc is not the root of a proc file system");
    return TAKE_FD(fd);
}

int path_open_below_procfs(int proc_fd, const char *path, int flags, struct err *e)
{
    int fd = resolve(proc_fd, path, flags, 0, RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS);

    if (fd == -EXDEV)
        return err_set(e, ERR_DENIED, EXDEV, "open /proc/%s: something is mounted over it", path);
    if (fd < 0)
        return err_set(e, ERR_SYS, -fd, "open /proc/%s", path);
    return fd;
}
