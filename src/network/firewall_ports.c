#include "network/firewall_ports.h"

#include <stdio.h>
#include <sys/socket.h>

const char *firewall_port_format(const struct net_port *port, char buf[static PORT_TEXT_MAX])
{
    char ip[IP_TEXT_MAX];
    const char *protocol = net_protocol_name(port->protocol);

    (void)snprintf(buf, PORT_TEXT_MAX, port->host.family == AF_INET6 ? "[%s]:%u/%s" : "%s:%u/%s",
                   ip_format(&port->host, ip), port->host_port, protocol ? protocol : "?");
    return buf;
}

int firewall_check_port(const struct net_port *port, struct err *e)
{
    char text[PORT_TEXT_MAX], to[IP_TEXT_MAX];

    if (port->host.family == port->to.family && ip_is_set(&port->to))
        return 0;
    return err_invalid(e, "publish %s: the container's address %s is of another family",
                       firewall_port_format(port, text), ip_format(&port->to, to));
}

static struct nft_element element_of(const struct net_port *port)
{
    struct nft_element el = {.key.len = 0};

    if (!ip_is_any(&port->host))
        nft_value_add(&el.key, port->host.bytes, ip_size(&port->host));
    nft_value_add(&el.key, &port->protocol, sizeof(port->protocol));
    nft_value_add_port(&el.key, port->host_port);
    nft_value_add(&el.data, port->to.bytes, ip_size(&port->to));
    nft_value_add_port(&el.data, port->port);
    return el;
}

/* An element without its data: of the set for the gate. */
static struct nft_element key_of(const struct net_port *port)
{
    struct nft_element el = element_of(port);

    el.data.len = 0;
    return el;
}

static const char *map_of(const struct net_port *port)
{
    return ip_is_any(&port->host) ? MAP_PORTS : MAP_HOST_PORTS;
}

static const char *set_of(const struct net_port *port)
{
    return ip_is_any(&port->host) ? SET_PUBLISHED : SET_HOST_PUBLISHED;
}

void firewall_put_port(struct nft_batch *b, const char *table, const struct net_port *port)
{
    const struct nft_element el = element_of(port), key = key_of(port);

    nft_use(b, port->host.family == AF_INET ? NFPROTO_IPV4 : NFPROTO_IPV6, table);
    nft_add_element(b, map_of(port), &el);
    nft_add_element(b, set_of(port), &key);
}

void firewall_put_port_removal(struct nft_batch *b, const char *table, const struct net_port *port)
{
    const struct nft_element el = element_of(port);

    /* Adding it first proves that it is ours, since another's is not the same, and makes one that can be deleted. */
    firewall_put_port(b, table, port);
    nft_delete_element(b, map_of(port), &el);
    nft_delete_element(b, set_of(port), &el);
}
