/*
 * What the keeper and its clients say to each other over RUN_ROOT/networks/keeper.sock (SOCK_SEQPACKET): one request a
 * connection at a time, each one packet of JSON, and one answer.
 *
 *   {"Op": "serve", "Id": "0123…"}            -> {}
 *   {"Op": "overlay-find", "Name": "backend"} -> {"Network": {…}}
 *   anything                                  -> {"Error": {"Kind": 6, "Code": 98, "Text": "…"}}
 *
 * Nothing here blocks but keeper_receive() on a blocking socket. Needs no privilege.
 */
#ifndef SAMPAN_KEEPER_PROTOCOL_H
#define SAMPAN_KEEPER_PROTOCOL_H

#include "base/err.h"
#include "base/json.h"
#include "network/instance.h"

enum { KEEPER_PACKET_MAX = 64 * 1024 };

#define KEEPER_LOCK_NAME "keeper.lock"
#define KEEPER_SOCKET_NAME "keeper.sock"
#define KEEPER_LOG_NAME "keeper.log"

/* In the started program: a pipe that gets a struct err when it cannot serve, and its end when it does. */
enum { KEEPER_FD_STARTER = 3 };

/* A socket connected to the keeper; -ENOENT or -ECONNREFUSED, e untouched, where none runs. */
int keeper_connect(const struct net_instance *in, struct err *e);

/* The keeper's listening socket, in place of one that a dead keeper left. The caller holds the lock. */
int keeper_listen(const struct net_instance *in, struct err *e);

/* -EPIPE, e untouched, when the other side is gone. */
int keeper_send(int sock, json_object *message, struct err *e);

/* 1 and a message, 0 at the end of the connection, or a negative errno (-EAGAIN, e untouched: nothing to read yet). */
int keeper_receive(int sock, json_object **ret, struct err *e);

/* An error as a message, and back: what an answer says went wrong, or 0. */
void keeper_put_error(json_object *answer, const struct err *error);
int keeper_take_error(json_object *answer, struct err *e);

#endif
