#include "engine/paths.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "engine/engine.h"

struct container_path container_path(const char *id)
{
    struct container_path p;
    snprintf(p.path, sizeof(p.path), CONTAINERS_DIR "/%s", id);
    return p;
}

int container_file(const char *base, const char *id, const char *name, char **ret, struct err *e)
{
    if (asprintf(ret, "%s/" CONTAINERS_DIR "/%s/%s", base, id, name) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "path of %s", name);
    return 0;
}

int container_log_path(const struct engine *en, const char *id, char **ret, struct err *e)
{
    char name[CONTAINER_ID_LEN + sizeof("-json.log")];
    snprintf(name, sizeof(name), "%s-json.log", id);
    return container_file(en->root, id, name, ret, e);
}

int run_dir_open(const struct engine *en, const char *id, struct err *e)
{
    if (en->run_fd < 0)
        return -ENOENT;
    int fd = openat(en->run_fd, container_path(id).path, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0)
        return fd;
    return errno == ENOENT ? -ENOENT : err_sys(e, "open the run directory of %.12s", id);
}

/* Installed, this program is PREFIX/bin/sampan and the others are in PREFIX/libexec/sampan; in the build directory
 * they lie side by side. The way back from /proc/self/exe cannot be led astray by argv[0] or PATH. */
static int find_program_dir(char **ret, struct err *e)
{
    static const char *const places[] = {"", "/../libexec/sampan"};
    char exe[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (n < 0)
        return err_sys(e, "find this program's directory");
    exe[n] = '\0';
    char *slash = strrchr(exe, '/');
    *slash = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        _cleanup_free_ char *dir = NULL, *shim = NULL;
        if (asprintf(&dir, "%s%s", exe, places[i]) < 0 || asprintf(&shim, "%s/sampan-shim", dir) < 0)
            return err_set(e, ERR_SYS, ENOMEM, "find this program's directory");
        if (access(shim, X_OK) == 0) {
            *ret = TAKE_PTR(dir);
            return 0;
        }
    }
    return err_set(e, ERR_NOT_FOUND, ENOENT,
                   "sampan-shim is neither in %s nor in %s%s: sampan is not completely installed", exe, exe, places[1]);
}

int program_find(struct engine *en, const char *name, char **ret, struct err *e)
{
    if (!en->program_dir) {
        int r = find_program_dir(&en->program_dir, e);
        if (r < 0)
            return r;
    }
    if (asprintf(ret, "%s/%s", en->program_dir, name) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "find %s", name);
    return 0;
}
