/*
 * The network namespace: which interfaces, addresses, routes and ports there are.
 *
 *   new    unshared by the init once it is root of its user namespace, so that /proc/sys/net belongs to it; born with
 *          nothing but lo, which is brought up. It is the slowest of all (half a millisecond), and runs beside the
 *          parent's preparing of the root file system. With a network of ours the parent makes the interfaces, through a
 *          socket that the init opens here: see network/plan.h.
 *   join   setns; its owner has configured it.
 *   host   the host's own.
 *
 * Source: network_namespaces(7).
 */
#include "base/fd.h"
#include "kernel/netlink.h"
#include "network/plan.h"
#include "runtime/ns/ns.h"
#include "runtime/sync.h"

int ns_net_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    int r = ns_enter(NS_NET, spec, plan, e);

    if (r < 0 || !spec_has_own(spec, NS_NET))
        return r;
    return spec->net ? net_prepare_namespace(spec->net, e) : netlink_loopback_up(e);
}

int ns_net_hand_over(const struct spec *spec, int sync, struct err *e)
{
    _cleanup_close_ int sock = -1;

    if (!spec_has_network(spec))
        return 0;
    sock = netlink_open(e);
    return sock < 0 ? sock : sync_send(sync, SYNC_NETWORK, &sock, 1, e);
}

int ns_net_fill(const struct spec *spec, int sync, struct err *e)
{
    _cleanup_close_ int sock = -1;
    _cleanup_close_ int netns = -1;
    size_t n;
    int r;

    if (!spec_has_network(spec))
        return 0;
    r = sync_wait(sync, SYNC_NETWORK, &sock, 1, &n, e);
    if (r < 0)
        return r;
    if (n != 1)
        return err_set(e, ERR_INTERNAL, EPROTO, "the network namespace came without a socket");
    netns = netlink_namespace(sock, e);
    if (netns < 0)
        return netns;
    return net_plan_up(spec->net, &(const struct net_target){.sock = sock, .netns_fd = netns}, e);
}
