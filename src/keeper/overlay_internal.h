/* The overlay's parts among themselves. See overlay.h for what it is. */
#ifndef SAMPAN_KEEPER_OVERLAY_INTERNAL_H
#define SAMPAN_KEEPER_OVERLAY_INTERNAL_H

#include "keeper/etcd_kv.h"
#include "keeper/etcd_watch.h"
#include "keeper/overlay.h"
#include "keeper/overlay_crypt.h"
#include "keeper/overlay_events.h"
#include "keeper/overlay_member.h"
#include "keeper/overlay_probe.h"
#include "keeper/overlay_publish.h"

struct overlay {
    const struct net_instance *in;
    const struct overlay_config *config;
    struct events loop;
    struct etcd_settings settings;
    struct etcd *etcd;
    char *node;            /* this host's name */
    struct ip address;     /* this host's, in the underlay; none until the first join */
    uint32_t underlay_mtu; /* of the interface that has it */
    int sock;              /* route netlink */
    char session[33];      /* this life of ours */
    struct overlay_crypt crypt;
    bool is_filtered; /* the firewall has VNIs of ours */
    struct overlay_network *networks;
};

/* A network that this host serves. */
struct overlay_network {
    struct overlay *overlay;
    struct network *definition;
    char *prefix;                 /* of its members' keys: "/sampan/members/ID/" */
    int dir;                      /* RUN_ROOT/networks/ID */
    int ifindex;                  /* of the VXLAN device; 0: not made */
    struct vxlan_station gateway; /* this host's, as others see it */
    struct overlay_publisher publisher;
    struct overlay_members members;
    struct overlay_probe probe;
    struct etcd_watch *watch;
    struct overlay_network *next;
};

/* "/sampan/" and what the format says. Aborts when out of memory. */
char *overlay_key(const struct overlay *o, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A network's VXLAN device: "vx-0123456789ab". */
struct overlay_device {
    char name[IFNAMSIZ];
};
struct overlay_device overlay_device(const char *network_id);

/* overlay_registry.c: this host's part of the network, taken if it has none yet; n's range and gateways are set. */
int overlay_take_part(struct overlay *o, struct network *n, struct err *e);

/* overlay_underlay.c: o->address and o->underlay_mtu. Asks etcd, where the configuration doesn't say it. */
int overlay_find_address(struct overlay *o, struct err *e);
/* What fits through the underlay, where the user has not said it. */
uint32_t overlay_mtu(const struct overlay *o, const struct network *n);

/* overlay_peers.c: the firewall takes VXLAN only from those hosts that we know of now. */
int overlay_update_firewall(struct overlay *o, struct err *e);

/* overlay_network.c */
int overlay_network_join(struct overlay *o, const struct network *n, struct overlay_network **ret, struct err *e);
/* VXLAN device, leased keys, files: all of it. */
void overlay_network_leave(struct overlay_network *n);
struct overlay_network *overlay_network_find(const struct overlay *o, const char *network_id);

#endif
