#include "network/link_request.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <sys/socket.h>

void link_put_ip(struct netlink_batch *b, uint16_t type, const struct ip *ip)
{
    netlink_attr(b, type, ip->bytes, ip_size(ip));
}

void link_put_no_ipv6_addresses(struct netlink_batch *b)
{
    struct nlattr *spec = netlink_nest(b, IFLA_AF_SPEC);
    struct nlattr *inet6 = netlink_nest(b, AF_INET6);

    netlink_attr_u8(b, IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
    netlink_nest_end(b, inet6);
    netlink_nest_end(b, spec);
}

/* Two hosts on a point-to-point link have none (RFC 3021). */
static void put_broadcast(struct netlink_batch *b, const struct prefix *p)
{
    struct ip last = prefix_last(p);

    if (p->ip.family == AF_INET && p->len < 31)
        link_put_ip(b, IFA_BROADCAST, &last);
}

void link_request_address(struct netlink_batch *b, const char *what, uint16_t flags, const struct prefix *p, int index)
{
    const struct ifaddrmsg header = {
        .ifa_family = p->ip.family,
        .ifa_prefixlen = p->len,
        .ifa_flags = p->ip.family == AF_INET6 ? IFA_F_NODAD : 0,
        .ifa_index = (unsigned)index,
    };

    netlink_request(b, what, RTM_NEWADDR, NLM_F_CREATE | flags, &header, sizeof(header));
    link_put_ip(b, IFA_LOCAL, &p->ip);
    link_put_ip(b, IFA_ADDRESS, &p->ip);
    put_broadcast(b, p);
}
