/*
 * VXLAN: a bridge's port that carries its frames to other hosts in UDP. The device here learns nothing, floods nothing
 * and asks nobody: where a MAC is reached (forwarding entries), and which MAC an address has (neighbour entries, from
 * which it answers the ARP and neighbour solicitations of the bridge itself), is programmed by whoever knows. What is
 * not programmed is dropped.
 *
 *   container --- veth --- bridge --- vx… === UDP 4789 === vx… --- bridge --- veth --- container
 *
 * The bridge learns nothing at this port either and has a static entry for each MAC behind it, so that a frame from
 * elsewhere cannot take over an address of a local container, nor the other way round.
 *
 * Functions take a route netlink socket (kernel/netlink.h). Privilege: CAP_NET_ADMIN.
 * Source: RFC 7348, Documentation/networking/vxlan.rst, ip-link(8) "vxlan", bridge(8) "fdb".
 */
#ifndef SAMPAN_NETWORK_VXLAN_H
#define SAMPAN_NETWORK_VXLAN_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "network/address.h"

/* The second one is for encrypted networks, whose packets are all inside ESP: IPsec's policies (ipsec.h) tell by the
 * port what must not be seen in clear. */
enum { VXLAN_PORT = 4789, VXLAN_PORT_ENCRYPTED = 4790, VXLAN_VNI_MAX = (1 << 24) - 1 };

struct vxlan {
    char name[IFNAMSIZ];
    char bridge[IFNAMSIZ];
    uint32_t vni;
    uint16_t port;
    struct ip local; /* of this host in the underlay */
    uint32_t mtu;
    bool isolated; /* as a port of the bridge: reaches only the host's side */
};

/* Somebody on another host. */
struct vxlan_station {
    uint8_t mac[NET_MAC_LEN];
    struct ip remote;   /* of its host in the underlay */
    struct ip ip4, ip6; /* its own; none where it has none */
};

/* The device, up, as a port of the bridge. One that is there with the same properties is kept with its entries, so that
 * what flows goes on flowing; another one of that name is replaced. *ret: its index. */
int vxlan_add(int sock, const struct vxlan *v, int *ret, struct err *e);
/* Gone already: success. */
int vxlan_remove(int sock, const char *name, struct err *e);

/* Replaces what there was for this MAC and these addresses. */
int vxlan_add_station(int sock, int ifindex, const struct vxlan_station *s, struct err *e);
/* What is gone already is no error. */
int vxlan_remove_station(int sock, int ifindex, const struct vxlan_station *s, struct err *e);
/* Removes the entries of all whose MAC `keep` does not want: what a keeper that died left. */
int vxlan_sweep(int sock, int ifindex, bool (*keep)(const uint8_t mac[NET_MAC_LEN], void *arg), void *arg,
                struct err *e);

/* The interface that has this address, and its MTU. ERR_INVALID where no interface has it. */
int vxlan_underlay(int sock, const struct ip *address, int *ret_ifindex, uint32_t *ret_mtu, struct err *e);
/* What VXLAN's headers take from the underlay's MTU: 50 bytes, 70 over IPv6; with encryption 40 more. */
uint32_t vxlan_overhead(uint8_t underlay_family, bool encrypted);

#endif
