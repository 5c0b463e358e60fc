#include "engine/nsjoin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "engine/paths.h"
#include "engine/remote.h"
#include "engine/shmjoin.h"
#include "kernel/pidfd.h"
#include "shim/shim.h"

enum { ID_MAP_MAX = 64 * 1024 };

void ns_join_release(struct ns_join *j)
{
    while (j->n > 0)
        fd_close(&j->fds[--j->n]);
}

/* /proc/PID/uid_map begins with "0 BASE SIZE". */
static int check_range(pid_t pid, uint32_t id_base, const char *id, struct err *e)
{
    char path[64];
    _cleanup_free_ char *map = NULL;
    unsigned inside, outside;
    snprintf(path, sizeof(path), "/proc/%d/uid_map", pid);
    int r = file_read(AT_FDCWD, path, ID_MAP_MAX, &map, NULL, e);
    if (r < 0)
        return r;
    if (sscanf(map, "%u %u", &inside, &outside) == 2 && outside == id_base)
        return 0;
    return err_conflict(e, "container %.12s was started anew meanwhile", id);
}

bool ns_join_path(const struct ns_join *j, int kind, struct ns_join_path *ret)
{
    for (size_t i = 0; i < j->n; i++) {
        if (j->kinds[i] != kind)
            continue;
        snprintf(ret->path, sizeof(ret->path), "/proc/self/fd/%zu", SHIM_FD_FIRST_NAMESPACE + i);
        return true;
    }
    return false;
}

static void add(struct ns_join *j, int kind, int fd)
{
    j->kinds[j->n] = kind;
    j->fds[j->n++] = fd;
}

/* Where it cannot be had, the container has a /dev/shm of its own. */
static void open_shm(int pidfd, struct ns_join *j)
{
    struct err e = ERR_INIT;
    int fd = shm_join_open(pidfd, &e);
    if (fd < 0)
        log_warning("%s", e.text);
    else
        add(j, NS_JOIN_SHM, fd);
}

static int open_one(struct engine *en, enum ns_kind kind, const char *id, uint32_t id_base, struct ns_join *j,
                    struct err *e)
{
    _cleanup_close_ int pidfd = remote_pidfd(en, id, e);
    if (pidfd < 0)
        return pidfd;
    pid_t pid = pidfd_to_pid(pidfd);
    if (pid <= 0)
        return err_conflict(e, "container %.12s is not running", id);
    _cleanup_close_ int fd = ns_open(pid, kind, e);
    if (fd < 0)
        return fd;
    int r = kind == NS_USER ? check_range(pid, id_base, id, e) : 0;
    if (r < 0)
        return r;
    if (pidfd_has_exited(pidfd, 0)) /* else the pid was the init's all the time */
        return err_conflict(e, "container %.12s is not running", id);
    add(j, (int)kind, TAKE_FD(fd));
    if (kind == NS_IPC)
        open_shm(pidfd, j);
    return 0;
}

int ns_join_open(struct engine *en, const struct ns_plan *plan, uint32_t id_base, struct ns_join *ret, struct err *e)
{
    _cleanup_ns_join_ struct ns_join j = NS_JOIN_INIT;
    for (int kind = 0; kind < NS_COUNT; kind++) {
        const struct ns_choice *ns = &plan->ns[kind];
        int r = ns->how == NS_CONTAINER ? open_one(en, (enum ns_kind)kind, ns->target, id_base, &j, e) : 0;
        if (r < 0)
            return err_context(e, "join the %s namespace of %.12s", ns_kinds[kind].oci_name, ns->target);
    }
    *ret = j;
    j.n = 0;
    return 0;
}
