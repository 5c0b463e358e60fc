/*
 * What -p calls a port, in Docker's notation, short and long:
 *
 *     80   8080:80   127.0.0.1:8080:80   127.0.0.1::80   [::1]:8080:80   53:53/udp
 *     8000-8010:9000-9010              one to one
 *     8000-8010:80                     the first that is free
 *     target=80,published=8080,host_ip=127.0.0.1,protocol=tcp
 *
 * A pure function; every mistake is an ERR_INVALID that shows the right form.
 */
#ifndef SAMPAN_CLI_PORT_SPEC_H
#define SAMPAN_CLI_PORT_SPEC_H

#include "base/err.h"
#include "engine/container.h"
#include "network/address.h"

struct port_spec {
    char host_ip[IP_TEXT_MAX]; /* "": all addresses, or the configuration's */
    uint16_t host_port;        /* the first one; 0: any free one for each */
    uint16_t host_end;         /* 0, or the last one to choose from for a single port */
    uint16_t port;             /* the first one in the container */
    uint32_t count;
    uint8_t protocol; /* IPPROTO_… */
};

/* `what` names the value in errors: "--publish". */
int port_spec_parse(const char *text, const char *what, struct port_spec *ret, struct err *e);

/* The i-th port, i below count. Its host_ip is borrowed from the spec. */
struct port_binding port_spec_binding(struct port_spec *s, uint32_t i);

#endif
