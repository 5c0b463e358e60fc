#include "runtime/security/sealed_program.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "base/strv.h"
#include "kernel/mount.h"

enum { COMMAND_LINE_MAX = 8 * 1024 * 1024 }; /* execve takes a quarter of the stack's limit, 2 MiB as a rule */

/* The directory and not the file alone: /proc/PID/exe then still ends in the program's name. */
static int clone_directory(const char *path, struct err *e)
{
    const struct mount_change readonly = {.attr_set = MOUNT_ATTR_RDONLY, .userns_fd = -1};
    const char *slash = strrchr(path, '/');
    _cleanup_free_ char *dir = strndup(path, slash && slash > path ? (size_t)(slash - path) : 1);
    _cleanup_close_ int fd = -1;
    int r, lifted;

    if (!dir)
        return err_set(e, ERR_SYS, ENOMEM, "seal %s", path);
    r = fd = mount_clone(AT_FDCWD, dir, false, true, e);
    if (r >= 0)
        r = mount_change(fd, &readonly, e);
    if (r < 0)
        return r;
    lifted = fcntl(fd, F_DUPFD_CLOEXEC, PROCESS_FDS_MAX);
    return lifted >= 0 ? lifted : err_sys(e, "duplicate a mount");
}

int sealed_program_open(const char *path, struct sealed_program *ret, struct err *e)
{
    _cleanup_close_ int fd = clone_directory(path, e);
    char *sealed;

    if (fd < 0)
        return err_context(e, "put %s out of the container's reach", path);
    if (asprintf(&sealed, "%s/%s", fd_path(fd).path, strrchr(path, '/') + 1) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "seal %s", path);
    *ret = (struct sealed_program){.dir_fd = TAKE_FD(fd), .path = sealed};
    return 0;
}

void sealed_program_release(struct sealed_program *p)
{
    fd_close(&p->dir_fd);
    free(p->path);
    *p = SEALED_PROGRAM_INIT;
}

/* ---- the program itself */

static int is_sealed(bool *ret, struct err *e)
{
    _cleanup_close_ int fd = open("/proc/self/exe", O_PATH | O_CLOEXEC);
    struct statvfs fs;

    if (fd < 0 || fstatvfs(fd, &fs) < 0)
        return err_sys(e, "look at this program's file");
    *ret = fs.f_flag & ST_RDONLY;
    return 0;
}

static int read_arguments(char ***ret, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    _cleanup_strv_ char **args = NULL;
    size_t len;
    int r = file_read(AT_FDCWD, "/proc/self/cmdline", COMMAND_LINE_MAX, &text, &len, e);

    for (size_t at = 0; r == 0 && at < len; at += strlen(text + at) + 1)
        r = strv_add(&args, text + at, e);
    if (r == 0)
        *ret = TAKE_PTR(args);
    return r;
}

int sealed_program_enter(struct err *e)
{
    _cleanup_sealed_program_ struct sealed_program program = SEALED_PROGRAM_INIT;
    _cleanup_strv_ char **args = NULL;
    char path[PATH_MAX];
    bool sealed;
    ssize_t n;
    int r = is_sealed(&sealed, e);

    if (r < 0 || sealed)
        return r;
    n = readlink("/proc/self/exe", path, sizeof(path) - 1);
    if (n < 0)
        return err_sys(e, "find this program's file");
    path[n] = '\0';
    r = read_arguments(&args, e);
    if (r == 0)
        r = sealed_program_open(path, &program, e);
    if (r < 0)
        return r;
    execv(program.path, args);
    return err_sys(e, "execute %s anew", path);
}
