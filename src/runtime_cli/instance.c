#include "runtime_cli/instance.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "kernel/pidfd.h"
#include "runtime/runtime.h"
#include "runtime_cli/start_socket.h"

/* ---- ids and their directories */

static bool is_valid_id(const char *id)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";

    return *id && strlen(id) <= NAME_MAX && id[strspn(id, allowed)] == '\0' && strcmp(id, ".") != 0 &&
           strcmp(id, "..") != 0;
}

int instance_check_id(const char *id, struct err *e)
{
    return is_valid_id(id) ? 0 : err_invalid(e, "invalid container id \"%s\": use letters, digits and _ + - .", id);
}

static int root_open(const char *root)
{
    return open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* True when the name still leads to the directory that was locked: it may have been removed while we waited. */
static bool is_same(int root_fd, const char *id, int dir_fd)
{
    struct stat named, locked;

    return fstatat(root_fd, id, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(dir_fd, &locked) == 0 &&
           named.st_ino == locked.st_ino && named.st_dev == locked.st_dev;
}

/* The directory's fd, or -errno: -EWOULDBLOCK when it is locked and `operation` has LOCK_NB, -EAGAIN when it vanished. */
static int dir_lock(int root_fd, const char *id, int operation)
{
    _cleanup_close_ int fd = openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return -errno;
    while (flock(fd, operation) < 0) {
        if (errno != EINTR)
            return errno == EWOULDBLOCK ? -EBUSY : -errno;
    }
    return is_same(root_fd, id, fd) ? TAKE_FD(fd) : -EAGAIN;
}

static int instance_init(struct instance *i, const char *root, const char *id, struct err *e)
{
    *i = INSTANCE_INIT;
    i->root = strdup(root);
    i->id = strdup(id);
    return i->root && i->id ? 0 : err_set(e, ERR_SYS, ENOMEM, "open container %s", id);
}

/* ---- create */

static int exists_already(const char *id, struct err *e)
{
    return err_conflict(e, "container with given ID already exists: %s", id);
}

/* What an earlier creation left when it was killed. Its init died with it; its cgroup did not. */
static int clear_leftovers(struct instance *i, struct err *e)
{
    _cleanup_record_ struct record old = {0};
    int r;

    if (file_exists(i->dir_fd, "state.json")) {
        r = record_load(i->dir_fd, &old, e);
        if (r < 0 || old.pid != 0)
            return exists_already(i->id, e);
        r = runtime_clean_up(old.cgroup, e);
        if (r < 0)
            return err_context(e, "clear what an earlier creation of %s left", i->id);
    }
    unlinkat(i->dir_fd, START_SOCKET_NAME, 0);
    return 0;
}

/* Made if need be, and locked; another process may remove it in between, or create the same container. */
static int make_locked(int root_fd, const char *id, struct err *e)
{
    int fd;

    do {
        if (mkdirat(root_fd, id, 0700) < 0 && errno != EEXIST)
            return err_sys(e, "make the state directory of %s", id);
        fd = dir_lock(root_fd, id, LOCK_EX | LOCK_NB);
    } while (fd == -ENOENT || fd == -EAGAIN);
    if (fd == -EBUSY)
        return exists_already(id, e);
    return fd < 0 ? err_set(e, ERR_SYS, -fd, "lock the state directory of %s", id) : fd;
}

int instance_create(const char *root, const char *id, struct instance *ret, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    _cleanup_close_ int root_fd = -1;
    int r;

    r = instance_init(&i, root, id, e);
    if (r == 0)
        r = dir_make_all(AT_FDCWD, root, 0700, &root_fd, e);
    if (r < 0)
        return r;
    i.dir_fd = make_locked(root_fd, id, e);
    i.is_locked = true;
    r = i.dir_fd < 0 ? i.dir_fd : clear_leftovers(&i, e);
    if (r < 0)
        return r;
    *ret = i;
    i = INSTANCE_INIT;
    return 0;
}

/* ---- open, remove, list */

static int no_such_container(const char *id, struct err *e)
{
    return err_not_found(e, "container \"%s\" does not exist", id);
}

static int open_dir(const char *root, const char *id, bool lock, struct err *e)
{
    _cleanup_close_ int root_fd = root_open(root);
    int fd;

    if (root_fd < 0 || !is_valid_id(id))
        return no_such_container(id, e);
    fd = lock ? dir_lock(root_fd, id, LOCK_EX) : openat(root_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lock && (fd == -ENOENT || fd == -EAGAIN))
        return no_such_container(id, e);
    if (!lock && fd < 0 && errno == ENOENT)
        return no_such_container(id, e);
    return fd < 0 ? err_set(e, ERR_SYS, lock ? -fd : errno, "open the state directory of %s", id) : fd;
}

int instance_open(const char *root, const char *id, bool lock, struct instance *ret, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    int r = instance_init(&i, root, id, e);

    if (r < 0)
        return r;
    i.dir_fd = open_dir(root, id, lock, e);
    if (i.dir_fd < 0)
        return i.dir_fd;
    i.is_locked = lock;
    /* The directory alone is a creation's very first or a removal's very last moment. */
    if (!file_exists(i.dir_fd, "state.json"))
        return no_such_container(id, e);
    r = record_load(i.dir_fd, &i.record, e);
    if (r < 0)
        return err_context(e, "container %s", id);
    *ret = i;
    i = INSTANCE_INIT;
    return 0;
}

int instance_remove(struct instance *i, struct err *e)
{
    _cleanup_close_ int root_fd = root_open(i->root);

    return root_fd < 0 ? err_sys(e, "open %s", i->root) : dir_remove_all(root_fd, i->id, e);
}

void instance_release(struct instance *i)
{
    fd_close(&i->dir_fd);
    record_release(&i->record);
    free(i->root);
    free(i->id);
    *i = INSTANCE_INIT;
}

static int is_container(const struct dirent *entry)
{
    return is_valid_id(entry->d_name);
}

int instance_list(const char *root, char ***ret, struct err *e)
{
    _cleanup_strv_ char **ids = NULL;
    struct dirent **entries = NULL;
    int n = scandir(root, &entries, is_container, alphasort);
    int r = 0;

    if (n < 0 && errno != ENOENT)
        return err_sys(e, "read %s", root);
    for (int i = 0; i < n; i++) {
        if (r == 0)
            r = strv_add(&ids, entries[i]->d_name, e);
        free(entries[i]);
    }
    free(entries);
    if (r == 0)
        *ret = TAKE_PTR(ids);
    return r;
}

/* ---- status */

static int not_running(const struct instance *i, struct err *e)
{
    return err_set(e, ERR_CONFLICT, ESRCH, "container not running: %s", i->id);
}

int instance_pidfd(const struct instance *i, struct err *e)
{
    _cleanup_close_ int pidfd = i->record.pid > 0 ? pidfd_open_pid(i->record.pid, NULL) : -1;
    uint64_t start_time = 0;

    if (pidfd < 0 || pidfd_has_exited(pidfd, 0))
        return not_running(i, e);
    /* Compared behind the open: a process with the recorded start was there at the open already. */
    if (pid_start_time(i->record.pid, &start_time, NULL) < 0 || start_time != i->record.start_time)
        return not_running(i, e);
    return TAKE_FD(pidfd);
}

/* Who creates holds the lock all along, and with the pid gives it up. */
static bool is_being_created(const struct instance *i)
{
    if (i->is_locked)
        return false;

    _cleanup_close_ int root_fd = root_open(i->root);
    _cleanup_close_ int fd = root_fd < 0 ? -1 : dir_lock(root_fd, i->id, LOCK_EX | LOCK_NB);

    return fd == -EBUSY;
}

enum instance_status instance_status(const struct instance *i)
{
    _cleanup_close_ int pidfd = -1;

    if (i->record.pid == 0)
        return is_being_created(i) ? INSTANCE_CREATING : INSTANCE_STOPPED;
    pidfd = instance_pidfd(i, NULL);
    if (pidfd < 0)
        return INSTANCE_STOPPED;
    if (start_socket_is_listening(i->dir_fd))
        return INSTANCE_CREATED;
    return cgroup_is_frozen(i->record.cgroup) ? INSTANCE_PAUSED : INSTANCE_RUNNING;
}

const char *instance_status_name(enum instance_status status)
{
    static const char *const names[] = {
        [INSTANCE_CREATING] = "creating", [INSTANCE_CREATED] = "created", [INSTANCE_RUNNING] = "running",
        [INSTANCE_PAUSED] = "paused",     [INSTANCE_STOPPED] = "stopped",
    };

    return names[status];
}
