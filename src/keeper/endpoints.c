#include "keeper/endpoints.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/id.h"
#include "base/strv.h"
#include "network/names.h"
#include "network/network.h"

struct watched {
    int wd;
    char network[NETWORK_ID_LEN + 1];
};

static const struct watched *find_watched(const struct endpoints *ep, int wd)
{
    for (size_t i = 0; i < ep->n_watched; i++)
        if (ep->watched[i].wd == wd)
            return &ep->watched[i];
    return NULL;
}

/* A watch descriptor whose directory is gone is never used again. */
static void forget_watched(struct endpoints *ep, int wd)
{
    for (size_t i = 0; i < ep->n_watched; i++)
        if (ep->watched[i].wd == wd)
            ep->watched[i] = ep->watched[--ep->n_watched];
}

static void take_event(struct endpoints *ep, const struct inotify_event *event)
{
    const struct watched *w = find_watched(ep, event->wd);
    if (event->mask & IN_IGNORED)
        forget_watched(ep, event->wd);
    else if (!w || event->len == 0)
        ep->changed(ep->owner, NULL, NULL);
    else if (id_is_valid(event->name))
        ep->changed(ep->owner, w->network, event->name);
}

static void events_ready(struct loop_source *s)
{
    struct endpoints *ep = s->owner;
    _Alignas(struct inotify_event) char bytes[8 * (sizeof(struct inotify_event) + NAME_MAX + 1)];
    ssize_t n = read(s->fd, bytes, sizeof(bytes));
    for (ssize_t at = 0; at < n;) {
        const struct inotify_event *event = (const struct inotify_event *)(bytes + at);
        take_event(ep, event);
        at += (ssize_t)(sizeof(*event) + event->len);
    }
}

/* Adding a watch that is there already gives the same descriptor. -ENOENT, e untouched, where there is no such
 * directory. */
static int watch(const struct endpoints *ep, const char *path, struct err *e)
{
    char full[PATH_MAX];
    snprintf(full, sizeof(full), "%s/%s", fd_path(ep->in->dir_fd).path, path);
    int wd = inotify_add_watch(ep->source.fd, full, IN_CREATE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR);
    if (wd < 0)
        return errno == ENOENT ? -ENOENT : err_sys(e, "watch networks/%s", path);
    return wd;
}

int endpoints_open(struct endpoints *ep, struct loop *l, const struct net_instance *in, struct err *e)
{
    ep->in = in;
    ep->source = (struct loop_source){
        .fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK), .events = POLLIN, .ready = events_ready, .owner = ep};
    if (ep->source.fd < 0)
        return err_sys(e, "make an inotify");
    loop_add(l, &ep->source);
    int wd = watch(ep, ".", e);
    return wd < 0 ? wd : 0;
}

void endpoints_close(struct endpoints *ep)
{
    fd_close(&ep->source.fd);
    free(ep->watched);
    ep->watched = NULL;
    ep->n_watched = 0;
}

int endpoints_networks(const struct net_instance *in, char ***ret, struct err *e)
{
    _cleanup_strv_ char **names = NULL, **ids = NULL;
    int r = dir_list(in->dir_fd, ".", &names, e);
    STRV_FOREACH (name, names) {
        if (r == 0 && id_is_valid(*name))
            r = strv_add(&ids, *name, e);
    }
    if (r == 0)
        *ret = TAKE_PTR(ids);
    return r;
}

int endpoints_watch(struct endpoints *ep, const char *network_id, struct err *e)
{
    char path[NETWORK_ID_LEN + sizeof("/endpoints")];
    snprintf(path, sizeof(path), "%s/endpoints", network_id);
    int wd = watch(ep, path, e);
    if (wd < 0 || find_watched(ep, wd))
        return wd < 0 ? wd : 0;
    struct watched *v = reallocarray(ep->watched, ep->n_watched + 1, sizeof(*v));
    if (!v)
        return err_set(e, ERR_SYS, ENOMEM, "watch network %s", network_id);
    ep->watched = v;
    snprintf(v[ep->n_watched].network, sizeof(v->network), "%s", network_id);
    v[ep->n_watched++].wd = wd;
    return 0;
}

int endpoints_count(struct endpoints *ep, const char *network_id, struct err *e)
{
    _cleanup_close_ int dir = openat(ep->in->dir_fd, network_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **ids = NULL;
    if (dir < 0)
        return errno == ENOENT ? 0 : err_sys(e, "open networks/%s", network_id);
    int r = endpoints_watch(ep, network_id, e); /* first, so that none comes in between unseen */
    if (r == -ENOENT)
        return 0; /* it was never up, or is going away */
    if (r == 0)
        r = endpoints_list(dir, &ids, e);
    return r < 0 ? r : (int)strv_len(ids);
}
