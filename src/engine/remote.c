#include "engine/remote.h"

#include "base/fd.h"
#include "engine/paths.h"
#include "shim/client.h"

int remote_try_connect(const struct engine *en, const char *id, struct err *e)
{
    _cleanup_close_ int dir = run_dir_open(en, id, e);
    return dir < 0 ? dir : shim_connect(dir, e);
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
