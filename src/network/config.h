/*
 * The administrator's settings: /etc/sampan/config.json, or the file that $SAMPAN_CONFIG names. Members have the names of
 * Docker's daemon.json where that has one. A file that is not there is all defaults; an unknown member is an error that
 * names it.
 *
 *   { "ip": "127.0.0.1",                  where -p binds without an address (default 0.0.0.0 and [::])
 *     "publish-to-all": false,            -p to all addresses is refused (default true)
 *     "published-ports": "host-input",    or "open": see firewall.h (default host-input)
 *     "default-network": "bridge",        what a container gets without --network
 *     "bip": "172.24.0.1/20",             the default network's bridge and subnet (default: a /20 of the pools)
 *     "default-address-pools": [{"base": "172.24.0.0/14", "size": 24}],    where subnets come from (config.c)
 *     "mtu": 1500, "ipv6": false, "dns": ["10.0.0.53"], "dns-search": [], "dns-opts": [],
 *     "overlay": {"etcd": ["https://10.0.0.1:2379"], "ca": "/path", "cert": "/path", "key": "/path", "prefix": "/sampan",
 *                 "address": "10.0.0.7", "node": "host7", "lease": 15} }
 */
#ifndef SAMPAN_NETWORK_CONFIG_H
#define SAMPAN_NETWORK_CONFIG_H

#include "base/err.h"
#include "network/address.h"

struct net_pool {
    struct prefix base;
    uint8_t size; /* length of the subnets' prefixes */
};

struct overlay_config {
    char **etcd; /* URLs; NULL: there is no overlay */
    char *ca, *cert, *key;
    char *prefix;      /* of all keys; "/sampan" */
    struct ip address; /* of this host in the underlay; none: that of the route to etcd */
    char *node;        /* this host's name; NULL: uname's */
    uint32_t lease;    /* seconds after which a host that died is gone for the others; 15 */
};

struct net_config {
    struct ip publish_ip; /* none: all */
    bool publish_to_all;
    bool ports_open; /* "published-ports": "open" */
    char *default_network;
    struct prefix bip; /* none: chosen */
    struct net_pool *pools;
    size_t n_pools;
    uint32_t mtu; /* of bridges without the option; 0: the kernel's default */
    bool ipv6;    /* of the default network */
    char **dns, **dns_search, **dns_opts;
    struct overlay_config overlay;
};

/* Costs one failing open(2) where there is no file. Every mistake is ERR_INVALID and names the file. *ret is the caller's
 * (net_config_release). Needs no privilege but to read the file. */
int net_config_load(struct net_config *ret, struct err *e);
void net_config_release(struct net_config *c);

#endif
