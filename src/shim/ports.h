/*
 * The host's ports that a container has published, held by bound sockets that never listen: nobody else gets the
 * port, and the firewall leads its packets to the container before they would come to a socket. They are held as
 * long as the container has them.
 */
#ifndef SAMPAN_SHIM_PORTS_H
#define SAMPAN_SHIM_PORTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "shim/protocol.h"

struct held_ports { /* all zero: none */
    int *fds;
    size_t n;
};

/* Takes the socket, and closes it on failure. */
int held_ports_add(struct held_ports *h, int fd, struct err *e);

/* Closes the one that is bound to it; ERR_NOT_FOUND. */
int held_ports_release(struct held_ports *h, const struct shim_port *port, struct err *e);

void held_ports_close(struct held_ports *h);

#endif
