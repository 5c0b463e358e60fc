#include "shim/clients.h"

#include "base/fd.h"

uint32_t client_bit(const struct client *c)
{
    return UINT32_C(1) << (c - c->table->v);
}

void client_watch(struct client *c)
{
    c->source.events = (short)((c->is_paused ? 0 : POLLIN) | (c->is_blocked ? POLLOUT : 0));
}

void client_drop(struct client *c)
{
    if (c->source.fd < 0)
        return;
    loop_remove(c->table->loop, &c->source);
    fd_close(&c->source.fd);
    c->table->ops->gone(c->table->owner, c);
    c->streams = 0;
}

static void receive(struct client *c)
{
    struct clients *t = c->table;
    int r = shim_recv_now(c->source.fd, &t->received, &t->received_fd, NULL);
    if (r == -EAGAIN)
        return;
    if (r <= 0 || !t->ops->request(t->owner, c, &t->received))
        client_drop(c);
    fd_close(&t->received_fd);
}

static void client_ready(struct loop_source *s)
{
    struct client *c = s->owner;
    if (c->is_blocked)
        c->table->ops->writable(c->table->owner, c);
    if (c->source.fd >= 0 && !c->is_paused)
        receive(c);
}

void clients_init(struct clients *t, struct loop *l, const struct clients_ops *ops, void *owner)
{
    t->loop = l;
    t->ops = ops;
    t->owner = owner;
    t->received_fd = -1;
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        t->v[i].source.fd = -1;
}

static struct client *free_slot(struct clients *t)
{
    for (size_t i = 0; i < CLIENTS_MAX; i++)
        if (t->v[i].source.fd < 0)
            return &t->v[i];
    return NULL;
}

struct client *clients_add(struct clients *t, int sock)
{
    _cleanup_close_ int fd = sock;
    struct client *c = free_slot(t);
    if (!c || !loop_add(t->loop, &c->source))
        return NULL;
    *c = (struct client){
        .source = {.fd = TAKE_FD(fd), .events = POLLIN, .ready = client_ready, .owner = c},
        .table = t,
    };
    return c;
}

bool client_reply(struct client *c, enum shim_msg_type type, const void *data, size_t len, int fd)
{
    if (shim_send_now(c->source.fd, type, data, len, fd, NULL) == 0)
        return true;
    client_drop(c);
    return false;
}

uint32_t clients_send(struct clients *t, unsigned stream, uint32_t only, enum shim_msg_type type, const void *data,
                      size_t len)
{
    uint32_t full = 0;
    CLIENTS_FOREACH (c, t) {
        if (!(c->streams & stream) || !(client_bit(c) & only))
            continue;
        int r = shim_send_now(c->source.fd, type, data, len, -1, NULL);
        if (r == -EAGAIN) {
            full |= client_bit(c);
            c->is_blocked = true;
            client_watch(c);
        } else if (r < 0) {
            client_drop(c);
        }
    }
    return full;
}
