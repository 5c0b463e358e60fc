/*
 * A running container's network, opened to be changed: by one command at a time (a flock on network.lock in its run
 * directory), with its plan, the definitions of its networks, and the way into its network namespace. A container that has
 * ended meanwhile is ERR_CONFLICT "not running".
 *
 * The end of a container doesn't wait for such a command: the command looks afterwards whether the container still runs
 * (live_finish), and undoes what it did where not; recovery waits for the flock and sweeps (attach_undo).
 */
#ifndef SAMPAN_ENGINE_CONNECT_LIVE_H
#define SAMPAN_ENGINE_CONNECT_LIVE_H

#include "engine/attach.h"

struct live {
    struct engine *en;             /* borrowed */
    const struct container *c;     /* borrowed */
    const struct net_instance *in; /* the engine's */
    int run_dir_fd, lock_fd, pidfd, netns_fd;
    struct net_target target;
    struct attachment net; /* plan, networks, and the ports that are taken for it meanwhile */
};
#define LIVE_INIT ((struct live){.run_dir_fd = -1, .lock_fd = -1, .pidfd = -1, .netns_fd = -1, .target = {-1, -1}})
void live_close(struct live *l);
#define _cleanup_live_ _cleanup_(live_close)

int live_open(struct engine *en, const struct container *c, struct live *ret, struct err *e);

/* network.json as the plan is now. */
int live_save(const struct live *l, struct err *e);

/* The last step: hosts and resolv.conf follow the plan, but not where somebody in the container wrote them himself; and
 * it still runs. */
int live_finish(struct live *l, struct err *e);

/* The interface on a network, or NULL. */
struct net_interface *live_interface(const struct live *l, const char *network_id);

/* Takes it out of the plan, with its network's definition. */
void live_drop_interface(struct live *l, struct net_interface *i);

/* Removes the files of an interface that the plan lists, then from the list. */
void live_remove_files(struct live *l, const char *network_id);

#endif
