/*
 * A network's options (`network create -o key=value`): Docker's long names ("com.docker.network.driver.mtu") and short ones
 * ("mtu"), by driver, in one table. No I/O, no privilege.
 */
#ifndef SAMPAN_NETWORK_OPTIONS_H
#define SAMPAN_NETWORK_OPTIONS_H

#include "network/network.h"

/* n->options into the members of n that follow from them. An option that the driver doesn't know is ERR_INVALID and lists
 * those that it knows; an empty value of a switch turns it on. */
int network_options_apply(struct network *n, struct err *e);

/* The mode of a macvlan or ipvlan network in its driver's words ("bridge", "l3s"; "" for the driver's default), and back. */
const char *network_mode_name(enum network_link_mode mode);
int network_mode_parse(enum network_driver driver, const char *name, enum network_link_mode *ret, struct err *e);

#endif
