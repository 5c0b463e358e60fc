/*
 * The processes of a cgroup: listing, freezing, ending them.
 *
 * Version 2 does each for the whole tree in one write. In version 1 the tree is frozen, so that no process can fork
 * away from under the list; each is killed through a pidfd; then it is thawed and all die before they run again.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/pidfd.h"
#include "runtime/cgroup/driver.h"

enum {
    PIDS_MAX = 4 * 1024 * 1024, /* the kernel's own limit of pids */
    DEPTH_MAX = 128,            /* one fd each */
    KILL_WAIT_MS = 5000,
    FREEZE_WAIT_MS = 2000,
};

struct pid_list {
    pid_t *v;
    size_t n, cap;
};

static void pid_list_release(struct pid_list *l)
{
    free(l->v);
    *l = (struct pid_list){0};
}
#define _cleanup_pid_list_ _cleanup_(pid_list_release)

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void pause_ms(int ms)
{
    nanosleep(&(struct timespec){.tv_nsec = ms * 1000000L}, NULL);
}

/* ---- listing */

static int pid_list_add(struct pid_list *l, pid_t pid)
{
    if (l->n == PIDS_MAX)
        return -E2BIG;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        pid_t *v = realloc(l->v, cap * sizeof(*v));
        if (!v)
            return -ENOMEM;
        l->v = v;
        l->cap = cap;
    }
    l->v[l->n++] = pid;
    return 0;
}

/* 0 is a process of another pid namespace: it cannot be named here. */
static int list_own(int dir_fd, struct pid_list *l)
{
    int fd = openat(dir_fd, "cgroup.procs", O_RDONLY | O_CLOEXEC), r = 0;
    FILE *f = fd >= 0 ? fdopen(fd, "r") : NULL;
    if (!f) {
        r = -errno;
        fd_close(&fd);
        return r == -ENOENT ? 0 : r;
    }
    for (pid_t pid; r == 0 && fscanf(f, "%d", &pid) == 1;)
        if (pid > 0)
            r = pid_list_add(l, pid);
    fclose(f); /* a cgroup that vanished meanwhile reads as empty, or ENODEV: no processes either way */
    return r;
}

static int list_tree(int dir_fd, struct pid_list *l, int depth)
{
    int r = list_own(dir_fd, l);
    if (r < 0)
        return r;
    if (depth == DEPTH_MAX)
        return -ELOOP;
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (!dir) {
        fd_close(&fd);
        return 0; /* just removed */
    }
    for (struct dirent *d; r == 0 && (d = readdir(dir));) {
        if (d->d_type != DT_DIR || d->d_name[0] == '.')
            continue;
        _cleanup_close_ int child = openat(dirfd(dir), d->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        r = child >= 0 ? list_tree(child, l, depth + 1) : 0;
    }
    closedir(dir);
    return r;
}

/* ---- hierarchies in which the path exists */

struct place {
    int v2_fd;
    int v1_fd[CGROUP_CONTROLLER_COUNT];
};

static void place_release(struct place *p)
{
    fd_close(&p->v2_fd);
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        fd_close(&p->v1_fd[i]);
}
#define _cleanup_place_ _cleanup_(place_release)

static void place_open(const char *path, struct place *p)
{
    const struct cgroup_layout *l = cgroup_layout();
    p->v2_fd = l->v2_fd >= 0 ? cgroup_tree_open(l->v2_fd, path) : -1;
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        bool is_leader = l->v1_fd[i] >= 0 && cgroup_v1_leader(l, i) == i;
        p->v1_fd[i] = is_leader ? cgroup_tree_open(l->v1_fd[i], path) : -1;
    }
}

/* Every hierarchy is asked: a process that is just joining may be in one only. Doubles are removed. */
static int compare_pids(const void *a, const void *b)
{
    pid_t x = *(const pid_t *)a, y = *(const pid_t *)b;
    return x < y ? -1 : x > y;
}

static int list_place(const struct place *p, struct pid_list *l)
{
    size_t n = 0;
    int r = p->v2_fd >= 0 ? list_tree(p->v2_fd, l, 0) : 0;
    for (int i = 0; r == 0 && i < CGROUP_CONTROLLER_COUNT; i++)
        if (p->v1_fd[i] >= 0)
            r = list_tree(p->v1_fd[i], l, 0);
    if (r < 0 || l->n == 0)
        return r;
    qsort(l->v, l->n, sizeof(*l->v), compare_pids);
    for (size_t i = 0; i < l->n; i++)
        if (i == 0 || l->v[i] != l->v[n - 1])
            l->v[n++] = l->v[i];
    l->n = n;
    return 0;
}

int cgroup_pids(const char *path, pid_t **ret, size_t *ret_n, struct err *e)
{
    _cleanup_place_ struct place place;
    _cleanup_pid_list_ struct pid_list list = {0};
    place_open(path, &place);
    int r = list_place(&place, &list);
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "list the processes of cgroup %s", path);
    *ret_n = list.n;
    *ret = TAKE_PTR(list.v);
    return 0;
}

/* ---- freezing */

static void wait_for_change(int fd, int64_t us)
{
    const struct timespec t = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};
    ppoll(&(struct pollfd){.fd = fd, .events = POLLPRI}, 1, &t, NULL);
}

/* Waits until `key` in cgroup.events has the value. The kernel wakes a poll at each change, but at most every 10 ms:
 * what comes sooner is found by looking again. */
static int wait_event(int dir_fd, const char *key, uint64_t wanted, int timeout_ms)
{
    int64_t end = now_ms() + timeout_ms;
    _cleanup_close_ int fd = openat(dir_fd, "cgroup.events", O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    for (int64_t us = 50;; us = us < 20000 ? 2 * us : us) {
        char text[256], *at;
        ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
        if (n < 0)
            return errno == ENODEV ? 0 : -errno; /* the cgroup is gone */
        text[n] = '\0';
        at = strstr(text, key);
        if (!at || strtoull(at + strlen(key), NULL, 10) == wanted)
            return 0;
        if (now_ms() > end)
            return -ETIMEDOUT;
        wait_for_change(fd, us);
    }
}

static int freeze_v2(int dir_fd, bool freeze)
{
    int r = file_write_existing(dir_fd, "cgroup.freeze", freeze ? "1" : "0", NULL);
    return r < 0 ? r : wait_event(dir_fd, "frozen ", freeze, FREEZE_WAIT_MS);
}

/* Reading freezer.state moves the freezing on. */
static int freeze_v1(int dir_fd, bool freeze)
{
    const char *wanted = freeze ? "FROZEN" : "THAWED";
    int64_t end = now_ms() + FREEZE_WAIT_MS;
    int r = file_write_existing(dir_fd, "freezer.state", wanted, NULL);
    while (r == 0) {
        _cleanup_free_ char *state = NULL;
        r = file_read(dir_fd, "freezer.state", 32, &state, NULL, NULL);
        if (r < 0 || strncmp(state, wanted, strlen(wanted)) == 0)
            break;
        if (now_ms() > end)
            return -ETIMEDOUT;
        pause_ms(1);
    }
    return r;
}

static int freeze_place(const struct place *p, bool freeze)
{
    if (p->v1_fd[CGROUP_FREEZER] >= 0)
        return freeze_v1(p->v1_fd[CGROUP_FREEZER], freeze);
    return p->v2_fd >= 0 ? freeze_v2(p->v2_fd, freeze) : -EOPNOTSUPP;
}

int cgroup_freeze(const char *path, bool freeze, struct err *e)
{
    const char *verb = freeze ? "freeze" : "thaw";
    _cleanup_place_ struct place place;
    place_open(path, &place);
    int r = freeze_place(&place, freeze);
    if (r == -ETIMEDOUT && freeze)
        freeze_place(&place, false);
    if (r == -EOPNOTSUPP)
        return err_set(e, ERR_UNSUPPORTED, 0, "%s: needs cgroup version 2 or the freezer controller", verb);
    return r < 0 ? err_set(e, ERR_SYS, -r, "%s cgroup %s", verb, path) : 0;
}

bool cgroup_is_frozen(const char *path)
{
    _cleanup_place_ struct place place;
    _cleanup_free_ char *state = NULL;
    place_open(path, &place);
    if (place.v1_fd[CGROUP_FREEZER] >= 0)
        return file_read(place.v1_fd[CGROUP_FREEZER], "freezer.state", 32, &state, NULL, NULL) == 0 && state[0] == 'F';
    return place.v2_fd >= 0 && file_read(place.v2_fd, "cgroup.freeze", 32, &state, NULL, NULL) == 0 && state[0] == '1';
}

/* ---- killing */

static bool pid_list_has(const struct pid_list *l, pid_t pid)
{
    return bsearch(&pid, l->v, l->n, sizeof(pid), compare_pids) != NULL;
}

/* One pass over the members, a batch of pidfds at a time. A pid may have been reused between the list and pidfd_open;
 * if the process behind the pidfd lives and a second list, read later, has its pid, then it is a member. */
static int kill_listed(const struct place *p, const struct pid_list *list)
{
    enum { BATCH = 128 };
    for (size_t start = 0; start < list->n; start += BATCH) {
        int fds[BATCH];
        size_t n = list->n - start < BATCH ? list->n - start : BATCH;
        _cleanup_pid_list_ struct pid_list again = {0};
        for (size_t i = 0; i < n; i++)
            fds[i] = pidfd_open_pid(list->v[start + i], NULL);
        int r = list_place(p, &again);
        for (size_t i = 0; i < n; i++) {
            if (r == 0 && fds[i] >= 0 && pid_list_has(&again, list->v[start + i]))
                pidfd_kill(fds[i], SIGKILL, NULL);
            fd_close(&fds[i]);
        }
        if (r < 0)
            return r;
    }
    return 0;
}

/* Frozen as a whole where that can be had; else a pass may miss those just born, and the next one gets them. */
static int kill_pass(const struct place *p)
{
    _cleanup_pid_list_ struct pid_list list = {0};
    freeze_place(p, true);
    int r = list_place(p, &list);
    if (r == 0)
        r = kill_listed(p, &list);
    freeze_place(p, false);
    return r;
}

/* Until nobody is left. */
static int kill_by_pidfd(const struct place *p)
{
    int64_t end = now_ms() + KILL_WAIT_MS;
    for (int wait = 0;; wait = wait < 16 ? 2 * wait + 1 : wait) {
        _cleanup_pid_list_ struct pid_list list = {0};
        int r = list_place(p, &list);
        if (r < 0 || list.n == 0)
            return r;
        if (now_ms() > end)
            return -EBUSY;
        pause_ms(wait); /* those of the last pass may be on their way out */
        r = kill_pass(p);
        if (r < 0)
            return r;
    }
}

static int kill_v2(int dir_fd)
{
    int r = file_write_existing(dir_fd, "cgroup.kill", "1", NULL);
    return r < 0 ? r : wait_event(dir_fd, "populated ", 0, KILL_WAIT_MS);
}

/* What cgroup.kill did not reach (older than Linux 5.14, or in version 1 only) is ended one by one. */
int cgroup_kill(const char *path, struct err *e)
{
    _cleanup_place_ struct place place;
    place_open(path, &place);
    int r = place.v2_fd >= 0 ? kill_v2(place.v2_fd) : 0;
    if (r == 0 || r == -ENOENT)
        r = kill_by_pidfd(&place);
    return r < 0 ? err_set(e, ERR_SYS, r == -ETIMEDOUT ? EBUSY : -r, "end the processes of cgroup %s", path) : 0;
}
