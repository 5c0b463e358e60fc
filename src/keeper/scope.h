/*
 * Whose names a dnsmasq answers with: those of one network, on port 53 of its gateways; or, for containers that are on several
 * networks, those of all of them, on a port of its own (views.h).
 */
#ifndef SAMPAN_KEEPER_SCOPE_H
#define SAMPAN_KEEPER_SCOPE_H

#include <stdint.h>

#include "base/cleanup.h"
#include "network/network.h"

enum {
    SCOPE_NETWORKS_MAX = 8,
    SCOPE_KEY_MAX = SCOPE_NETWORKS_MAX * (NETWORK_ID_LEN + 1),
    DNS_PORT = 53,
};

struct scope {
    char key[SCOPE_KEY_MAX]; /* the networks' ids with '+' between: what it is known by */
    struct network *networks[SCOPE_NETWORKS_MAX];
    size_t n_networks;
    uint16_t port;
};

/* Empty, with port 53; aborts on out of memory. */
struct scope *scope_new(void);
void scope_free(struct scope *s);
DEFINE_CLEANUP_PTR(scope, struct scope *, scope_free)
#define _cleanup_scope_ _cleanup_(cleanup_scope)

/* Takes the network over. ERR_UNSUPPORTED when it has SCOPE_NETWORKS_MAX already. */
int scope_add(struct scope *s, struct network *n, struct err *e);

/* For messages: the names of its networks, "web", "web and db". Returns buf. */
const char *scope_describe(const struct scope *s, char buf[static 128]);

#endif
