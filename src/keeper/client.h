/*
 * The keeper: `sampan-network`, one small process that looks after what outlives single commands while any container
 * has a network of ours: a dnsmasq per network with names, the firewall when somebody flushes it, and overlay networks'
 * etcd. It is started by the first command that needs it and ends some seconds after the last endpoint; killed, it is
 * started again by the next command, and its children have ended with it (PR_SET_PDEATHSIG).
 *
 *   RUN_ROOT/networks/keeper.lock   flock'ed while it lives: one per run root
 *   RUN_ROOT/networks/keeper.sock   SOCK_SEQPACKET: one request a packet, one answer
 *
 * Privilege: root; only root can connect (mode 0600, SO_PEERCRED).
 */
#ifndef SAMPAN_KEEPER_CLIENT_H
#define SAMPAN_KEEPER_CLIENT_H

#include "base/err.h"
#include "network/instance.h"
#include "network/network.h"

/* The running keeper, or a new one: whether it lives is one connect(2). `program`: the path of sampan-network. Waits,
 * at most some seconds, until it answers. */
int keeper_ensure(const struct net_instance *in, const char *program, struct err *e);

/* Asks it to serve a network: its names answer (dnsmasq listens) when this returns, and an overlay network is joined.
 * For a network that is served already it costs one round trip. */
int keeper_serve(const struct net_instance *in, const char *program, const struct network *n, struct err *e);

/* A container on several networks, or with egress rules that have names: the names of all its networks answer to it,
 * and fill its rules' sets, when this returns. After its endpoint files (names.h) and its plan are written, and before
 * it runs. For other containers it costs one round trip. */
int keeper_serve_container(const struct net_instance *in, const char *program, const char *container_id, struct err *e);

/* A network is going away: its dnsmasq ends. Success where no keeper runs. */
int keeper_forget(const struct net_instance *in, const char *network_id, struct err *e);

/* Overlay: asks for what only etcd knows. Creating leases the subnet and VNI, joining gives this host its part of the
 * subnet (filled into n->v4.range, the gateway and n->vni). */
int keeper_overlay_create(const struct net_instance *in, const char *program, struct network *n, struct err *e);
int keeper_overlay_find(const struct net_instance *in, const char *program, const char *name, struct network **ret,
                        struct err *e);
int keeper_overlay_remove(const struct net_instance *in, const char *program, const struct network *n, struct err *e);
/* The hosts that share it, and whether each can be reached, as JSON for `network inspect` ("Peers"). */
int keeper_overlay_peers(const struct net_instance *in, const char *program, const char *network_id, json_object **ret,
                         struct err *e);

#endif
