/* A plan made so, and undone: the order is plan.h's. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/strv.h"
#include "kernel/netlink.h"
#include "kernel/path.h"
#include "network/firewall.h"
#include "network/inside.h"
#include "network/link.h"
#include "network/plan.h"
#include "network/rate.h"

/* ---- one interface ---- */

static int limit_rate(int host, const struct net_interface *i, int sock, struct err *e)
{
    int r;

    if (i->rate == 0)
        return 0;
    if (i->kind != NET_VETH)
        return err_set(e, ERR_UNSUPPORTED, 0,
                       "--network-rate: network %s gives the container an interface without an end on the host, where "
                       "it could be limited; use a bridge network",
                       i->network_name);
    r = rate_limit(host, i->host_name, i->rate, e);
    return r == 0 ? rate_limit(sock, i->name, i->rate, e) : r;
}

static int set_up_inside(int host, const struct net_interface *i, const struct net_target *t, struct err *e)
{
    int r = inside_configure(t->sock, i, e);

    return r == 0 ? limit_rate(host, i, t->sock, e) : r;
}

/* was_born_right: IPv6 is on or off on it as it is to be, by net_prepare_namespace. */
static int interface_up(int host, const struct net_interface *i, const struct net_target *t, bool was_born_right,
                        struct err *e)
{
    int r = link_create(host, i, t, e);

    if (r < 0)
        return r;
    if (!was_born_right)
        r = inside_set_ipv6(t->netns_fd, i->name, ip_is_set(&i->address6.ip), e);
    if (r == 0)
        r = set_up_inside(host, i, t, e);
    if (r < 0)
        (void)net_interface_down(i, t, NULL);
    return r;
}

int net_interface_up(const struct net_interface *i, const struct net_target *t, struct err *e)
{
    _cleanup_close_ int host = netlink_open(e);

    return host < 0 ? host : interface_up(host, i, t, false, e);
}

int net_interface_down(const struct net_interface *i, const struct net_target *t, struct err *e)
{
    return link_delete(t->sock, i->name, e);
}

/* ---- up ---- */

static bool has_rules(const struct net_plan *p)
{
    return p->n_ports > 0 || p->egress.deny || strv_len(p->egress.allow) > 0;
}

/* The first n. */
static void interfaces_down(const struct net_plan *p, const struct net_target *t, size_t n)
{
    for (size_t i = 0; i < n; i++)
        (void)net_interface_down(&p->interfaces[i], t, NULL);
}

static int interfaces_up(const struct net_plan *p, const struct net_target *t, struct err *e)
{
    _cleanup_close_ int host = netlink_open(e);
    const bool is_born_with_ipv6 = net_plan_has_ipv6(p);

    if (host < 0)
        return host;
    for (size_t n = 0; n < p->n_interfaces; n++) {
        const struct net_interface *i = &p->interfaces[n];
        int r = interface_up(host, i, t, is_born_with_ipv6 == ip_is_set(&i->address6.ip), e);

        if (r < 0) {
            interfaces_down(p, t, n);
            return r;
        }
    }
    return 0;
}

int net_plan_up(const struct net_plan *p, const struct net_target *t, struct err *e)
{
    int r = interfaces_up(p, t, e);

    if (r < 0 || !has_rules(p))
        return r;
    r = firewall_add_container(p->table, p, e);
    if (r < 0)
        interfaces_down(p, t, p->n_interfaces);
    return r;
}

/* ---- down ---- */

/* A lease is a link that reads who holds it: not ours any more when it was given to another one. */
static bool is_anothers(int dir, const char *name, const char *container)
{
    char holder[NETWORK_ID_LEN + 1];
    ssize_t n = readlinkat(dir, name, holder, sizeof(holder));

    return n >= 0 && ((size_t)n != strlen(container) || memcmp(holder, container, (size_t)n) != 0);
}

static int remove_file(int root, const char *path, const char *container, struct err *e)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    _cleanup_free_ char *parent = strndup(path, (size_t)(name - path));
    _cleanup_close_ int dir = -1;
    struct err why = ERR_INIT;

    if (!parent)
        return err_set(e, ERR_SYS, ENOMEM, "remove %s", path);
    dir = path_open_no_symlinks(root, slash ? parent : ".", O_PATH | O_DIRECTORY, 0, &why);
    if (dir < 0 && why.code == ENOENT) /* with its network */
        return 0;
    if (dir < 0)
        return err_set(e, why.kind, why.code, "%s", why.text);
    if (is_anothers(dir, name, container) || unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    return err_sys(e, "remove %s", path);
}

static int remove_files(const struct net_plan *p, struct err *e)
{
    _cleanup_close_ int root = -1;
    int result = 0;

    if (strv_len(p->files) == 0)
        return 0;
    root = open(p->directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return errno == ENOENT ? 0 : err_sys(e, "open %s", p->directory);
    STRV_FOREACH (path, p->files) {
        int r = remove_file(root, *path, p->container, result == 0 ? e : NULL);

        result = result == 0 ? r : result;
    }
    return result;
}

/* The leases last, and only when the rules are gone: or a rule of this container's would lead to who has its address
 * next. */
int net_plan_down(const struct net_plan *p, struct err *e)
{
    int r = has_rules(p) ? firewall_remove_container(p->table, p, e) : 0;

    return r == 0 ? remove_files(p, e) : r;
}
