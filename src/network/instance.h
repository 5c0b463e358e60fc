/*
 * What this engine calls its own in the host's network namespace. Several engines with different run roots may share
 * one network namespace (the tests do): each has its own nftables tables, bridges and gate, named after its run
 * root.
 */
#ifndef SAMPAN_NETWORK_INSTANCE_H
#define SAMPAN_NETWORK_INSTANCE_H

#include <net/if.h>

#include "base/err.h"

#define NETWORK_RUN_ROOT_DEFAULT "/run/sampan"

struct net_instance {
    char run_root[4096];
    char tag[9];                   /* eight hex digits of the run root's hash; "" for the default run root */
    char table[24];                /* "sampan", "sampan-1a2b3c4d" */
    char default_bridge[IFNAMSIZ]; /* "sampan0", "sp-1a2b3c4d" */
    char gate_in[IFNAMSIZ];        /* see firewall.h: "sampan-gate", "spg-1a2b3c4d" */
    char gate_out[IFNAMSIZ];       /* "sampan-gate1", "sph-1a2b3c4d" */
    int dir_fd;                    /* run_root/networks, made on demand; owned; -1: not open */
};
#define NET_INSTANCE_INIT ((struct net_instance){.dir_fd = -1})

/* run_root: absolute. Makes run_root/networks (0711: names of networks are not listed, dnsmasq may pass through). */
int net_instance_open(const char *run_root, struct net_instance *ret, struct err *e);
void net_instance_close(struct net_instance *in);

#endif
