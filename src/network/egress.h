/*
 * Egress rules as people write them: who may be reached although the rest is denied.
 *
 *   10.0.0.0/8    10.0.0.1:443    fd00::/8    [fd00::1]:53/udp    [fd00::]/8:53    deb.example.org:443/tcp    *.example.org
 *
 * A name means the addresses that it has when it is asked for on a network with names, and those of the names below
 * it. A port without a protocol means TCP and UDP.
 */
#ifndef SAMPAN_NETWORK_EGRESS_H
#define SAMPAN_NETWORK_EGRESS_H

#include "network/address.h"

enum { EGRESS_NAME_MAX = 200 }; /* the name of an nftables set has 255 bytes, and more to say */

struct egress_rule {
    struct prefix to;               /* host bits cleared; family 0: a name */
    char name[EGRESS_NAME_MAX + 1]; /* lower case, without "*." */
    uint16_t port;                  /* 0: all */
    uint8_t protocol;               /* IPPROTO_*; 0: any, or with a port TCP and UDP */
};

/* ERR_INVALID says what is wrong with it. */
int egress_rule_parse(const char *text, struct egress_rule *ret, struct err *e);

#endif
