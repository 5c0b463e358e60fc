#include "keeper/overlay_publish.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/strv.h"
#include "keeper/overlay_internal.h"
#include "network/names.h"
#include "network/plan.h"

enum {
    RESCAN_FIRST_MS = 10, /* doubled each time */
    RESCANS_MAX = 9,      /* together five seconds: no start takes as long */
};

/* The container's interface on this network; NULL while its plan is not there or does not have it. */
static const struct net_interface *find_interface(const struct overlay_network *n, const char *container,
                                                  struct net_plan **plan)
{
    _cleanup_free_ char *path = NULL;
    _cleanup_close_ int dir = -1;

    if (asprintf(&path, "%s/containers/%s", n->overlay->in->run_root, container) < 0)
        abort();
    dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0 || net_plan_load(dir, plan, NULL) < 0)
        return NULL;
    for (size_t i = 0; i < (*plan)->n_interfaces; i++)
        if (strcmp((*plan)->interfaces[i].network, n->definition->id) == 0)
            return &(*plan)->interfaces[i];
    return NULL;
}

static bool want_endpoint(struct overlay_network *n, const char *container)
{
    _cleanup_net_plan_ struct net_plan *plan = NULL;
    const struct net_interface *i = find_interface(n, container, &plan);
    struct vxlan_station station = {.remote = n->overlay->address};
    _cleanup_free_ char *value = NULL, *key = NULL;

    if (!i)
        return false;
    memcpy(station.mac, i->mac, NET_MAC_LEN);
    station.ip4 = i->address4.ip;
    station.ip6 = i->address6.ip;
    value = overlay_endpoint_value(n->overlay->node, &station, i->names);
    if (asprintf(&key, "%s%s", OVERLAY_ENDPOINTS, container) < 0)
        abort();
    overlay_records_want(&n->publisher.records, key, value);
    return true;
}

static bool stamp_of(const struct overlay_network *n, const char *container, struct overlay_stamp *ret)
{
    _cleanup_free_ char *path = NULL;
    struct stat st;

    if (endpoint_path(n->definition->id, container, &path, NULL) < 0 ||
        fstatat(n->overlay->in->dir_fd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
        return false;
    *ret = (struct overlay_stamp){.inode = st.st_ino, .time = st.st_mtim};
    snprintf(ret->container, sizeof(ret->container), "%s", container);
    return true;
}

static bool is_same_stamp(const struct overlay_stamp *a, const struct overlay_stamp *b)
{
    return strcmp(a->container, b->container) == 0 && a->inode == b->inode && a->time.tv_sec == b->time.tv_sec &&
           a->time.tv_nsec == b->time.tv_nsec;
}

/* Wants all of these, reading the new ones. False where one's plan is not there yet. Both lists are sorted. */
static bool want_endpoints(struct overlay_network *n, char *const *containers)
{
    struct overlay_publisher *p = &n->publisher;
    struct overlay_stamp *now = calloc(strv_len(containers) + 1, sizeof(*now));
    size_t n_now = 0, old = 0;
    bool all_known = true;

    if (!now)
        abort();
    STRV_FOREACH (container, containers) {
        if (!stamp_of(n, *container, &now[n_now]))
            continue; /* gone just now: the next event tells */
        while (old < p->n_known && strcmp(p->known[old].container, *container) < 0)
            old++;
        if ((old < p->n_known && is_same_stamp(&p->known[old], &now[n_now])) || want_endpoint(n, *container))
            n_now++;
        else
            all_known = false;
    }
    free(p->known);
    p->known = now;
    p->n_known = n_now;
    return all_known;
}

static void scan(struct overlay_network *n)
{
    struct overlay_publisher *p = &n->publisher;
    _cleanup_strv_ char **containers = NULL;
    struct err e = ERR_INIT;
    bool all_known;

    if (endpoints_list(n->dir, &containers, &e) < 0) {
        log_warning("network %s: %s", n->definition->name, e.text);
        return;
    }
    overlay_records_keep(&p->records, OVERLAY_ENDPOINTS, containers);
    all_known = want_endpoints(n, containers);
    overlay_records_sync(&p->records);
    if (all_known || p->n_rescans >= RESCANS_MAX)
        timer_clear(&n->overlay->loop, &p->rescan);
    else
        timer_set(&n->overlay->loop, &p->rescan, (int64_t)RESCAN_FIRST_MS << p->n_rescans);
}

static void rescan_is_due(struct event_timer *t)
{
    struct overlay_network *n = t->owner;

    n->publisher.n_rescans++;
    scan(n);
}

void overlay_publisher_scan(struct overlay_network *n)
{
    n->publisher.n_rescans = 0;
    scan(n);
}

void overlay_publisher_start(struct overlay_network *n)
{
    struct overlay_publisher *p = &n->publisher;
    _cleanup_free_ char *value = overlay_host_value(n->overlay->node, &n->gateway, n->overlay->session);
    _cleanup_free_ char *key = NULL;

    p->rescan = (struct event_timer){.fire = rescan_is_due, .owner = n};
    overlay_records_start(&p->records, n->overlay->etcd, n->overlay->config->lease, n->prefix);
    if (asprintf(&key, "%s%s", OVERLAY_HOSTS, n->overlay->node) < 0)
        abort();
    overlay_records_want(&p->records, key, value);
    overlay_publisher_scan(n);
}

void overlay_publisher_stop(struct overlay_network *n)
{
    timer_clear(&n->overlay->loop, &n->publisher.rescan);
    overlay_records_stop(&n->publisher.records);
    free(n->publisher.known);
}
