/*
 * What `network create` asks for: the options' texts, put together as the object that Docker's clients send. Its values
 * are checked by whoever reads it (network_from_json); here only what goes with what.
 */
#ifndef SAMPAN_CLI_NETWORK_REQUEST_H
#define SAMPAN_CLI_NETWORK_REQUEST_H

#include "network/network.h"

/* Strings and vectors are owned. */
struct network_request {
    char *driver;                         /* NULL: bridge */
    char **subnets, **ranges, **gateways; /* each belongs to the subnet that contains it */
    char **aux;                           /* "name=address" */
    char **options, **labels;             /* "key=value" */
    char **egress;                        /* "deny", "allow=…" */
    char *ipam_driver;
    bool internal, ipv6, no_ipv4, disable_dns;
    bool attachable; /* all networks are: for Docker's habits */
};

void network_request_release(struct network_request *q);

/* A network as asked for, to be settled by engine_network_create. */
int network_request_read(const struct network_request *q, const char *name, struct network **ret, struct err *e);

#endif
