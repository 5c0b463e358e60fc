#include "engine/remote.h"

#include <time.h>

#include "base/fd.h"
#include "engine/lock.h"
#include "engine/paths.h"
#include "shim/client.h"

static int connect_once(const struct engine *en, const char *id, struct err *e)
{
    _cleanup_close_ int dir = run_dir_open(en, id, e);
    return dir < 0 ? dir : shim_connect(dir, e);
}

static bool is_locked(const struct engine *en, const char *id)
{
    int fd = lock_take(en, id, NULL);
    bool busy = fd == -EWOULDBLOCK;
    fd_close(&fd);
    return busy;
}

/* Without a socket but with a held lock it is being started, or its shim is on its way out: either is soon over. */
int remote_try_connect(const struct engine *en, const char *id, struct err *e)
{
    enum { STEP_US = 1000, TIMEOUT_US = 10 * 1000 * 1000 };
    for (int waited_us = 0;; waited_us += STEP_US) {
        int sock = connect_once(en, id, e);
        bool is_missing = sock == -ENOENT || sock == -ECONNREFUSED;
        if (!is_missing || waited_us >= TIMEOUT_US || !is_locked(en, id))
            return sock;
        nanosleep(&(struct timespec){.tv_nsec = STEP_US * 1000}, NULL);
    }
}

int remote_connect(const struct engine *en, const char *id, struct err *e)
{
    int sock = remote_try_connect(en, id, e);
    if (sock == -ENOENT || sock == -ECONNREFUSED)
        return err_conflict(e, "container %.12s is not running", id);
    return sock;
}

int remote_pidfd(const struct engine *en, const char *id, struct err *e)
{
    _cleanup_close_ int sock = remote_connect(en, id, e);
    return sock < 0 ? sock : shim_client_pidfd(sock, e);
}
