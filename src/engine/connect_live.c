#include "engine/connect_live.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "engine/hosts_file.h"
#include "engine/netenv.h"
#include "engine/networks.h"
#include "engine/paths.h"
#include "engine/remote.h"
#include "kernel/namespaces.h"
#include "kernel/pidfd.h"

enum { FILE_MAX = 256 * 1024 };

void live_close(struct live *l)
{
    net_target_close(&l->target);
    attachment_release(&l->net);
    fd_close(&l->netns_fd);
    fd_close(&l->pidfd);
    fd_close(&l->run_dir_fd);
    fd_close(&l->lock_fd);
}

static int not_running(const struct container *c, struct err *e)
{
    return err_conflict(e, "container %s is not running", c->name);
}

/* ---- opening ---- */

/* The file goes with the run directory: one that has no name any more guards nothing. */
static int take_lock(struct live *l, struct err *e)
{
    struct stat st;
    l->run_dir_fd = run_dir_open(l->en, l->c->id, e);
    if (l->run_dir_fd < 0)
        return l->run_dir_fd == -ENOENT ? not_running(l->c, e) : l->run_dir_fd;
    l->lock_fd = openat(l->run_dir_fd, NETWORK_LOCK_NAME, O_RDONLY | O_CREAT | O_CLOEXEC, 0600);
    if (l->lock_fd < 0)
        return errno == ENOENT ? not_running(l->c, e) : err_sys(e, "make the lock of the network of %s", l->c->name);
    if (flock(l->lock_fd, LOCK_EX) < 0 || fstat(l->lock_fd, &st) < 0)
        return err_sys(e, "lock the network of %s", l->c->name);
    return st.st_nlink > 0 ? 0 : not_running(l->c, e);
}

static int open_namespace(struct live *l, struct err *e)
{
    l->pidfd = remote_pidfd(l->en, l->c->id, e);
    if (l->pidfd < 0)
        return l->pidfd;
    pid_t pid = pidfd_to_pid(l->pidfd);
    if (pid <= 0)
        return not_running(l->c, e);
    l->netns_fd = ns_open(pid, NS_NET, e);
    if (l->netns_fd < 0)
        return l->netns_fd;
    if (pidfd_has_exited(l->pidfd, 0)) /* else the pid was the init's all the time */
        return not_running(l->c, e);
    return net_target_open(l->netns_fd, &l->target, e);
}

/* A container that started without a network of ours has no plan yet. */
static int load_plan(struct live *l, struct err *e)
{
    int r = engine_net(l->en, &l->in, &l->net.config, e);
    if (r == 0)
        r = net_plan_load(l->run_dir_fd, &l->net.plan, e);
    if (r != -ENOENT)
        return r;
    l->net.plan = net_plan_new();
    return attach_plan_init(l->en, l->c, l->net.plan, e);
}

static int find_networks(struct live *l, struct err *e)
{
    const struct net_plan *plan = l->net.plan;
    l->net.networks = calloc(plan->n_interfaces + 1, sizeof(struct network *)); /* one more for connect */
    if (!l->net.networks)
        return err_set(e, ERR_SYS, ENOMEM, "networks");
    int r = 0;
    for (size_t i = 0; r == 0 && i < plan->n_interfaces; i++) {
        r = engine_network_find(l->en, plan->interfaces[i].network, &l->net.networks[i], e);
        l->net.n_networks += r == 0;
    }
    return r;
}

/* ---- hosts and resolv.conf ---- */

/* The container's files are older than its config.json, and stay so when we write them: newer is what somebody inside wrote. */
static bool is_older(const struct stat *file, const struct stat *config)
{
    const struct timespec *a = &file->st_mtim, *b = &config->st_mtim;
    return a->tv_sec < b->tv_sec || (a->tv_sec == b->tv_sec && a->tv_nsec <= b->tv_nsec);
}

/* In place, for the file is bound into the container. One that is not there is covered by a mount of the user's. */
static int rewrite(const struct live *l, const char *name, const struct strbuf *text, struct err *e)
{
    _cleanup_free_ char *path = NULL;
    struct stat file, config;
    int r = container_file(l->en->root, l->c->id, name, &path, e);
    if (r < 0)
        return r;
    if (fstatat(l->run_dir_fd, CONFIG_NAME, &config, 0) < 0)
        return errno == ENOENT ? not_running(l->c, e) : err_sys(e, "look at " CONFIG_NAME);
    if (stat(path, &file) < 0 || !is_older(&file, &config))
        return 0;
    const struct timespec times[] = {{.tv_nsec = UTIME_OMIT}, config.st_mtim};
    r = file_write(AT_FDCWD, path, strbuf_str(text), text->len, 0644, e);
    if (r == 0 && utimensat(AT_FDCWD, path, times, 0) < 0)
        return err_sys(e, "set the time of %s", path);
    return r;
}

int live_finish(struct live *l, struct err *e)
{
    const struct hosts_source s = {
        .c = l->c, .plan = l->net.plan, .networks = l->net.networks, .config = l->net.config};
    _cleanup_strbuf_ struct strbuf hosts = STRBUF_INIT(FILE_MAX), resolv_conf = STRBUF_INIT(FILE_MAX);
    int r = hosts_file_write(&s, &hosts, e);
    if (r == 0)
        r = resolv_conf_write(&s, &resolv_conf, e);
    if (r == 0)
        r = rewrite(l, HOSTS_NAME, &hosts, e);
    if (r == 0)
        r = rewrite(l, RESOLV_CONF_NAME, &resolv_conf, e);
    if (r < 0)
        return r;
    return pidfd_has_exited(l->pidfd, 0) ? not_running(l->c, e) : 0;
}

int live_open(struct engine *en, const struct container *c, struct live *ret, struct err *e)
{
    _cleanup_live_ struct live l = LIVE_INIT;
    l.en = en;
    l.c = c;
    int r = take_lock(&l, e);
    if (r == 0)
        r = open_namespace(&l, e);
    if (r == 0)
        r = load_plan(&l, e);
    if (r == 0)
        r = find_networks(&l, e);
    if (r < 0)
        return r;
    *ret = l;
    l = LIVE_INIT;
    return 0;
}

/* ---- the plan ---- */

int live_save(const struct live *l, struct err *e)
{
    return net_plan_save(l->net.plan, l->run_dir_fd, e);
}

struct net_interface *live_interface(const struct live *l, const char *network_id)
{
    for (size_t i = 0; i < l->net.plan->n_interfaces; i++)
        if (strcmp(l->net.plan->interfaces[i].network, network_id) == 0)
            return &l->net.plan->interfaces[i];
    return NULL;
}

void live_drop_interface(struct live *l, struct net_interface *i)
{
    struct net_plan *plan = l->net.plan;
    size_t at = (size_t)(i - plan->interfaces), behind = --plan->n_interfaces - at;
    free(i->network_name);
    strv_free(i->names);
    memmove(i, i + 1, behind * sizeof(*i));
    if (at >= l->net.n_networks)
        return;
    network_free(l->net.networks[at]);
    memmove(&l->net.networks[at], &l->net.networks[at + 1], (--l->net.n_networks - at) * sizeof(struct network *));
}

void live_remove_files(struct live *l, const char *network_id)
{
    char **files = l->net.plan->files;
    size_t n = strlen(network_id), kept = 0;
    for (size_t i = 0; files && files[i]; i++) {
        if (strncmp(files[i], network_id, n) != 0 || files[i][n] != '/') {
            files[kept++] = files[i];
            continue;
        }
        unlinkat(l->in->dir_fd, files[i], 0);
        free(files[i]);
    }
    if (files)
        files[kept] = NULL;
}
