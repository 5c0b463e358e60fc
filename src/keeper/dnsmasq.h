/*
 * How dnsmasq is run for one or more networks: what it is told, and what it is allowed.
 *
 * What it answers
 *   - names of the network's endpoints, from its directories of hosts(5) files, which it follows by inotify; also as
 *     NAME.NETWORK; addresses of the network backwards;
 *   - a name without a dot that is not known: NXDOMAIN; it never leaves the host;
 *   - all others from the host's own servers, as /etc/resolv.conf has them at the moment, or from "dns" in the
 *     configuration; where all networks are internal NXDOMAIN, and no packet leaves (CVE-2024-29018);
 *   - only queries that come in by a network's own bridge, so that nobody on another network learns its names.
 *
 * It is confined as confine.h says, with CAP_NET_BIND_SERVICE alone, and CAP_NET_ADMIN on a network whose egress rules
 * have names: it fills their sets.
 *
 * Source: dnsmasq(8), as of 2.90.
 */
#ifndef SAMPAN_KEEPER_DNSMASQ_H
#define SAMPAN_KEEPER_DNSMASQ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "keeper/scope.h"
#include "network/config.h"

/* Its command line, as an owned vector. It has n_dirs directories of hosts(5) files (confine.h). table: the firewall's.
 * ret_fills_sets: it needs CAP_NET_ADMIN. */
int dnsmasq_arguments(const struct scope *s, const struct net_config *config, const char *table, size_t n_dirs,
                      char ***ret, bool *ret_fills_sets, struct err *e);

/* Where it is: a constant, or $SAMPAN_DNSMASQ. ERR_NOT_FOUND with advice where it is not installed. */
int dnsmasq_find(const char **ret, struct err *e);

/* Its line "started" on stderr: it has bound its sockets; queries are answered or wait in them. */
bool dnsmasq_line_is_ready(const char *line);

/* Whether a line says more than that something was said before. */
bool dnsmasq_line_tells(const char *line);

/* Its last line as an error, with advice for what is known to happen. */
int dnsmasq_explain(const char *line, struct err *e);

#endif
