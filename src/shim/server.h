/*
 * What clients may ask of a shim: one table of requests, each with the size of its data (server.c). Clients come by
 * shim.sock, where only the shim's own user and root are let in, or are handed over (the starter).
 */
#ifndef SAMPAN_SHIM_SERVER_H
#define SAMPAN_SHIM_SERVER_H

#include "shim/clients.h"
#include "shim/ports.h"
#include "shim/relay.h"

struct server {
    struct loop *loop;
    struct relay *relay;
    int pidfd;                   /* the container's init; borrowed */
    struct loop_source listener; /* owned */
    struct clients clients;
    struct held_ports *ports; /* borrowed */
    struct client *starter;   /* while it is connected */
    bool is_forgotten;        /* it said FORGET after it was told the exit */
    bool has_exited;          /* server_report_exit was called */
};

/* Takes the listening socket. */
void server_init(struct server *s, struct loop *l, struct relay *relay, struct held_ports *ports);
void server_open(struct server *s, int listener, int pidfd);

/* Takes a socket that is connected already, attached to `streams`; it is told the end. */
void server_add_starter(struct server *s, int sock, unsigned streams);

/* Makes room in the sockets of clients that lag behind, so that the last bytes and the exit status fit. */
void server_widen(struct server *s);

/* Tells everyone who attached or waits, and stops listening. The connections stay open. */
void server_report_exit(struct server *s, const struct shim_exit *exit);

/* Waits for the starter to say FORGET, which nobody else may; false when it is gone, or the time was over. */
bool server_await_forget(struct server *s, int timeout_ms);

#endif
