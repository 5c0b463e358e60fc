#include "runtime/cgroup/cgroup.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "kernel/features.h"
#include "kernel/namespaces.h"
#include "runtime/cgroup/driver.h"

static const char unified_flag[] = "linux.resources.unified";

/* ---- which controllers */

static bool is_in_v1(const struct cgroup_layout *l, int i)
{
    return l->v1_fd[i] >= 0;
}

/* Devices are guarded by a program in version 2, which needs no controller. */
static bool is_in_v2(const struct cgroup_layout *l, int i)
{
    return l->v2_fd >= 0 && ((l->v2_controllers & 1u << i) || i == CGROUP_DEVICES);
}

/* Counting cpu time and freezing need a hierarchy of their own only where there is no version 2. */
static bool is_joined_always(const struct cgroup_layout *l, int i)
{
    return cgroup_drivers[i]->is_default || (l->v2_fd < 0 && (i == CGROUP_CPUACCT || i == CGROUP_FREEZER));
}

static int choose_controllers(const struct cgroup_layout *l, const struct spec_resources *r, unsigned *ret,
                              struct err *e)
{
    unsigned chosen = 0;
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        const char *flag = cgroup_driver_wanted(cgroup_drivers[i], r);
        bool is_there = is_in_v1(l, i) || is_in_v2(l, i);
        if (flag && !is_there)
            return err_set(e, ERR_UNSUPPORTED, 0, "%s cannot be enforced: this machine has no cgroup controller \"%s\"",
                           flag, cgroup_drivers[i]->v1_name);
        if (is_there && (flag || is_joined_always(l, i)))
            chosen |= 1u << i;
    }
    if (r->unified && l->v2_fd < 0)
        return err_set(e, ERR_UNSUPPORTED, 0, "%s needs cgroup version 2", unified_flag);
    *ret = chosen;
    return 0;
}

/* ---- making */

/* "+cpu +memory …" for the parents: all that version 2 has, so that an update can set any limit later, and what the
 * unified settings name beyond those ("hugetlb.2MB.max"). */
static int list_subtree_control(const struct cgroup_layout *l, const struct spec_resources *r, struct strbuf *out,
                                struct err *e)
{
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (l->v2_controllers & 1u << i)
            strbuf_addf(out, "+%s ", cgroup_drivers[i]->v2_name);
    STRV_FOREACH (setting, r->unified)
        if (strncmp(*setting, "cgroup.", 7) != 0)
            strbuf_addf(out, "+%.*s ", (int)strcspn(*setting, ".="), *setting);
    return strbuf_check(out, "cgroup controllers", e);
}

static int make_v2(const struct cgroup_layout *l, const struct spec *spec, struct cgroup *c, struct err *e)
{
    enum { NAMES_MAX = 4096 };
    _cleanup_strbuf_ struct strbuf controllers = STRBUF_INIT(NAMES_MAX);
    if (l->v2_fd < 0)
        return 0;
    int r = list_subtree_control(l, &spec->resources, &controllers, e);
    if (r < 0)
        return r;
    const struct cgroup_tree tree = {.root_fd = l->v2_fd, .subtree_control = strbuf_str(&controllers)};
    c->v2_fd = cgroup_tree_make(&tree, c->path, e);
    return c->v2_fd < 0 ? c->v2_fd : 0;
}

/* One hierarchy, for all controllers that are mounted in it. */
static int make_hierarchy(const struct cgroup_layout *l, int leader, struct cgroup *c, struct err *e)
{
    struct cgroup_tree tree = {.root_fd = l->v1_fd[leader]};
    for (int i = leader; i < CGROUP_CONTROLLER_COUNT; i++)
        if (is_in_v1(l, i) && cgroup_v1_leader(l, i) == leader && cgroup_drivers[i]->prepare_v1)
            tree.prepare = cgroup_drivers[i]->prepare_v1;
    c->v1_fd[leader] = cgroup_tree_make(&tree, c->path, e);
    if (c->v1_fd[leader] < 0)
        return err_context(e, "controller %s", l->v1_name[leader]);
    for (int i = leader + 1; i < CGROUP_CONTROLLER_COUNT; i++)
        if (is_in_v1(l, i) && cgroup_v1_leader(l, i) == leader)
            c->v1_fd[i] = fcntl(c->v1_fd[leader], F_DUPFD_CLOEXEC, 0);
    return 0;
}

static int make_v1(const struct cgroup_layout *l, unsigned chosen, struct cgroup *c, struct err *e)
{
    unsigned leaders = 0;
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if ((chosen & 1u << i) && is_in_v1(l, i))
            leaders |= 1u << cgroup_v1_leader(l, i);
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        int r = leaders & 1u << i ? make_hierarchy(l, i, c, e) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- limits */

static int dir_of(const struct cgroup *c, int i, enum cgroup_version *ret)
{
    if (c->v1_fd[i] >= 0) {
        *ret = CGROUP_V1;
        return c->v1_fd[i];
    }
    *ret = CGROUP_V2;
    return is_in_v2(cgroup_layout(), i) ? c->v2_fd : -1;
}

static int apply_unified(const struct cgroup *c, char *const *settings, struct err *e)
{
    STRV_FOREACH (setting, settings) {
        char file[256];
        size_t len = strcspn(*setting, "=");
        if (len >= sizeof(file) || (*setting)[len] != '=' || memchr(*setting, '/', len))
            return err_invalid(e, "%s: \"%s\" is not FILE=VALUE", unified_flag, *setting);
        snprintf(file, sizeof(file), "%.*s", (int)len, *setting);
        int r = cgroup_write_limit(c->v2_fd, file, *setting + len + 1, unified_flag, e);
        if (r < 0)
            return r;
    }
    return 0;
}

static int apply_limits(const struct cgroup *c, const struct spec_resources *r, struct err *e)
{
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        enum cgroup_version v;
        int dir_fd = dir_of(c, i, &v);
        const char *flag = dir_fd < 0 ? cgroup_driver_wanted(cgroup_drivers[i], r) : NULL;
        if (flag)
            return err_set(e, ERR_UNSUPPORTED, 0, "%s: the container was started without the cgroup controller \"%s\"",
                           flag, cgroup_drivers[i]->v1_name);
        int ret = dir_fd >= 0 ? cgroup_driver_apply(cgroup_drivers[i], c, dir_fd, v, r, e) : 0;
        if (ret < 0)
            return ret;
    }
    return apply_unified(c, r->unified, e);
}

int cgroup_update(const struct cgroup *c, const struct spec_resources *r, struct err *e)
{
    if (r->unified && c->v2_fd < 0)
        return err_set(e, ERR_UNSUPPORTED, 0, "%s needs cgroup version 2", unified_flag);
    return apply_limits(c, r, e);
}

/* ---- joining */

/* `tasks` moves one thread; cgroup.procs moves a process and waits for a grace period to do so. */
static int open_join_fds(struct cgroup *c, struct err *e)
{
    const struct cgroup_layout *l = cgroup_layout();
    if (c->v2_fd >= 0 && (c->v2_join_fd = openat(c->v2_fd, "cgroup.procs", O_WRONLY | O_CLOEXEC)) < 0)
        return err_sys(e, "open cgroup.procs of %s", c->path);
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        if (c->v1_fd[i] < 0 || cgroup_v1_leader(l, i) != i)
            continue;
        c->v1_join_fd[i] = openat(c->v1_fd[i], "tasks", O_WRONLY | O_CLOEXEC);
        if (c->v1_join_fd[i] < 0)
            return err_sys(e, "open %s tasks of %s", l->v1_name[i], c->path);
    }
    return 0;
}

int cgroup_clone_fd(const struct cgroup *c)
{
    return c->v2_fd >= 0 && kernel_has(FEATURE_CLONE_INTO_CGROUP) ? c->v2_fd : -1;
}

int cgroup_join_self(const struct cgroup *c, bool cloned_into_v2, struct err *e)
{
    if (c->v2_join_fd >= 0 && !cloned_into_v2 && write(c->v2_join_fd, "0", 1) < 0)
        return err_sys(e, "join cgroup %s", c->path);
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (c->v1_join_fd[i] >= 0 && write(c->v1_join_fd[i], "0", 1) < 0)
            return err_sys(e, "join cgroup %s of controller %s", c->path, cgroup_drivers[i]->v1_name);
    return 0;
}

/* ---- life cycle */

/* Only what this cgroup made: a conflict must not remove the other one's. */
static void undo(const struct cgroup *c)
{
    const struct cgroup_layout *l = cgroup_layout();
    if (c->v2_fd >= 0)
        cgroup_tree_remove(l->v2_fd, c->path, true, NULL);
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (c->v1_fd[i] >= 0 && cgroup_v1_leader(l, i) == i)
            cgroup_tree_remove(l->v1_fd[i], c->path, true, NULL);
}

static int create(const struct spec *spec, unsigned chosen, struct cgroup *c, struct err *e)
{
    const struct cgroup_layout *l = cgroup_layout();
    int r = make_v2(l, spec, c, e);
    if (r == 0)
        r = make_v1(l, chosen, c, e);
    if (r == 0)
        r = apply_limits(c, &spec->resources, e);
    if (r == 0)
        r = open_join_fds(c, e);
    return r;
}

/* The first limit that only a cgroup can enforce; NULL when none is asked for. Below the initial user namespace the device
 * rules are none: no device node can be made there. */
static const char *first_limit(const struct spec_resources *r)
{
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (i != CGROUP_DEVICES && cgroup_driver_wanted(cgroup_drivers[i], r))
            return cgroup_driver_wanted(cgroup_drivers[i], r);
    return r->unified ? unified_flag : NULL;
}

/* An unprivileged user's container stays in the user's own cgroup, unless a part of the tree was delegated to the user. */
static int do_without(const struct spec *spec, struct err *e)
{
    const char *limit = first_limit(&spec->resources);
    bool is_forbidden = e->code == EACCES || e->code == EPERM || e->code == EROFS;
    if (!is_forbidden || ns_user_is_initial())
        return err_to_errno(e);
    if (!limit)
        return 0;
    err_set(e, ERR_UNSUPPORTED, 0, "%s cannot be enforced without root: the cgroups here are not yours", limit);
    return err_advice(e, "leave the limit out, or run it as root");
}

int cgroup_create(const struct spec *spec, struct cgroup *ret, struct err *e)
{
    struct cgroup c = CGROUP_INIT;
    unsigned chosen;
    int r = choose_controllers(cgroup_layout(), &spec->resources, &chosen, e);
    if (r < 0)
        return r;
    c.path = strdup(spec->cgroup_path ? spec->cgroup_path : "");
    if (!c.path || !*c.path) {
        cgroup_release(&c);
        return err_set(e, ERR_INTERNAL, 0, "a container without a cgroup path");
    }
    struct err own = ERR_INIT;
    r = create(spec, chosen, &c, &own);
    if (r < 0) {
        undo(&c);
        cgroup_release(&c);
        r = do_without(spec, &own);
        if (r < 0 && e)
            *e = own;
        else
            *ret = CGROUP_INIT;
        return r;
    }
    c.created = true;
    *ret = c;
    return 0;
}

static bool open_hierarchies(const struct cgroup_layout *l, struct cgroup *c)
{
    bool any = l->v2_fd >= 0 && (c->v2_fd = cgroup_tree_open(l->v2_fd, c->path)) >= 0;
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (l->v1_fd[i] >= 0 && (c->v1_fd[i] = cgroup_tree_open(l->v1_fd[i], c->path)) >= 0)
            any = true;
    return any;
}

int cgroup_open(const char *path, struct cgroup *ret, struct err *e)
{
    struct cgroup c = CGROUP_INIT;
    c.path = strdup(path);
    if (!c.path)
        return err_set(e, ERR_SYS, ENOMEM, "open cgroup %s", path);
    int r = open_hierarchies(cgroup_layout(), &c) ? open_join_fds(&c, e) : err_not_found(e, "no cgroup %s", path);
    if (r < 0) {
        cgroup_release(&c);
        return r;
    }
    *ret = c;
    return 0;
}

static int remove_everywhere(const char *path, bool is_patient, struct err *e)
{
    const struct cgroup_layout *l = cgroup_layout();
    int r = l->v2_fd >= 0 ? cgroup_tree_remove(l->v2_fd, path, is_patient, e) : 0;
    for (int i = 0; r == 0 && i < CGROUP_CONTROLLER_COUNT; i++) {
        if (l->v1_fd[i] < 0 || cgroup_v1_leader(l, i) != i)
            continue;
        r = cgroup_tree_remove(l->v1_fd[i], path, is_patient, e);
        if (r < 0)
            err_context(e, "controller %s", l->v1_name[i]);
    }
    return r;
}

int cgroup_remove(const char *path, struct err *e)
{
    return remove_everywhere(path, true, e);
}

int cgroup_destroy(const char *path, struct err *e)
{
    if (remove_everywhere(path, false, NULL) == 0)
        return 0;
    int r = cgroup_kill(path, e);
    return r < 0 ? r : cgroup_remove(path, e);
}

void cgroup_release(struct cgroup *c)
{
    fd_close(&c->v2_fd);
    fd_close(&c->v2_join_fd);
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        fd_close(&c->v1_fd[i]);
        fd_close(&c->v1_join_fd[i]);
    }
    free(c->path);
    *c = CGROUP_INIT;
}
