/*
 * Making a network. A network is its row in the database: bridge, firewall entries and directory below the run root are made
 * from it whenever they are missing, by the first who needs them (network/bridge.h), since a reboot takes them away. So the
 * row comes first:
 *
 *   1. overlay: etcd leases subnet and VNI (keeper)     another host may find it from now on, and so may we
 *   2. one transaction: subnets are chosen, the row is written
 *   3. the bridge comes up
 *
 * Killed after 1, there is an overlay network that this host has no row of, which is what hosts that don't use it have too.
 * Killed after 2, there is a whole network. 3 is done here so that a name that is taken, or a kernel without bridges, is told
 * at once; its failure takes the row back.
 */
#include <string.h>

#include "engine/netenv.h"
#include "engine/network_record.h"
#include "engine/networks.h"
#include "engine/paths.h"
#include "keeper/client.h"
#include "network/bridge.h"
#include "storage/db.h"

static int check_request(const struct network *n, struct err *e)
{
    if (n->name && network_is_reserved_name(n->name))
        return err_invalid(e, "operation is not permitted on predefined %s network", n->name);
    if (!network_has_addresses(n))
        return err_invalid(e, "only one instance of \"%s\" network is allowed", network_driver_name(n->driver));
    return 0;
}

/* So that nothing is done, not even in etcd, for a name that is taken. The row's uniqueness decides in the end. */
static int check_name_is_free(struct engine *en, const struct network *n, struct err *e)
{
    _cleanup_network_row_ struct network_row other = NETWORK_ROW_INIT;
    int r = networks_get(en->db, n->name, &other, e);
    if (r <= 0)
        return r;
    return err_conflict(e, "network with name %s already exists", n->name);
}

/* ---- 1 ---- */

static int lease_overlay(struct engine *en, const struct net_instance *in, const struct net_config *config,
                         struct network *n, struct err *e)
{
    _cleanup_free_ char *program = NULL;
    if (!config->overlay.etcd) {
        err_set(e, ERR_UNSUPPORTED, 0, "overlay networks need etcd, and the configuration does not say where it is");
        return err_advice(e, "add \"overlay\": {\"etcd\": [\"https://10.0.0.1:2379\"]} to /etc/sampan/config.json");
    }
    int r = network_record_settle(en, n, e);
    if (r == 0)
        r = program_find(en, "sampan-network", &program, e);
    return r == 0 ? keeper_overlay_create(in, program, n, e) : r;
}

static void give_back_overlay(struct engine *en, const struct net_instance *in, const struct network *n)
{
    _cleanup_free_ char *program = NULL;
    if (program_find(en, "sampan-network", &program, NULL) == 0)
        keeper_overlay_remove(in, program, n, NULL);
}

/* ---- 2 ---- */

static int write_down(struct engine *en, struct network *n, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    _cleanup_network_row_ struct network_row row = NETWORK_ROW_INIT;
    int r = db_begin_scoped(en->db, &tx, e);
    if (r == 0 && n->driver != NETWORK_OVERLAY)
        r = network_record_settle(en, n, e);
    if (r == 0)
        r = network_record_write(n, &row, e);
    if (r == 0)
        r = networks_insert(en->db, &row, e);
    return r == 0 ? db_commit(en->db, e) : r;
}

/* ---- 3 ---- */

static int bring_up(struct engine *en, const struct net_instance *in, const struct net_config *config,
                    const struct network *n, struct err *e)
{
    int r = network_up(in, config, n, e);
    if (r < 0) {
        networks_delete(en->db, n->id, NULL);
        network_down(in, n, NULL);
    }
    return r;
}

int engine_network_create(struct engine *en, struct network *n, struct err *e)
{
    const struct net_instance *in;
    const struct net_config *config;
    int r = check_request(n, e);
    if (r == 0)
        r = check_name_is_free(en, n, e);
    if (r == 0)
        r = engine_net(en, &in, &config, e);
    if (r == 0 && n->driver == NETWORK_OVERLAY)
        r = lease_overlay(en, in, config, n, e);
    if (r < 0)
        return r;
    r = write_down(en, n, e);
    if (r == 0)
        r = bring_up(en, in, config, n, e);
    if (r < 0 && n->driver == NETWORK_OVERLAY)
        give_back_overlay(en, in, n);
    return r;
}
