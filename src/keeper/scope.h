/*
 * What a dnsmasq is for: the names of one network, on port 53 of its gateways; or, for certain containers only, those
 * of several networks, or with egress rules of a container's own, on a port of its own (views.h).
 */
#ifndef SAMPAN_KEEPER_SCOPE_H
#define SAMPAN_KEEPER_SCOPE_H

#include <stdint.h>

#include "base/cleanup.h"
#include "network/network.h"

enum {
    SCOPE_NETWORKS_MAX = 8,
    SCOPE_KEY_MAX = (SCOPE_NETWORKS_MAX + 1) * (NETWORK_ID_LEN + 1),
    DNS_PORT = 53,
};

struct scope {
    char key
        [SCOPE_KEY_MAX]; /* what it is known by: the networks' ids with '+' between, and "@CONTAINER" with an owner */
    struct network *networks[SCOPE_NETWORKS_MAX];
    size_t n_networks;
    uint16_t port;
    char owner[NETWORK_ID_LEN + 1]; /* the container whose own egress rules have names; "": none */
    struct egress egress;           /* these rules */
};

/* Empty, with port 53; aborts on out of memory. */
struct scope *scope_new(void);
void scope_free(struct scope *s);
DEFINE_CLEANUP_PTR(scope, struct scope *, scope_free)
#define _cleanup_scope_ _cleanup_(cleanup_scope)

/* Takes the network over. ERR_UNSUPPORTED when it has SCOPE_NETWORKS_MAX already. */
int scope_add(struct scope *s, struct network *n, struct err *e);

/* After the networks. Takes the rules over. */
void scope_set_owner(struct scope *s, const char *container, struct egress *egress);

/* Whether it is a network's own, and not a view. */
bool scope_key_is_network(const char *key);

/* For messages: the names of its networks, "web", "web and db". Returns buf. */
const char *scope_describe(const struct scope *s, char buf[static 128]);

#endif
