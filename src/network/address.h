/*
 * IP addresses and prefixes of both families, and hardware addresses, as values.
 *
 * Text is what inet_pton(3) and inet_ntop(3) take and give. A prefix's host bits are kept, so that an interface's
 * address ("172.17.0.5/20") and a subnet ("172.17.0.0/20") are the same type; prefix_network() clears them.
 */
#ifndef SAMPAN_NETWORK_ADDRESS_H
#define SAMPAN_NETWORK_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { IP_TEXT_MAX = 46, PREFIX_TEXT_MAX = IP_TEXT_MAX + 4, NET_MAC_LEN = 6, MAC_TEXT_MAX = 18 };

struct ip {
    uint8_t family;    /* AF_INET, AF_INET6; 0: none */
    uint8_t bytes[16]; /* network order; IPv4 in the first four, the rest zero */
};

struct prefix {
    struct ip ip;
    uint8_t len;
};

static inline bool ip_is_set(const struct ip *ip)
{
    return ip->family != 0;
}

unsigned ip_size(const struct ip *ip); /* bytes: 4, 16; 0 for none */
bool ip_equal(const struct ip *a, const struct ip *b);
int ip_compare(const struct ip *a, const struct ip *b); /* IPv4 before IPv6, then by value */
bool ip_is_any(const struct ip *ip);
bool ip_is_loopback(const struct ip *ip);
bool ip_is_multicast(const struct ip *ip);

/* "10.0.0.1", "fd00::1", "[fd00::1]". `what` names the value in the error ("--ip"). */
int ip_parse(const char *text, const char *what, struct ip *ret, struct err *e);
/* Returns buf; "" for none. */
const char *ip_format(const struct ip *ip, char buf[static IP_TEXT_MAX]);

/* "10.0.0.0/24"; without a length the whole address. */
int prefix_parse(const char *text, const char *what, struct prefix *ret, struct err *e);
const char *prefix_format(const struct prefix *p, char buf[static PREFIX_TEXT_MAX]);

struct prefix prefix_network(const struct prefix *p); /* host bits cleared */
struct ip prefix_last(const struct prefix *p);        /* host bits set: IPv4's broadcast address */
bool prefix_contains(const struct prefix *p, const struct ip *ip);
bool prefix_overlaps(const struct prefix *a, const struct prefix *b);
/* The number of addresses; saturates at UINT64_MAX. */
uint64_t prefix_size(const struct prefix *p);
/* The n-th address of the prefix, from 0; n is below prefix_size(). And back. */
struct ip prefix_nth(const struct prefix *p, uint64_t n);
uint64_t prefix_index(const struct prefix *p, const struct ip *ip);

/* "02:42:ac:11:00:05", of one interface: a group address (its first byte is odd) and zero are refused. */
int mac_parse(const char *text, const char *what, uint8_t ret[static NET_MAC_LEN], struct err *e);
const char *mac_format(const uint8_t mac[static NET_MAC_LEN], char buf[static MAC_TEXT_MAX]);

#endif
