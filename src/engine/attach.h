/*
 * A starting container's network: from what it asks for to its plan (network/plan.h).
 *
 *   attach_find      in the transaction that says RUNNING: a network that is there now cannot be removed any more
 *   attach_prepare   in the order of the ledger: the networks are up; addresses are leased; endpoint files are written;
 *                    host ports are held by bound sockets; network.json is written; names are served
 *   GO               with which the sockets go to the shim, who makes it so
 *   attach_watch     while the shim works: somebody looks after the firewall
 *
 * Killed before network.json is there, leases and endpoint files are found by their holder's name (leases_sweep): the
 * container never started, or was being changed (NETWORK_LOCK_NAME). Afterwards network.json says all.
 */
#ifndef SAMPAN_ENGINE_ATTACH_H
#define SAMPAN_ENGINE_ATTACH_H

#include "engine/container.h"
#include "engine/engine.h"
#include "network/config.h"
#include "network/plan.h"

struct attachment {
    struct network **networks; /* owned: of plan->interfaces, one for one; NULL: no network of ours */
    size_t n_networks;
    const struct net_config *config; /* the engine's */
    struct net_plan *plan;           /* owned; NULL: no network of ours */
    int *port_fds;                   /* owned: bound, never listening sockets: nobody else gets the port */
    size_t n_port_fds;
};
#define ATTACHMENT_INIT ((struct attachment){0})
void attachment_release(struct attachment *a);
#define _cleanup_attachment_ _cleanup_(attachment_release)

/* The definitions of the container's networks. Nothing for host, none and container:X, here and below. */
int attach_find(struct engine *en, const struct container *c, struct attachment *a, struct err *e);

/* What a plan begins with: whose it is, and where its files are. */
int attach_plan_init(struct engine *en, const struct container *c, struct net_plan *plan, struct err *e);

/* On failure what was leased is found by attach_undo. */
int attach_prepare(struct engine *en, const struct container *c, int run_dir_fd, struct attachment *a, struct err *e);

/* For one on several networks with names, or with egress rules of its own: what answers it knows all of them. After its endpoint
 * files and network.json are written. */
int attach_serve_names(struct engine *en, const struct attachment *a, struct err *e);

/* The keeper lives, so that a firewall that somebody flushes is made again. Failing is a warning: the container works
 * without. */
void attach_watch(struct engine *en, const struct attachment *a);

/* Undoes what network.json says, or sweeps: a step of recovery, idempotent. run_dir_fd may be -1: then nothing was done. */
int attach_undo(struct engine *en, const char *id, int run_dir_fd, struct err *e);

#endif
