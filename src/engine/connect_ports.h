/* Published ports and egress rules of a running container, when its interfaces or ports change. */
#ifndef SAMPAN_ENGINE_CONNECT_PORTS_H
#define SAMPAN_ENGINE_CONNECT_PORTS_H

#include "engine/connect_live.h"

/* The container's own egress rules for one interface more, or less. */
int connect_egress(const struct live *l, const struct net_interface *i, bool is_added, struct err *e);

/* The ports that led to these addresses (of an interface that is gone) lead to the interface that has the default route now, or
 * nowhere. The plan is changed; the caller saves it. */
int connect_move_ports(struct live *l, const struct ip *address4, const struct ip *address6, struct err *e);

/* The container's ports, where none is published for want of a network that led to it, and there is one now. */
int connect_publish(struct live *l, struct err *e);

#endif
