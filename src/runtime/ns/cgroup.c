/*
 * The cgroup namespace: what /proc/PID/cgroup and the cgroup file system show as the root.
 *
 *   new    unshared by the init after it has entered its cgroups in every hierarchy: the root is wherever it is then.
 *   join   setns.
 *   host   the container sees its place among the host's cgroups.
 *
 * Source: cgroup_namespaces(7).
 */
#include "runtime/ns/ns.h"

int ns_cgroup_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    return ns_enter(NS_CGROUP, spec, plan, e);
}
