/*
 * A starting container's network: from what it asks for to its plan (network/plan.h).
 *
 * In the order of the ledger: the networks are up; addresses are leased; host ports are held by bound sockets; endpoint
 * files are written; network.json is written; then GO, with which the sockets go to the shim.
 */
#ifndef SAMPAN_ENGINE_ATTACH_H
#define SAMPAN_ENGINE_ATTACH_H

#include "engine/container.h"
#include "engine/engine.h"
#include "engine/nsmode.h"
#include "network/plan.h"

struct attachment {
    struct net_plan *plan; /* NULL: no network of ours */
    int *port_fds;         /* bound, never listening sockets: nobody else gets the port; handed to the shim */
    size_t n_port_fds;
};
#define ATTACHMENT_INIT ((struct attachment){0})
void attachment_release(struct attachment *a);

/* Nothing for host, none and container:X. On failure what was leased is found by recovery (leases_sweep). */
int attach_prepare(struct engine *en, struct container *c, int run_dir_fd, struct attachment *ret, struct err *e);

/* Undoes what network.json says (or sweeps where there is none): a step of recovery, idempotent. */
int attach_undo(struct engine *en, const char *id, int run_dir_fd, struct err *e);

#endif
