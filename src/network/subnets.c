#include "network/subnets.h"

#include <string.h>
#include <sys/socket.h>

struct search {
    const struct network_surroundings *around;
    const struct route_list *routes;
};

/* ---- what is in use ---- */

static const struct network_claim *find_claim(const struct search *s, const struct prefix *p)
{
    for (size_t i = 0; i < s->around->n_claims; i++) {
        if (prefix_overlaps(&s->around->claims[i].subnet, p))
            return &s->around->claims[i];
    }
    return NULL;
}

/* own: a device whose routes don't count; "" for none. */
static const struct route *find_route(const struct route_list *routes, const struct prefix *p, const char *own)
{
    for (size_t i = 0; i < routes->n; i++) {
        const struct route *route = &routes->v[i];

        if (prefix_overlaps(&route->to, p) && !(*own && strcmp(route->device, own) == 0))
            return route;
    }
    return NULL;
}

/* What macvlan and ipvlan have is the parent's own subnet, as a rule. */
static int check_routes(const struct route_list *routes, const struct network *n, const struct prefix *subnet,
                        struct err *e)
{
    const struct route *route = network_has_bridge(n) ? find_route(routes, subnet, n->link) : NULL;
    char text[PREFIX_TEXT_MAX], other[PREFIX_TEXT_MAX];

    if (!route)
        return 0;
    return err_conflict(e, "subnet %s overlaps with the host's route to %s%s%s, which would then be out of reach",
                        prefix_format(subnet, text), prefix_format(&route->to, other), *route->device ? " by " : "",
                        route->device);
}

int subnets_check_routes(const struct route_list *routes, const struct network *n, struct err *e)
{
    int r = check_routes(routes, n, &n->v4.subnet, e);

    return r == 0 ? check_routes(routes, n, &n->v6.subnet, e) : r;
}

static int check_free(const struct search *s, const struct network *n, const struct prefix *subnet, struct err *e)
{
    const struct network_claim *claim = find_claim(s, subnet);
    char text[PREFIX_TEXT_MAX], other[PREFIX_TEXT_MAX];

    if (claim)
        return err_conflict(e, "subnet %s overlaps with %s of network %s", prefix_format(subnet, text),
                            prefix_format(&claim->subnet, other), claim->holder);
    if (check_routes(s->routes, n, subnet, e) < 0)
        return err_advice(e, "give another --subnet, or none to have a free one chosen");
    return 0;
}

/* ---- choosing ---- */

/* The next prefix of the same length; false behind the last one. */
static bool step(struct prefix *p)
{
    for (unsigned bit = p->len; bit-- > 0;) {
        uint8_t *byte = &p->ip.bytes[bit / 8];
        uint8_t mask = (uint8_t)(0x80 >> bit % 8);

        *byte ^= mask;
        if (*byte & mask)
            return true; /* nothing to carry */
    }
    return false;
}

/* Beyond what is in the way at once, however large it is. */
static bool step_beyond(struct prefix *p, const struct prefix *obstacle)
{
    struct prefix from = obstacle->len < p->len ? prefix_network(obstacle) : *p;

    if (!step(&from))
        return false;
    p->ip = from.ip;
    return true;
}

static bool choose_from(const struct search *s, const struct prefix *base, uint8_t len, struct prefix *ret)
{
    struct prefix p = {.ip = prefix_network(base).ip, .len = len};

    while (prefix_contains(base, &p.ip)) {
        const struct network_claim *claim = find_claim(s, &p);
        const struct route *route = claim ? NULL : find_route(s->routes, &p, "");

        if (!claim && !route) {
            *ret = p;
            return true;
        }
        if (!step_beyond(&p, claim ? &claim->subnet : &route->to))
            return false;
    }
    return false;
}

static uint8_t length_in(const struct net_pool *pool, const struct network *n)
{
    uint8_t len = pool->size;

    if (network_is_default(n) && pool->base.ip.family == AF_INET && len > DEFAULT_NETWORK_LEN)
        len = DEFAULT_NETWORK_LEN;
    return len > pool->base.len ? len : pool->base.len;
}

static int choose(const struct net_config *config, const struct search *s, const struct network *n, uint8_t family,
                  struct prefix *ret, struct err *e)
{
    bool has_pool = false;

    for (size_t i = 0; i < config->n_pools; i++) {
        const struct net_pool *pool = &config->pools[i];

        if (pool->base.ip.family != family)
            continue;
        has_pool = true;
        if (choose_from(s, &pool->base, length_in(pool, n), ret))
            return 0;
    }
    if (!has_pool && family == AF_INET6 && choose_from(s, &s->around->ula, ULA_SUBNET_LEN, ret))
        return 0;
    err_conflict(e, "all address pools are used up, or overlap with the host's routes");
    return err_advice(e, "give --subnet, or more \"default-address-pools\" in the configuration");
}

/* ---- checking ---- */

static bool is_link_local(const struct ip *ip)
{
    return ip->family != AF_INET && ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80;
}

static int check_subnet(const struct prefix *subnet, struct err *e)
{
    struct prefix network = prefix_network(subnet);
    char text[PREFIX_TEXT_MAX], right[PREFIX_TEXT_MAX];

    prefix_format(subnet, text);
    if (!ip_equal(&network.ip, &subnet->ip))
        return err_invalid(e, "invalid subnet %s: it should be %s", text, prefix_format(&network, right));
    if (subnet->len < ROUTE_LEN_MIN || subnet->ip.bytes[0] == 0 || ip_is_multicast(&subnet->ip) ||
        ip_is_loopback(&subnet->ip) || is_link_local(&subnet->ip))
        return err_invalid(e, "invalid subnet %s: its addresses are no hosts'", text);
    if (prefix_size(subnet) < 2)
        return err_invalid(e, "invalid subnet %s: it has one address only", text);
    return 0;
}

static int check_range(const struct network_subnet *s, struct err *e)
{
    char subnet[PREFIX_TEXT_MAX], range[PREFIX_TEXT_MAX];

    if (s->range.len >= s->subnet.len && prefix_contains(&s->subnet, &s->range.ip))
        return 0;
    return err_invalid(e, "--ip-range %s is not in the subnet %s", prefix_format(&s->range, range),
                       prefix_format(&s->subnet, subnet));
}

/* An address that is given for something of the network's own. */
static int check_own_address(const struct network_subnet *s, const char *what, const struct ip *ip, struct err *e)
{
    struct ip last = prefix_last(&s->subnet);
    char subnet[PREFIX_TEXT_MAX], text[IP_TEXT_MAX];

    ip_format(ip, text);
    prefix_format(&s->subnet, subnet);
    if (!prefix_contains(&s->subnet, ip))
        return err_invalid(e, "%s %s is not in the subnet %s", what, text, subnet);
    if (prefix_size(&s->subnet) > 2 && ip->family == AF_INET && (ip_equal(ip, &s->subnet.ip) || ip_equal(ip, &last)))
        return err_invalid(e, "%s %s is no host's address in %s", what, text, subnet);
    return 0;
}

static bool is_aux(const struct network_subnet *s, const struct ip *ip)
{
    for (size_t i = 0; i < s->n_aux; i++) {
        if (ip_equal(&s->aux[i], ip))
            return true;
    }
    return false;
}

static int check_addresses(const struct network_subnet *s, struct err *e)
{
    int r = ip_is_set(&s->gateway) ? check_own_address(s, "--gateway", &s->gateway, e) : 0;

    for (size_t i = 0; r == 0 && i < s->n_aux; i++)
        r = check_own_address(s, "--aux-address", &s->aux[i], e);
    if (r == 0 && is_aux(s, &s->gateway))
        r = err_invalid(e, "the gateway cannot be an auxiliary address, too");
    return r;
}

/* ---- completing ---- */

/* The bridge's address: the first that a host can have. */
static void choose_gateway(struct network_subnet *s)
{
    uint64_t size = prefix_size(&s->subnet);

    for (uint64_t i = size > 2; i < size; i++) {
        s->gateway = prefix_nth(&s->subnet, i);
        if (!is_aux(s, &s->gateway))
            return;
    }
}

/* A bridge's own gateway is chosen. That of macvlan and ipvlan is a router outside, if any; that of an overlay, as the range,
 * is another on each host, and the keeper's affair. */
static int complete(const struct network *n, struct network_subnet *s, struct err *e)
{
    int r;

    if (!ip_is_set(&s->range.ip))
        s->range = s->subnet;
    s->range = prefix_network(&s->range);
    r = check_range(s, e);
    if (r == 0)
        r = check_addresses(s, e);
    if (r == 0 && n->driver == NETWORK_BRIDGE && !ip_is_set(&s->gateway))
        choose_gateway(s);
    return r;
}

static int settle_given(const struct search *search, struct network *n, struct network_subnet *s, struct err *e)
{
    int r = check_subnet(&s->subnet, e);

    if (r == 0)
        r = check_free(search, n, &s->subnet, e);
    return r == 0 ? complete(n, s, e) : r;
}

static int settle_chosen(const struct net_config *config, const struct search *search, struct network *n,
                         struct network_subnet *s, uint8_t family, struct err *e)
{
    int r;

    if (n->driver == NETWORK_OVERLAY) /* all hosts have to agree */
        return 0;
    r = choose(config, search, n, family, &s->subnet, e);
    return r == 0 ? complete(n, s, e) : r;
}

/* The administrator's word on the default network. */
static void use_bip(const struct net_config *config, struct network *n)
{
    if (!network_is_default(n) || !ip_is_set(&config->bip.ip))
        return;
    n->v4.subnet = prefix_network(&config->bip);
    n->v4.gateway = config->bip.ip;
}

static int check_wishes(const struct network_subnet *s, const char *family, struct err *e)
{
    if (ip_is_set(&s->subnet.ip) || !(ip_is_set(&s->range.ip) || ip_is_set(&s->gateway) || s->n_aux > 0))
        return 0;
    return err_invalid(e, "a gateway, a range or an auxiliary address of %s need a --subnet", family);
}

int subnets_settle(const struct net_config *config, const struct network_surroundings *around,
                   const struct route_list *routes, struct network *n, struct err *e)
{
    const struct search search = {.around = around, .routes = routes};
    int r;

    use_bip(config, n);
    n->ipv6 = n->ipv6 || ip_is_set(&n->v6.subnet.ip);
    r = check_wishes(&n->v4, "IPv4", e);
    if (r == 0)
        r = check_wishes(&n->v6, "IPv6", e);
    if (r == 0)
        r = ip_is_set(&n->v4.subnet.ip) ? settle_given(&search, n, &n->v4, e)
                                        : settle_chosen(config, &search, n, &n->v4, AF_INET, e);
    if (r < 0 || !n->ipv6)
        return r;
    return ip_is_set(&n->v6.subnet.ip) ? settle_given(&search, n, &n->v6, e)
                                       : settle_chosen(config, &search, n, &n->v6, AF_INET6, e);
}
