/*
 * The mount namespace: which file systems are where.
 *
 *   new    clone3 makes it, a copy of the host's tree; rootfs_enter cuts its propagation, attaches what the parent
 *          prepared, and pivots, after which nothing of the copy is left.
 *   join   setns, last of all: from here on paths are the other's. There is no root file system to prepare.
 *   host   refused (spec_check.c): a container without a root of its own is none.
 *
 * Source: mount_namespaces(7).
 */
#include "runtime/ns/ns.h"

int ns_mount_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    return spec_has_own(spec, NS_MOUNT) ? 0 : ns_enter(NS_MOUNT, spec, plan, e);
}
