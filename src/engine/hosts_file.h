/*
 * The text of a container's /etc/hosts and /etc/resolv.conf. The files lie on the host (bundle_files.c) and are bound into
 * the container, so writing them follows none of its links.
 *
 * Which name servers, in this order and at most three (resolv.conf(5), MAXNS):
 *   1. the gateways of networks that have names, IPv4 before IPv6; internal networks last, since they answer for nothing but
 *      themselves
 *   2. those of --dns: names of containers stay known on a user's network, and the given servers are asked next
 *   3. where 1 and 2 leave the way out without one: the configuration's "dns", or the host's own. Of these, what a container cannot
 *      reach is left out: loopback (systemd-resolved's list of upstream servers is taken in place of its stub), another
 *      interface's link, and IPv6 where it has none
 */
#ifndef SAMPAN_ENGINE_HOSTS_FILE_H
#define SAMPAN_ENGINE_HOSTS_FILE_H

#include "base/strbuf.h"
#include "engine/container.h"
#include "network/config.h"
#include "network/plan.h"

#define HOST_GATEWAY "host-gateway" /* --add-host NAME:host-gateway */

struct hosts_source {
    const struct container *c;
    bool is_host;                    /* it has the host's network, and so the host's files */
    const struct net_plan *plan;     /* NULL: no network of ours */
    struct network *const *networks; /* those of plan->interfaces, one for one */
    const struct net_config *config; /* NULL: defaults */
    const char *host_resolv_conf;    /* the host's files; NULL: where they are. For tests */
    const char *resolved_conf;
};

/* ERR_UNSUPPORTED for host-gateway where no network has one. */
int hosts_file_write(const struct hosts_source *s, struct strbuf *sb, struct err *e);
int resolv_conf_write(const struct hosts_source *s, struct strbuf *sb, struct err *e);

#endif
