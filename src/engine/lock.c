#include "engine/lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "engine/engine.h"
#include "engine/recover.h"

int lock_create(const struct engine *en, const char *id, struct err *e)
{
    _cleanup_close_ int fd = openat(en->locks_fd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_sys(e, "make a lock in %s/locks", en->run_root);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return err_sys(e, "lock %.12s", id);
    if (linkat(AT_FDCWD, fd_path(fd).path, en->locks_fd, id, AT_SYMLINK_FOLLOW) < 0)
        return errno == EEXIST ? -EEXIST : err_sys(e, "name the lock of %.12s", id);
    return TAKE_FD(fd);
}

int lock_take(const struct engine *en, const char *id, struct err *e)
{
    struct stat st;
    _cleanup_close_ int fd = openat(en->locks_fd, id, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? -ENOENT : err_sys(e, "open the lock of %.12s", id);
    if (flock(fd, LOCK_EX | LOCK_NB) < 0)
        return errno == EWOULDBLOCK ? -EWOULDBLOCK : err_sys(e, "lock %.12s", id);
    if (fstat(fd, &st) < 0)
        return err_sys(e, "lock %.12s", id);
    if (st.st_nlink == 0) /* its last holder removed it between our open and our flock */
        return -ENOENT;
    return TAKE_FD(fd);
}

int lock_take_within(const struct engine *en, const char *id, int timeout_ms, struct err *e)
{
    enum { STEP_US = 500 };
    for (int waited_us = 0;; waited_us += STEP_US) {
        int fd = lock_take(en, id, e);
        if (fd != -EWOULDBLOCK || waited_us >= timeout_ms * 1000)
            return fd;
        nanosleep(&(struct timespec){.tv_nsec = STEP_US * 1000}, NULL);
    }
}

int lock_acquire(struct engine *en, const char *id, int timeout_ms, struct err *e)
{
    for (;;) {
        int fd = lock_create(en, id, e);
        if (fd != -EEXIST)
            return fd;
        fd = lock_take_within(en, id, timeout_ms, e);
        if (fd == -ENOENT) /* gone meanwhile: the name is free */
            continue;
        if (fd < 0)
            return fd;
        int r = recover_container(en, id, &fd, e);
        if (r < 0)
            return r;
    }
}

void lock_remove(const struct engine *en, const char *id, int *fd)
{
    if (unlinkat(en->locks_fd, id, 0) < 0)
        log_warning("remove the lock of %.12s: %m", id);
    fd_close(fd);
}
