/* The network below: this host's address in it, and what fits through. */
#include "keeper/overlay_internal.h"
#include "network/vxlan.h"

/* Where no address is configured: that which this host has in its connection to etcd. */
static int ask_etcd(struct overlay *o, struct ip *ret, struct err *e)
{
    _cleanup_etcd_list_ struct etcd_list nothing = ETCD_LIST_INIT;
    _cleanup_free_ char *key = overlay_key(o, "address/");
    int r = 0;

    if (!etcd_local_address(o->etcd)[0])
        r = etcd_range(o->etcd, key, &nothing, e);
    if (r == 0)
        r = ip_parse(etcd_local_address(o->etcd), "this host's address", ret, e);
    if (r == 0 && ip_is_loopback(ret)) {
        err_invalid(e, "etcd is on this very host, so it does not tell by which address others reach us");
        return err_advice(e, "set \"address\" of \"overlay\" in the configuration");
    }
    return r;
}

int overlay_find_address(struct overlay *o, struct err *e)
{
    struct ip address = o->config->address;
    int ifindex;
    int r = ip_is_set(&address) ? 0 : ask_etcd(o, &address, e);

    if (r == 0)
        r = vxlan_underlay(o->sock, &address, &ifindex, &o->underlay_mtu, e);
    if (r == 0)
        o->address = address;
    return r;
}

uint32_t overlay_mtu(const struct overlay *o, const struct network *n)
{
    const uint32_t overhead = vxlan_overhead(o->address.family, n->encrypted);

    if (n->mtu != 0)
        return n->mtu;
    return o->underlay_mtu > overhead ? o->underlay_mtu - overhead : o->underlay_mtu;
}
