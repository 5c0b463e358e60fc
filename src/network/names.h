/*
 * Names on networks. Who is on a network is written in RUN_ROOT/networks/ID/endpoints/CONTAINER-ID, one file an endpoint, in
 * the form of hosts(5):
 *
 *     172.18.0.5 web web-alias 0123456789ab
 *
 * That directory is the `hostsdir` of the network's dnsmasq, which reads new and removed files by itself (inotify), and it
 * is the list of who is connected: for `network inspect`, for `network rm`, and for the keeper, which ends when none is left.
 * Also networks without names (the default one) have it, for the latter.
 *
 * Without root inside being able to do anything: the files are the host's, and /etc/hosts and /etc/resolv.conf are the
 * engine's files bound into the container, so no link of the container's is ever followed.
 */
#ifndef SAMPAN_NETWORK_NAMES_H
#define SAMPAN_NETWORK_NAMES_H

#include "network/network.h"
#include "network/plan.h"

/* Writes the endpoint file of one interface whole (rename), in place of one that is there. */
int endpoint_write(int network_dir, const char *container, const struct net_interface *i, struct err *e);
int endpoint_remove(int network_dir, const char *container, struct err *e);

/* Its path below RUN_ROOT/networks, for net_plan.files. */
int endpoint_path(const char *network_id, const char *container, char **ret, struct err *e);

/* The ids of the containers on it, sorted. */
int endpoints_list(int network_dir, char ***ret, struct err *e);

#endif
