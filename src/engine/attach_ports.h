/* The host's ports of a container: those of -p and, with -P, one for each exposed port. */
#ifndef SAMPAN_ENGINE_ATTACH_PORTS_H
#define SAMPAN_ENGINE_ATTACH_PORTS_H

#include "engine/attach.h"

/* a->plan has its interfaces: adds its ports, and the sockets that hold them to a->port_fds. Waits where a port's holder is
 * just ending; ERR_CONFLICT names who has it. Warns where no network can lead to them. */
int attach_hold_ports(struct engine *en, const struct container *c, struct attachment *a, struct err *e);

/* The interface that ports lead to, NULL where none can: that of the default route, whose answers go back the way the questions
 * came, where it has a bridge of ours; else the first that has one. ret_network (may be NULL): its network. */
const struct net_interface *attach_port_target(const struct attachment *a, const struct network **ret_network);

/* One of them. */
int attach_hold_port(struct engine *en, const struct port_binding *b, struct attachment *a, struct err *e);

#endif
