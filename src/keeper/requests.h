/*
 * The keeper's clients: who may connect, what they may ask, and their answers. A request that must wait for something
 * (a dnsmasq that starts) keeps its connection until requests_answer() is told; no other client waits for it.
 */
#ifndef SAMPAN_KEEPER_REQUESTS_H
#define SAMPAN_KEEPER_REQUESTS_H

#include "base/json.h"
#include "base/loop.h"
#include "keeper/scope.h"

enum { REQUESTS_CLIENTS_MAX = 24 };

/* What a handler says: the answer is ready, or will come by requests_answer(). A negative errno is answered too. */
enum { REQUEST_DONE = 0, REQUEST_WAITS = 1 };

struct keeper;
struct requests;

struct client {
    struct loop_source source; /* owned; -1: a free slot */
    struct requests *table;
    char waits_for[SCOPE_KEY_MAX]; /* "": not waiting */
};

struct requests {
    struct keeper *keeper;
    struct loop *loop;
    struct loop_source listener; /* owned */
    struct client clients[REQUESTS_CLIENTS_MAX];
};

/* Takes the listening socket. The loop has room for all. */
void requests_open(struct requests *q, struct keeper *k, struct loop *l, int listener);
void requests_close(struct requests *q);

/* Whether nobody is connected, and nobody was about to: takes in those who were. */
bool requests_are_idle(struct requests *q);

/* Answers all who wait for the scope: success where `why` is NULL. */
void requests_answer(struct requests *q, const char *key, const struct err *why);

#endif
