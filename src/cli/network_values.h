/*
 * The texts of options about networks, of `run`, `create` and `network`, parsed. Those that take a void * have the
 * shape of an OPT_CALL (base/options.h) and say which target they take. A mistake is an ERR_INVALID that shows the right
 * form.
 *
 * Here is only what the text means; whether a network exists, has such an address and goes together with others is the
 * engine's to check (engine/attach_settle.h), so that every way in gets the same answer.
 */
#ifndef SAMPAN_CLI_NETWORK_VALUES_H
#define SAMPAN_CLI_NETWORK_VALUES_H

#include "base/err.h"
#include "engine/container.h"

/* ---- target: struct container */

/* "NAME", "host", "none", "container:X", or "name=NET,alias=A,ip=…,ip6=…,mac-address=…,gw-priority=…,driver-opt=K=V":
 * one more endpoint. */
int value_network(const char *value, void *container, struct err *e);
/* See port_spec.h; the ports are exposed too. And the same for another option. */
int value_publish(const char *value, void *container, struct err *e);
int publish_parse(struct container *c, const char *option, const char *value, struct err *e);
/* Checked and kept as text: the engine expands ranges, together with the image's. */
int value_expose(const char *value, void *container, struct err *e);
int value_add_host(const char *value, void *container, struct err *e); /* NAME:ADDRESS, NAME=ADDRESS, host-gateway */
int value_dns(const char *value, void *container, struct err *e);
int value_network_rate(const char *value, void *container, struct err *e); /* 10m: bytes a second; 100mbit */

/* ---- target: struct endpoint_config */

int value_endpoint_gw_priority(const char *value, void *endpoint, struct err *e);
int value_endpoint_driver_opt(const char *value, void *endpoint, struct err *e);

/* After the options were read: gives what --ip, --ip6, --mac-address and --network-alias said (`common`) to the first
 * network, the default one where none was named. ERR_CONFLICT where the network's own words say it too. Empties
 * common. */
int endpoint_values_finish(struct container *c, struct endpoint_config *common, struct err *e);

/* ---- any target */

/* --link: refused, with what to do in its place. */
int value_link(const char *value, void *unused, struct err *e);

#endif
