/*
 * Leases of addresses: a lease is a symbolic link RUN_ROOT/networks/ID/leases/ADDRESS that reads HOLDER, a container's id or
 * "gateway". symlink(2) makes and fills it at once or fails with EEXIST, so no lock is needed and a crash leaves no half
 * of one. Leases live as long as the container runs and are gone at a reboot, when nothing runs.
 *
 * A new address is the one after the last that was given (the link `cursor4` or `cursor6` beside), going around, not the lowest free
 * one: the veth of a container that just ended answers for its address some 50 ms more.
 */
#ifndef SAMPAN_NETWORK_LEASES_H
#define SAMPAN_NETWORK_LEASES_H

#include "network/network.h"

#define LEASES_DIR "leases" /* in networks/ID */

/* Makes networks/ID and its directories (idempotent): leases/ 0700, endpoints/ 0755 (names.h). The fd of networks/ID. */
int network_dir_open(const struct net_instance *in, const char *network_id, struct err *e);

/* A free address of the range, leased to the holder. ERR_UNSUPPORTED with advice when all are taken. O(1) while the range is
 * not nearly full. Never the network address, the broadcast address, the gateway or an auxiliary address. */
int lease_take(int network_dir, const struct network_subnet *s, const char *holder, struct ip *ret, struct err *e);

/* This very address (--ip). ERR_CONFLICT names the holder; ERR_INVALID outside the subnet. A lease that the holder has
 * already is success. */
int lease_take_address(int network_dir, const struct network_subnet *s, const struct ip *address, const char *holder,
                       struct err *e);

/* The path of a lease below RUN_ROOT/networks, "ID/leases/ADDRESS": what a container's plan lists to be removed. */
int lease_path(const char *network_id, const struct ip *address, char **ret, struct err *e);

/* For recovery, where no plan was written: removes every lease and endpoint of the holder, in all networks. */
int leases_sweep(const struct net_instance *in, const char *holder, struct err *e);

/* Removes networks/ID and what is in it. */
int network_dir_remove(const struct net_instance *in, const char *network_id, struct err *e);

#endif
