#include "engine/shmjoin.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/mount.h"
#include "kernel/syscalls.h"
#include "runtime/sync.h"

/* What lies at /dev/shm there is the container's doing; what comes of it is mounted in a container that joins it,
 * nowhere else. Links are not followed. */
static int clone_there(int pidfd, struct err *e)
{
    if (sys_setns(pidfd, CLONE_NEWNS) < 0)
        return err_sys(e, "enter the mount namespace");
    return mount_clone(AT_FDCWD, "/dev/shm", false, false, e);
}

static _Noreturn void child(int pidfd, int sync)
{
    struct err e = ERR_INIT;
    int fd = clone_there(pidfd, &e);
    if (fd < 0)
        sync_send_error(sync, &e);
    else
        sync_send(sync, SYNC_MOUNTS, &fd, 1, NULL);
    _exit(0);
}

int shm_join_open(int pidfd, struct err *e)
{
    _cleanup_close_ int ours = -1, theirs = -1, fd = -1;
    size_t n;
    int status;
    int r = sync_pair(&ours, &theirs, e);
    if (r < 0)
        return r;
    pid_t pid = fork();
    if (pid < 0)
        return err_sys(e, "fork");
    if (pid == 0)
        child(pidfd, theirs);
    fd_close(&theirs);
    r = sync_wait(ours, SYNC_MOUNTS, &fd, 1, &n, e);
    waitpid(pid, &status, 0);
    if (r == 0 && n != 1)
        r = err_set(e, ERR_INTERNAL, EBADMSG, "no mount came");
    return r < 0 ? err_context(e, "share /dev/shm") : TAKE_FD(fd);
}
