#include "kernel/conntrack.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "kernel/netlink.h"

static void request(struct netlink_batch *b, const char *what, uint16_t type, uint16_t flags, uint8_t family)
{
    const struct nfgenmsg header = {.nfgen_family = family, .version = NFNETLINK_V0};

    netlink_request(b, what, (uint16_t)(NFNL_SUBSYS_CTNETLINK << 8 | type), flags, &header, sizeof(header));
}

/* In a flow's reply direction the server is the source: that is what it is found by. */
static bool has(const struct nlattr *a, const void *value, size_t len)
{
    return a && netlink_data_len(a) == len && memcmp(netlink_data(a), value, len) == 0;
}

static bool is_kind(const struct conntrack_flows *k, const struct nlattr *ip, const struct nlattr *proto)
{
    const struct nlattr *from = netlink_find_nested(ip, k->family == AF_INET ? CTA_IP_V4_SRC : CTA_IP_V6_SRC);
    uint16_t port = htons(k->server_port);

    return from && (!k->server || has(from, k->server, netlink_data_len(from))) &&
           has(netlink_find_nested(proto, CTA_PROTO_NUM), &k->protocol, sizeof(k->protocol)) &&
           has(netlink_find_nested(proto, CTA_PROTO_SRC_PORT), &port, sizeof(port));
}

/* The flows that were found: their original tuples, by which they are deleted. */
struct found {
    const struct conntrack_flows *kinds;
    size_t n_kinds;
    struct flow {
        uint8_t family;
        size_t len;
        char tuple[160];
    } * v;
    size_t n, cap;
};

static void found_release(struct found *f)
{
    free(f->v);
}

static int keep(struct found *f, const struct nlmsghdr *h, const struct nlattr *tuple, struct err *e)
{
    struct flow *v = f->v;

    if (netlink_data_len(tuple) > sizeof(v->tuple))
        return 0; /* of no protocol with ports */
    if (f->n == f->cap) {
        f->cap = f->cap > 0 ? 2 * f->cap : 16;
        v = reallocarray(f->v, f->cap, sizeof(*v));
        if (!v)
            return err_set(e, ERR_SYS, ENOMEM, "look for flows");
        f->v = v;
    }
    v[f->n].family = ((const struct nfgenmsg *)NLMSG_DATA(h))->nfgen_family;
    v[f->n].len = netlink_data_len(tuple);
    memcpy(v[f->n++].tuple, netlink_data(tuple), netlink_data_len(tuple));
    return 0;
}

static int take_flow(const struct nlmsghdr *h, void *arg, struct err *e)
{
    struct found *f = arg;
    const struct nlattr *original = netlink_find(h, sizeof(struct nfgenmsg), CTA_TUPLE_ORIG);
    const struct nlattr *reply = netlink_find(h, sizeof(struct nfgenmsg), CTA_TUPLE_REPLY);
    const struct nlattr *ip = reply ? netlink_find_nested(reply, CTA_TUPLE_IP) : NULL;
    const struct nlattr *proto = reply ? netlink_find_nested(reply, CTA_TUPLE_PROTO) : NULL;

    for (size_t i = 0; original && ip && proto && i < f->n_kinds; i++) {
        if (is_kind(&f->kinds[i], ip, proto))
            return keep(f, h, original, e);
    }
    return 0;
}

/* All flows are told; the kernel's own filters differ between versions. */
static int find_flows(int sock, struct found *f, struct err *e)
{
    struct netlink_batch b;

    netlink_batch_init(&b);
    request(&b, "look for flows to forget", IPCTNL_MSG_CT_GET, NLM_F_DUMP, AF_UNSPEC);
    return netlink_query(sock, &b, take_flow, f, e);
}

static int forget_one(int sock, const struct flow *flow, struct err *e)
{
    struct err why = ERR_INIT;
    struct netlink_batch b;
    int r;

    netlink_batch_init(&b);
    request(&b, "forget a flow", IPCTNL_MSG_CT_DELETE, 0, flow->family);
    netlink_attr(&b, CTA_TUPLE_ORIG | NLA_F_NESTED, flow->tuple, flow->len);
    r = netlink_run(sock, &b, &why);
    if (r < 0 && r != -ENOENT) /* it may have ended by itself */
        return err_set(e, why.kind, why.code, "%s", why.text);
    return 0;
}

int conntrack_forget(const struct conntrack_flows *kinds, size_t n_kinds, struct err *e)
{
    _cleanup_(found_release) struct found f = {.kinds = kinds, .n_kinds = n_kinds};
    _cleanup_close_ int sock = netlink_open_protocol(NETLINK_NETFILTER, e);
    int r = sock < 0 ? sock : find_flows(sock, &f, e);

    for (size_t i = 0; i < f.n && r == 0; i++)
        r = forget_one(sock, &f.v[i], e);
    return r;
}
