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

static int hand_over(const struct net_plan *p, int sync, struct err *e)
{
    _cleanup_close_ int procfs = -1;
    _cleanup_close_ int sock = -1;
    int r = net_prepare_namespace(p, &procfs, e);

    if (r < 0)
        return r;
    sock = netlink_open(e);
    return sock < 0 ? sock : sync_send(sync, SYNC_NETWORK, (const int[]){sock, procfs}, 2, e);
}

int ns_net_enter(const struct spec *spec, const struct ns_plan *plan, int sync, struct err *e)
{
    int r = ns_enter(NS_NET, spec, plan, e);

    if (r < 0 || !spec_has_own(spec, NS_NET))
        return r;
    return spec->net ? hand_over(spec->net, sync, e) : netlink_loopback_up(e);
}

static int fill(const struct net_plan *p, int sock, struct err *e)
{
    _cleanup_close_ int netns = netlink_namespace(sock, e);
    const struct net_target target = {.sock = sock, .netns_fd = netns};

    return netns < 0 ? netns : net_plan_up(p, &target, e);
}

int ns_net_fill(const struct spec *spec, int sync, int *ret_procfs, struct err *e)
{
    int fds[2];
    size_t n;
    int r;

    if (!spec_has_network(spec))
        return 0;
    r = sync_wait(sync, SYNC_NETWORK, fds, ARRAY_SIZE(fds), &n, e);
    if (r < 0)
        return r;
    if (n != ARRAY_SIZE(fds)) {
        if (n > 0)
            fd_close(&fds[0]);
        return err_set(e, ERR_INTERNAL, EPROTO, "the network namespace came with %zu files", n);
    }
    *ret_procfs = fds[1];
    r = fill(spec->net, fds[0], e);
    fd_close(&fds[0]);
    return r;
}
