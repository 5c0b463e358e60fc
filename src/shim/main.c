/* sampan-shim: the supervisor of one container. Started by the engine; shim.h says with what. */
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "shim/shim.h"
#include "shim/supervise.h"

static struct shim shim; /* its buffers cost memory only as far as they are used */

int main(int argc, char **argv)
{
    log_init("sampan-shim", LOG_LEVEL_WARNING);
    if (argc != 2) {
        log_print(LOG_LEVEL_ERROR, "usage: sampan-shim ID (started by sampan, which hands over files 3 and 4)");
        return 125;
    }
    fd_cloexec_from(SHIM_FD_STARTER, NULL, 0);
    struct err e = ERR_INIT;
    int r = handover_await(&shim.handover, &e);
    if (r == 0)
        r = shim_supervise(&shim, argv[1], &e);
    if (r < 0)
        log_print(LOG_LEVEL_ERROR, "%s", e.text);
    shim_leave(&shim);
    return r < 0;
}
