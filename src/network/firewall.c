#include "network/firewall.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "network/bridge_sysctl.h"
#include "network/firewall_tables.h"

#define FIREWALL_LOCK "firewall.lock"

bool firewall_has_localhost6(void)
{
    char called = '0';
    _cleanup_close_ int fd = open("/proc/sys/net/bridge/bridge-nf-call-ip6tables", O_RDONLY | O_CLOEXEC);

    return fd < 0 || read(fd, &called, 1) != 1 || called == '0';
}

static struct firewall_rules rules_of(const struct net_instance *in, const struct net_config *config)
{
    return (struct firewall_rules){.ports_open = config->ports_open,
                                   .only_ours4 = file_exists(in->dir_fd, FORWARDING_MARK_V4),
                                   .only_ours6 = file_exists(in->dir_fd, FORWARDING_MARK_V6),
                                   .has_localhost6 = firewall_has_localhost6(),
                                   .gate = firewall_gate_of(in)};
}

static int is_there(int sock, const struct net_instance *in, const struct firewall_rules *rules, bool *ret,
                    struct err *e)
{
    if (!rules->ports_open && !firewall_gate_is_up(&rules->gate)) {
        *ret = false;
        return 0;
    }
    return firewall_has_tables(sock, in->table, rules, ret, e);
}

static int explain(const struct firewall_rules *rules, struct err *e)
{
    if (rules->ports_open)
        return err_advice(
            e, "networks need nftables in the kernel: the modules nf_tables, nft_nat, nft_masq, nft_fib_inet, "
               "nft_ct");
    return err_advice(e,
                      "networks need nftables in the kernel: the modules nf_tables, nft_nat, nft_masq, nft_fib_inet, "
                      "nft_ct, nft_dup_ipv4, nft_dup_ipv6; \"published-ports\": \"open\" in the configuration does "
                      "without the last two, and without the host's input rules for published ports");
}

static int put_tables(const struct net_instance *in, const struct firewall_rules *rules, bool has_remains,
                      struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();

    firewall_put_tables(b, in->table, rules, has_remains);
    return nft_commit(b, e);
}

/* Remains of another version, of somebody's saved ruleset, or of a partial flush are replaced; not without need,
 * since the keeper hears of every table that goes. */
static int make(const struct net_instance *in, const struct firewall_rules *rules, struct err *e)
{
    struct err why = ERR_INIT;
    int r = rules->ports_open ? 0 : firewall_gate_up(&rules->gate, e);

    if (r < 0)
        return r;
    r = put_tables(in, rules, false, &why);
    if (r == -EEXIST) {
        why = ERR_INIT;
        r = put_tables(in, rules, true, &why);
    }
    if (r == 0)
        return 0;
    *e = why;
    return explain(rules, e);
}

/* By one process at a time: the second finds what the first has made. */
static int lock(const struct net_instance *in, struct err *e)
{
    _cleanup_close_ int fd = openat(in->dir_fd, FIREWALL_LOCK, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        return err_sys(e, "lock %s/networks/" FIREWALL_LOCK, in->run_root);
    return TAKE_FD(fd);
}

int firewall_ensure(const struct net_instance *in, const struct net_config *config, bool *ret_made, struct err *e)
{
    const struct firewall_rules rules = rules_of(in, config);
    _cleanup_close_ int sock = nft_open(e);
    _cleanup_close_ int locked = -1;
    bool there = false;
    int r = sock < 0 ? sock : is_there(sock, in, &rules, &there, e);

    if (r < 0)
        explain(&rules, e);
    if (r == 0 && !there) {
        locked = lock(in, e);
        r = locked < 0 ? locked : is_there(sock, in, &rules, &there, e);
    }
    if (r == 0 && !there)
        r = make(in, &rules, e);
    if (r < 0)
        return err_context(e, "firewall");
    *ret_made = !there;
    return 0;
}

static int delete_tables(const struct net_instance *in, void (*put)(struct nft_batch *, const char *), struct err *e)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();

    put(b, in->table);
    return nft_commit(b, e);
}

int firewall_remove(const struct net_instance *in, struct err *e)
{
    const struct firewall_gate gate = firewall_gate_of(in);
    int r = delete_tables(in, firewall_delete_tables, e);

    (void)delete_tables(in, firewall_delete_bridge_table, NULL); /* a kernel without that family has none */
    if (r == 0)
        r = firewall_gate_down(&gate, e);
    return r < 0 ? err_context(e, "firewall") : 0;
}
