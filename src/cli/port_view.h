/*
 * A container's ports as they are shown: the cell of `ps`, the lines of `port`, and who reaches what.
 *
 * Pure functions of a container, what the network gave it (container.net, NULL while it does not run), and the
 * configuration.
 */
#ifndef SAMPAN_CLI_PORT_VIEW_H
#define SAMPAN_CLI_PORT_VIEW_H

#include "base/strbuf.h"
#include "engine/container.h"
#include "engine/ports.h"
#include "network/config.h"
#include "network/network.h"

/* "0.0.0.0:8080->80/tcp, 0.0.0.0:9000-9010->9000-9010/udp, 443/tcp": what is published, neighbours as one range, and
 * what is only exposed. */
void port_view_cell(const struct container *c, struct strbuf *out);

/* Docker's lines, by the container's port: "80/tcp -> 0.0.0.0:8080". With `only` (its port and protocol) just
 * "0.0.0.0:8080"; the number of lines. */
size_t port_view_lines(const struct container *c, const struct port_range *only, struct strbuf *out);

/* Rows of "Container", "Port", "Address", "From", "Network": every way in, and who may take it. `networks` ends with
 * NULL and has those that the container is on. */
void port_view_reach(const struct container *c, const struct net_config *config, struct network *const *networks,
                     json_object *rows);

#endif
