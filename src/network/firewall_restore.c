/* The firewall's contents, from what is written down below the run root; and how it is noticed that they are due. */
#include <errno.h>
#include <fcntl.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/id.h"
#include "base/log.h"
#include "base/strv.h"
#include "network/firewall_tables.h"

static int restore_network(const struct net_instance *in, const char *id, struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    int r = id_is_valid(id) ? network_load(in, id, &n, e) : 0;

    if (r == -ENOENT || !n) /* being made, or removed; or another file */
        return r == -ENOENT ? 0 : r;
    return network_has_bridge(n) ? firewall_add_network(in, n, e) : 0;
}

/* Its shim writes exit.json (shim/shim.h) in front of net_plan_down(), and the plan goes behind it. */
static bool has_ended(int run_dir)
{
    return file_exists(run_dir, "exit.json") || !file_exists(run_dir, NET_PLAN_NAME);
}

/* What ends meanwhile may take its entries away just before they are put here: so it is looked at again. */
static int restore_container(const struct net_instance *in, int containers, const char *id, struct err *e)
{
    _cleanup_net_plan_ struct net_plan *p = NULL;
    _cleanup_close_ int run_dir = openat(containers, id, O_PATH | O_DIRECTORY | O_CLOEXEC);
    int r = run_dir < 0 || has_ended(run_dir) ? 0 : net_plan_load(run_dir, &p, e);

    if (!p) /* without a network of ours */
        return r == -ENOENT ? 0 : r;
    r = firewall_add_container(in->table, p, e);
    return r == 0 && has_ended(run_dir) ? firewall_remove_container(in->table, p, e) : r;
}

/* One container's trouble is not another's: a dead one, say, whose port has a new owner. */
static int restore_containers(const struct net_instance *in, struct err *e)
{
    _cleanup_close_ int containers = openat(in->dir_fd, "../containers", O_PATH | O_DIRECTORY | O_CLOEXEC);
    _cleanup_strv_ char **ids = NULL;
    int r = containers < 0 ? 0 : dir_list(containers, ".", &ids, e);

    STRV_FOREACH (id, ids) {
        struct err why = ERR_INIT;

        if (restore_container(in, containers, *id, &why) < 0)
            log_warning("container %.12s: %s", *id, why.text);
    }
    return r;
}

/* A network that is missing is not kept apart from the others, so that is a failure. */
int firewall_restore(const struct net_instance *in, struct err *e)
{
    _cleanup_strv_ char **ids = NULL;
    int r = dir_list(in->dir_fd, ".", &ids, e);

    STRV_FOREACH (id, ids) {
        if (r == 0)
            r = restore_network(in, *id, e);
    }
    if (r == 0)
        r = restore_containers(in, e);
    return r < 0 ? err_context(e, "restore the firewall") : 0;
}

int firewall_watch_open(struct err *e)
{
    return nft_watch_open(e);
}

int firewall_watch_read(int sock, const char *table, bool *ret_gone, struct err *e)
{
    return nft_watch_read(sock, table, ret_gone, e);
}
