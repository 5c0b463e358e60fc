/*
 * The firewall: one nftables table per engine, with static rules over sets and maps, so that a container costs nothing, a
 * published port one map element, and no rule of anybody else is ever touched or overruled: in nftables a packet must be
 * accepted by every base chain, and ours only ever drops.
 *
 *   table inet sampan
 *     prerouting (dstnat)  from our bridges and the gate: published ports -> containers
 *     output     (dstnat)  the host itself, also by 127.0.0.1
 *     forward    (filter)  between networks: drop; to a container: established, or a published port; internal: drop; egress
 *     input      (filter)  from internal networks: only names
 *     postrouting (srcnat) masquerade by subnet; hairpin and localhost
 *   table ip sampan, ip6 sampan
 *     gate       (input)   published ports obey the host's own input policy
 *
 * The gate. Docker translates a published port before the host's input rules can see the packet, and so bypasses ufw,
 * firewalld and every rule that an administrator wrote for input. Here a new connection to a published port is first let through the
 * host's own input hooks as it came; what they accept reaches our last chain there, which sends the packet out of one end of
 * a veth pair of ours and drops the original. It comes in again at the other end, where it is translated and forwarded; all
 * later packets of the connection are translated by connection tracking at once. So the very rules that guard the host's own services guard published
 * ports, whoever wrote them, as they are now, and the client's address is kept. "published-ports": "open" in the configuration
 * translates at once, as Docker does.
 *
 * A table that somebody flushed (nft flush ruleset, a firewall's reload) is noticed by the keeper at once and otherwise by the next start, and
 * made anew from RUN_ROOT/networks/ID/network.json and the containers' plans.
 *
 * Privilege: CAP_NET_ADMIN. Source: nft(8), Documentation/networking/nf_flowtable.rst, linux/netfilter/nf_tables.h.
 */
#ifndef SAMPAN_NETWORK_FIREWALL_H
#define SAMPAN_NETWORK_FIREWALL_H

#include "network/config.h"
#include "network/network.h"
#include "network/plan.h"

/* The tables and the gate, whole, in one transaction; nothing when they are there (one round trip). *ret_made: whether they
 * were not there, so that the networks and ports of what runs must be added again (firewall_restore). */
int firewall_ensure(const struct net_instance *in, const struct net_config *config, bool *ret_made, struct err *e);

/* Bridges and subnets of a network: masquerade, isolation, internal, egress. Replaces what there was of it. */
int firewall_add_network(const struct net_instance *in, const struct network *n, struct err *e);
int firewall_remove_network(const struct net_instance *in, const struct network *n, struct err *e);

/* All of a container's ports, and its egress rules, in one transaction: all or nothing. A port that another container has is
 * ERR_CONFLICT ("port is already allocated: 0.0.0.0:8080/tcp"). Removing what is not there is success, and flows of UDP that were
 * translated are forgotten with it (conntrack). `table`: net_plan.table. */
int firewall_add_container(const char *table, const struct net_plan *p, struct err *e);
int firewall_remove_container(const char *table, const struct net_plan *p, struct err *e);

/* After the table was made anew: everything of what is there now, from the files below the run root. */
int firewall_restore(const struct net_instance *in, struct err *e);

/* Overlay networks: UDP 4789 that carries one of these VNIs is dropped unless a peer sent it. Replaces what there was, in one
 * transaction; without VNIs nothing is dropped. */
int firewall_overlay_peers(const struct net_instance *in, const uint32_t *vnis, size_t n_vnis, const struct ip *peers,
                           size_t n_peers, struct err *e);

/* Containers on several networks ask a name server of their own, on a port of the gateways that nobody else reaches: the
 * queries of `client` go to `port`. Replaces all there were, in one transaction. */
struct net_names {
    struct ip client;
    uint16_t port;
};
int firewall_set_names(const struct net_instance *in, const struct net_names *v, size_t n, struct err *e);

/* For the configuration of a network's dnsmasq: the lines with which it fills the sets of the names in egress rules, each with
 * its newline; nothing where there are none. owner: the id of the network, or of a container on it with rules of its own. A
 * dnsmasq must have those of all its containers. It needs CAP_NET_ADMIN for them. */
struct strbuf;
int firewall_dnsmasq_lines(const char *table, const char *owner, const struct egress *egress, struct strbuf *ret,
                           struct err *e);

/* All our tables and the gate. */
int firewall_remove(const struct net_instance *in, struct err *e);

/* A nfnetlink socket that hears of changes to tables (NFNLGRP_NFTABLES), and whether what came says that ours is gone. For
 * the keeper. */
int firewall_watch_open(struct err *e);
int firewall_watch_read(int sock, const char *table, bool *ret_gone, struct err *e);

#endif
