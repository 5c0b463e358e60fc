/*
 * The connected clients of a shim: a fixed table, each with its socket and what it attached to. What their messages
 * mean is the owner's (server.c); here they are received, answered and dropped.
 *
 * Nothing here blocks. A client that breaks the protocol, or does not take an answer, is dropped.
 */
#ifndef SAMPAN_SHIM_CLIENTS_H
#define SAMPAN_SHIM_CLIENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/loop.h"
#include "shim/protocol.h"

enum { CLIENTS_MAX = 32 }; /* as many as a set of clients has bits */

struct clients;

struct client {
    struct loop_source source; /* fd -1: a free slot */
    struct clients *table;
    unsigned streams; /* SHIM_ATTACH_*: what it is attached to */
    bool wants_exit;  /* it attached or waits: told at the end */
    bool is_blocked;  /* some stream has bytes for it that its socket did not take */
    bool is_paused;   /* its messages are not received: another client's stdin is being written */
};

struct clients_ops {
    /* A message came; false: it broke the protocol. */
    bool (*request)(void *owner, struct client *c, const struct shim_msg *m);
    /* One that is_blocked may take bytes again. */
    void (*writable)(void *owner, struct client *c);
    /* Its slot is free after this. */
    void (*gone)(void *owner, struct client *c);
};

struct clients {
    struct loop *loop;
    const struct clients_ops *ops;
    void *owner;
    struct client v[CLIENTS_MAX];
    struct shim_msg received;
    int received_fd; /* came with it; closed after the request unless that took it */
};

/* for each connected client: CLIENTS_FOREACH(c, clients) … */
#define CLIENTS_FOREACH(c, clients)                                                                                    \
    for (struct client *c = (clients)->v; c < (clients)->v + CLIENTS_MAX; c++)                                         \
        if (c->source.fd >= 0)

void clients_init(struct clients *t, struct loop *l, const struct clients_ops *ops, void *owner);

/* Takes the socket, and closes it when the table is full (NULL). */
struct client *clients_add(struct clients *t, int sock);

void client_drop(struct client *c);

/* Sends an answer; drops a client that does not take it (false). fd as in shim_send. */
bool client_reply(struct client *c, enum shim_msg_type type, const void *data, size_t len, int fd);

/* After a change of is_blocked or is_paused. */
void client_watch(struct client *c);

/* The client's bit in a set of clients. */
uint32_t client_bit(const struct client *c);

/* Sends a stream's bytes to all who attached to it (`stream`: one of SHIM_ATTACH_*), or to those in `only`. Returns
 * the set of those whose sockets are full; they are is_blocked and get `writable`. */
uint32_t clients_send(struct clients *t, unsigned stream, uint32_t only, enum shim_msg_type type, const void *data,
                      size_t len);

#endif
