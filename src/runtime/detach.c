/*
 * A container that outlives whoever created it, and waits for a start by somebody else: what OCI's `create` and `start`
 * want. The init gets a listening socket, lets the creator go, and takes the word to execute from a connection to it.
 *
 *   creator                                      init
 *     SYNC_DETACH + listening socket ------------> is no longer tied to the creator's life
 *     EOF or SYNC_ERROR <------------------------- closes its end, and accepts connections from here on
 *   starter
 *     connects, SYNC_EXEC -----------------------> takes the connection for its sync socket, goes on as ever
 *     EOF or SYNC_ERROR <------------------------- execve worked, or why it didn't
 */
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "kernel/pidfd.h"
#include "runtime/child.h"
#include "runtime/runtime.h"
#include "runtime/sync.h"

int runtime_detach(struct runtime_container *c, int listen_fd, struct err *e)
{
    int r = sync_send(c->sync_fd, SYNC_DETACH, &listen_fd, 1, e);

    if (r == 0)
        r = sync_wait_eof(c->sync_fd, e);
    fd_close(&c->sync_fd);
    if (r == 0 && pidfd_has_exited(c->pidfd, 0))
        r = err_set(e, ERR_SYS, ESRCH, "the container's init ended before it was let go");
    return r;
}

int runtime_start_detached(int sock, struct err *e)
{
    int r = sync_send(sock, SYNC_EXEC, NULL, 0, e);

    if (r < 0)
        return sync_take_error(sock, e) ? err_to_errno(e) : r;
    return sync_wait_eof(sock, e);
}

/* ---- the init's side ---- */

/* A connection that ends without the word was somebody who only looked whether we are here, or who was killed. */
static int accept_word(int listen_fd, int *sync, struct err *e)
{
    for (;;) {
        _cleanup_close_ int sock = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);

        if (sock < 0 && errno != EINTR && errno != ECONNABORTED)
            return err_sys(e, "wait for the start");
        if (sock < 0 || sync_wait(sock, SYNC_EXEC, NULL, 0, NULL, NULL) < 0)
            continue;
        *sync = TAKE_FD(sock);
        return 0;
    }
}

/* A program that isn't there is the creator's mistake, and the starter may be somebody else. */
static int look_for_program(const struct child *c, struct err *e)
{
    return execute_look(c->payload.process->args, c->payload.env, e);
}

int child_wait_for_word(struct child *c, struct err *e)
{
    _cleanup_close_ int listen_fd = -1;
    enum sync_step step;
    int r = sync_next(c->sync, &step, e);

    if (r < 0 || step != SYNC_DETACH)
        return r < 0 ? r : sync_wait(c->sync, SYNC_EXEC, NULL, 0, NULL, e);
    r = sync_wait(c->sync, SYNC_DETACH, &listen_fd, 1, NULL, e);
    if (r == 0)
        r = look_for_program(c, e);
    if (r < 0)
        return r;
    if (prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) < 0)
        return err_sys(e, "outlive the creator");
    fd_close(&c->sync);
    return accept_word(listen_fd, &c->sync, e);
}
