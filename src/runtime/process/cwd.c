/*
 * The working directory. It is opened inside the root (no magic link of procfs can lead out), entered by fd, and then
 * the kernel is asked whether it is reachable from the root: "(unreachable)" is how CVE-2024-21626 looked.
 */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/path.h"
#include "kernel/syscalls.h"
#include "runtime/process/process.h"

static int open_cwd(const char *cwd, bool make, struct err *e)
{
    _cleanup_close_ int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    int fd;

    if (root < 0)
        return err_sys(e, "open /");
    fd = path_open_in_root(root, cwd, O_PATH | O_DIRECTORY, 0, e);
    return fd == -ENOENT && make ? path_make_dirs(root, cwd, 0755, e) : fd;
}

static int check_cwd(struct err *e)
{
    char path[PATH_MAX];

    /* ERANGE: longer than a path may be, and so inside the root all the same; it does not fit behind "(unreachable)".
     * */
    if (sys_getcwd(path, sizeof(path)) < 0)
        return errno == ERANGE ? 0 : err_sys(e, "look where that is");
    return path[0] == '/' ? 0 : err_set(e, ERR_DENIED, 0, "that lies outside the container's root");
}

static int enter(const char *cwd, bool make, struct err *e)
{
    _cleanup_close_ int fd = open_cwd(cwd, make, e);

    if (fd < 0)
        return fd;
    if (fchdir(fd) < 0)
        return err_sys(e, "enter it");
    return check_cwd(e);
}

int cwd_enter(const char *cwd, bool make, struct err *e)
{
    int r = enter(cwd, make, e);

    return r < 0 ? err_context(e, "working directory \"%s\"", cwd) : 0;
}
