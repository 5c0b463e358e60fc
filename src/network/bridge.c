#include "network/bridge.h"

#include <fcntl.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/netlink.h"
#include "network/bridge_sysctl.h"
#include "network/firewall.h"
#include "network/leases.h"
#include "network/link_request.h"

#define LOCK_NAME "lock"
#define DEFINITION_NAME "network.json"

/* What `ip link` shows beside a bridge that we made, followed by the network's id; others are not ours to delete. */
#define ALIAS_PREFIX "sampan network "

enum { ALIAS_MAX = sizeof(ALIAS_PREFIX) + NETWORK_ID_LEN, LOCALHOST_METRIC = 2048 };

/* ---- what there is ---- */

struct link_view {
    int index; /* 0: there is none */
    bool is_bridge;
    bool is_ours;
};

static int take_link(const struct nlmsghdr *h, void *arg, struct err *e)
{
    const struct ifinfomsg *link = NLMSG_DATA(h);
    const struct nlattr *info = netlink_find(h, sizeof(*link), IFLA_LINKINFO);
    const char *alias = netlink_get_str(netlink_find(h, sizeof(*link), IFLA_IFALIAS));
    const char *kind = netlink_get_str(info ? netlink_find_nested(info, IFLA_INFO_KIND) : NULL);

    (void)e;
    *(struct link_view *)arg = (struct link_view){
        .index = link->ifi_index,
        .is_bridge = strcmp(kind, "bridge") == 0,
        .is_ours = strncmp(alias, ALIAS_PREFIX, strlen(ALIAS_PREFIX)) == 0,
    };
    return 0;
}

static int look_at_link(int sock, const char *name, struct link_view *ret, struct err *e)
{
    static const struct ifinfomsg any;
    struct netlink_batch b;
    struct err why = ERR_INIT;
    int r;

    *ret = (struct link_view){.index = 0};
    netlink_batch_init(&b);
    netlink_request(&b, "look for the bridge", RTM_GETLINK, 0, &any, sizeof(any));
    netlink_attr_str(&b, IFLA_IFNAME, name);
    r = netlink_query(sock, &b, take_link, ret, &why);
    if (r < 0 && r != -ENODEV) {
        if (e)
            *e = why;
        return r;
    }
    return 0;
}

/* ---- making the bridge ---- */

/* The same at each making, so that containers that outlive a bridge still know it: locally administered, of the id. An
 * overlay has a bridge on each host, and one MAC each: of the gateway's address, as containers' are of theirs. */
static void bridge_mac(const struct network *n, uint8_t mac[static NET_MAC_LEN])
{
    memset(mac, 0, NET_MAC_LEN);
    (void)sscanf(n->id, "%2hhx%2hhx%2hhx%2hhx%2hhx", &mac[1], &mac[2], &mac[3], &mac[4], &mac[5]);
    mac[0] = 0x06;
    if (n->driver == NETWORK_OVERLAY)
        memcpy(mac + 2, n->v4.gateway.bytes, NET_MAC_LEN - 2);
}

static void put_bridge_options(struct netlink_batch *b)
{
    struct nlattr *info = netlink_nest(b, IFLA_LINKINFO);
    struct nlattr *data;

    netlink_attr_str(b, IFLA_INFO_KIND, "bridge");
    data = netlink_nest(b, IFLA_INFO_DATA);
    netlink_attr_u32(b, IFLA_BR_STP_STATE, 0);
    netlink_attr_u32(b, IFLA_BR_FORWARD_DELAY, 0); /* a container's port forwards from its first packet on */
    netlink_attr_u8(b, IFLA_BR_MCAST_SNOOPING, 0); /* without a querier it only costs */
    netlink_nest_end(b, data);
    netlink_nest_end(b, info);
}

static int create_bridge(int sock, const struct network *n, struct err *e)
{
    static const struct ifinfomsg any;
    char alias[ALIAS_MAX];
    uint8_t mac[NET_MAC_LEN];
    struct netlink_batch b;

    (void)snprintf(alias, sizeof(alias), ALIAS_PREFIX "%s", n->id);
    bridge_mac(n, mac);
    netlink_batch_init(&b);
    netlink_request(&b, "make the bridge", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &any, sizeof(any));
    netlink_attr_str(&b, IFLA_IFNAME, n->link);
    netlink_attr(&b, IFLA_ADDRESS, mac, sizeof(mac));
    put_bridge_options(&b);
    /* The message that makes a link would pass over the alias; and an MTU from it is lost with the bridge's last port. */
    netlink_request(&b, "name the bridge", RTM_SETLINK, 0, &any, sizeof(any));
    if (n->mtu > 0)
        netlink_attr_u32(&b, IFLA_MTU, n->mtu);
    netlink_attr_str(&b, IFLA_IFNAME, n->link);
    netlink_attr_str(&b, IFLA_IFALIAS, alias);
    return netlink_run(sock, &b, e);
}

static int ensure_bridge(int sock, const struct network *n, struct err *e)
{
    struct link_view view;
    int r = look_at_link(sock, n->link, &view, e);

    if (r < 0)
        return r;
    if (view.index == 0)
        return create_bridge(sock, n, e);
    if (!view.is_bridge) {
        err_conflict(e, "there is an interface %s already, which is no bridge", n->link);
        return err_advice(e, "choose another name with -o com.docker.network.bridge.name=");
    }
    return 0;
}

/* ---- its addresses ---- */

/* Replaces what a crash may have left: the same address, so nothing else. */
static void request_address(struct netlink_batch *b, const struct ip *ip, uint8_t len, int index)
{
    const struct prefix p = {.ip = *ip, .len = len};

    link_request_address(b, "give the bridge its address", NLM_F_REPLACE, &p, index);
}

/* No address is generated: with a fixed one there is no second of looking for duplicates. */
static void request_link_local(struct netlink_batch *b, int index)
{
    static const struct ip router = {.family = AF_INET6, .bytes = {0xfe, 0x80, [15] = 1}};
    const struct ifinfomsg link = {.ifi_index = index};

    netlink_request(b, "keep the kernel from making addresses", RTM_SETLINK, 0, &link, sizeof(link));
    link_put_no_ipv6_addresses(b);
    request_address(b, &router, 64, index);
}

static int address_and_bring_up(int sock, const struct network *n, struct err *e)
{
    struct ifinfomsg link = {.ifi_flags = IFF_UP, .ifi_change = IFF_UP};
    struct netlink_batch b;

    link.ifi_index = netlink_link_index(sock, n->link, e);
    if (link.ifi_index < 0)
        return link.ifi_index;
    netlink_batch_init(&b);
    if (ip_is_set(&n->v4.gateway))
        request_address(&b, &n->v4.gateway, n->v4.subnet.len, link.ifi_index);
    if (ip_is_set(&n->v6.gateway)) {
        request_link_local(&b, link.ifi_index);
        request_address(&b, &n->v6.gateway, n->v6.subnet.len, link.ifi_index);
    }
    netlink_request(&b, "bring the bridge up", RTM_NEWLINK, 0, &link, sizeof(link));
    return netlink_run(sock, &b, e);
}

/* Answers to [::1]:PORT come back by the bridge, and have to be this host's there as well: what route_localnet is
 * for IPv4. The kernel itself drops what comes from outside with that address. lo's own route goes before it. */
static int route_localhost(int sock, const struct network *n, struct err *e)
{
    static const struct ip localhost = {.family = AF_INET6, .bytes = {[15] = 1}};
    const struct rtmsg header = {
        .rtm_family = AF_INET6,
        .rtm_dst_len = 128,
        .rtm_table = RT_TABLE_LOCAL,
        .rtm_protocol = RTPROT_STATIC,
        .rtm_type = RTN_LOCAL,
    };
    struct netlink_batch b;
    struct err why = ERR_INIT;
    int index = netlink_link_index(sock, n->link, e);
    int r;

    if (index < 0)
        return index;
    netlink_batch_init(&b);
    netlink_request(&b, "route ::1", RTM_NEWROUTE, NLM_F_CREATE | NLM_F_APPEND, &header, sizeof(header));
    link_put_ip(&b, RTA_DST, &localhost);
    netlink_attr_u32(&b, RTA_OIF, (uint32_t)index);
    netlink_attr_u32(&b, RTA_PRIORITY, LOCALHOST_METRIC);
    r = netlink_run(sock, &b, &why);
    if (r == -EEXIST) /* from before a crash */
        return 0;
    if (r < 0 && e)
        *e = why;
    return r;
}

static int make_link(const struct network *n, struct err *e)
{
    _cleanup_close_ int sock = netlink_open(e);
    int r = sock < 0 ? sock : ensure_bridge(sock, n, e);

    if (r == 0)
        r = bridge_sysctls(n, e);
    if (r == 0)
        r = address_and_bring_up(sock, n, e);
    if (r == 0 && ip_is_set(&n->v6.gateway))
        r = route_localhost(sock, n, e);
    return r < 0 ? err_context(e, "bridge %s of network %s", n->link, n->name) : 0;
}

/* ---- up ---- */

static int write_definition(int dir, const struct network *n, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    int r = network_to_json(n, &o, e);
    const char *text = r == 0 ? json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN) : NULL;

    if (r < 0)
        return r;
    if (!text)
        return err_set(e, ERR_SYS, ENOMEM, "write down network %s", n->name);
    return file_write_atomic(dir, DEFINITION_NAME, text, strlen(text), 0600, e);
}

/* Whoever flushed the firewall, or a reboot, has taken all networks' entries with it. */
static int ensure_firewall(const struct net_instance *in, const struct net_config *config, struct err *e)
{
    bool was_made = false;
    int r = firewall_ensure(in, config, &was_made, e);

    return r == 0 && was_made ? firewall_restore(in, e) : r;
}

/* The definition comes last: where it is, all was made. */
static int make(const struct net_instance *in, const struct net_config *config, const struct network *n, int dir,
                struct err *e)
{
    int r = network_check_routes(n, e);

    if (r == 0)
        r = forwarding_mark(in, n, e);
    if (r == 0) /* before there is forwarding */
        r = ensure_firewall(in, config, e);
    if (r == 0)
        r = firewall_add_network(in, n, e);
    if (r == 0)
        r = make_link(n, e);
    if (r == 0)
        r = forwarding_enable(n, e);
    return r == 0 ? write_definition(dir, n, e) : r;
}

static bool is_up(int dir, const struct network *n)
{
    return file_exists(dir, DEFINITION_NAME) && if_nametoindex(n->link) != 0;
}

static int lock_network(int dir, struct err *e)
{
    _cleanup_close_ int lock = openat(dir, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (lock < 0 || flock(lock, LOCK_EX) < 0)
        return err_sys(e, "lock the network");
    return TAKE_FD(lock);
}

static int make_alone(const struct net_instance *in, const struct net_config *config, const struct network *n, int dir,
                      struct err *e)
{
    _cleanup_close_ int lock = lock_network(dir, e);

    if (lock < 0)
        return lock;
    return is_up(dir, n) ? ensure_firewall(in, config, e) : make(in, config, n, dir, e);
}

int network_up(const struct net_instance *in, const struct net_config *config, const struct network *n, struct err *e)
{
    _cleanup_close_ int dir = -1;

    if (!network_has_bridge(n))
        return 0;
    dir = network_dir_open(in, n->id, e);
    if (dir < 0)
        return dir;
    return is_up(dir, n) ? ensure_firewall(in, config, e) : make_alone(in, config, n, dir, e);
}

/* ---- down ---- */

static int delete_bridge(const struct network *n, struct err *e)
{
    const struct ifinfomsg any = {.ifi_index = 0};
    _cleanup_close_ int sock = netlink_open(e);
    struct netlink_batch b;
    struct link_view view;
    struct err why = ERR_INIT;
    int r = sock < 0 ? sock : look_at_link(sock, n->link, &view, e);

    if (r < 0 || view.index == 0 || !view.is_ours)
        return r;
    netlink_batch_init(&b);
    netlink_request(&b, "delete the bridge", RTM_DELLINK, 0, &any, sizeof(any));
    netlink_attr_str(&b, IFLA_IFNAME, n->link);
    r = netlink_run(sock, &b, &why);
    if (r == -ENODEV) /* recovery, by another command, was faster */
        return 0;
    if (r < 0 && e)
        *e = why;
    return r;
}

/* The directory, with the definition, goes last: what failed before can be tried again. */
int network_down(const struct net_instance *in, const struct network *n, struct err *e)
{
    int r = 0;

    if (network_has_bridge(n)) {
        r = firewall_remove_network(in, n, e);
        if (r == 0)
            r = delete_bridge(n, e);
    }
    if (r == 0)
        r = network_dir_remove(in, n->id, e);
    return r < 0 ? err_context(e, "network %s", n->name) : 0;
}
