/* Directories of one hierarchy: made with their parents, removed with their children. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/cgroup/driver.h"

enum {
    NAME_MAX_LEN = 256,
    MAKE_ATTEMPTS_MAX = 100,
    REMOVE_STEPS_MAX = 1 << 20, /* a container may have made any number of cgroups */
    REMOVE_PATIENCE_US = 1000000,
};

/* What sampan makes beside containers' own cgroups, and therefore removes again. Other parents belong to who named
 * them. */
static const char own_parent[] = "sampan";

static int open_child(int fd, const char *name)
{
    int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return child >= 0 ? child : -errno;
}

bool cgroup_path_is_below_root(const char *path)
{
    bool has_name = false;

    for (path += strspn(path, "/"); *path; path += strspn(path, "/")) {
        size_t len = strcspn(path, "/");

        if (len <= 2 && memcmp(path, "..", len) == 0)
            return false;
        has_name = true;
        path += len;
    }
    return has_name;
}

/* ---- making */

/* One by one, as far as it goes: one that cannot be had here fails those containers only whose limits need it. */
static void enable_each(const char *list, int dir_fd)
{
    char word[64];
    for (; *list; list += strcspn(list, " "), list += strspn(list, " "))
        if (snprintf(word, sizeof(word), "%.*s", (int)strcspn(list, " "), list) < (int)sizeof(word))
            file_write_existing(dir_fd, "cgroup.subtree_control", word, NULL);
}

static int enable_controllers(const struct cgroup_tree *t, int dir_fd, struct err *e)
{
    if (!t->subtree_control || !*t->subtree_control)
        return 0;
    int r = file_write_existing(dir_fd, "cgroup.subtree_control", t->subtree_control, NULL);
    if (r >= 0 || faccessat(dir_fd, "cgroup.subtree_control", F_OK, 0) < 0) /* gone: the caller tries anew */
        return r;
    if (r == -EBUSY) {
        err_set(e, ERR_SYS, EBUSY, "enable cgroup controllers \"%s\"", t->subtree_control);
        return err_advice(e, "the parent cgroup has processes of its own; name another one");
    }
    enable_each(t->subtree_control, dir_fd);
    return 0;
}

/* The last directory of the path. An empty one is a leftover: it goes, with whatever limits it had. */
static int make_leaf(int parent_fd, const char *name, struct err *e)
{
    if (mkdirat(parent_fd, name, 0755) == 0)
        return 0;
    if (errno == EEXIST && unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 && mkdirat(parent_fd, name, 0755) == 0)
        return 0;
    if (errno == EBUSY || errno == EEXIST)
        return err_conflict(e, "cgroup %s is in use", name);
    return -errno;
}

static int make_directory(int parent_fd, const char *name, bool is_leaf, struct err *e)
{
    if (is_leaf)
        return make_leaf(parent_fd, name, e);
    return mkdirat(parent_fd, name, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

static int enter(const struct cgroup_tree *t, int *fd, const char *name, bool is_leaf, struct err *e)
{
    int r = enable_controllers(t, *fd, e);
    if (r == 0)
        r = make_directory(*fd, name, is_leaf, e);
    if (r < 0)
        return r;
    _cleanup_close_ int child = open_child(*fd, name);
    if (child < 0)
        return child;
    r = t->prepare ? t->prepare(*fd, child, e) : 0;
    if (r < 0)
        return r;
    fd_close(fd);
    *fd = TAKE_FD(child);
    return 0;
}

/* One walk from the root. -ENOENT or -ENODEV: a parent was removed on the way, by another container's end. */
static int make_path(const struct cgroup_tree *t, const char *path, struct err *e)
{
    char name[NAME_MAX_LEN];
    _cleanup_close_ int fd = fcntl(t->root_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    const char *rest = path + strspn(path, "/");
    while (*rest) {
        size_t len = strcspn(rest, "/");
        if (len >= sizeof(name))
            return -ENAMETOOLONG;
        memcpy(name, rest, len);
        name[len] = '\0';
        rest += len + strspn(rest + len, "/");
        int r = enter(t, &fd, name, *rest == '\0', e);
        if (r < 0)
            return r;
    }
    return TAKE_FD(fd);
}

int cgroup_tree_make(const struct cgroup_tree *t, const char *path, struct err *e)
{
    struct err local = ERR_INIT;
    int r = -ENOENT;
    if (!cgroup_path_is_below_root(path))
        return err_invalid(e, "cgroup \"%s\": a container's cgroup lies below the root", path);
    for (int i = 0; i < MAKE_ATTEMPTS_MAX && (r == -ENOENT || r == -ENODEV) && !err_is_set(&local); i++)
        r = make_path(t, path, &local);
    if (r >= 0)
        return r;
    if (err_is_set(&local)) {
        err_set(e, local.kind, local.code, "%s", local.text);
        return err_context(e, "cgroup %s", path);
    }
    err_set(e, ERR_SYS, -r, "make cgroup %s", path);
    if (r == -EROFS || r == -EACCES)
        return err_advice(e, "the cgroup file system must be writable");
    return r;
}

/* ---- opening */

static const char *relative(const char *path)
{
    path += strspn(path, "/");
    return *path ? path : ".";
}

int cgroup_tree_open(int root_fd, const char *path)
{
    return cgroup_path_is_below_root(path) ? open_child(root_fd, relative(path)) : -EINVAL;
}

/* ---- removing */

/* The first subdirectory's name; false when there is none. */
static bool first_child(int dir_fd, char name[NAME_MAX_LEN])
{
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    bool found = false;
    if (!dir) {
        fd_close(&fd);
        return false;
    }
    for (struct dirent *d; !found && (d = readdir(dir));) {
        found = d->d_type == DT_DIR && d->d_name[0] != '.';
        if (found)
            snprintf(name, NAME_MAX_LEN, "%s", d->d_name);
    }
    closedir(dir);
    return found;
}

static int go_to(int *fd, const char *name)
{
    int next = openat(*fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (next < 0)
        return -errno;
    fd_close(fd);
    *fd = next;
    return 0;
}

/* Everything below top_fd, deepest first. Neither stack nor fds grow with the depth, which the container chose. */
static int remove_children(int top_fd)
{
    char name[NAME_MAX_LEN], grandchild[NAME_MAX_LEN];
    size_t depth = 0;
    _cleanup_close_ int fd = fcntl(top_fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0)
        return -errno;
    for (int i = 0; i < REMOVE_STEPS_MAX; i++) {
        int r = 0;
        if (!first_child(fd, name)) {
            if (depth-- == 0)
                return 0;
            r = go_to(&fd, "..");
        } else if (unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT) {
            if (errno != EBUSY)
                return -errno;
            r = go_to(&fd, name);
            depth++;
            if (r == 0 && !first_child(fd, grandchild))
                return -EBUSY; /* not for its children: it has processes */
        }
        if (r < 0)
            return r;
    }
    return -ELOOP;
}

static int remove_once(int root_fd, const char *path)
{
    if (unlinkat(root_fd, path, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return 0;
    if (errno != EBUSY)
        return -errno;
    _cleanup_close_ int fd = open_child(root_fd, path);
    if (fd < 0)
        return fd == -ENOENT ? 0 : fd;
    int r = remove_children(fd);
    if (r < 0)
        return r;
    return unlinkat(root_fd, path, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

static bool is_below_own_parent(const char *path)
{
    size_t len = strlen(own_parent);
    return strncmp(path, own_parent, len) == 0 && path[len] == '/';
}

/* A process that was killed leaves its cgroup a little after it is gone for everybody else. */
static int remove_with_patience(int root_fd, const char *path, int patience_us)
{
    int r = remove_once(root_fd, path);
    for (int waited_us = 0, pause_us = 100; r == -EBUSY && waited_us < patience_us; pause_us *= 2) {
        nanosleep(&(struct timespec){.tv_nsec = pause_us * 1000L}, NULL);
        waited_us += pause_us;
        r = remove_once(root_fd, path);
    }
    return r;
}

int cgroup_tree_remove(int root_fd, const char *path, bool is_patient, struct err *e)
{
    if (!cgroup_path_is_below_root(path))
        return err_set(e, ERR_INTERNAL, EINVAL, "the root cgroup is not removed");
    path = relative(path);
    int r = remove_with_patience(root_fd, path, is_patient ? REMOVE_PATIENCE_US : 0);
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "remove cgroup %s", path);
    if (is_below_own_parent(path))
        unlinkat(root_fd, own_parent, AT_REMOVEDIR); /* EBUSY while another container is there */
    return 0;
}
