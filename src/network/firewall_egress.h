/*
 * Egress rules: a chain of its own for each network and container that has them ("the owner"), to which the static
 * chain `egress` jumps by the bridge or by the source address. It returns for what is allowed and rejects the rest.
 * What is asked is whom the container addressed, in front of any translation, so that a rule for a published port
 * names the host's address.
 *
 * It sees what leaves the network, to the host or by it; neighbours on the network are reached always. Names are
 * asked for at the gateway always.
 *
 * Names: a set per owner, name and family, which the network's dnsmasq fills with each answer (--nftset) and which
 * forgets after a day. dnsmasq and its clients keep answers for a minute at most, so that addresses are renewed while
 * they are in use.
 */
#ifndef SAMPAN_NETWORK_FIREWALL_EGRESS_H
#define SAMPAN_NETWORK_FIREWALL_EGRESS_H

#include "network/egress.h"
#include "network/firewall_tables.h"

struct egress_chain {
    const char *owner; /* the id of a network or container */
    char name[32];
    struct egress_rule *rules;
    size_t n_rules;
    char (*sets)[NFT_NAME_MAXLEN]; /* of names: two for each rule, IPv4 and IPv6; "" where it has none */
};

/* The rules parsed. */
int egress_chain_init(const char *owner, const struct egress *egress, struct egress_chain *ret, struct err *e);
void egress_chain_release(struct egress_chain *c);
#define _cleanup_egress_chain_ _cleanup_(egress_chain_release)

/* Into table inet. The chain with its rules and sets, in place of what there is of it; it is borrowed until the batch
 * has run. */
void egress_chain_put(struct nft_batch *b, const struct egress_chain *c);
/* Takes it away; also succeeds where it is not there. -EBUSY while an element of a map leads to it. */
void egress_chain_put_removal(struct nft_batch *b, const struct egress_chain *c);

#endif
