#include "network/plan.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/strv.h"

struct net_plan *net_plan_new(void)
{
    struct net_plan *p = calloc(1, sizeof(*p));

    if (!p)
        abort();
    return p;
}

void net_plan_free(struct net_plan *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n_interfaces; i++) {
        free(p->interfaces[i].network_name);
        strv_free(p->interfaces[i].names);
    }
    free(p->interfaces);
    free(p->ports);
    free(p->directory);
    strv_free(p->egress.allow);
    strv_free(p->files);
    free(p);
}

/* One more element, all zero, behind the n that *v has. */
static void *grow(void *v, size_t *n, size_t size)
{
    char *grown = reallocarray(v, *n + 1, size);

    if (!grown)
        abort();
    memset(grown + *n * size, 0, size);
    (*n)++;
    return grown;
}

struct net_interface *net_plan_add_interface(struct net_plan *p)
{
    p->interfaces = grow(p->interfaces, &p->n_interfaces, sizeof(*p->interfaces));
    return &p->interfaces[p->n_interfaces - 1];
}

struct net_port *net_plan_add_port(struct net_plan *p)
{
    p->ports = grow(p->ports, &p->n_ports, sizeof(*p->ports));
    return &p->ports[p->n_ports - 1];
}

bool net_plan_has_ipv6(const struct net_plan *p)
{
    for (size_t i = 0; i < p->n_interfaces; i++) {
        if (ip_is_set(&p->interfaces[i].address6.ip))
            return true;
    }
    return false;
}

/* ---- protocols ---- */

static const struct protocol {
    const char *name;
    uint8_t number;
} protocols[] = {
    {"tcp", IPPROTO_TCP},
    {"udp", IPPROTO_UDP},
    {"sctp", IPPROTO_SCTP},
};

const char *net_protocol_name(uint8_t protocol)
{
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        if (protocols[i].number == protocol)
            return protocols[i].name;
    }
    return NULL;
}

int net_protocol_parse(const char *name, uint8_t *ret, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        if (strcasecmp(protocols[i].name, name) == 0) {
            *ret = protocols[i].number;
            return 0;
        }
    }
    return err_invalid(e, "\"%s\" is not a protocol: tcp, udp or sctp", name);
}
