/*
 * The keeper: the parts of `sampan-network` around one loop (client.h says what it is for).
 *
 *   requests.h    who asks for what
 *   resolvers.h   a dnsmasq per network with names
 *   views.h       names for containers on several networks
 *   endpoints.h   who is on which network
 *   guard         the firewall when it was flushed (network/firewall.h)
 *   overlay.h     networks over several hosts
 *
 * It holds a lock while it lives. It ends when there has been no endpoint and no request for a while: the last
 * thing it does before is to look whether somebody is connecting.
 *
 * Privilege: root. One thread.
 */
#ifndef SAMPAN_KEEPER_KEEPER_H
#define SAMPAN_KEEPER_KEEPER_H

#include <stdint.h>

#include "base/loop.h"
#include "keeper/endpoints.h"
#include "keeper/overlay.h"
#include "keeper/requests.h"
#include "keeper/resolvers.h"
#include "keeper/views.h"
#include "network/instance.h"

struct keeper {
    struct net_instance in;
    struct loop loop;
    struct requests requests;
    struct resolvers resolvers;
    struct endpoints endpoints;
    struct views views;
    struct loop_source signals;  /* owned signalfd */
    struct loop_source firewall; /* owned; -1 where the kernel has no nf_tables */
    struct overlay *overlay;     /* NULL until it is asked for */
    struct net_config overlay_config;
    struct loop_source overlay_events; /* borrowed fd */
    int64_t linger_ms;                 /* how long it stays after the last endpoint */
    int64_t used_at;                   /* the last connection */
    int64_t look_at;                   /* when to look who is still there; INT64_MAX: when something happens */
    int starter_fd;                    /* owned; closed when it serves (protocol.h: KEEPER_FD_STARTER) */
    bool is_ending;
};

/* Runs it until its end, under the lock, with the listening socket, which it takes. in, linger_ms and starter_fd are
 * set. */
int keeper_run(struct keeper *k, int listener, struct err *e);

/* For requests.c */

/* REQUEST_DONE, REQUEST_WAITS, or a negative errno. */
int keeper_serve_network(struct keeper *k, const char *id, struct err *e);
/* ret_key: what it waits for. */
int keeper_serve_container_names(struct keeper *k, const char *id, char ret_key[static SCOPE_KEY_MAX], struct err *e);
int keeper_forget_network(struct keeper *k, const char *id, struct err *e);
void keeper_is_used(struct keeper *k);

/* overlay_requests.c. Each opens what overlay.h has when it is needed first, and may block while etcd does not answer. */
int keeper_join_overlay(struct keeper *k, const struct network *n, struct err *e);
void keeper_leave_overlay(struct keeper *k);
int keeper_do_overlay_create(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                             struct err *e);
int keeper_do_overlay_find(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                           struct err *e);
int keeper_do_overlay_remove(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                             struct err *e);
int keeper_do_overlay_peers(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                            struct err *e);

#endif
