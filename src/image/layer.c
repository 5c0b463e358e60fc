#include "image/layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/parse.h"
#include "image/sandbox.h"
#include "image/unpack.h"

#define STAGING "/.tmp"
/* The layer's size, kept with it; containers can't see attributes of this class. */
#define SIZE_ATTRIBUTE "trusted.sampan.size"
#define USER_SIZE_ATTRIBUTE "user.sampan.size" /* where trusted.* cannot be written: below the initial user namespace */

/* ---- staging directories */

static bool is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes one staging directory unless a living process has it locked. */
static void remove_if_free(int staging_fd, const char *name)
{
    _cleanup_close_ int fd = openat(staging_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    struct err ignored = ERR_INIT;

    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0)
        dir_remove_all(staging_fd, name, &ignored);
}

static void cleanup_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

int layer_prepare_staging(struct err *e)
{
    _cleanup_(cleanup_dir) DIR *dir = NULL;
    struct dirent *entry;

    if (mkdir(STAGING, 0700) < 0 && errno != EEXIST)
        return err_sys(e, "make the staging directory of layers");
    dir = opendir(STAGING);
    if (!dir)
        return err_sys(e, "open the staging directory of layers");
    while ((entry = readdir(dir)))
        if (!is_dot(entry->d_name))
            remove_if_free(dirfd(dir), entry->d_name);
    return 0;
}

struct staging {
    char path[sizeof(STAGING) + 16];
    int fd; /* holds the lock */
};

static void staging_release(struct staging *s)
{
    struct err ignored = ERR_INIT;

    if (s->path[0])
        dir_remove_all(AT_FDCWD, s->path, &ignored);
    fd_close(&s->fd);
}

/* The lock comes a moment after the directory; a sweeper that removes it in between makes the open or the lock's check fail,
 * and another is made. */
static int staging_make(struct staging *s, struct err *e)
{
    for (int attempt = 0; attempt < 10; attempt++) {
        struct stat st;

        snprintf(s->path, sizeof(s->path), STAGING "/XXXXXX");
        if (!mkdtemp(s->path))
            return err_sys(e, "make a staging directory");
        s->fd = open(s->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->fd >= 0 && flock(s->fd, LOCK_EX | LOCK_NB) == 0 && stat(s->path, &st) == 0) {
            if (fchmod(s->fd, 0755) < 0)
                return err_sys(e, "set the mode of a staging directory");
            return 0;
        }
        fd_close(&s->fd);
    }
    s->path[0] = '\0';
    return err_set(e, ERR_SYS, EBUSY, "make a staging directory");
}

/* ---- the process that unpacks */

struct report {
    int status; /* 0 or negative errno */
    struct unpack_result result;
    struct err error;
};

static void unpack_and_report(struct tar_member *member, const char *staging, int sock)
{
    struct report report = {.error = ERR_INIT};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(STDIN_FILENO);
    close(STDOUT_FILENO); /* where the engine reads what was loaded */
    report.status = sandbox_enter_staging(staging, &report.error);
    if (report.status == 0)
        report.status = unpack_layer(member, &report.result, &report.error);
    if (fd_write_all(sock, &report, sizeof(report)) < 0)
        _exit(2);
    _exit(0);
}

/* The process that wrote it has read hostile bytes: nothing in it is taken as it is. */
static int check_report(struct report *report, struct unpack_result *ret, struct err *e)
{
    report->error.text[sizeof(report->error.text) - 1] = '\0';
    report->result.diff_id.text[sizeof(report->result.diff_id.text) - 1] = '\0';
    if (report->status != 0)
        return err_invalid(e, "%s", report->error.text);
    if (report->result.size < 0)
        return err_invalid(e, "the unpacking process reports a size below zero");
    ret->size = report->result.size;
    return digest_parse(report->result.diff_id.text, &ret->diff_id, e);
}

static int wait_for_report(pid_t pid, int sock, struct unpack_result *ret, struct err *e)
{
    struct report report;
    ssize_t n = fd_read_full(sock, &report, sizeof(report));
    int status = 0;

    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (n == (ssize_t)sizeof(report))
        return check_report(&report, ret, e);
    if (WIFSIGNALED(status))
        return err_set(e, ERR_INTERNAL, EIO, "the unpacking process was killed by signal %d", WTERMSIG(status));
    return err_set(e, ERR_INTERNAL, EIO, "the unpacking process ended without a report");
}

static int unpack_in_child(struct tar_member *member, const char *staging, struct unpack_result *ret, struct err *e)
{
    _cleanup_close_ int ours = -1, theirs = -1;
    int pair[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
        return err_sys(e, "make a socket pair");
    ours = pair[0];
    theirs = pair[1];
    pid = fork();
    if (pid < 0)
        return err_sys(e, "fork");
    if (pid == 0)
        unpack_and_report(member, staging, theirs);
    fd_close(&theirs);
    return wait_for_report(pid, ours, ret, e);
}

/* ---- one layer */

static int read_size(const char *path, int64_t *ret)
{
    char text[32];
    struct err ignored = ERR_INIT;
    ssize_t n = lgetxattr(path, SIZE_ATTRIBUTE, text, sizeof(text) - 1);

    *ret = 0;
    if (n < 0 && errno == ENODATA)
        n = lgetxattr(path, USER_SIZE_ATTRIBUTE, text, sizeof(text) - 1);
    if (n < 0)
        return errno == ENODATA ? 0 : -errno;
    text[n] = '\0';
    return parse_int64(text, "size", ret, &ignored);
}

/* Everything of the layer is on disk before its name says that it is whole. */
static int publish(struct staging *s, const char *path, int64_t size, struct err *e)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%" PRId64, size);

    if (fsetxattr(s->fd, SIZE_ATTRIBUTE, text, (size_t)n, 0) < 0 &&
        (errno != EPERM || fsetxattr(s->fd, USER_SIZE_ATTRIBUTE, text, (size_t)n, 0) < 0))
        return err_sys(e, "note the layer's size");
    if (syncfs(s->fd) < 0)
        return err_sys(e, "write the layer to disk");
    if (rename(s->path, path) < 0) {
        if (errno == EEXIST || errno == ENOTEMPTY)
            return 0; /* another load was faster; ours is removed */
        return err_sys(e, "rename the layer to %s", path);
    }
    s->path[0] = '\0';
    return 0;
}

int layer_ensure(const struct tar_source *source, const char *member, const struct digest *diff_id, int64_t *ret_size,
                 struct err *e)
{
    _cleanup_(staging_release) struct staging staging = {.fd = -1};
    _cleanup_tar_member_ struct tar_member *m = NULL;
    struct unpack_result result = {0};
    char path[DIGEST_HEX_LEN + 2];
    int r;

    snprintf(path, sizeof(path), "/%s", digest_hex(diff_id));
    if (read_size(path, ret_size) == 0)
        return 0;
    r = tar_member_open(source, member, &m, e);
    if (r == 0)
        r = staging_make(&staging, e);
    if (r == 0)
        r = unpack_in_child(m, staging.path, &result, e);
    if (r < 0)
        return r;
    if (!digest_equal(&result.diff_id, diff_id))
        return err_invalid(e, "its digest is %s, but the image says %s: the archive is damaged", result.diff_id.text,
                           diff_id->text);
    *ret_size = result.size;
    return publish(&staging, path, result.size, e);
}
