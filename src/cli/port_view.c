#include "cli/port_view.h"

#include <string.h>
#include <sys/socket.h>

#include "base/strv.h"
#include "engine/nsmode.h"
#include "network/plan.h"

/* Consecutive ports; host.family 0: only exposed. */
struct run {
    struct ip host;
    uint16_t host_first, first, last;
    uint8_t protocol;
};

struct runs {
    struct run *v;
    size_t n;
};

static void runs_release(struct runs *runs)
{
    free(runs->v);
}

/* ---- one after the other ---- */

static int compare_numbers(unsigned a, unsigned b)
{
    return a < b ? -1 : a > b;
}

/* Ports that may be neighbours come together. */
static int by_neighbourhood(const void *pa, const void *pb)
{
    const struct run *a = pa, *b = pb;
    int r = compare_numbers(a->protocol, b->protocol);

    if (r == 0)
        r = ip_compare(&a->host, &b->host);
    return r != 0 ? r : compare_numbers(a->first, b->first);
}

/* What is published first, then by port, as Docker has it. */
static int by_port(const void *pa, const void *pb)
{
    const struct run *a = pa, *b = pb;
    int r = compare_numbers(!ip_is_set(&a->host), !ip_is_set(&b->host));

    if (r == 0)
        r = compare_numbers(a->first, b->first);
    if (r == 0)
        r = compare_numbers(a->protocol, b->protocol);
    return r != 0 ? r : ip_compare(&a->host, &b->host);
}

static bool continues(const struct run *a, const struct run *b)
{
    return a->protocol == b->protocol && ip_equal(&a->host, &b->host) && b->first == a->last + 1 &&
           (!ip_is_set(&a->host) || b->host_first - a->host_first == b->first - a->first);
}

static void merge(struct runs *runs)
{
    size_t n = 0;

    if (runs->n == 0)
        return;
    qsort(runs->v, runs->n, sizeof(*runs->v), by_neighbourhood);
    for (size_t i = 1; i < runs->n; i++) {
        if (continues(&runs->v[n], &runs->v[i]))
            runs->v[n].last = runs->v[i].last;
        else
            runs->v[++n] = runs->v[i];
    }
    runs->n = n + 1;
    qsort(runs->v, runs->n, sizeof(*runs->v), by_port);
}

static bool is_published(const struct container *c, const struct port_range *exposed)
{
    for (size_t i = 0; i < c->net->n_ports; i++)
        if (c->net->ports[i].port == exposed->first && c->net->ports[i].protocol == exposed->protocol)
            return true;
    return false;
}

/* Single ports, unmerged. */
static struct runs collect(const struct container *c, bool with_exposed)
{
    size_t n_exposed = with_exposed ? strv_len(c->config.exposed_ports) : 0;
    struct runs runs = {.v = calloc(c->net->n_ports + n_exposed + 1, sizeof(*runs.v))};

    if (!runs.v)
        abort();
    for (size_t i = 0; i < c->net->n_ports; i++) {
        const struct net_port *p = &c->net->ports[i];

        runs.v[runs.n++] = (struct run){p->host, p->host_port, p->port, p->port, p->protocol};
    }
    for (size_t i = 0; i < n_exposed; i++) {
        struct port_range p;

        if (port_range_parse(c->config.exposed_ports[i], &p, NULL) == 0 && !is_published(c, &p))
            runs.v[runs.n++] = (struct run){.first = p.first, .last = p.last, .protocol = p.protocol};
    }
    return runs;
}

/* ---- text ---- */

static void add_range(struct strbuf *out, unsigned first, unsigned last)
{
    strbuf_addf(out, "%u", first);
    if (last > first)
        strbuf_addf(out, "-%u", last);
}

static void add_host(struct strbuf *out, const struct run *run)
{
    bool is_v6 = run->host.family == AF_INET6;
    char ip[IP_TEXT_MAX];

    strbuf_addf(out, "%s%s%s:", is_v6 ? "[" : "", ip_format(&run->host, ip), is_v6 ? "]" : "");
    add_range(out, run->host_first, (unsigned)run->host_first + run->last - run->first);
}

static void add_port(struct strbuf *out, const struct run *run)
{
    add_range(out, run->first, run->last);
    strbuf_addf(out, "/%s", net_protocol_name(run->protocol));
}

void port_view_cell(const struct container *c, struct strbuf *out)
{
    _cleanup_(runs_release) struct runs runs = {0};

    if (!c->net)
        return;
    runs = collect(c, true);
    merge(&runs);
    for (size_t i = 0; i < runs.n; i++) {
        strbuf_adds(out, i ? ", " : "");
        if (ip_is_set(&runs.v[i].host)) {
            add_host(out, &runs.v[i]);
            strbuf_adds(out, "->");
        }
        add_port(out, &runs.v[i]);
    }
}

size_t port_view_lines(const struct container *c, const struct port_range *only, struct strbuf *out)
{
    _cleanup_(runs_release) struct runs runs = {0};
    size_t n = 0;

    if (!c->net)
        return 0;
    runs = collect(c, false);
    qsort(runs.v, runs.n, sizeof(*runs.v), by_port);
    for (size_t i = 0; i < runs.n; i++) {
        if (only && (runs.v[i].first != only->first || runs.v[i].protocol != only->protocol))
            continue;
        if (!only) {
            add_port(out, &runs.v[i]);
            strbuf_adds(out, " -> ");
        }
        add_host(out, &runs.v[i]);
        strbuf_addc(out, '\n');
        n++;
    }
    return n;
}

/* ---- who reaches what ---- */

static void add_row(json_object *rows, const struct container *c, const char *port, const char *address,
                    const char *from, const char *network)
{
    json_object *row = json_object_new_object();

    json_add_str(row, "Container", c->name);
    json_add_str(row, "Port", port);
    json_add_str(row, "Address", address);
    json_add_str(row, "From", from);
    json_add_str(row, "Network", network);
    json_object_array_add(rows, row);
}

/* What is published never leads into an internal network: the engine publishes at another of the container's. */
static void add_published(const struct container *c, const struct net_config *config, json_object *rows)
{
    const char *others = config->ports_open
                             ? "this host and its containers, other hosts"
                             : "this host and its containers, other hosts as far as its input rules let them in";
    _cleanup_(runs_release) struct runs runs = collect(c, false);

    merge(&runs);
    for (size_t i = 0; i < runs.n; i++) {
        _cleanup_strbuf_ struct strbuf port = STRBUF_INIT(64), address = STRBUF_INIT(128);

        add_port(&port, &runs.v[i]);
        add_host(&address, &runs.v[i]);
        add_row(rows, c, strbuf_str(&port), strbuf_str(&address),
                ip_is_loopback(&runs.v[i].host) ? "this host" : others, "");
    }
}

static void add_from_of_network(const struct network *n, struct strbuf *out)
{
    if (!network_has_bridge(n)) {
        strbuf_addf(out, "whoever is behind %s, containers of %s; not this host", n->parent, n->name);
        return;
    }
    strbuf_adds(out, "this host");
    if (!n->isolated)
        strbuf_addf(out, ", containers of %s%s", n->name, n->driver == NETWORK_OVERLAY ? " on all hosts" : "");
}

static void add_address(const struct container *c, const struct ip *ip, const struct network *n, json_object *rows)
{
    _cleanup_strbuf_ struct strbuf from = STRBUF_INIT(256);
    char text[IP_TEXT_MAX];

    if (!ip_is_set(ip))
        return;
    add_from_of_network(n, &from);
    add_row(rows, c, "any", ip_format(ip, text), strbuf_str(&from), n->name);
}

static const struct network *network_of(const struct net_interface *i, struct network *const *networks)
{
    for (; *networks; networks++)
        if (strcmp((*networks)->id, i->network) == 0)
            return *networks;
    return NULL;
}

/* A container without addresses of its own: it has the host's, another container's, or none. */
static void add_mode(const struct container *c, json_object *rows)
{
    const char *mode = c->host.network_mode ? c->host.network_mode : "";

    if (strcmp(mode, "host") == 0)
        add_row(rows, c, "any", "this host's", "whoever reaches this host", mode);
    else if (strcmp(mode, "none") == 0)
        add_row(rows, c, "none", "", "nobody", mode);
    else if (nsmode_target(mode))
        add_row(rows, c, "any", mode, "whoever reaches that container", mode);
}

void port_view_reach(const struct container *c, const struct net_config *config, struct network *const *networks,
                     json_object *rows)
{
    if (!c->net) {
        add_mode(c, rows);
        return;
    }
    if (c->net->n_interfaces == 0) /* taken off its last network */
        add_row(rows, c, "none", "", "nobody", "");
    add_published(c, config, rows);
    for (size_t i = 0; i < c->net->n_interfaces; i++) {
        const struct net_interface *interface = &c->net->interfaces[i];
        const struct network *n = network_of(interface, networks);

        if (!n)
            continue;
        add_address(c, &interface->address4.ip, n, rows);
        add_address(c, &interface->address6.ip, n, rows);
    }
}
