#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/syscalls.h"
#include "runtime/process/process.h"

enum { N_STDIO = 3 };

/* The container's own, and proven to be it: the host's would be a way to a mount outside. */
static int open_null(struct err *e)
{
    _cleanup_close_ int fd = open("/dev/null", O_RDWR | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC);
    struct stat st;

    if (fd < 0 || fstat(fd, &st) < 0)
        return err_sys(e, "open the container's /dev/null");
    if (!S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
        return err_set(e, ERR_DENIED, 0, "the container's /dev/null is not the null device");
    return TAKE_FD(fd);
}

/* A duplicate above 2, so that no fd to be placed lies where another one goes. */
static int lift(int fd, struct err *e)
{
    _cleanup_close_ int null_fd = fd < 0 ? open_null(e) : -1;
    int lifted;

    if (fd < 0 && null_fd < 0)
        return null_fd;
    lifted = fcntl(fd < 0 ? null_fd : fd, F_DUPFD_CLOEXEC, N_STDIO);
    return lifted < 0 ? err_sys(e, "duplicate fd %d", fd) : lifted;
}

int stdio_place(const int fds[3], struct err *e)
{
    int lifted[N_STDIO] = {-1, -1, -1};
    int r = 0;

    for (int i = 0; i < N_STDIO && r == 0; i++) {
        lifted[i] = lift(fds[i], e);
        if (lifted[i] < 0)
            r = lifted[i];
    }
    for (int i = 0; i < N_STDIO && r == 0; i++) {
        if (dup2(lifted[i], i) < 0)
            r = err_sys(e, "place fd %d", i);
    }
    for (int i = 0; i < N_STDIO; i++)
        fd_close(&lifted[i]);
    return r;
}

/* A mount that is read-only, or an owner whom the user namespace does not know, leaves things as they are. */
static bool is_harmless(int code)
{
    return code == EPERM || code == EROFS || code == EINVAL;
}

/* Pipes were made for the payload. A file that somebody gave us as stdout, or the terminal he sits at, is not ours to
 * give away: `type` says what is. */
static int give(int fd, mode_t type, uid_t uid, gid_t gid, struct err *e)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        return err_sys(e, "look at fd %d", fd);
    if ((st.st_mode & S_IFMT) != type || st.st_uid == uid || fchown(fd, uid, gid) == 0 || is_harmless(errno))
        return 0;
    return err_sys(e, "make fd %d the user's", fd);
}

int stdio_give_to(uid_t uid, bool is_own_terminal, struct err *e)
{
    int r = 0;

    for (int fd = 0; fd < N_STDIO && r == 0; fd++)
        r = give(fd, is_own_terminal ? S_IFCHR : S_IFIFO, uid, (gid_t)-1, e);
    return r;
}

int stdio_give_to_root(const int fds[3], const struct spec *spec, struct err *e)
{
    int64_t uid = spec_id_to_host(&spec->uid_maps, 0);
    int64_t gid = spec_id_to_host(&spec->gid_maps, 0);
    int r = 0;

    if (spec->ns[NS_USER].mode == SPEC_NS_INHERIT || uid < 0 || gid < 0)
        return 0;
    for (int i = 0; i < N_STDIO && r == 0; i++)
        r = fds[i] < 0 ? 0 : give(fds[i], S_IFIFO, (uid_t)uid, (gid_t)gid, e);
    return r;
}

static int compare_fds(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

int stdio_close_others(unsigned preserved, const int *keep, size_t n, struct err *e)
{
    enum { KEEP_MAX = 64 };
    int sorted[KEEP_MAX];
    unsigned from = N_STDIO + preserved;

    if (n > KEEP_MAX)
        return err_set(e, ERR_INTERNAL, 0, "%zu fds are too many to keep", n);
    for (size_t i = 0; i < n; i++)
        sorted[i] = keep[i];
    qsort(sorted, n, sizeof(*sorted), compare_fds);
    for (size_t i = 0; i < n; i++) {
        if (sorted[i] < (int)from)
            continue;
        if (sorted[i] > (int)from && sys_close_range(from, (unsigned)sorted[i] - 1, 0) < 0)
            return err_sys(e, "close the caller's fds");
        from = (unsigned)sorted[i] + 1;
    }
    return sys_close_range(from, ~0U, 0) < 0 ? err_sys(e, "close the caller's fds") : 0;
}
