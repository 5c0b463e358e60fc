/*
 * A network: what `network create` makes, with Docker's fields. The engine keeps it in its database; what of it is alive is
 * below RUN_ROOT/networks/ID (leases.h, names.h).
 *
 * network_settle() turns what the user asked for into something complete: subnets chosen, gateways, interface names,
 * options parsed; after that a network never changes.
 *
 * Ownership: strings and vectors belong to the struct. No function here needs a privilege but network_settle, which reads
 * the host's routes (none either).
 */
#ifndef SAMPAN_NETWORK_NETWORK_H
#define SAMPAN_NETWORK_NETWORK_H

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "network/address.h"
#include "network/instance.h"

enum { NETWORK_ID_LEN = 64, NETWORK_BRIDGE_PORTS_MAX = 1023 };

#define NETWORK_DEFAULT_NAME "bridge"

enum network_driver {
    NETWORK_BRIDGE,
    NETWORK_HOST,
    NETWORK_NULL, /* "none" */
    NETWORK_MACVLAN,
    NETWORK_IPVLAN,
    NETWORK_OVERLAY,
};

/* One of each family at most; subnet.ip.family == 0: that family is off. */
struct network_subnet {
    struct prefix subnet;
    struct prefix range; /* containers' addresses come from here; the subnet itself when not given */
    struct ip gateway;   /* the bridge's address; for macvlan and ipvlan the router's, may be none */
    struct ip *aux;      /* --aux-address: never leased */
    char **aux_names;    /* their names, parallel */
    size_t n_aux;
};

enum network_link_mode { /* of macvlan and ipvlan */
                         LINK_MODE_DEFAULT,
                         MACVLAN_BRIDGE,
                         MACVLAN_PRIVATE,
                         MACVLAN_VEPA,
                         MACVLAN_PASSTHRU,
                         IPVLAN_L2,
                         IPVLAN_L3,
                         IPVLAN_L3S,
};

/* Who may be reached from inside. Default: everybody. See --egress in sampan-network(1). */
struct egress {
    bool deny; /* all but `allow` */
    /* "10.0.0.0/8", "10.0.0.1:443", "deb.example.org:443", "deb.example.org:443/tcp", "[fd00::]/8:53/udp" */
    char **allow;
};

struct network {
    char id[NETWORK_ID_LEN + 1];
    char *name;
    int64_t created; /* ns since the epoch */
    enum network_driver driver;
    bool internal;
    bool ipv6;
    struct network_subnet v4, v6;
    char **options; /* "key=value", as given */
    char **labels;  /* "key=value" */
    struct egress egress;

    /* From the options, by network_settle(). */
    char link[IFNAMSIZ];   /* the bridge: "sampan0", "br-0123456789ab"; -o com.docker.network.bridge.name */
    char parent[IFNAMSIZ]; /* of macvlan and ipvlan: -o parent */
    enum network_link_mode mode;
    uint32_t mtu;         /* 0: the kernel's default, or for overlay the underlay's less the overhead */
    bool isolated;        /* -o isolate, or …enable_icc=false: its containers don't reach each other */
    bool no_masquerade;   /* -o com.docker.network.bridge.enable_ip_masquerade=false */
    bool no_dns;          /* --disable-dns; the default network has none either */
    bool encrypted;       /* overlay: -o encrypted */
    struct ip publish_ip; /* -o com.docker.network.bridge.host_binding_ipv4: where -p without an address binds */
    uint32_t vni;         /* overlay: from etcd */
};

struct network *network_new(void); /* aborts on out of memory */
void network_free(struct network *n);
DEFINE_CLEANUP_PTR(network, struct network *, network_free)
#define _cleanup_network_ _cleanup_(cleanup_network)

const char *network_driver_name(enum network_driver d); /* "bridge", "host", "null", … */
int network_driver_parse(const char *name, enum network_driver *ret, struct err *e);

/* The one that a container is on unless it is told otherwise: predefined, settled when it is first needed. */
static inline bool network_is_default(const struct network *n)
{
    return n->driver == NETWORK_BRIDGE && strcmp(n->name, NETWORK_DEFAULT_NAME) == 0;
}

/* What has addresses that we give out. */
static inline bool network_has_addresses(const struct network *n)
{
    return n->driver != NETWORK_HOST && n->driver != NETWORK_NULL;
}

/* What has a bridge of ours on the host, and so rules in the firewall: bridge and overlay. */
static inline bool network_has_bridge(const struct network *n)
{
    return n->driver == NETWORK_BRIDGE || n->driver == NETWORK_OVERLAY;
}

/* Names are asked for on user-defined networks with a bridge. */
static inline bool network_has_names(const struct network *n)
{
    return network_has_bridge(n) && !n->no_dns;
}

/* The same rule as for containers: [a-zA-Z0-9][a-zA-Z0-9_.-]*. */
int network_check_name(const char *name, struct err *e);

/* bridge, host, none, and the word "default", which nobody else may have as a name. */
bool network_is_reserved_name(const char *name);

/* An interface's name, of at most 15 characters; `what` names the value in the error. */
int network_set_link_name(const char *name, const char *what, char ret[static IFNAMSIZ], struct err *e);

/* Docker's `network inspect` object without "Containers"; and back (also what the database and RUN_ROOT/networks/ID/
 * network.json keep, with one member "Sampan" for what Docker has no word for). */
int network_to_json(const struct network *n, json_object **ret, struct err *e);
int network_from_json(json_object *o, struct network *n, struct err *e);

/* From RUN_ROOT/networks/ID/network.json, which is there while the network is up (bridge.h); -ENOENT when it is not. */
#define NETWORK_DEFINITION_NAME "network.json"
int network_load(const struct net_instance *in, const char *id, struct network **ret, struct err *e);

/* A subnet that is in use, and the name of the network that has it (borrowed). */
struct network_claim {
    struct prefix subnet;
    const char *holder;
};

/* What network_settle() keeps clear of, beside the host's routes, and where it takes IPv6 from. */
struct network_surroundings {
    const struct network_claim *claims;
    size_t n_claims;
    struct prefix ula; /* the engine's own 48 bits of unique local addresses (RFC 4193): fdXX:XXXX:XXXX::/48 */
};

/*
 * Completes and checks it: id, created, name, options, subnets. A subnet that is not given is the first of the pools
 * (config.h: net_config.pools) that overlaps neither a claim nor a route of the host; one that is given and overlaps is
 * ERR_CONFLICT and says with whom. IPv6 without a subnet gets a /64 of surroundings.ula. The default network (its name says
 * so) has room for all ports of a bridge. An overlay network's subnet that is not given is left to the keeper.
 */
struct net_config;
int network_settle(const struct net_instance *in, const struct net_config *config,
                   const struct network_surroundings *around, struct network *n, struct err *e);

/* Whether a bridge of these subnets would cut the host off from what it has a route to: ERR_CONFLICT. They were free when the
 * network was made, but the host may be elsewhere since. Costs a dump of the routes. */
int network_check_routes(const struct network *n, struct err *e);

#endif
