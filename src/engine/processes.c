/*
 * The processes of a container are those in its cgroup: no process can leave it, whatever namespaces it makes. Without one, an
 * unprivileged user's, they are those in its pid namespace and in none that its processes made.
 */
#include <stdlib.h>

#include "engine/bundle.h"
#include "engine/procfs.h"
#include "engine/query.h"
#include "kernel/namespaces.h"
#include "runtime/cgroup/cgroup.h"

void process_list_release(struct process_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        free(l->v[i].command);
    free(l->v);
    *l = (struct process_list){0};
}

static int by_pid(const void *a, const void *b)
{
    const struct container_process *x = a, *y = b;
    return x->pid < y->pid ? -1 : x->pid > y->pid;
}

static int read_all(const pid_t *pids, size_t n, struct process_list *l, struct err *e)
{
    l->v = calloc(n ? n : 1, sizeof(*l->v));
    if (!l->v)
        return err_set(e, ERR_SYS, ENOMEM, "list processes");
    for (size_t i = 0; i < n; i++) {
        int r = procfs_read_process(pids[i], &l->v[l->n], e);
        if (r < 0 && r != -ESRCH) /* ended meanwhile */
            return r;
        l->n += r == 0;
    }
    qsort(l->v, l->n, sizeof(*l->v), by_pid);
    return 0;
}

static int pids_in_namespace(pid_t init, pid_t **ret, size_t *ret_n, struct err *e)
{
    _cleanup_free_ pid_t *all = NULL;
    uint64_t own, its;
    size_t n, found = 0;
    int r = ns_inode(init, NS_PID, &own, e);
    if (r == 0)
        r = procfs_pids(&all, &n, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < n; i++)
        if (ns_inode(all[i], NS_PID, &its, NULL) == 0 && its == own)
            all[found++] = all[i];
    *ret = TAKE_PTR(all);
    *ret_n = found;
    return 0;
}

static int pids_of(const struct engine *en, const struct container *c, pid_t **ret, size_t *ret_n, struct err *e)
{
    _cleanup_free_ char *cgroup = NULL;
    if (en->is_rootless)
        return pids_in_namespace(c->state.pid, ret, ret_n, e);
    int r = bundle_cgroup_path(c, &cgroup, e);
    return r == 0 ? cgroup_pids(cgroup, ret, ret_n, e) : r;
}

int engine_processes(struct engine *en, const char *ref, struct process_list *ret, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    _cleanup_free_ pid_t *pids = NULL;
    struct process_list l = {0};
    size_t n;
    int r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    if (c->state.status != CONTAINER_RUNNING)
        return err_conflict(e, "container %s is not running", c->name);
    r = pids_of(en, c, &pids, &n, e);
    if (r == 0)
        r = read_all(pids, n, &l, e);
    if (r < 0)
        process_list_release(&l);
    else
        *ret = l;
    return r;
}
