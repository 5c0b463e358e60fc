#include "base/fd.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <unistd.h>

void fd_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd);
    *fd = -1;
    errno = saved;
}

int fd_write_all(int fd, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = write(fd, p, len);

        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

ssize_t fd_read_full(int fd, void *data, size_t len)
{
    char *p = data;
    size_t done = 0;

    while (done < len) {
        ssize_t n = read(fd, p + done, len - done);

        if (n == 0)
            break;
        if (n < 0) {
            if (errno == EINTR)
                continue;
            return -errno;
        }
        done += (size_t)n;
    }
    return (ssize_t)done;
}

/* Sets or clears one bit of what F_GETxx returns with F_SETxx; no system call when it is so already. */
static int flag_change(int fd, int get, int set, int flag, bool on)
{
    int old = fcntl(fd, get);
    int new = on ? old | flag : old & ~flag;

    if (old < 0)
        return -errno;
    if (new != old && fcntl(fd, set, new) < 0)
        return -errno;
    return 0;
}

int fd_set_cloexec(int fd, int on)
{
    return flag_change(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_set_nonblock(int fd, int on)
{
    return flag_change(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

struct fd_path fd_path(int fd)
{
    struct fd_path p;

    snprintf(p.path, sizeof(p.path), "/proc/self/fd/%d", fd);
    return p;
}

static int cloexec_range(unsigned first, unsigned last)
{
    if (first > last)
        return 0;
    return close_range(first, last, CLOSE_RANGE_CLOEXEC) < 0 ? -errno : 0;
}

int fd_cloexec_from(unsigned from, const int *keep, size_t n_keep)
{
    unsigned next = from;
    int r;

    for (size_t i = 0; i < n_keep; i++) {
        r = fd_set_cloexec(keep[i], 0);
        if (r < 0)
            return r;
        if ((unsigned)keep[i] < next)
            continue;
        if ((unsigned)keep[i] > next) {
            r = cloexec_range(next, (unsigned)keep[i] - 1);
            if (r < 0)
                return r;
        }
        next = (unsigned)keep[i] + 1;
    }
    return cloexec_range(next, UINT_MAX);
}
