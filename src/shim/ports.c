#include "shim/ports.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"

int held_ports_add(struct held_ports *h, int fd, struct err *e)
{
    _cleanup_close_ int taken = fd;
    if (fd < 0)
        return err_set(e, ERR_INTERNAL, EBADMSG, "a port came without its socket");
    int *grown = reallocarray(h->fds, h->n + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "hold a port");
    h->fds = grown;
    grown[h->n++] = TAKE_FD(taken);
    return 0;
}

static bool get_address(int fd, struct shim_port *ret)
{
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } a = {.any = {.sa_family = AF_UNSPEC}};
    socklen_t len = sizeof(a);
    int protocol;
    socklen_t protocol_len = sizeof(protocol);
    if (getsockname(fd, &a.any, &len) < 0 || getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &protocol_len) < 0)
        return false;
    *ret = (struct shim_port){.protocol = (uint8_t)protocol, .host = {.family = (uint8_t)a.any.sa_family}};
    if (a.any.sa_family == AF_INET)
        memcpy(ret->host.bytes, &a.v4.sin_addr, sizeof(a.v4.sin_addr));
    else
        memcpy(ret->host.bytes, &a.v6.sin6_addr, sizeof(a.v6.sin6_addr));
    ret->port = ntohs(a.any.sa_family == AF_INET ? a.v4.sin_port : a.v6.sin6_port);
    return true;
}

static bool is_bound_to(int fd, const struct shim_port *port)
{
    struct shim_port own;
    return get_address(fd, &own) && own.protocol == port->protocol && own.port == port->port &&
           ip_equal(&own.host, &port->host);
}

int held_ports_release(struct held_ports *h, const struct shim_port *port, struct err *e)
{
    for (size_t i = 0; i < h->n; i++) {
        if (!is_bound_to(h->fds[i], port))
            continue;
        fd_close(&h->fds[i]);
        h->fds[i] = h->fds[--h->n];
        return 0;
    }
    char host[IP_TEXT_MAX];
    return err_not_found(e, "port %u of %s is not held", port->port, ip_format(&port->host, host));
}

void held_ports_close(struct held_ports *h)
{
    for (size_t i = 0; i < h->n; i++)
        fd_close(&h->fds[i]);
    free(h->fds);
    *h = (struct held_ports){.fds = NULL};
}
