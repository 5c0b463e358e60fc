#include "engine/running.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "engine/paths.h"
#include "shim/shim.h"

struct name_path {
    char path[sizeof(NAMES_DIR) + 1 + NAME_MAX];
};

static struct name_path name_path(const char *name)
{
    struct name_path p;
    snprintf(p.path, sizeof(p.path), NAMES_DIR "/%s", name);
    return p;
}

/* One that is there already was left by a start that was killed: only we may have the name now. */
void running_publish(const struct engine *en, const char *name, const char *id)
{
    struct name_path p = name_path(name);
    if (symlinkat(id, en->run_fd, p.path) == 0 || errno != EEXIST)
        return;
    unlinkat(en->run_fd, p.path, 0);
    (void)!symlinkat(id, en->run_fd, p.path);
}

void running_withdraw(const struct engine *en, const char *name)
{
    unlinkat(en->run_fd, name_path(name).path, 0);
}

static bool read_link(int dir_fd, const char *path, char ret_id[CONTAINER_ID_LEN + 1])
{
    ssize_t n = readlinkat(dir_fd, path, ret_id, CONTAINER_ID_LEN + 1);
    if (n != CONTAINER_ID_LEN)
        return false;
    ret_id[n] = '\0';
    return true;
}

void running_withdraw_id(const struct engine *en, const char *id)
{
    int fd = openat(en->run_fd, NAMES_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir)
        return;
    for (struct dirent *d; (d = readdir(dir));) {
        char other[CONTAINER_ID_LEN + 1];
        if (read_link(fd, d->d_name, other) && strcmp(other, id) == 0)
            unlinkat(fd, d->d_name, 0);
    }
    closedir(dir);
}

static bool is_whole_id(const char *s)
{
    return strlen(s) == CONTAINER_ID_LEN && strspn(s, "0123456789abcdef") == CONTAINER_ID_LEN;
}

bool running_find(const struct engine *en, const char *ref, char ret_id[CONTAINER_ID_LEN + 1])
{
    char id[CONTAINER_ID_LEN + 1];
    if (*ref == '/') /* as inspect shows names */
        ref++;
    if (container_check_name(ref, NULL) < 0)
        return false;
    if (!read_link(en->run_fd, name_path(ref).path, id)) {
        if (!is_whole_id(ref))
            return false;
        memcpy(id, ref, sizeof(id));
    }
    _cleanup_close_ int dir = run_dir_open(en, id, NULL);
    if (dir < 0 || file_exists(dir, SHIM_EXIT_NAME))
        return false;
    memcpy(ret_id, id, sizeof(id));
    return true;
}
