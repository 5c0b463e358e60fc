/* Joining a network, and leaving it. */
#include <fcntl.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "keeper/clock.h"
#include "keeper/overlay_internal.h"
#include "keeper/overlay_names.h"
#include "kernel/netlink.h"
#include "network/leases.h"

#include <linux/if_link.h>

enum { JOIN_MS = 5000 };

struct overlay_network *overlay_network_find(const struct overlay *o, const char *network_id)
{
    for (struct overlay_network *n = o->networks; n; n = n->next)
        if (strcmp(n->definition->id, network_id) == 0)
            return n;
    return NULL;
}

struct overlay_device overlay_device(const char *network_id)
{
    struct overlay_device d;

    snprintf(d.name, sizeof(d.name), "vx-%.12s", network_id);
    return d;
}

/* ---- steps of joining */

static int copy_definition(const struct network *n, struct network **ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_network_ struct network *copy = network_new();
    int r = network_to_json(n, &o, e);

    if (r == 0)
        r = network_from_json(o, copy, e);
    if (r == 0)
        *ret = TAKE_PTR(copy);
    return r;
}

/* The part may be another one since the engine wrote it down: somebody removed it from etcd, or etcd was made anew. */
static int check_part(struct overlay *o, struct network *n, struct err *e)
{
    const struct ip gateway = n->v4.gateway;
    int r = overlay_take_part(o, n, e);

    if (r == 0 && !ip_equal(&gateway, &n->v4.gateway)) {
        err_conflict(e, "this host has another part of network %s by now", n->name);
        return err_advice(e, "take it over with: sampan network rm %s, then use it again", n->name);
    }
    return r;
}

static int take_mac(const struct nlmsghdr *h, void *arg, struct err *e)
{
    const struct nlattr *mac = netlink_find(h, sizeof(struct ifinfomsg), IFLA_ADDRESS);

    if (!mac || netlink_data_len(mac) != NET_MAC_LEN)
        return err_set(e, ERR_INTERNAL, 0, "the bridge has no MAC");
    memcpy(arg, netlink_data(mac), NET_MAC_LEN);
    return 0;
}

/* How others reach this host's side: the bridge. */
static int describe_gateway(struct overlay_network *n, struct err *e)
{
    const struct network *d = n->definition;
    struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct netlink_batch b;
    int r;

    n->gateway = (struct vxlan_station){.remote = n->overlay->address, .ip4 = d->v4.gateway, .ip6 = d->v6.gateway};
    link.ifi_index = netlink_link_index(n->overlay->sock, d->link, e);
    if (link.ifi_index < 0)
        return link.ifi_index;
    netlink_batch_init(&b);
    netlink_request(&b, "look at the bridge", RTM_GETLINK, 0, &link, sizeof(link));
    r = netlink_query(n->overlay->sock, &b, take_mac, n->gateway.mac, e);
    return r < 0 ? err_context(e, "bridge %s", d->link) : 0;
}

static int make_device(struct overlay_network *n, struct err *e)
{
    const struct network *d = n->definition;
    int r = d->encrypted ? overlay_crypt_start(n->overlay, e) : 0;
    struct vxlan v = {.vni = d->vni,
                      .port = d->encrypted ? VXLAN_PORT_ENCRYPTED : VXLAN_PORT,
                      .local = n->overlay->address,
                      .mtu = d->mtu,
                      .isolated = d->isolated};

    if (r < 0)
        return r;
    memcpy(v.name, overlay_device(d->id).name, sizeof(v.name));
    memcpy(v.bridge, d->link, sizeof(v.bridge));
    return vxlan_add(n->overlay->sock, &v, &n->ifindex, e);
}

static int start_all(struct overlay_network *n, struct err *e)
{
    struct overlay *o = n->overlay;
    int r = overlay_probe_start(n, e);

    if (r < 0)
        return r;
    overlay_publisher_start(n);
    return etcd_watch_new(o->etcd, n->prefix, &overlay_member_handlers, n, &n->watch, e);
}

static int check_rival(const struct overlay_network *n, struct err *e)
{
    if (!n->members.rival)
        return 0;
    err_conflict(e, "the host %s calls itself %s too", n->members.rival, n->overlay->node);
    return err_advice(e,
                      "set \"node\" of \"overlay\" in the configuration, or wait %u seconds if this host had that "
                      "address before",
                      n->overlay->config->lease);
}

/* Until the others are programmed and they can learn of us. */
static int wait_until_joined(struct overlay_network *n, struct err *e)
{
    const int64_t deadline = clock_ms() + JOIN_MS;
    int r = 0;

    while (r == 0 && !(n->members.is_told && overlay_records_are_done(&n->publisher.records))) {
        const int64_t left = deadline - clock_ms();

        if (left <= 0) {
            err_set(e, ERR_SYS, ETIMEDOUT, "join network %s", n->definition->name);
            return err_advice(e, "etcd does not answer");
        }
        r = events_turn(&n->overlay->loop, (int)left, e);
        if (r == 0)
            r = check_rival(n, e);
    }
    return r;
}

/* ---- the whole */

static int join(struct overlay_network *n, struct err *e)
{
    struct overlay *o = n->overlay;
    int r = overlay_find_address(o, e);

    if (r == 0)
        r = check_part(o, n->definition, e);
    if (r < 0)
        return r;
    n->definition->mtu = overlay_mtu(o, n->definition);
    n->dir = network_dir_open(o->in, n->definition->id, e);
    if (n->dir < 0)
        return n->dir;
    r = dir_make_all(n->dir, OVERLAY_REMOTE_DIR, 0755, NULL, e);
    if (r == 0)
        r = describe_gateway(n, e);
    if (r == 0)
        r = overlay_update_firewall(o, e); /* before anything can come in */
    if (r == 0)
        r = make_device(n, e);
    if (r == 0)
        r = start_all(n, e);
    return r == 0 ? wait_until_joined(n, e) : r;
}

int overlay_network_join(struct overlay *o, const struct network *definition, struct overlay_network **ret,
                         struct err *e)
{
    struct overlay_network *n = calloc(1, sizeof(*n));
    int r;

    if (!n)
        return err_set(e, ERR_SYS, ENOMEM, "join network %s", definition->name);
    n->overlay = o;
    n->dir = -1;
    n->prefix = overlay_key(o, "members/%s/", definition->id);
    n->next = o->networks;
    o->networks = n; /* the firewall's list is made from these */
    r = copy_definition(definition, &n->definition, e);
    if (r == 0)
        r = join(n, e);
    if (r < 0) {
        overlay_network_leave(n);
        return err_context(e, "join overlay network %s", definition->name);
    }
    *ret = n;
    return 0;
}

static bool has_encrypted(const struct overlay *o)
{
    for (const struct overlay_network *n = o->networks; n; n = n->next)
        if (n->definition && n->definition->encrypted)
            return true;
    return false;
}

static void network_unlink(struct overlay_network *n)
{
    for (struct overlay_network **p = &n->overlay->networks; *p; p = &(*p)->next) {
        if (*p == n) {
            *p = n->next;
            return;
        }
    }
}

void overlay_network_leave(struct overlay_network *n)
{
    struct overlay *o = n->overlay;
    struct err e = ERR_INIT;

    if (n->watch)
        etcd_watch_free(n->watch);
    overlay_publisher_stop(n);
    overlay_probe_stop(n);
    if (n->ifindex > 0 && vxlan_remove(o->sock, overlay_device(n->definition->id).name, &e) < 0)
        log_warning("leave overlay network %s: %s", n->definition->name, e.text);
    if (n->dir >= 0)
        (void)dir_remove_all(n->dir, OVERLAY_REMOTE_DIR, NULL);
    fd_close(&n->dir);
    network_unlink(n);
    if (overlay_update_firewall(o, &e) < 0)
        log_warning("%s", e.text);
    if (has_encrypted(o))
        overlay_crypt_update(o);
    else
        overlay_crypt_stop(o);
    overlay_members_release(&n->members);
    network_free(n->definition);
    free(n->prefix);
    free(n);
}
