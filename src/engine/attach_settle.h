/*
 * The networks that a container asks for, settled when it is created: host.network_mode and the endpoints say the same, every
 * network exists and has its name, what makes no sense together is refused in Docker's words.
 */
#ifndef SAMPAN_ENGINE_ATTACH_SETTLE_H
#define SAMPAN_ENGINE_ATTACH_SETTLE_H

#include "engine/container.h"
#include "engine/engine.h"
#include "network/network.h"

/*
 * Afterwards host.network_mode is "host", "none", "container:NAME" (as given: nsmode_settle makes an id of it) and there are no
 * endpoints; or it is a network's name and that of the first endpoint. Before the image's configuration is merged, whose
 * exposed ports are nobody's wish. Warns where ports are published that no network can lead to.
 */
int attach_settle(struct engine *en, struct container *c, struct err *e);

/* Whether an endpoint's wishes can be had on the network: also for `network connect`. */
int attach_check_endpoint(const struct network *n, const struct endpoint_config *o, struct err *e);

/* The container's --egress words as the plan has them. */
int attach_parse_egress(char *const *words, struct egress *ret, struct err *e);

#endif
