#include "engine/attach_settle.h"

#include <string.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/strv.h"
#include "engine/netenv.h"
#include "engine/networks.h"
#include "engine/nsmode.h"
#include "engine/ports.h"
#include "network/egress.h"

#define DEFAULT_BRIDGE "bridge" /* the network that is always there, without names */

static int set(char **target, const char *s, struct err *e)
{
    char *copy = strdup(s);
    if (!copy)
        return err_set(e, ERR_SYS, ENOMEM, "network %s", s);
    free(*target);
    *target = copy;
    return 0;
}

static bool is_default(const char *name)
{
    return !name || !*name || strcmp(name, "default") == 0;
}

/* A mode that is no network of ours. */
static bool is_word(const char *name)
{
    return strcmp(name, "host") == 0 || strcmp(name, "none") == 0 || nsmode_target(name);
}

/* ---- egress ---- */

static int add_allowed(struct egress *egress, const char *text, struct err *e)
{
    struct egress_rule rule;
    int r = egress_rule_parse(text, &rule, e);
    return r < 0 ? err_context(e, "--egress") : strv_add(&egress->allow, text, e);
}

int attach_parse_egress(char *const *words, struct egress *ret, struct err *e)
{
    int r = 0;
    STRV_FOREACH (word, words) {
        if (strcmp(*word, "deny") == 0)
            ret->deny = true;
        else if (strncmp(*word, "allow=", 6) == 0 && (*word)[6])
            r = add_allowed(ret, *word + 6, e);
        else
            r = err_invalid(e, "invalid --egress %.200s: it is deny, or allow=HOST[:PORT[/PROTOCOL]]", *word);
        if (r < 0)
            return r;
    }
    if (!ret->allow || ret->deny)
        return 0;
    err_invalid(e, "--egress allow=%.200s allows what is allowed anyway", ret->allow[0]);
    return err_advice(e, "add --egress deny");
}

static int check_egress(const struct host_config *h, struct err *e)
{
    struct egress egress = {0};
    int r = attach_parse_egress(h->egress, &egress, e);
    strv_free(egress.allow);
    return r;
}

/* ---- one endpoint ---- */

static int check_address(const char *text, const char *flag, const struct network *n, const struct network_subnet *s,
                         struct err *e)
{
    struct ip ip;
    char subnet[PREFIX_TEXT_MAX];
    if (!text || !*text)
        return 0;
    int r = ip_parse(text, flag, &ip, e);
    if (r < 0)
        return r;
    if (s->subnet.ip.family == 0)
        return err_invalid(e, "%s %s: network %s has no such addresses", flag, text, n->name);
    if (ip.family != s->subnet.ip.family || !prefix_contains(&s->subnet, &ip))
        return err_invalid(e, "%s %s is not in %s, the subnet of network %s", flag, text,
                           prefix_format(&s->subnet, subnet), n->name);
    return 0;
}

static int check_aliases(char *const *aliases, struct err *e)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    STRV_FOREACH (alias, aliases) {
        size_t n = strlen(*alias);
        if (n == 0 || n > 253 || strspn(*alias, allowed) != n)
            return err_invalid(e, "invalid network alias: \"%.100s\" (letters, digits, \"-\", \"_\" and \".\")",
                               *alias);
    }
    return 0;
}

/* On the default network names and addresses are not the user's, as in Docker. */
static int check_default_network(const struct endpoint_config *o, struct err *e)
{
    if (strv_len(o->aliases) > 0)
        return err_invalid(e, "network-scoped alias is supported only for containers in user defined networks");
    if (o->ip || o->ip6)
        return err_invalid(e, "--ip: user specified IP address is supported on user defined networks only");
    return 0;
}

static int check_mac(const struct endpoint_config *o, struct err *e)
{
    uint8_t mac[NET_MAC_LEN];
    return o->mac && *o->mac ? mac_parse(o->mac, "--mac-address", mac, e) : 0;
}

int attach_check_endpoint(const struct network *n, const struct endpoint_config *o, struct err *e)
{
    int r = strcmp(n->name, DEFAULT_BRIDGE) == 0 ? check_default_network(o, e) : check_aliases(o->aliases, e);
    if (r == 0)
        r = check_address(o->ip, "--ip", n, &n->v4, e);
    if (r == 0)
        r = check_address(o->ip6, "--ip6", n, &n->v6, e);
    if (r == 0 && n->driver == NETWORK_IPVLAN && o->mac && *o->mac)
        return err_invalid(e, "--mac-address: all addresses on ipvlan network %s share the parent's", n->name);
    return r == 0 ? check_mac(o, e) : r;
}

/* *ret_word: that it turned out to be no network of ours ("host" by its id). The default network is not looked up, which
 * spares the common start a query. */
static int settle_endpoint(struct engine *en, struct endpoint_config *o, bool *ret_word, struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    *ret_word = false;
    if (strcmp(o->network, DEFAULT_BRIDGE) == 0) {
        int r = check_default_network(o, e);
        return r == 0 ? check_mac(o, e) : r;
    }
    int r = engine_network_find(en, o->network, &n, e);
    if (r == 0)
        r = set(&o->network, n->name, e);
    if (r < 0)
        return r;
    *ret_word = !network_has_addresses(n);
    return *ret_word ? 0 : attach_check_endpoint(n, o, e);
}

/* ---- the mode and the endpoints ---- */

/* An endpoint for the mode, in front. */
static int prepend(struct container *c, const char *network, struct err *e)
{
    container_add_endpoint(c);
    memmove(c->endpoints + 1, c->endpoints, (c->n_endpoints - 1) * sizeof(*c->endpoints));
    c->endpoints[0] = (struct endpoint_config){0};
    return set(&c->endpoints[0].network, network, e);
}

static bool has_endpoint(const struct container *c, const char *network)
{
    for (size_t i = 0; i < c->n_endpoints; i++)
        if (strcmp(c->endpoints[i].network, network) == 0)
            return true;
    return false;
}

/* Both name networks afterwards, as given; the mode's is the first. */
static int unite(struct container *c, const char *dflt, struct err *e)
{
    int r = 0;
    bool has_mode = !is_default(c->host.network_mode);
    const char *mode = has_mode ? c->host.network_mode : dflt;
    for (size_t i = 0; r == 0 && i < c->n_endpoints; i++)
        if (is_default(c->endpoints[i].network))
            r = set(&c->endpoints[i].network, mode, e);
    if (r == 0 && (c->n_endpoints == 0 || (has_mode && !has_endpoint(c, mode))))
        r = prepend(c, mode, e);
    return r;
}

static int refuse_twice(const struct container *c, struct err *e)
{
    for (size_t i = 0; i < c->n_endpoints; i++)
        for (size_t j = 0; j < i; j++)
            if (strcmp(c->endpoints[i].network, c->endpoints[j].network) == 0)
                return err_invalid(e, "network \"%s\" is specified multiple times", c->endpoints[i].network);
    return 0;
}

/* ---- without a network of ours ---- */

static int check_lone_endpoint(const struct endpoint_config *o, struct err *e)
{
    int r = check_default_network(o, e);
    if (r == 0 && o->mac && *o->mac)
        return err_conflict(e, "conflicting options: mac-address and the network mode");
    return r;
}

/* What belongs to the network of the other container is that one's to say. */
static int check_joined(const struct container *c, struct err *e)
{
    const struct host_config *h = &c->host;
    const struct {
        bool is_given;
        const char *what;
    } options[] = {
        {h->n_ports > 0 || h->publish_all, "port publishing and the container type network mode"},
        {strv_len(c->config.exposed_ports) > 0, "port exposing and the container type network mode"},
        {strv_len(h->dns) > 0, "dns and the network mode"},
        {strv_len(h->dns_search) > 0, "dns-search and the network mode"},
        {strv_len(h->dns_options) > 0, "dns-opt and the network mode"},
        {strv_len(h->extra_hosts) > 0, "custom host-to-IP mapping and the network mode"},
    };
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (options[i].is_given)
            return err_conflict(e, "conflicting options: %s", options[i].what);
    return 0;
}

static int settle_word(struct container *c, struct err *e)
{
    struct host_config *h = &c->host;
    struct endpoint_config *only = &c->endpoints[0];
    int r = check_lone_endpoint(only, e);
    if (r == 0 && nsmode_target(only->network))
        r = check_joined(c, e);
    if (r == 0 && (h->egress || h->network_rate))
        r = err_conflict(e, "conflicting options: %s and the network mode %.100s",
                         h->egress ? "egress rules" : "a network rate", only->network);
    if (r == 0)
        r = set(&h->network_mode, only->network, e);
    if (r < 0)
        return r;
    if (h->n_ports > 0 || h->publish_all)
        log_warning("Published ports are discarded when using %s network mode", h->network_mode);
    container_drop_endpoint(c, 0);
    return 0;
}

/* ---- the whole ---- */

static int settle_endpoints(struct engine *en, struct container *c, struct err *e)
{
    bool has_word = false;
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->n_endpoints; i++) {
        bool word = is_word(c->endpoints[i].network);
        r = word ? 0 : settle_endpoint(en, &c->endpoints[i], &word, e);
        has_word |= word;
    }
    if (r == 0)
        r = refuse_twice(c, e);
    if (r < 0)
        return r;
    if (!has_word)
        return set(&c->host.network_mode, c->endpoints[0].network, e);
    if (c->n_endpoints > 1)
        return err_conflict(
            e, "conflicting options: host, none and container:NAME cannot be combined with other networks");
    return settle_word(c, e);
}

static int expand_exposed(struct container *c, struct err *e)
{
    _cleanup_strv_ char **exposed = NULL;
    int r = 0;
    STRV_FOREACH (text, c->config.exposed_ports)
        if (r == 0)
            r = ports_expose(&exposed, *text, e);
    if (r < 0)
        return err_context(e, "--expose");
    strv_free(c->config.exposed_ports);
    c->config.exposed_ports = TAKE_PTR(exposed);
    return 0;
}

int attach_settle(struct engine *en, struct container *c, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    int r = engine_net(en, &in, &config, e);
    if (r == 0)
        r = unite(c, config->default_network, e);
    if (r == 0)
        r = expand_exposed(c, e);
    if (r == 0)
        r = check_egress(&c->host, e);
    for (size_t i = 0; r == 0 && i < c->host.n_ports; i++)
        r = port_check(config, &c->host.ports[i], e);
    return r == 0 ? settle_endpoints(en, c, e) : r;
}
