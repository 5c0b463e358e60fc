/*
 * The gate, by which published ports obey the host's own input rules (firewall.h): a veth pair with both ends in the
 * host's network namespace, and the rules that send new connections through it.
 *
 *   client -> eth0 -> [host's input rules] -> chain gate: dup -> gate_in ===veth=== gate_out -> dnat -> forward -> container
 *
 * - dup sends to a next hop; a route leads there through gate_in. Address resolution is off on it and both ends have
 *   the same MAC address, so that the next hop is always the other end. The rules name no link by its number, so that
 *   a ruleset that somebody saved with ours in it can be loaded at boot; without the route a guard drops what dup
 *   sends elsewhere.
 * - What comes out was untracked by dup and is a new connection to conntrack: the one that it will remember.
 * - dup sets "don't fragment"; it is cleared again, or a first datagram larger than the container's link would be lost.
 * - dup's packets leave through the host's output hooks: an output policy of drop must let gate_in pass. A reverse
 *   path filter made of rules (firewalld: IPv6_rpfilter) must be loose or let gate_out pass; sysctl's rp_filter is
 *   set to loose on it.
 * - Policy routing that sends every destination elsewhere (a VPN's rule in front of the main table) must leave out
 *   the next hop.
 * - Clients with IPv6 link-local addresses don't get through: such packets are never forwarded.
 *
 * Privilege: CAP_NET_ADMIN. Source: net/ipv4/netfilter/nf_dup_ipv4.c, ip-sysctl.rst (rp_filter).
 */
#ifndef SAMPAN_NETWORK_FIREWALL_GATE_H
#define SAMPAN_NETWORK_FIREWALL_GATE_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "kernel/nft.h"
#include "network/instance.h"

struct firewall_gate {
    char in[IFNAMSIZ], out[IFNAMSIZ]; /* zero-padded */
    uint8_t next_hop4[4], next_hop6[16];
};

/* Its names and addresses, which differ between the engines of one network namespace. */
struct firewall_gate firewall_gate_of(const struct net_instance *in);

/* Both ends up, and the routes; whatever of it is there already is taken over. */
int firewall_gate_up(const struct firewall_gate *g, struct err *e);
bool firewall_gate_is_up(const struct firewall_gate *g);
int firewall_gate_down(const struct firewall_gate *g, struct err *e); /* also where it is not there */

/* The chains and rules of one family, into its table. */
void firewall_put_gate(struct nft_batch *b, uint8_t family, const struct firewall_gate *g);

#endif
