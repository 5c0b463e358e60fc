/*
 * What the parts of the firewall share: the names of its sets and maps, and the static rules. See firewall.h for the
 * picture, firewall_tables.c for the rules in nft's own language.
 */
#ifndef SAMPAN_NETWORK_FIREWALL_TABLES_H
#define SAMPAN_NETWORK_FIREWALL_TABLES_H

#include "kernel/nft.h"
#include "network/firewall.h"
#include "network/firewall_gate.h"

/* In every table of ours but that of the bridge family. ifname */
#define SET_BRIDGES "bridges"
/* ip, ip6: address . ifname: a subnet and its bridge; what comes from it and goes back to it */
#define SET_HOMES "homes"
/* ip, ip6: proto . port : address . port; with the host's address in front where not all are meant */
#define MAP_PORTS "ports"
#define MAP_HOST_PORTS "host_ports"
/* The same keys, for the gate: a map of addresses can not be asked whether it has a key. */
#define SET_PUBLISHED "published"
#define SET_HOST_PUBLISHED "host_published"
#define SET_MASQUERADED "masqueraded" /* ifname */
#define SET_GATEWAYS "gateways"       /* ifname . address: of networks with names */
/* address : port of the name server that a container of several networks asks */
#define MAP_NAMES "names"

/* inet */
/* Pairs of a bridge with itself, but isolated ones: what came from it and goes back to it. ifname . ifname */
#define SET_LINKS "links"
#define SET_INTERNAL "internal" /* ifname */
/* ifname . address: what internal networks may ask, and what egress rules don't deny */
#define SET_GATEWAYS4 "gateways4"
#define SET_GATEWAYS6 "gateways6"
#define MAP_EGRESS_LINKS "egress_links" /* ifname : verdict */
/* address : verdict */
#define MAP_EGRESS4 "egress4"
#define MAP_EGRESS6 "egress6"
/* proto . port: of name servers that answer certain containers only */
#define SET_NAMES_PORTS "names_ports"
#define SET_OVERLAY_PEERS4 "overlay_peers4"
#define SET_OVERLAY_PEERS6 "overlay_peers6"
#define CHAIN_OVERLAY "overlay"

/* The families that have a table of ours whenever there is a firewall at all. */
extern const uint8_t firewall_families[];
extern const size_t firewall_n_families;

/* What decides about the static rules. */
struct firewall_rules {
    bool ports_open; /* translate at once, without the gate */
    /* It was us who made a router of this host: nothing but our networks is forwarded. */
    bool only_ours4, only_ours6;
    bool has_localhost6; /* see firewall.h */
    struct firewall_gate gate;
};

/* An element that is to be there, or is not to be: adding what is there changes nothing, and what was just added can be
 * deleted. A key of a map that has other data fails with -EEXIST either way: it is another's. */
void firewall_put_element(struct nft_batch *b, const char *set, const struct nft_element *el, bool is_removal);

/* All tables, empty of networks and ports. -EEXIST where there is one already; or with has_remains in their place. */
void firewall_put_tables(struct nft_batch *b, const char *table, const struct firewall_rules *rules, bool has_remains);
/* Takes them away; also succeeds for those that are not there. The other one is that of firewall_sources.h. */
void firewall_delete_tables(struct nft_batch *b, const char *table);
void firewall_delete_bridge_table(struct nft_batch *b, const char *table);
/* Whether they are there, made with these rules by this version of the program. */
int firewall_has_tables(int sock, const char *table, const struct firewall_rules *rules, bool *ret, struct err *e);

#endif
