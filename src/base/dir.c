/* Directory trees: the dir_ functions of base/file.h. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"

/* ---- making ---- */

static int open_dir_path(int dir_fd, const char *name)
{
    return openat(dir_fd, name, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

/* Moves *fd, an owned fd, into its subdirectory `name`, which is made when it is missing. */
static int enter_or_make(int *fd, const char *name, mode_t mode)
{
    int next;

    if (mkdirat(*fd, name, mode) < 0 && errno != EEXIST)
        return -errno;
    next = open_dir_path(*fd, name);
    if (next < 0)
        return -errno;
    fd_close(fd);
    *fd = next;
    return 0;
}

/* Walks the components of path, making those that are missing. Returns an O_PATH fd of the last one. */
static int make_components(int dir_fd, const char *path, mode_t mode, struct err *e)
{
    _cleanup_free_ char *copy = strdup(path);
    _cleanup_close_ int fd = -1;
    char *rest = NULL;
    int r;

    if (!copy)
        return err_set(e, ERR_SYS, ENOMEM, "make directory %s", path);
    fd = open_dir_path(dir_fd, *path == '/' ? "/" : ".");
    if (fd < 0)
        return err_sys(e, "open the directory that %s is relative to", path);

    for (char *name = strtok_r(copy, "/", &rest); name; name = strtok_r(NULL, "/", &rest)) {
        r = enter_or_make(&fd, name, mode);
        if (r < 0)
            return err_set(e, ERR_SYS, -r, "make directory %.*s", (int)(name - copy + (ptrdiff_t)strlen(name)), path);
    }
    return TAKE_FD(fd);
}

int dir_make_all(int dir_fd, const char *path, mode_t mode, int *ret_fd, struct err *e)
{
    _cleanup_close_ int fd = open_dir_path(dir_fd, path); /* mostly it is there already */

    if (fd < 0 && errno != ENOENT)
        return err_sys(e, "make directory %s", path);
    if (fd < 0)
        fd = make_components(dir_fd, path, mode, e);
    if (fd < 0)
        return fd;
    if (ret_fd)
        *ret_fd = TAKE_FD(fd);
    return 0;
}

/* ---- removing ---- */

/*
 * A container can nest directories far deeper than this process may have fds or stack. So the walk holds at most
 * DEPTH_MAX directories open; what lies deeper is renamed up into the root of the tree, where the next pass over the
 * root meets it.
 */
enum { DEPTH_MAX = 32 };

struct removal {
    int root_fd;
    unsigned depth;
    unsigned n_lifted;
};

static int remove_entry(struct removal *rm, int dir_fd, const char *name, bool is_dir, struct err *e);

static void cleanup_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* STATX_ATTR_MOUNT_ROOT, unlike a comparison of st_dev, also knows a bind mount of the same file system. */
static int refuse_mount_point(int fd, const char *name, struct err *e)
{
    struct statx stx;

    if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_TYPE, &stx) < 0)
        return err_sys(e, "stat %s", name);
    if (stx.stx_attributes & STATX_ATTR_MOUNT_ROOT)
        return err_set(e, ERR_CONFLICT, EBUSY, "%s is a mount point", name);
    return 0;
}

/* Opens a directory for removal of what is in it: never through a symlink, never on another mount. *ret stays NULL when
 * the directory is gone: somebody else may clean up the same tree. */
static int open_own_dir(int dir_fd, const char *name, DIR **ret, struct err *e)
{
    _cleanup_close_ int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    int r;

    if (fd < 0)
        return errno == ENOENT ? 0 : err_sys(e, "open %s", name);
    r = refuse_mount_point(fd, name, e);
    if (r < 0)
        return r;
    *ret = fdopendir(fd);
    if (!*ret)
        return err_sys(e, "open %s", name);
    (void)TAKE_FD(fd);
    return 0;
}

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* One pass over a directory's entries: the number of entries met, or the error. */
static int remove_entries(struct removal *rm, DIR *dir, struct err *e)
{
    int n = 0;

    for (;;) {
        const struct dirent *entry;
        int r;

        errno = 0;
        entry = readdir(dir);
        if (!entry)
            return errno ? err_sys(e, "read directory") : n;
        if (is_dot(entry->d_name))
            continue;
        r = remove_entry(rm, dirfd(dir), entry->d_name, entry->d_type == DT_DIR, e);
        if (r < 0)
            return r;
        n = 1;
    }
}

/* Passes over the open directory until it can be removed: a file system may skip entries while others are removed,
 * and directories are lifted into the root behind the reader's back. A pass that met nothing ends it. */
static int empty_and_remove(struct removal *rm, DIR *dir, int parent_fd, const char *name, struct err *e)
{
    int n;

    do {
        n = remove_entries(rm, dir, e);
        if (n < 0)
            return n;
        if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
            return 0;
        if (errno != ENOTEMPTY && errno != EEXIST)
            break;
        rewinddir(dir);
    } while (n > 0);
    return err_sys(e, "remove directory %s", name);
}

static int lift_to_root(struct removal *rm, int dir_fd, const char *name, struct err *e)
{
    char lifted[32];

    do {
        snprintf(lifted, sizeof(lifted), ".lifted-%u", rm->n_lifted++);
        if (renameat2(dir_fd, name, rm->root_fd, lifted, RENAME_NOREPLACE) == 0)
            return 0;
    } while (errno == EEXIST);
    return err_sys(e, "move %s up", name);
}

static int remove_dir(struct removal *rm, int dir_fd, const char *name, struct err *e)
{
    _cleanup_(cleanup_dir) DIR *dir = NULL;
    int r;

    if (rm->depth == DEPTH_MAX)
        return lift_to_root(rm, dir_fd, name, e);
    r = open_own_dir(dir_fd, name, &dir, e);
    if (r < 0 || !dir)
        return r;
    if (rm->depth == 0)
        rm->root_fd = dirfd(dir);

    rm->depth++;
    r = empty_and_remove(rm, dir, dir_fd, name, e);
    rm->depth--;
    return r;
}

static int remove_entry(struct removal *rm, int dir_fd, const char *name, bool is_dir, struct err *e)
{
    if (!is_dir) {
        if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT)
            return 0;
        if (errno != EISDIR) /* a file system without d_type */
            return err_sys(e, "remove %s", name);
    }
    return remove_dir(rm, dir_fd, name, e);
}

int dir_remove_all(int dir_fd, const char *path, struct err *e)
{
    struct removal rm = {.root_fd = -1};

    if (remove_entry(&rm, dir_fd, path, false, e) < 0)
        return err_context(e, "remove %s", path);
    return 0;
}

/* ---- listing ---- */

/* A vector that is being filled; it is terminated at all times. */
struct name_list {
    char **v;
    size_t n, room;
};

static void cleanup_name_list(struct name_list *l)
{
    strv_free(l->v);
}

static int name_list_add(struct name_list *l, const char *name)
{
    enum { FIRST_ROOM = 16 };

    if (l->n + 1 >= l->room) {
        size_t room = l->room ? 2 * l->room : FIRST_ROOM;
        char **grown = reallocarray(l->v, room, sizeof(*grown));

        if (!grown)
            return -ENOMEM;
        l->v = grown;
        l->room = room;
    }
    l->v[l->n] = strdup(name);
    if (!l->v[l->n])
        return -ENOMEM;
    l->v[++l->n] = NULL;
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int dir_list(int dir_fd, const char *path, char ***ret, struct err *e)
{
    _cleanup_(cleanup_name_list) struct name_list list = {.v = NULL};
    _cleanup_(cleanup_dir) DIR *dir = NULL;
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = 0;

    if (fd < 0)
        return err_sys(e, "list directory %s", path);
    dir = fdopendir(fd);
    if (!dir)
        return err_sys(e, "list directory %s", path);
    TAKE_FD(fd);
    for (struct dirent *d; r == 0 && (errno = 0, d = readdir(dir));)
        r = is_dot(d->d_name) ? 0 : name_list_add(&list, d->d_name);
    if (r == 0)
        r = -errno;
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "list directory %s", path);
    if (list.n > 0)
        qsort(list.v, list.n, sizeof(*list.v), compare_names);
    *ret = TAKE_PTR(list.v);
    return 0;
}
