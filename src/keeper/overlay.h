/*
 * Overlay networks: one network on many hosts. VXLAN carries the frames; etcd (v3) says who is where. There is no
 * multicast, no flooding and no learning: every forwarding and neighbour entry comes from etcd's watch.
 *
 *   PREFIX/networks/ID               the definition: name, VNI, subnets, options; until the last host has removed it
 *   PREFIX/members/ID/parts/N        the host that has the N-th part of the subnet; until it removes the network
 *   PREFIX/members/ID/hosts/NODE     a host that serves it now: address in the underlay, gateways, their MAC    (leased)
 *   PREFIX/members/ID/endpoints/CID  a container: addresses, MAC, names                                         (leased)
 *   PREFIX/keys/TO/FROM              encrypted networks: the key of what FROM sends to TO, chosen by TO         (leased)
 *
 * Leased keys end config.overlay.lease seconds after their keeper did; parts do not, so that two hosts never give out
 * one address, however long they were apart. All that is created is created by transactions that fail if somebody was
 * faster.
 *
 * While etcd cannot be reached, what is programmed stays, and changes are made up for when it is back.
 *
 * For the keeper's loop: everything that may happen in the background is behind one epoll fd (overlay_fd), and never
 * blocks. The requests block, for as long as etcd takes to answer; each question is given up after ETCD_CALL_MS
 * (etcd.h).
 *
 * Order for a container's start: create or find (once: the engine keeps the network they complete), network_up
 * (bridge.h), serve. Privilege: CAP_NET_ADMIN, CAP_NET_RAW (the data path's test).
 */
#ifndef SAMPAN_KEEPER_OVERLAY_H
#define SAMPAN_KEEPER_OVERLAY_H

#include "network/config.h"
#include "network/instance.h"
#include "network/network.h"

struct overlay;

/* Both structs are borrowed and outlive it. Does not connect yet. ERR_INVALID with advice where the configuration has
 * no etcd. */
int overlay_new(const struct net_instance *in, const struct net_config *config, struct overlay **ret, struct err *e);
/* Leaves all networks: VXLAN devices, and leased keys as far as etcd answers within a second for each. */
void overlay_free(struct overlay *o);
DEFINE_CLEANUP_PTR(overlay, struct overlay *, overlay_free)

/* Readable: call overlay_dispatch. Borrowed, the same for all its life. */
int overlay_fd(const struct overlay *o);
void overlay_dispatch(struct overlay *o);

/* n: as the user wants it; id and name set. Without an IPv4 subnet one is chosen. Completes it: vni, subnets, this
 * host's part (v4.range, v4.gateway, v6 likewise), mtu. ERR_CONFLICT for a name or subnet that another overlay network
 * has, ERR_INVALID for a gateway or range, which are each host's own. */
int overlay_create(struct overlay *o, struct network *n, struct err *e);

/* By name or whole id, made on whatever host: completed as above. ERR_NOT_FOUND; ERR_CONFLICT where a route of this
 * host overlaps. */
int overlay_find(struct overlay *o, const char *ref, struct network **ret, struct err *e);

/* This host's `network rm`: its part is given back; the definition goes with the last host. Nothing of it need be left
 * in etcd. */
int overlay_remove(struct overlay *o, const struct network *n, struct err *e);

/* Joins: VXLAN device on n->link (which exists), entries of all others, endpoints of this host published, data path
 * tested. Success where it is served already. */
int overlay_serve(struct overlay *o, const struct network *n, struct err *e);

/* The opposite: nothing is left of it on this host but the bridge. Not served: success. */
int overlay_forget(struct overlay *o, const char *network_id, struct err *e);

/* Something changed in RUN_ROOT/networks/ID/endpoints (names.h). Unknown networks are ignored. */
void overlay_endpoints_changed(struct overlay *o, const char *network_id);

/* The firewall's table was made anew: its peers are put back. */
int overlay_firewall_restored(struct overlay *o, struct err *e);

/* [{"Name": "host2", "IP": "10.0.0.8", "State": "ok" | "testing" | "unreachable", "Reason": "…"}], this host left out;
 * [] for a network that is not served. Waits, at most 2.5 seconds, for the test of who has just come. */
int overlay_peers(struct overlay *o, const char *network_id, json_object **ret, struct err *e);

#endif
