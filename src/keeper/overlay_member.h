/*
 * The members of an overlay network as etcd tells them: hosts that serve it, and their containers. Those of other hosts
 * are programmed into the VXLAN device (network/vxlan.h), and their names written to RUN_ROOT/networks/ID/remote, which
 * dnsmasq reads (network/names.h has the form).
 */
#ifndef SAMPAN_KEEPER_OVERLAY_MEMBER_H
#define SAMPAN_KEEPER_OVERLAY_MEMBER_H

#include "keeper/etcd_watch.h"
#include "network/vxlan.h"

#define OVERLAY_HOSTS "hosts/"
#define OVERLAY_ENDPOINTS "endpoints/"

struct overlay_network;

enum probe_state { PROBE_TESTING, PROBE_OK, PROBE_SILENT, PROBE_TOO_LARGE };

struct overlay_member {
    char *key;     /* behind the network's prefix: "hosts/NODE", "endpoints/CONTAINER-ID" */
    char *node;    /* whose it is */
    char *session; /* of a host: this life of its keeper, see overlay_crypt.h */
    struct vxlan_station station;
    char **names; /* of an endpoint */
    bool is_seen; /* in the list that is being told */
    /* of a host, see overlay_probe.h */
    enum probe_state state;
    unsigned n_sent; /* of the test that is going on; 0: none is */
    int64_t due;     /* clock_ms() of the next try */
    uint16_t sequence;
    bool small_came, full_came;
};

struct overlay_members {
    struct overlay_member **v; /* sorted by key; of other hosts only */
    size_t n, room;
    bool is_told; /* the first list is programmed whole */
    char *rival;  /* the address of another host of our name, where there is one */
};

extern const struct etcd_watch_handlers overlay_member_handlers; /* owner: struct overlay_network * */

bool overlay_member_is_host(const struct overlay_member *m);
void overlay_members_release(struct overlay_members *m);

/* What is written to etcd for a host and for an endpoint. Heap strings; abort when out of memory. */
char *overlay_host_value(const char *node, const struct vxlan_station *s, const char *session);
char *overlay_endpoint_value(const char *node, const struct vxlan_station *s, char *const *names);

#endif
