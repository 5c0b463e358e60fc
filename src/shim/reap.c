#include "shim/reap.h"

#include "kernel/pidfd.h"

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int reap_child(int pidfd, struct shim_exit *ret, struct err *e)
{
    siginfo_t info;
    int r = pidfd_wait(pidfd, &info, e);
    if (r < 0)
        return r;
    int status = info.si_code == CLD_EXITED ? info.si_status & 0xff : 128 + info.si_status;
    *ret = (struct shim_exit){.status = status, .finished_at = now_ns()};
    return 0;
}
