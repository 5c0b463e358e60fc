/*
 * IPsec between hosts, for what goes to one UDP port: ESP in transport mode with AES-256-GCM, by the kernel's own
 * policies, so that nothing of it can leave or come in in clear, whoever sent it:
 *
 *   guard     everything to that port, in and out: blocked
 *   peer      to and from one host: only inside ESP
 *
 * One pair of security associations for each pair of hosts; the receiver chooses key and SPI and installs its side
 * first. Extended sequence numbers (64 bits), anti-replay window of 1,024 packets.
 *
 * Functions take an XFRM netlink socket (netlink_open_protocol). Privilege: CAP_NET_ADMIN.
 * Source: RFC 4303, RFC 4106, Documentation/networking/xfrm_*.rst, ip-xfrm(8), linux/xfrm.h.
 */
#ifndef SAMPAN_NETWORK_IPSEC_H
#define SAMPAN_NETWORK_IPSEC_H

#include <stdint.h>

#include "network/address.h"

enum { IPSEC_KEY_LEN = 36 }; /* 32 of AES, 4 of salt (RFC 4106, section 8.1) */

struct ipsec_key {
    uint32_t spi; /* above 255: those below are reserved */
    uint8_t key[IPSEC_KEY_LEN];
};

/* ERR_UNSUPPORTED with advice where the kernel cannot do it. Leaves nothing. */
int ipsec_check(int sock, struct err *e);

int ipsec_guard(int sock, uint16_t port, struct err *e);
int ipsec_unguard(int sock, uint16_t port, struct err *e);

/* What `from` sends to `to` with this key. Both sides install it, the receiver first. */
int ipsec_add_key(int sock, const struct ip *from, const struct ip *to, const struct ipsec_key *key, struct err *e);
int ipsec_remove_key(int sock, const struct ip *to, uint32_t spi, struct err *e);
/* Every key that ipsec_add_key installed here, in whatever process. */
int ipsec_remove_all_keys(int sock, struct err *e);

/* Both directions. Replaces what there was; removing what is not there is success. */
int ipsec_add_peer(int sock, const struct ip *local, const struct ip *remote, uint16_t port, struct err *e);
int ipsec_remove_peer(int sock, const struct ip *local, const struct ip *remote, uint16_t port, struct err *e);

#endif
