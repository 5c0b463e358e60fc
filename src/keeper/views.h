/*
 * Containers for which a network's own dnsmasq will not do:
 *
 *   - those on several networks. Such a container asks the gateway of any of its networks, whose dnsmasq knows its own
 *     names only; its "no such name" ends the search.
 *   - those with egress rules that have names. Their dnsmasq fills sets of the firewall with what it answers; what
 *     others ask must not fill them.
 *
 * They have one more dnsmasq, a view: one per set of networks that some container is on, or one of the container's own,
 * on a port of its own of the gateways. The firewall sends the queries of those containers there, and lets nobody else
 * in (firewall_set_names). What a container is on is found by its endpoint files, its rules by its plan in
 * RUN_ROOT/containers/ID.
 *
 * Nothing here waits. All memory is theirs.
 */
#ifndef SAMPAN_KEEPER_VIEWS_H
#define SAMPAN_KEEPER_VIEWS_H

#include "keeper/resolvers.h"
#include "keeper/scope.h"
#include "network/instance.h"

struct member;

struct views {
    const struct net_instance *in;
    struct resolvers *resolvers;
    struct member *first; /* the containers that have one */
};

/* Both are borrowed. What a former keeper left in the firewall goes. */
void views_init(struct views *v, const struct net_instance *in, struct resolvers *rs);
void views_release(struct views *v);

/* A container came, went, or changed its networks. 1: its view answers, or it needs none; 0: `settled` of the resolvers
 * will tell, by the key that ret_key gets. */
int views_update(struct views *v, const char *container, char ret_key[static SCOPE_KEY_MAX], struct err *e);

/* Whether some container has this view. */
bool views_has(const struct views *v, const char *key);

/* Writes all into the firewall: after a view's dnsmasq answers, or when the table was made anew. */
int views_apply(const struct views *v, struct err *e);

#endif
