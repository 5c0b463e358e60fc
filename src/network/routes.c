#include "network/routes.h"

#include <stdbool.h>
#include <string.h>

#include "base/fd.h"
#include "kernel/netlink.h"

/* Ways to somewhere, and what somebody has put out of use on purpose; but not what the kernel derives from addresses. */
static bool is_of_interest(const struct rtmsg *route)
{
    switch (route->rtm_type) {
    case RTN_UNICAST:
    case RTN_LOCAL:
    case RTN_BLACKHOLE:
    case RTN_UNREACHABLE:
    case RTN_PROHIBIT:
        return route->rtm_dst_len >= ROUTE_LEN_MIN && !(route->rtm_flags & RTM_F_CLONED);
    default:
        return false;
    }
}

static bool read_destination(const struct nlmsghdr *h, const struct rtmsg *route, struct prefix *ret)
{
    const struct nlattr *dst = netlink_find(h, sizeof(*route), RTA_DST);
    struct prefix to = {.ip = {.family = route->rtm_family}, .len = route->rtm_dst_len};

    if (!dst || ip_size(&to.ip) == 0 || netlink_data_len(dst) != ip_size(&to.ip))
        return false;
    memcpy(to.ip.bytes, netlink_data(dst), ip_size(&to.ip));
    *ret = to;
    return true;
}

static int take_route(const struct nlmsghdr *h, void *arg, struct err *e)
{
    const struct rtmsg *route = NLMSG_DATA(h);
    struct route_list *list = arg;
    struct route found = {.device = ""};
    struct route *grown;

    if (h->nlmsg_type != RTM_NEWROUTE || h->nlmsg_len < NLMSG_LENGTH(sizeof(*route)) || !is_of_interest(route) ||
        !read_destination(h, route, &found.to))
        return 0;
    (void)if_indextoname(netlink_get_u32(netlink_find(h, sizeof(*route), RTA_OIF)), found.device);
    grown = reallocarray(list->v, list->n + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "list the host's routes");
    list->v = grown;
    grown[list->n++] = found;
    return 0;
}

/* One family at a time: AF_UNSPEC would ask all that the kernel was built with. */
static int list_family(int sock, uint8_t family, struct route_list *list, struct err *e)
{
    const struct rtmsg all = {.rtm_family = family};
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "list the host's routes", RTM_GETROUTE, NLM_F_DUMP, &all, sizeof(all));
    return netlink_query(sock, &b, take_route, list, e);
}

int routes_list(struct route_list *ret, struct err *e)
{
    _cleanup_routes_ struct route_list list = {.n = 0};
    _cleanup_close_ int sock = netlink_open(e);
    int r = sock < 0 ? sock : list_family(sock, AF_INET, &list, e);

    if (r == 0)
        r = list_family(sock, AF_INET6, &list, e);
    if (r < 0)
        return r;
    *ret = list;
    list = (struct route_list){.n = 0};
    return 0;
}
