/*
 * The namespaces' view: read from the host's procfs and by ioctl_ns(2), from outside, so that it shows what is and
 * not what was asked for.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "engine/procfs.h"
#include "engine/query.h"

enum { ID_MAP_MAX = 64 * 1024, PARENTS_MAX = 32 };

static void view_release(struct ns_view *v)
{
    for (size_t i = 0; i < v->n_members; i++)
        free(v->members[i].command);
    free(v->members);
    free(v->parents);
    strv_free(v->shared_with);
}

void ns_report_list_release(struct ns_report_list *l)
{
    for (size_t i = 0; i < l->n; i++) {
        struct ns_report *r = &l->v[i];
        for (size_t k = 0; k < NS_COUNT; k++)
            view_release(&r->ns[k]);
        free(r->container);
        free(r->id);
        free(r->uid_map);
        free(r->gid_map);
    }
    free(l->v);
    *l = (struct ns_report_list){0};
}

/* ---- one namespace ---- */

/* For a user namespace: who made it; for another: who made the user namespace that owns it. Beyond what we may see:
 * unknown. */
static void read_owner(int fd, struct ns_view *v)
{
    uid_t uid;
    v->owner_uid = -1;
    _cleanup_close_ int owner = ns_owner_userns(fd, NULL);
    if (owner >= 0)
        ns_fd_inode(owner, &v->owner_userns, NULL);
    int userns = v->kind == NS_USER ? fd : owner;
    if (userns >= 0 && ns_owner_uid(userns, &uid, NULL) == 0)
        v->owner_uid = (int)uid;
}

static int read_parents(int fd, struct ns_view *v, struct err *e)
{
    v->parents = calloc(PARENTS_MAX, sizeof(*v->parents)); /* the kernel nests no deeper */
    if (!v->parents)
        return err_set(e, ERR_SYS, ENOMEM, "namespaces");
    _cleanup_close_ int at = ns_parent(fd, NULL);
    while (at >= 0 && v->n_parents < PARENTS_MAX && ns_fd_inode(at, &v->parents[v->n_parents], NULL) == 0) {
        v->n_parents++;
        int next = ns_parent(at, NULL);
        fd_close(&at);
        at = next;
    }
    return 0;
}

/* A kind that this kernel does not have stays at inode 0. */
static int read_view(pid_t pid, enum ns_kind kind, struct ns_view *v, struct err *e)
{
    uint64_t own;
    v->kind = kind;
    v->owner_uid = -1;
    _cleanup_close_ int fd = ns_open(pid, kind, NULL);
    if (fd < 0)
        return 0;
    int r = ns_fd_inode(fd, &v->inode, e);
    if (r < 0)
        return r;
    v->is_host = ns_inode(0, kind, &own, NULL) == 0 && own == v->inode;
    read_owner(fd, v);
    return kind == NS_PID || kind == NS_USER ? read_parents(fd, v, e) : 0;
}

/* ---- one container, or the host ---- */

static char *read_map(pid_t pid, const char *name)
{
    char path[64];
    char *text = NULL;
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    return file_read(AT_FDCWD, path, ID_MAP_MAX, &text, NULL, NULL) == 0 ? text : NULL;
}

static int add_report(struct ns_report_list *l, const struct container *c, struct err *e)
{
    struct ns_report *grown = reallocarray(l->v, l->n + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "namespaces");
    l->v = grown;
    struct ns_report *rep = &grown[l->n++];
    *rep = (struct ns_report){.pid = c ? c->state.pid : getpid()};
    rep->container = c ? strdup(c->name) : NULL;
    rep->id = c ? strdup(c->id) : NULL;
    rep->uid_map = read_map(rep->pid, "uid_map");
    rep->gid_map = read_map(rep->pid, "gid_map");
    int r = 0;
    for (int kind = 0; r == 0 && kind < NS_COUNT; kind++)
        r = read_view(rep->pid, (enum ns_kind)kind, &rep->ns[kind], e);
    return r;
}

/* ---- who shares ---- */

static int add_sharers(const struct ns_report_list *l, struct ns_report *rep, enum ns_kind kind, struct err *e)
{
    struct ns_view *v = &rep->ns[kind];
    int r = 0;
    for (size_t i = 0; r == 0 && v->inode && i < l->n; i++) {
        const struct ns_report *other = &l->v[i];
        if (other != rep && other->ns[kind].inode == v->inode)
            r = strv_add(&v->shared_with, other->container ? other->container : "host", e);
    }
    return r;
}

/* ---- members ---- */

static int add_member(struct ns_view *v, pid_t pid, struct err *e)
{
    struct container_process *grown = reallocarray(v->members, v->n_members + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "namespaces");
    v->members = grown;
    int r = procfs_read_process(pid, &grown[v->n_members], e);
    v->n_members += r == 0;
    return r == -ESRCH ? 0 : r;
}

/* Of the host's own namespaces, nearly every process is a member: they are not listed. */
static int add_members(struct ns_report *rep, struct err *e)
{
    _cleanup_free_ pid_t *pids = NULL;
    size_t n;
    int r = procfs_pids(&pids, &n, e);
    for (size_t i = 0; r == 0 && i < n; i++)
        for (int kind = 0; r == 0 && kind < NS_COUNT; kind++) {
            struct ns_view *v = &rep->ns[kind];
            uint64_t inode;
            if (v->inode && !v->is_host && ns_inode(pids[i], (enum ns_kind)kind, &inode, NULL) == 0 &&
                inode == v->inode)
                r = add_member(v, pids[i], e);
        }
    return r;
}

/* ---- the reports ---- */

static int build(struct engine *en, struct ns_report_list *l, struct err *e)
{
    struct container_list containers = {0};
    int r = engine_list(en, false, NULL, &containers, e);
    if (r == 0)
        r = add_report(l, NULL, e);
    for (size_t i = 0; r == 0 && i < containers.n; i++)
        if (containers.v[i]->state.pid > 0)
            r = add_report(l, containers.v[i], e);
    container_list_release(&containers);
    for (size_t i = 0; r == 0 && i < l->n; i++)
        for (int kind = 0; r == 0 && kind < NS_COUNT; kind++)
            r = add_sharers(l, &l->v[i], (enum ns_kind)kind, e);
    return r;
}

/* Keeps the host's report and the container's, which gets its members. */
static int keep_only(struct ns_report_list *l, const char *id, struct err *e)
{
    struct ns_report_list rest = {0};
    rest.v = calloc(l->n, sizeof(*rest.v));
    if (!rest.v)
        return err_set(e, ERR_SYS, ENOMEM, "namespaces");
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        bool is_kept = !l->v[i].id || strcmp(l->v[i].id, id) == 0;
        struct ns_report moved = l->v[i];
        if (is_kept)
            l->v[kept++] = moved;
        else
            rest.v[rest.n++] = moved;
    }
    l->n = kept;
    ns_report_list_release(&rest);
    return kept == 2 ? add_members(&l->v[1], e) : err_conflict(e, "container %.12s is not running", id);
}

int engine_namespaces(struct engine *en, const char *ref, struct ns_report_list *ret, struct err *e)
{
    struct ns_report_list l = {0};
    _cleanup_container_ struct container *c = NULL;
    int r = ref ? engine_find(en, ref, &c, e) : 0;
    if (r == 0 && c && c->state.status != CONTAINER_RUNNING)
        r = err_conflict(e, "container %s is not running", c->name);
    if (r == 0)
        r = build(en, &l, e);
    if (r == 0 && c)
        r = keep_only(&l, c->id, e);
    if (r < 0)
        ns_report_list_release(&l);
    else
        *ret = l;
    return r;
}
