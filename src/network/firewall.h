/*
 * The firewall: nftables tables of our own, with static rules over sets and maps, so that a container costs nothing,
 * a published port an element of a map and one of a set, and no rule of anybody else is ever touched or overruled: in
 * nftables a packet must be accepted by every base chain, and ours only ever drop or translate.
 *
 *   table inet sampan              who may talk to whom
 *     forward      between networks: drop; to a container: established, or a published port; internal: drop; egress rules
 *     input        from internal networks: only names and ICMP of their gateway; egress rules; VXLAN only from peers
 *   table ip sampan, ip6 sampan    what is translated
 *     raw          127.0.0.0/8 from our bridges: drop
 *     prerouting   from our bridges and the gate: published ports -> containers; the name server of several networks
 *     output       the host itself, also by 127.0.0.1 and ::1: published ports -> containers
 *     postrouting  masquerade by bridge; hairpin and localhost
 *     gate, guard  published ports obey the host's own input policy (firewall_gate.h)
 *   table bridge sampan            containers with egress rules have no address but their own (firewall_sources.h)
 *
 * The rules stand in firewall_tables.c, in nft's own language beside the code.
 *
 * The gate. Docker translates a published port before the host's input rules can see the packet, and so bypasses ufw,
 * firewalld and every rule that an administrator wrote for input. Here a new connection to a published port is first
 * let through the host's own input hooks as it came; what they accept reaches our last chain there, which sends the
 * packet out of one end of a veth pair of ours and drops the original. It comes in again at the other end, where it
 * is translated and forwarded; all later packets of the connection are translated by connection tracking at once. So
 * the very rules that guard the host's own services guard published ports, whoever wrote them, as they are now, and
 * the client's address is kept. "published-ports": "open" in the configuration translates at once, as Docker does. A
 * kernel that lacks what the gate needs is told so, with that advice; ports are never opened behind the
 * administrator's back.
 *
 * Who reaches a published port: the host by any of its addresses, also 127.0.0.1 and ::1; containers of all networks
 * but internal ones, by the host's addresses; others where the host's input rules let them. A port of one address is
 * there only. Containers and host are seen under their own addresses, but neighbours on the container's own network
 * (hairpin) and localhost, which are seen as the gateway.
 *
 * What others must do: let forwarded packets of our bridges pass where their own forward policy is drop (ufw,
 * firewalld); set route_localnet and the route to ::1 on our bridges, and forwarding (bridge.h).
 *
 * When we made a router of the host (the marks of bridge_sysctl.h are there), nothing but our networks is forwarded.
 *
 * Tables that somebody flushed (nft flush ruleset, a firewall's reload) are noticed by the keeper at once and
 * otherwise by the next start, and made anew from RUN_ROOT/networks/ID/network.json and the containers' plans. So are
 * those of another version, of another configuration, and those that came back from a saved ruleset.
 *
 * Privilege: CAP_NET_ADMIN. Source: nft(8), linux/netfilter/nf_tables.h, ip-sysctl.rst.
 */
#ifndef SAMPAN_NETWORK_FIREWALL_H
#define SAMPAN_NETWORK_FIREWALL_H

#include "network/config.h"
#include "network/network.h"
#include "network/plan.h"

/* The tables, whole, in one transaction, and the gate; nothing when they are there (30 µs). *ret_made: whether they
 * were not there, so that the networks and ports of what runs must be added again (firewall_restore). By one process
 * at a time (RUN_ROOT/networks/firewall.lock). */
int firewall_ensure(const struct net_instance *in, const struct net_config *config, bool *ret_made, struct err *e);

/* Whether ::1 leads to published ports on this host: not where bridges call the firewall themselves for IPv6
 * (br_netfilter with bridge-nf-call-ip6tables), since the kernel then takes the container's answer for a packet to
 * ::1 from the wire. It is not translated then, and a connection is refused at once. */
bool firewall_has_localhost6(void);

/* A network's bridge, gateways and egress rules. Adding it again changes nothing but the latter; removing what is not
 * there is success. */
int firewall_add_network(const struct net_instance *in, const struct network *n, struct err *e);
int firewall_remove_network(const struct net_instance *in, const struct network *n, struct err *e);

/* All of a container's ports, and its egress rules, in one transaction: all or nothing, and once more is success. A
 * port that another container has is ERR_CONFLICT ("port is already allocated: 0.0.0.0:8080/tcp"). Removing what is
 * not there, or is another's by now, is success, and flows of UDP that were translated are forgotten with it
 * (conntrack): 10 ms, off the path of a start or stop. `table`: net_plan.table. A plan may be a part: some ports, or
 * some interfaces with the egress rules. */
int firewall_add_container(const char *table, const struct net_plan *p, struct err *e);
int firewall_remove_container(const char *table, const struct net_plan *p, struct err *e);

/* Forgets flows of UDP that began before firewall_add_container: a client that goes on sending to a port that nobody
 * published yet is known as the host's own, and would never be translated. The kernel walks its whole table for it
 * (10 ms): after the start was reported. Nothing where no UDP port is published. */
int firewall_forget_early_flows(const struct net_plan *p, struct err *e);

/* After the tables were made anew: everything of what is there now, from the files below the run root. What the
 * keeper knows (firewall_set_names, firewall_overlay_peers) it adds itself. */
int firewall_restore(const struct net_instance *in, struct err *e);

/* Overlay networks: UDP 4789 that carries one of these VNIs is dropped unless a peer sent it. Replaces what there
 * was, in one transaction; without VNIs nothing is dropped. */
int firewall_overlay_peers(const struct net_instance *in, const uint32_t *vnis, size_t n_vnis, const struct ip *peers,
                           size_t n_peers, struct err *e);

/* Containers on several networks ask a name server of their own, on a port of the gateways that nobody else reaches:
 * the queries of `client` go to `port`. Replaces all there were, in one transaction. */
struct net_names {
    struct ip client;
    uint16_t port;
};
int firewall_set_names(const struct net_instance *in, const struct net_names *v, size_t n, struct err *e);

/* A container that ends is led nowhere any more: also where the keeper, who would see to it, is dead. */
int firewall_remove_names(const char *table, const struct net_plan *p, struct err *e);

/* For the configuration of a network's dnsmasq: the lines with which it fills the sets of the names in egress rules,
 * each with its newline; nothing where there are none. owner: the id of the network, or of a container on it with
 * rules of its own. A dnsmasq must have those of all its containers. It needs CAP_NET_ADMIN for them. */
struct strbuf;
int firewall_dnsmasq_lines(const char *table, const char *owner, const struct egress *egress, struct strbuf *ret,
                           struct err *e);

/* All our tables and the gate. */
int firewall_remove(const struct net_instance *in, struct err *e);

/* A nfnetlink socket that hears of changes to tables (NFNLGRP_NFTABLES), and whether what came says that ours is
 * gone. For the keeper. */
int firewall_watch_open(struct err *e);
int firewall_watch_read(int sock, const char *table, bool *ret_gone, struct err *e);

#endif
