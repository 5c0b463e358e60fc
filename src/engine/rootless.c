#include "engine/rootless.h"

#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "engine/rootless_base.h"
#include "kernel/syscalls.h"

/* ---- directories */

static int format(char **ret, struct err *e, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int format(char **ret, struct err *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vasprintf(ret, fmt, args);
    va_end(args);
    return n < 0 ? err_set(e, ERR_SYS, ENOMEM, "choose a directory") : 0;
}

static const char *absolute(const char *variable)
{
    const char *s = getenv(variable);
    return s && *s == '/' ? s : NULL;
}

int rootless_root(char **ret, struct err *e)
{
    const char *data = absolute("XDG_DATA_HOME"), *home = absolute("HOME");
    if (data)
        return format(ret, e, "%s/sampan", data);
    if (home)
        return format(ret, e, "%s/.local/share/sampan", home);
    err_invalid(e, "neither XDG_DATA_HOME nor HOME is an absolute path, so there is no place for images");
    return err_advice(e, "set one of them, or use --root DIR");
}

static bool is_own_directory(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid() && (st.st_mode & 022) == 0;
}

int rootless_run_root(char **ret, struct err *e)
{
    char path[64];
    const char *runtime = absolute("XDG_RUNTIME_DIR");
    if (runtime)
        return format(ret, e, "%s/sampan", runtime);
    snprintf(path, sizeof(path), "/run/user/%u", getuid());
    if (is_own_directory(path))
        return format(ret, e, "%s/sampan", path);
    snprintf(path, sizeof(path), "/tmp/sampan-%u", getuid());
    if (mkdir(path, 0700) < 0 && !is_own_directory(path)) {
        err_set(e, ERR_DENIED, EEXIST, "%s is not a directory of yours", path);
        return err_advice(e, "set XDG_RUNTIME_DIR to one, or use --run-root DIR");
    }
    return format(ret, e, "%s", path);
}

/* ---- the base */

/* Exclusive to the base's end, shared by those who need it. Stays open, so locked, until this process ends. */
static int lock_as_user(int run_fd, struct err *e)
{
    int fd = openat(run_fd, BASE_USERS_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || flock(fd, LOCK_SH) < 0)
        return err_sys(e, "lock " BASE_USERS_NAME);
    return 0;
}

/* It says by one byte that the base stands, or its error. */
static int start_base(const char *run_root, struct err *e)
{
    char exe[PATH_MAX];
    struct err theirs;
    int pipe_fds[2];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (n < 0)
        return err_sys(e, "find this program");
    exe[n] = '\0';
    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return err_sys(e, "make a pipe");
    _cleanup_close_ int ours = pipe_fds[0];
    const char *const argv[] = {"sampan", "_base", run_root, NULL};
    struct process p = {
        .path = exe, .argv = argv, .fds = {-1, pipe_fds[1], -1}, .n_fds = 3, .new_session = 1, .pidfd = -1};
    int r = process_start(&p, e);
    fd_close(&pipe_fds[1]);
    fd_close(&p.pidfd);
    if (r < 0)
        return r;
    n = read(ours, &theirs, sizeof(theirs));
    if (n == 1)
        return 0;
    if (n != (ssize_t)sizeof(theirs))
        return err_set(e, ERR_INTERNAL, EPIPE, "the user namespace for containers could not be made");
    theirs.text[sizeof(theirs.text) - 1] = '\0';
    if (e)
        *e = theirs;
    return err_to_errno(&theirs);
}

/* Another one may be starting it as well: then ours ends without having done anything, and theirs answers. */
static int ask_base(const char *run_root, int run_fd, enum base_request request, int *ret_fd, struct err *e)
{
    int r = base_ask(run_fd, request, ret_fd, e);
    if (r != -ENOENT && r != -ECONNREFUSED)
        return r;
    r = start_base(run_root, e);
    return r == 0 ? base_ask(run_fd, request, ret_fd, e) : r;
}

/* The mount namespace takes the working directory with it: its root is the new one. */
static int join(int pidfd, struct err *e)
{
    char cwd[PATH_MAX];
    bool has_cwd = getcwd(cwd, sizeof(cwd)) != NULL;
    if (sys_setns(pidfd, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET) < 0)
        return err_sys(e, "join the user namespace for containers");
    if (sys_setresgid(0, 0, 0) < 0 || sys_setresuid(0, 0, 0) < 0)
        return err_sys(e, "become root of the user namespace for containers");
    if (has_cwd && chdir(cwd) < 0)
        return err_sys(e, "return to %s", cwd);
    return 0;
}

int rootless_enter(const char *run_root, struct err *e)
{
    _cleanup_close_ int run_fd = -1, pidfd = -1;
    int r = access(run_root, F_OK) == 0 ? 0 : rootless_check_ids(e); /* before anything is made */
    if (r == 0)
        r = dir_make_all(AT_FDCWD, run_root, 0700, &run_fd, e);
    if (r == 0)
        r = lock_as_user(run_fd, e);
    if (r == 0)
        r = ask_base(run_root, run_fd, BASE_JOIN, &pidfd, e);
    if (r == 0)
        r = join(pidfd, e);
    if (r < 0)
        return err_context(e, "without root");
    return 0;
}

/* The socket answers in the base as well: its mount namespace is a copy of the user's. */
int rootless_connect(int run_fd, struct err *e)
{
    return base_ask(run_fd, BASE_CONNECT, NULL, e);
}
