/*
 * The network namespace: which interfaces, addresses, routes and ports there are.
 *
 *   new    unshared by the init once it is root of its user namespace, so that /proc/sys/net belongs to it; born with
 *          nothing but lo, which is brought up. It is the slowest of all (half a millisecond), and runs beside the
 *          parent's preparing of the root file system.
 *   join   setns; its owner has configured it.
 *   host   the host's own.
 *
 * Source: network_namespaces(7).
 */
#include "kernel/netlink.h"
#include "runtime/ns/ns.h"

int ns_net_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    int r = ns_enter(NS_NET, spec, plan, e);

    return r == 0 && spec_has_own(spec, NS_NET) ? netlink_loopback_up(e) : r;
}
