#include "keeper/requests.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "keeper/keeper.h"
#include "keeper/protocol.h"

/* ---- the requests */

static int do_serve(struct keeper *k, struct client *c, json_object *request, json_object *answer, struct err *e)
{
    (void)answer;
    const char *id;
    int r = json_get_str(request, "Id", "", &id, e);
    if (r == 0)
        r = keeper_serve_network(k, id, e);
    if (r == REQUEST_WAITS)
        snprintf(c->waits_for, sizeof(c->waits_for), "%s", id);
    return r;
}

static int do_serve_container(struct keeper *k, struct client *c, json_object *request, json_object *answer,
                              struct err *e)
{
    (void)answer;
    const char *id;
    int r = json_get_str(request, "Id", "", &id, e);
    return r < 0 ? r : keeper_serve_container_names(k, id, c->waits_for, e);
}

static int do_forget(struct keeper *k, struct client *c, json_object *request, json_object *answer, struct err *e)
{
    (void)c;
    (void)answer;
    const char *id;
    int r = json_get_str(request, "Id", "", &id, e);
    return r < 0 ? r : keeper_forget_network(k, id, e);
}

static const struct {
    const char *op;
    int (*handle)(struct keeper *k, struct client *c, json_object *request, json_object *answer, struct err *e);
} operations[] = {
    {"serve", do_serve},
    {"serve-container", do_serve_container},
    {"forget", do_forget},
    {"overlay-create", keeper_do_overlay_create},
    {"overlay-find", keeper_do_overlay_find},
    {"overlay-remove", keeper_do_overlay_remove},
    {"overlay-peers", keeper_do_overlay_peers},
};

static int handle(struct keeper *k, struct client *c, json_object *request, json_object *answer, struct err *e)
{
    const char *op;
    int r = json_get_str(request, "Op", "", &op, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < ARRAY_SIZE(operations); i++)
        if (strcmp(operations[i].op, op) == 0)
            return operations[i].handle(k, c, request, answer, e);
    err_set(e, ERR_UNSUPPORTED, 0, "the network keeper does not know the request \"%.50s\"", op);
    return err_advice(e, "an older one is still running: it is replaced when no container has a network");
}

/* ---- the clients */

static void drop(struct client *c)
{
    loop_remove(c->table->loop, &c->source);
    fd_close(&c->source.fd);
    c->table->listener.events = POLLIN; /* there is room again */
}

static void reply(struct client *c, json_object *answer, const struct err *why)
{
    if (why)
        keeper_put_error(answer, why);
    c->waits_for[0] = '\0';
    if (keeper_send(c->source.fd, answer, NULL) < 0)
        drop(c);
}

static void client_ready(struct loop_source *s)
{
    struct client *c = s->owner;
    struct err e = ERR_INIT;
    _cleanup_json_ json_object *request = NULL, *answer = json_object_new_object();
    int r = keeper_receive(s->fd, &request, &e);
    if (r == -EAGAIN)
        return;
    if (r <= 0 || c->waits_for[0]) { /* one request at a time */
        drop(c);
        return;
    }
    r = handle(c->table->keeper, c, request, answer, &e);
    if (r != REQUEST_WAITS)
        reply(c, answer, r < 0 ? &e : NULL);
}

static bool may_connect(int sock)
{
    struct ucred peer;
    socklen_t len = sizeof(peer);
    return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0 && peer.uid == 0;
}

static struct client *free_slot(struct requests *q)
{
    for (size_t i = 0; i < REQUESTS_CLIENTS_MAX; i++)
        if (q->clients[i].source.fd < 0)
            return &q->clients[i];
    return NULL;
}

/* While all slots are taken, clients wait in the listener's queue. True when one came in. */
static bool accept_one(struct requests *q)
{
    struct client *c = free_slot(q);
    if (!c) {
        q->listener.events = 0;
        return false;
    }
    _cleanup_close_ int sock = accept4(q->listener.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (sock < 0)
        return false;
    keeper_is_used(q->keeper);
    if (!may_connect(sock))
        return true;
    *c = (struct client){.table = q};
    c->source = (struct loop_source){.fd = TAKE_FD(sock), .events = POLLIN, .ready = client_ready, .owner = c};
    loop_add(q->loop, &c->source);
    return true;
}

static void listener_ready(struct loop_source *s)
{
    accept_one(s->owner);
}

void requests_open(struct requests *q, struct keeper *k, struct loop *l, int listener)
{
    q->keeper = k;
    q->loop = l;
    for (size_t i = 0; i < REQUESTS_CLIENTS_MAX; i++)
        q->clients[i].source.fd = -1;
    q->listener = (struct loop_source){.fd = listener, .events = POLLIN, .ready = listener_ready, .owner = q};
    fd_set_nonblock(listener, true);
    loop_add(l, &q->listener);
}

void requests_close(struct requests *q)
{
    for (size_t i = 0; i < REQUESTS_CLIENTS_MAX; i++)
        fd_close(&q->clients[i].source.fd);
    fd_close(&q->listener.fd);
}

bool requests_are_idle(struct requests *q)
{
    while (accept_one(q))
        ;
    for (size_t i = 0; i < REQUESTS_CLIENTS_MAX; i++)
        if (q->clients[i].source.fd >= 0)
            return false;
    return true;
}

void requests_answer(struct requests *q, const char *key, const struct err *why)
{
    for (size_t i = 0; i < REQUESTS_CLIENTS_MAX; i++) {
        struct client *c = &q->clients[i];
        if (c->source.fd < 0 || strcmp(c->waits_for, key) != 0)
            continue;
        _cleanup_json_ json_object *answer = json_object_new_object();
        reply(c, answer, why);
    }
}
