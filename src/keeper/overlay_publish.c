#include "keeper/overlay_publish.h"

#include <fcntl.h>
#include <string.h>

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

static void scan(struct overlay_network *n)
{
    struct overlay_publisher *p = &n->publisher;
    _cleanup_strv_ char **containers = NULL;
    struct err e = ERR_INIT;
    bool all_known = true;

    if (endpoints_list(n->dir, &containers, &e) < 0) {
        log_warning("network %s: %s", n->definition->name, e.text);
        return;
    }
    overlay_records_unwant(&p->records, OVERLAY_ENDPOINTS);
    STRV_FOREACH (container, containers) {
        all_known = want_endpoint(n, *container) && all_known;
    }
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
}
