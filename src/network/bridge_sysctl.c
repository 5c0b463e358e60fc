#include "network/bridge_sysctl.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/fd.h"
#include "base/file.h"

#define CONF_V4 "/proc/sys/net/ipv4/conf"
#define CONF_V6 "/proc/sys/net/ipv6/conf"
#define FORWARDING_V4 "/proc/sys/net/ipv4/ip_forward"
#define FORWARDING_V6 CONF_V6 "/all/forwarding"

enum { SYSCTL_MAX = 32, PATH_LEN_MAX = 128 };

/* ---- one setting ---- */

/* -ENOENT without touching e where this kernel has none. */
static int sysctl_is(const char *path, const char *value, bool *ret, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    struct err why = ERR_INIT;
    int r = file_read(AT_FDCWD, path, SYSCTL_MAX, &text, NULL, &why);

    if (r == 0)
        *ret = strncmp(text, value, strlen(value)) == 0 && text[strlen(value)] == '\n';
    else if (r != -ENOENT && e)
        *e = why;
    return r;
}

static int sysctl_set(const char *path, const char *value, struct err *e)
{
    bool is_set = false;
    int r = sysctl_is(path, value, &is_set, e);

    if (r == -ENOENT)
        return err_set(e, ERR_UNSUPPORTED, ENOENT, "this kernel has no %s", path);
    if (r < 0 || is_set)
        return r;
    r = file_write_existing(AT_FDCWD, path, value, e);
    if (r == -EROFS || r == -EACCES)
        err_advice(e, "/proc/sys is read-only here: set it to %s outside", value);
    return r;
}

/* ---- forwarding ---- */

static int mark_family(const struct net_instance *in, const char *path, const char *mark, struct err *e)
{
    bool is_off = false;
    int r = sysctl_is(path, "0", &is_off, e);

    if (r == -ENOENT)
        return err_set(e, ERR_UNSUPPORTED, ENOENT, "this kernel has no %s", path);
    return r == 0 && is_off ? file_write(in->dir_fd, mark, "", 0, 0600, e) : r;
}

int forwarding_mark(const struct net_instance *in, const struct network *n, struct err *e)
{
    int r = 0;

    if (n->internal)
        return 0;
    if (ip_is_set(&n->v4.subnet.ip))
        r = mark_family(in, FORWARDING_V4, FORWARDING_MARK_V4, e);
    if (r == 0 && ip_is_set(&n->v6.subnet.ip))
        r = mark_family(in, FORWARDING_V6, FORWARDING_MARK_V6, e);
    return r;
}

/* 1: taken unless this host forwards; 2: taken all the same. */
static int keep_advertisements(const char *interface, struct err *e)
{
    char path[PATH_LEN_MAX];
    bool is_taken = false;
    int r;

    (void)snprintf(path, sizeof(path), CONF_V6 "/%.*s/accept_ra", IFNAMSIZ, interface);
    r = sysctl_is(path, "1", &is_taken, e);
    if (r == 0 && is_taken)
        r = sysctl_set(path, "2", e);
    return r == -ENOENT ? 0 : r; /* an interface that has just gone */
}

static bool is_an_interface(const char *name)
{
    static const char *const others[] = {".", "..", "all"};

    for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
        if (strcmp(name, others[i]) == 0)
            return false;
    }
    return true;
}

static void cleanup_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

/* Those that there are, and `default` for those to come. */
static int keep_all_advertisements(struct err *e)
{
    _cleanup_(cleanup_dir) DIR *d = opendir(CONF_V6);
    struct dirent *entry;
    int r = 0;

    if (!d)
        return err_sys(e, "open " CONF_V6);
    while (r == 0 && (entry = readdir(d))) {
        if (is_an_interface(entry->d_name))
            r = keep_advertisements(entry->d_name, e);
    }
    return r;
}

static int forward_v6(struct err *e)
{
    bool is_on = false;
    int r = sysctl_is(FORWARDING_V6, "1", &is_on, e);

    if (r == 0 && is_on)
        return 0;
    r = keep_all_advertisements(e);
    return r == 0 ? sysctl_set(FORWARDING_V6, "1", e) : r;
}

int forwarding_enable(const struct network *n, struct err *e)
{
    int r = 0;

    if (n->internal)
        return 0;
    if (ip_is_set(&n->v4.subnet.ip))
        r = sysctl_set(FORWARDING_V4, "1", e);
    if (r == 0 && ip_is_set(&n->v6.subnet.ip))
        r = forward_v6(e);
    return r < 0 ? err_context(e, "forward packets for network %s", n->name) : 0;
}

/* ---- a bridge ---- */

enum when { ALWAYS, WITH_V6, WITHOUT_V6 };

/* Localhost's connections to published ports leave by the bridge; what comes in with such an address is the
 * firewall's to drop. Redirects would lead a container past its own published port. */
static const struct bridge_sysctl {
    const char *conf;
    const char *key;
    const char *value;
    enum when when;
} settings[] = {
    {CONF_V4, "route_localnet", "1", ALWAYS},   {CONF_V4, "send_redirects", "0", ALWAYS},
    {CONF_V6, "accept_ra", "0", ALWAYS},        {CONF_V6, "disable_ipv6", "0", WITH_V6},
    {CONF_V6, "disable_ipv6", "1", WITHOUT_V6},
};

int bridge_sysctls(const struct network *n, struct err *e)
{
    const enum when is_now = ip_is_set(&n->v6.subnet.ip) ? WITH_V6 : WITHOUT_V6;
    const bool has_ipv6 = file_exists(AT_FDCWD, CONF_V6);
    char path[PATH_LEN_MAX];
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(settings) && r == 0; i++) {
        const struct bridge_sysctl *s = &settings[i];
        bool is_v6 = strcmp(s->conf, CONF_V6) == 0;

        if ((s->when != ALWAYS && s->when != is_now) || (is_v6 && !has_ipv6 && is_now == WITHOUT_V6))
            continue;
        (void)snprintf(path, sizeof(path), "%s/%s/%s", s->conf, n->link, s->key);
        r = sysctl_set(path, s->value, e);
    }
    return r;
}
