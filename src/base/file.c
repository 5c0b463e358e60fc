#include "base/file.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strbuf.h"

enum {
    READ_CHUNK = 8192,
    TEMP_TRIES = 16,
    SHOWN_TEXT_MAX = 64, /* bytes of a written value that an error message quotes */
};

/* O_NONBLOCK so that opening a FIFO does not wait for its writer; regular files ignore it. */
static int open_regular(int dir_fd, const char *path, struct err *e)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat st;

    if (fd < 0)
        return err_sys(e, "open %s", path);
    if (fstat(fd, &st) < 0)
        return err_sys(e, "stat %s", path);
    if (S_ISDIR(st.st_mode))
        return err_set(e, ERR_SYS, EISDIR, "read %s", path);
    if (!S_ISREG(st.st_mode))
        return err_set(e, ERR_INVALID, EINVAL, "read %s: not a regular file", path);
    return TAKE_FD(fd);
}

int file_read(int dir_fd, const char *path, size_t max, char **ret_text, size_t *ret_len, struct err *e)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(max);
    _cleanup_close_ int fd = open_regular(dir_fd, path, e);
    char chunk[READ_CHUNK];
    size_t len;
    ssize_t n;

    if (fd < 0)
        return fd;
    /* fstat's size is no guide: procfs says 0, and a file can grow meanwhile. */
    do {
        n = fd_read_full(fd, chunk, sizeof(chunk));
        if (n < 0)
            return err_set(e, ERR_SYS, (int)-n, "read %s", path);
        strbuf_add(&text, chunk, (size_t)n);
    } while (n == sizeof(chunk) && !text.error);

    if (text.error == EOVERFLOW)
        return err_set(e, ERR_INVALID, EFBIG, "read %s: larger than %zu bytes", path, max);
    len = text.len;
    *ret_text = strbuf_take(&text);
    if (!*ret_text)
        return strbuf_check(&text, path, e);
    if (ret_len)
        *ret_len = len;
    return 0;
}

static int write_and_close(int *fd, const char *path, const void *data, size_t len, struct err *e)
{
    int r = fd_write_all(*fd, data, len);

    if (r < 0)
        return err_set(e, ERR_SYS, -r, "write %s", path);
    /* Network file systems and quotas report at close what write could not know. */
    if (close(TAKE_FD(*fd)) < 0 && errno != EINTR)
        return err_sys(e, "close %s", path);
    return 0;
}

int file_write(int dir_fd, const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, mode);

    if (fd < 0)
        return err_sys(e, "create %s", path);
    return write_and_close(&fd, path, data, len, e);
}

/* Creates "<path>.<random>.tmp", which nobody else uses; its name goes to *ret_name. Returns the fd. */
static int create_temporary(int dir_fd, const char *path, mode_t mode, char **ret_name, struct err *e)
{
    for (int i = 0; i < TEMP_TRIES; i++) {
        _cleanup_free_ char *name = NULL;
        uint32_t salt;
        int fd;

        if (getrandom(&salt, sizeof(salt), 0) != sizeof(salt))
            return err_sys(e, "get a random number");
        if (asprintf(&name, "%s.%08x.tmp", path, salt) < 0) {
            name = NULL;
            return err_set(e, ERR_SYS, ENOMEM, "create %s", path);
        }
        fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd >= 0) {
            *ret_name = TAKE_PTR(name);
            return fd;
        }
        if (errno != EEXIST)
            return err_sys(e, "create %s", name);
    }
    return err_set(e, ERR_SYS, EEXIST, "create a temporary file beside %s", path);
}

int file_write_atomic(int dir_fd, const char *path, const void *data, size_t len, mode_t mode, struct err *e)
{
    _cleanup_free_ char *temporary = NULL;
    _cleanup_close_ int fd = create_temporary(dir_fd, path, mode, &temporary, e);
    int r;

    if (fd < 0)
        return fd;
    r = write_and_close(&fd, path, data, len, e);
    if (r == 0 && renameat(dir_fd, temporary, dir_fd, path) < 0)
        r = err_sys(e, "rename %s to %s", temporary, path);
    if (r < 0)
        unlinkat(dir_fd, temporary, 0);
    return r;
}

/* "write 4096 to memory.max": the first line of the value, when it is short enough to help. */
static int write_failed(const char *path, const char *text, int code, struct err *e)
{
    int shown = (int)strnlen(text, SHOWN_TEXT_MAX);
    const char *newline = memchr(text, '\n', (size_t)shown);

    if (newline)
        shown = (int)(newline - text);
    return err_set(e, ERR_SYS, code, "write %.*s to %s", shown, text, path);
}

int file_write_existing(int dir_fd, const char *path, const char *text, struct err *e)
{
    _cleanup_close_ int fd = openat(dir_fd, path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    size_t len = strlen(text);
    ssize_t n;

    if (fd < 0)
        return err_sys(e, "open %s", path);
    do
        n = write(fd, text, len);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return write_failed(path, text, errno, e);
    /* These files take a value whole: what is missing cannot be sent in a second write. */
    if ((size_t)n != len)
        return write_failed(path, text, EIO, e);
    return 0;
}

bool file_exists(int dir_fd, const char *path)
{
    return faccessat(dir_fd, path, F_OK, 0) == 0;
}
