/*
 * Published and exposed ports: their words, and the ports of the host behind them.
 *
 * A published port is held by a socket that is bound and never listens: from then on no other program of the host and no
 * other container gets it, whoever asks first wins, and the kernel lets go of it when its last holder (the container's shim)
 * has ended. Where the kernel has no sockets of a protocol (SCTP is a module), the firewall's map alone decides.
 *
 * Source: ip(7), ipv6(7) IPV6_V6ONLY.
 */
#ifndef SAMPAN_ENGINE_PORTS_H
#define SAMPAN_ENGINE_PORTS_H

#include <stdint.h>

#include "base/err.h"
#include "engine/container.h"
#include "network/config.h"
#include "network/plan.h"

/* "80", "80/udp", "8000-8010/tcp"; tcp where nothing is said. */
struct port_range {
    uint16_t first, last;
    uint8_t protocol;
};
int port_range_parse(const char *text, struct port_range *ret, struct err *e);

/* "80" or "80-90/udp" -> "80/tcp" or eleven entries; doubles are dropped. */
int ports_expose(char ***exposed, const char *text, struct err *e);

/* Whether the address that a binding names may be published: ERR_INVALID for one that is none, ERR_DENIED for all
 * addresses where "publish-to-all" is off. One without is looked at when its network is known, by ports_hold. */
int port_check(const struct net_config *config, const struct port_binding *b, struct err *e);

/* Host ports that are held for a container, and where they lead. */
struct ports {
    const struct net_config *config; /* borrowed */
    bool is_rootless;                /* pasta leads on what listens: a held TCP port does, and answers nobody */
    struct ip publish_ip;            /* of the network; family 0: the configuration's */
    struct ip to4, to6;              /* the container's addresses; family 0: none */
    struct net_plan *plan;           /* borrowed: gets a net_port each */
    int *fds;                        /* owned: the sockets */
    size_t n_fds;
};
void ports_release(struct ports *p);
/* Closes all but the first `keep` sockets. */
void ports_drop(struct ports *p, size_t keep);

/* Takes the host's ports of one binding: one of each family where no address is given. -EADDRINUSE where somebody has them
 * (ERR_CONFLICT, in Docker's words); then nothing was added. */
int ports_hold(struct ports *p, const struct port_binding *b, struct err *e);

#endif
