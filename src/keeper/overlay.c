#include "keeper/overlay.h"

#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>

#include "base/fd.h"
#include "base/id.h"
#include "base/strbuf.h"
#include "keeper/overlay_internal.h"
#include "kernel/netlink.h"
#include "network/vxlan.h"

enum { KEY_MAX = 1024 };

char *overlay_key(const struct overlay *o, const char *format, ...)
{
    struct strbuf sb = STRBUF_INIT(KEY_MAX);
    va_list ap;

    strbuf_addf(&sb, "%s/", o->config->prefix);
    va_start(ap, format);
    strbuf_vaddf(&sb, format, ap);
    va_end(ap);
    if (sb.error)
        abort(); /* ids and checked names are far shorter */
    return strbuf_take(&sb);
}

/* ---- its life */

static int set_node(struct overlay *o, struct err *e)
{
    struct utsname host;

    if (uname(&host) < 0)
        return err_sys(e, "uname");
    o->node = strdup(o->config->node ? o->config->node : host.nodename);
    if (!o->node)
        return err_set(e, ERR_SYS, ENOMEM, "overlay networks");
    if (!name_is_valid(o->node, 1)) {
        err_invalid(e, "this host's name \"%.100s\" cannot be used for overlay networks", o->node);
        return err_advice(e, "set \"node\" of \"overlay\" in the configuration: [a-zA-Z0-9][a-zA-Z0-9_.-]*");
    }
    return 0;
}

/* 128 random bits, in hex. */
static int set_session(struct overlay *o, struct err *e)
{
    uint8_t bytes[16];

    if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
        return err_sys(e, "getrandom");
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(o->session + 2 * i, 3, "%02x", bytes[i]);
    return 0;
}

int overlay_new(const struct net_instance *in, const struct net_config *config, struct overlay **ret, struct err *e)
{
    const struct overlay_config *c = &config->overlay;
    _cleanup_(cleanup_overlay) struct overlay *o = NULL;
    int r;

    if (!c->etcd) {
        err_invalid(e, "overlay networks need etcd");
        return err_advice(e, "name its URLs in the configuration: \"overlay\": {\"etcd\": [\"https://HOST:2379\"]}");
    }
    o = calloc(1, sizeof(*o));
    if (!o)
        return err_set(e, ERR_SYS, ENOMEM, "overlay networks");
    *o = (struct overlay){.in = in, .config = c, .sock = -1, .loop = {.epoll_fd = -1}, .crypt = {.sock = -1}};
    o->settings = (struct etcd_settings){.endpoints = c->etcd, .ca = c->ca, .cert = c->cert, .key = c->key};
    r = set_node(o, e);
    if (r == 0)
        r = set_session(o, e);
    if (r == 0)
        r = events_init(&o->loop, e);
    if (r == 0)
        r = etcd_new(&o->loop, &o->settings, &o->etcd, e);
    if (r == 0)
        r = o->sock = netlink_open(e);
    if (r < 0)
        return r;
    *ret = TAKE_PTR(o);
    return 0;
}

void overlay_free(struct overlay *o)
{
    while (o->networks)
        overlay_network_leave(o->networks);
    if (o->etcd)
        etcd_free(o->etcd);
    if (o->loop.epoll_fd >= 0)
        events_release(&o->loop);
    fd_close(&o->sock);
    free(o->node);
    free(o);
}

int overlay_fd(const struct overlay *o)
{
    return o->loop.epoll_fd;
}

void overlay_dispatch(struct overlay *o)
{
    events_dispatch(&o->loop);
}

/* ---- requests; those about definitions are in overlay_registry.c, peers in overlay_peers.c */

int overlay_serve(struct overlay *o, const struct network *n, struct err *e)
{
    struct overlay_network *served;

    return overlay_network_find(o, n->id) ? 0 : overlay_network_join(o, n, &served, e);
}

int overlay_forget(struct overlay *o, const char *network_id, struct err *e)
{
    struct overlay_network *n = overlay_network_find(o, network_id);
    struct overlay_device device = overlay_device(network_id);

    if (n)
        overlay_network_leave(n);
    /* One that a keeper that died has left. */
    return vxlan_remove(o->sock, device.name, e);
}

void overlay_endpoints_changed(struct overlay *o, const char *network_id)
{
    struct overlay_network *n = overlay_network_find(o, network_id);

    if (n)
        overlay_publisher_scan(n);
}

int overlay_firewall_restored(struct overlay *o, struct err *e)
{
    return overlay_update_firewall(o, e);
}
