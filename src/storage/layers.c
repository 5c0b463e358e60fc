#include "storage/layers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include "base/fd.h"
#include "base/file.h"

enum { DIGEST_HEX_LEN = 64 };
#define DIGEST_PREFIX "sha256:"
#define STAGING LAYERS_DIR "/.tmp"

static const char *hex_of(const char *digest, struct err *e)
{
    const char *hex = digest + strlen(DIGEST_PREFIX);
    if (strncmp(digest, DIGEST_PREFIX, strlen(DIGEST_PREFIX)) == 0 && strlen(hex) == DIGEST_HEX_LEN &&
        strspn(hex, "0123456789abcdef") == DIGEST_HEX_LEN)
        return hex;
    err_invalid(e, "not a sha256 digest: %.100s", digest);
    return NULL;
}

int layers_path(const char *root, const char *digest, char **ret, struct err *e)
{
    const char *hex = hex_of(digest, e);
    if (!hex)
        return err_to_errno(e);
    if (asprintf(ret, "%s/" LAYERS_DIR "/%s", root, hex) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "layer %s", digest);
    return 0;
}

int layers_lock(int root_fd, bool try, struct err *e)
{
    _cleanup_close_ int fd = openat(root_fd, LAYERS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "open " LAYERS_DIR);
    if (flock(fd, LOCK_EX | (try ? LOCK_NB : 0)) < 0)
        return try && errno == EWOULDBLOCK ? -EWOULDBLOCK : err_sys(e, "lock " LAYERS_DIR);
    return TAKE_FD(fd);
}

int layers_sweep(int root_fd, struct err *e)
{
    return dir_remove_all(root_fd, STAGING, e);
}

/* Renamed first: a removal that is cut short leaves something to sweep, never half a layer under a digest's name. */
int layers_remove(int root_fd, const char *digest, struct err *e)
{
    const char *hex = hex_of(digest, e);
    if (!hex)
        return err_to_errno(e);
    char from[sizeof(LAYERS_DIR) + 1 + DIGEST_HEX_LEN], to[sizeof(STAGING) + 1 + DIGEST_HEX_LEN];
    snprintf(from, sizeof(from), LAYERS_DIR "/%s", hex);
    snprintf(to, sizeof(to), STAGING "/%s", hex);
    int r = dir_make_all(root_fd, STAGING, 0700, NULL, e);
    if (r < 0)
        return r;
    if (renameat(root_fd, from, root_fd, to) < 0)
        return errno == ENOENT ? 0 : err_sys(e, "remove layer %s", digest);
    return dir_remove_all(root_fd, to, e);
}
