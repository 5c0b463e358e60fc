/*
 * A container's network, as written down: network.json in its run directory. It is the ledger of all that the
 * container's network leaves on the host, written before any of it exists: net_plan_down() undoes what it says,
 * after whatever crash, any number of times.
 *
 * The engine decides and writes it (engine/attach.h); the shim makes it so while the container is born
 * (net_plan_up), and undoes it at the end. `network connect` and friends do the same to a running container, one
 * interface at a time.
 *
 *   host                                        container's network namespace
 *   bridge <- veth sv0123456789a0  ------------ eth0: address, routes, MAC, MTU       veth: one message, born in place
 *   parent ------------------------------------ eth0                                  macvlan, ipvlan: the same
 *   nftables: a map element a port
 *
 * The container's side is configured through a route netlink socket that belongs to its namespace: the init opens it
 * and hands it over (runtime/sync.h), so that both sides are made by the parent while the init goes on with its mounts.
 *
 * Privilege: CAP_NET_ADMIN in the host's and the container's network namespace. Source: veth(4), rtnetlink(7).
 */
#ifndef SAMPAN_NETWORK_PLAN_H
#define SAMPAN_NETWORK_PLAN_H

#include <stdbool.h>

#include "network/network.h"

#define NET_PLAN_NAME "network.json"

enum net_link_kind { NET_VETH, NET_MACVLAN, NET_IPVLAN };

struct net_interface {
    enum net_link_kind kind;
    char network[NETWORK_ID_LEN + 1];
    char *network_name;
    char name[IFNAMSIZ];      /* inside: "eth0" */
    char host_name[IFNAMSIZ]; /* veth: the host's end */
    char master[IFNAMSIZ];    /* veth: the bridge; else the parent */
    uint8_t mac[NET_MAC_LEN];
    uint32_t mtu; /* 0: default */
    enum network_link_mode mode;
    struct prefix address4, address6; /* with the subnet's length; family 0: none. Without address6 IPv6 is off on it */
    struct ip gateway4, gateway6;     /* of the default routes; none: no default route through this interface */
    bool isolated;                    /* bridge port isolation: reaches only the host's side */
    uint64_t rate;                    /* --network-rate: bytes per second each way; 0: unlimited */
    char **names;                     /* that lead to it on this network: container, aliases, short id */
};

/* A published port. */
struct net_port {
    uint8_t protocol; /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
    struct ip host;   /* 0.0.0.0 and :: are all of their family */
    uint16_t host_port;
    struct ip to;
    uint16_t port;
};

struct net_plan {
    char container[NETWORK_ID_LEN + 1];
    char table[24];  /* net_instance.table: whose elements these are */
    char *directory; /* RUN_ROOT/networks: where the paths below begin */
    struct net_interface *interfaces;
    size_t n_interfaces;
    struct net_port *ports;
    size_t n_ports;
    struct egress egress; /* the container's own; its networks' rules are the networks' */
    char **files;         /* below `directory`: leases and endpoint files, removed by net_plan_down */
};

/* These three abort on out of memory. What is added is all zero, and moves when the next one is added. */
struct net_plan *net_plan_new(void);
void net_plan_free(struct net_plan *p);
DEFINE_CLEANUP_PTR(net_plan, struct net_plan *, net_plan_free)
#define _cleanup_net_plan_ _cleanup_(cleanup_net_plan)
struct net_interface *net_plan_add_interface(struct net_plan *p);
struct net_port *net_plan_add_port(struct net_plan *p);

/* An interface with an address of it. */
bool net_plan_has_ipv6(const struct net_plan *p);

/* "tcp", "udp", "sctp"; NULL for another number. And back, in any case of letters. */
const char *net_protocol_name(uint8_t protocol);
int net_protocol_parse(const char *name, uint8_t *ret, struct err *e);

/* -ENOENT without touching e where there is none: a container without a network of ours. */
int net_plan_load(int run_dir_fd, struct net_plan **ret, struct err *e);
/* Replaces it whole (file_write_atomic). */
int net_plan_save(const struct net_plan *p, int run_dir_fd, struct err *e);

/* Where a container's interfaces go. */
struct net_target {
    int sock;     /* a route netlink socket of its network namespace, borrowed */
    int netns_fd; /* the namespace itself, borrowed */
};

/* The same for a container that runs: netns_fd stays the caller's, the socket is made by entering the namespace and
 * coming back. */
int net_target_open(int netns_fd, struct net_target *ret, struct err *e);
void net_target_close(struct net_target *t);

/* All interfaces, then egress rules, then ports. On failure what was made is undone but the files, which stay for
 * whoever ends the container. */
int net_plan_up(const struct net_plan *p, const struct net_target *t, struct err *e);

/* One more, or one less, of a running container. */
int net_interface_up(const struct net_interface *i, const struct net_target *t, struct err *e);
int net_interface_down(const struct net_interface *i, const struct net_target *t, struct err *e);
/* Its gateways become the default routes, in place of whichever the namespace has: it takes over from another
 * interface. */
int net_interface_set_gateways(const struct net_interface *i, const struct net_target *t, struct err *e);

/* Ports, egress rules, files. Veths are not removed one by one (30 ms): they end with the container's namespace.
 * Whatever is gone already is no error. */
int net_plan_down(const struct net_plan *p, struct err *e);

/* In the container's init, in its new namespace, before any interface but lo: lo up, and the sysctls that each new
 * interface is born with: no router advertisements taken (CVE-2020-13401), IPv6 off unless the plan has an address
 * (CVE-2024-32473). *ret_procfs: a mount of procfs, owned by the caller; its last fd is to be closed where nobody
 * waits for it (0.1 ms). */
int net_prepare_namespace(const struct net_plan *p, int *ret_procfs, struct err *e);

#endif
