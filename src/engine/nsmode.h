/*
 * Which namespaces a container gets, from the flags --network, --pid, --ipc, --uts, --cgroupns, --userns and
 * --time-offset.
 *
 * Settling happens once, when the container is created: words are checked, defaults filled in, and "container:NAME"
 * becomes "container:ID", as Docker keeps it. The plan is made from that whenever it starts. Which networks there are is
 * attach_settle's affair, before this: here a network's name means a network namespace of its own.
 */
#ifndef SAMPAN_ENGINE_NSMODE_H
#define SAMPAN_ENGINE_NSMODE_H

#include "engine/container.h"
#include "engine/engine.h"
#include "kernel/namespaces.h"

enum ns_how {
    NS_OWN,
    NS_HOST,
    NS_CONTAINER, /* that of `target` */
};

struct ns_choice {
    enum ns_how how;
    char target[CONTAINER_ID_LEN + 1];
};

struct ns_plan {
    struct ns_choice ns[NS_COUNT];
};

int nsmode_settle(struct engine *en, struct container *c, struct err *e);

/* The user namespace's rule: the host's with --privileged and with a host's network, pid or ipc namespace; another
 * container's where it joins one of those of it, because the shared namespace belongs to that user namespace; else
 * its own. --userns overrides. ERR_CONFLICT when it would have to be two containers'. */
int nsmode_plan(const struct container *c, struct ns_plan *ret, struct err *e);

/* "container:X" -> X, else NULL. */
const char *nsmode_target(const char *mode);

#endif
