#include "engine/network_settings.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "base/strv.h"
#include "engine/fields.h"
#include "engine/ports.h"
#include "network/plan.h"

/* ---- PortBindings: {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]} ---- */

struct port_key {
    char text[24]; /* "80/tcp" */
};

static struct port_key port_key(uint16_t port, uint8_t protocol)
{
    struct port_key k;
    const char *name = net_protocol_name(protocol);
    snprintf(k.text, sizeof(k.text), "%u/%s", port, name ? name : "unknown");
    return k;
}

/* One more of the port's bindings; the array is made for the first. */
static void add_binding(json_object *ports, const char *key, const char *ip, const char *port)
{
    json_object *array = json_get(ports, key), *o = json_object_new_object();
    json_add_str(o, "HostIp", ip);
    json_add_str(o, "HostPort", port);
    json_object_array_add(array ? array : json_add_array(ports, key), o);
}

void network_settings_add_bindings(json_object *host, const struct container *c, bool compact)
{
    if (compact && c->host.n_ports == 0)
        return;
    json_object *ports = json_add_object(host, "PortBindings");
    for (size_t i = 0; i < c->host.n_ports; i++) {
        const struct port_binding *b = &c->host.ports[i];
        char text[16] = "";
        if (b->host_end > b->host_port)
            snprintf(text, sizeof(text), "%u-%u", b->host_port, b->host_end);
        else if (b->host_port)
            snprintf(text, sizeof(text), "%u", b->host_port);
        add_binding(ports, port_key(b->port, b->protocol).text, b->host_ip ? b->host_ip : "", text);
    }
}

static int read_host_port(const char *text, struct port_binding *b, struct err *e)
{
    struct port_range p;
    if (!*text || strcmp(text, "0") == 0)
        return 0;
    int r = port_range_parse(text, &p, e);
    if (r < 0)
        return err_context(e, "HostPort");
    b->host_port = p.first;
    b->host_end = p.last > p.first ? p.last : 0;
    return 0;
}

static int read_binding(json_object *o, const struct port_range *port, struct container *c, struct err *e)
{
    const char *ip = "", *text = "";
    int r = json_get_str(o, "HostIp", "", &ip, e);
    if (r == 0)
        r = json_get_str(o, "HostPort", "", &text, e);
    if (r < 0)
        return r;
    struct port_binding *b = container_add_port(c);
    b->port = port->first;
    b->protocol = port->protocol;
    b->host_ip = *ip ? strdup(ip) : NULL;
    if (*ip && !b->host_ip)
        return err_set(e, ERR_SYS, ENOMEM, "HostIp");
    return read_host_port(text, b, e);
}

int network_settings_read_bindings(json_object *host, struct container *c, struct err *e)
{
    json_object *ports = json_get(host, "PortBindings");
    if (!ports)
        return 0;
    if (!json_object_is_type(ports, json_type_object))
        return err_invalid(e, "PortBindings: not an object");
    json_object_object_foreach(ports, key, array)
    {
        struct port_range port;
        int r = port_range_parse(key, &port, e);
        if (r == 0 && port.first != port.last)
            r = err_invalid(e, "%.50s is more than one port", key);
        if (r == 0 && array && !json_object_is_type(array, json_type_array))
            r = err_invalid(e, "%.50s: not an array", key);
        size_t n = r == 0 && array ? json_object_array_length(array) : 0;
        for (size_t i = 0; r == 0 && i < n; i++)
            r = read_binding(json_object_array_get_idx(array, i), &port, c, e);
        if (r < 0)
            return err_context(e, "PortBindings");
    }
    return 0;
}

/* ---- one endpoint ---- */

#define ENDPOINT(name, kind, member, ...)                                                                              \
    {                                                                                                                  \
        .key = (name), .type = (kind), .offset = offsetof(struct endpoint_config, member), __VA_ARGS__                 \
    }

static const struct field endpoint_fields[] = {
    ENDPOINT("Aliases", FIELD_STRV, aliases, .null_when_unset = true),
    ENDPOINT("MacAddress", FIELD_STR, mac),
    ENDPOINT("DriverOpts", FIELD_MAP, driver_opts, .null_when_unset = true),
    ENDPOINT("GwPriority", FIELD_INT, gw_priority),
};
static const struct field ipam_fields[] = {
    ENDPOINT("IPv4Address", FIELD_STR, ip),
    ENDPOINT("IPv6Address", FIELD_STR, ip6),
};

/* Ids are random, so what one does to the other is as unique as both. */
struct endpoint_id endpoint_id(const char *container, const char *network)
{
    struct endpoint_id id = {""};
    for (size_t i = 0; i < CONTAINER_ID_LEN && container[i] && network[i]; i++) {
        char a[] = {container[i], '\0'}, b[] = {network[i], '\0'};
        snprintf(id.text + i, 2, "%x", (unsigned)((strtoul(a, NULL, 16) ^ strtoul(b, NULL, 16)) & 0xf));
    }
    return id;
}

/* The members that Docker has both in an endpoint and, for the default network's, at the top. */
static void add_addresses(json_object *o, const char *container, const struct net_interface *i)
{
    static const struct net_interface none;
    char text[IP_TEXT_MAX], mac[MAC_TEXT_MAX];
    const struct net_interface *at = i ? i : &none;
    json_add_str(o, "EndpointID", i ? endpoint_id(container, i->network).text : "");
    json_add_str(o, "Gateway", ip_format(&at->gateway4, text));
    json_add_str(o, "IPAddress", ip_format(&at->address4.ip, text));
    json_add_int(o, "IPPrefixLen", at->address4.len);
    json_add_str(o, "IPv6Gateway", ip_format(&at->gateway6, text));
    json_add_str(o, "GlobalIPv6Address", ip_format(&at->address6.ip, text));
    json_add_int(o, "GlobalIPv6PrefixLen", at->address6.len);
    if (i)
        json_add_str(o, "MacAddress", mac_format(i->mac, mac));
}

static void add_endpoint(json_object *networks, const char *name, const struct endpoint_config *n,
                         const struct container *c, const struct net_interface *i)
{
    json_object *o = json_add_object(networks, name);
    if (n->ip || n->ip6)
        fields_to_json(ipam_fields, ARRAY_SIZE(ipam_fields), n, json_add_object(o, "IPAMConfig"), true);
    else
        json_object_object_add(o, "IPAMConfig", NULL);
    json_object_object_add(o, "Links", NULL);
    fields_to_json(endpoint_fields, ARRAY_SIZE(endpoint_fields), n, o, false);
    json_add_str(o, "NetworkID", i ? i->network : "");
    add_addresses(o, c->id, i);
    if (i && i->names)
        json_add_strv(o, "DNSNames", i->names);
    else
        json_object_object_add(o, "DNSNames", NULL);
}

static void add_stored_endpoint(json_object *networks, const struct endpoint_config *n)
{
    json_object *o = json_add_object(networks, n->network);
    if (n->ip || n->ip6)
        fields_to_json(ipam_fields, ARRAY_SIZE(ipam_fields), n, json_add_object(o, "IPAMConfig"), true);
    fields_to_json(endpoint_fields, ARRAY_SIZE(endpoint_fields), n, o, true);
}

static int read_endpoint(const char *name, json_object *o, struct container *c, struct err *e)
{
    struct endpoint_config *n = container_add_endpoint(c);
    n->network = strdup(name);
    if (!n->network)
        return err_set(e, ERR_SYS, ENOMEM, "network %s", name);
    int r = fields_from_json(endpoint_fields, ARRAY_SIZE(endpoint_fields), o, n, e);
    if (r == 0)
        r = fields_from_json(ipam_fields, ARRAY_SIZE(ipam_fields), json_get(o, "IPAMConfig"), n, e);
    return r < 0 ? err_context(e, "network %s", name) : 0;
}

/* ---- NetworkSettings ---- */

static const struct net_interface *interface_of(const struct net_plan *net, const char *network)
{
    for (size_t i = 0; net && i < net->n_interfaces; i++)
        if (net->interfaces[i].network_name && strcmp(net->interfaces[i].network_name, network) == 0)
            return &net->interfaces[i];
    return NULL;
}

/* What is published; and what is only exposed, as null. */
static void add_ports(json_object *o, const struct container *c)
{
    json_object *ports = json_add_object(o, "Ports");
    for (size_t i = 0; c->net && i < c->net->n_ports; i++) {
        const struct net_port *p = &c->net->ports[i];
        char ip[IP_TEXT_MAX], number[8];
        snprintf(number, sizeof(number), "%u", p->host_port);
        add_binding(ports, port_key(p->port, p->protocol).text, ip_format(&p->host, ip), number);
    }
    STRV_FOREACH (exposed, c->net ? c->config.exposed_ports : NULL)
        if (!json_object_object_get_ex(ports, *exposed, NULL))
            json_object_object_add(ports, *exposed, NULL);
}

/* A mode that is no network of ours is shown as one that gives nothing. */
static void add_networks(json_object *o, const struct container *c)
{
    const char *mode = c->host.network_mode;
    const struct endpoint_config nothing = {0};
    json_object *networks = json_add_object(o, "Networks");
    for (size_t i = 0; i < c->n_endpoints; i++)
        add_endpoint(networks, c->endpoints[i].network, &c->endpoints[i], c,
                     interface_of(c->net, c->endpoints[i].network));
    if (c->n_endpoints == 0 && mode && *mode && !strchr(mode, ':'))
        add_endpoint(networks, mode, &nothing, c, NULL);
}

void network_settings_add(json_object *o, const struct container *c, bool compact)
{
    if (compact) {
        json_object *networks =
            c->n_endpoints > 0 ? json_add_object(json_add_object(o, "NetworkSettings"), "Networks") : NULL;
        for (size_t i = 0; i < c->n_endpoints; i++)
            add_stored_endpoint(networks, &c->endpoints[i]);
        return;
    }
    char key[32] = "";
    if (c->state.pid > 0)
        snprintf(key, sizeof(key), "/proc/%d/ns/net", c->state.pid);
    json_object *settings = json_add_object(o, "NetworkSettings");
    json_add_str(settings, "SandboxID", c->state.pid > 0 ? c->id : "");
    json_add_str(settings, "SandboxKey", key);
    add_ports(settings, c);
    add_addresses(settings, c->id, interface_of(c->net, "bridge"));
    add_networks(settings, c);
}

int network_settings_read(json_object *o, struct container *c, struct err *e)
{
    json_object *networks = json_path(o, "NetworkSettings", "Networks", NULL);
    if (!networks)
        return 0;
    if (!json_object_is_type(networks, json_type_object))
        return err_invalid(e, "Networks: not an object");
    json_object_object_foreach(networks, name, endpoint)
    {
        bool is_network = strcmp(name, "host") != 0 && strcmp(name, "none") != 0;
        int r = is_network ? read_endpoint(name, endpoint, c, e) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}
