#include "engine/check.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/stat.h>

#include "base/parse.h"
#include "base/strv.h"
#include "engine/hosts_file.h"
#include "engine/limits.h"
#include "engine/security.h"
#include "runtime/cgroup/cgroup.h"
#include "storage/volumes.h"

/* ---- names ---- */

static int check_names(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    const struct container_config *g = &c->config;
    const struct {
        const char *what, *value;
    } names[] = {{"hostname", g->hostname}, {"domainname", g->domainname}};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        const char *s = names[i].value;
        if (!s || !*s)
            continue;
        if (plan->ns[NS_UTS].how == NS_HOST)
            return err_conflict(e, "conflicting options: %s and the UTS mode host", names[i].what);
        if (plan->ns[NS_NET].how == NS_CONTAINER)
            return err_conflict(e, "conflicting options: %s and the network mode container", names[i].what);
        if (strlen(s) > 63 || s[strcspn(s, " \t\n/")])
            return err_invalid(e, "invalid %s: %.100s", names[i].what, s);
    }
    return 0;
}

static int check_process(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    (void)plan;
    int signo;
    const struct container_config *g = &c->config;
    if (g->working_dir && *g->working_dir && *g->working_dir != '/')
        return err_invalid(e, "the working directory '%s' is invalid, it needs to be an absolute path", g->working_dir);
    if (g->stop_signal && *g->stop_signal && parse_signal(g->stop_signal, &signo, e) < 0)
        return err_to_errno(e);
    STRV_FOREACH (item, g->env)
        if (**item == '=' || !**item)
            return err_invalid(e, "invalid environment variable: %.100s", *item);
    return 0;
}

/* ---- mounts ---- */

static bool is_below_itself(const char *path)
{
    return strstr(path, "/../") || (strlen(path) >= 3 && strcmp(path + strlen(path) - 3, "/..") == 0);
}

static int check_mount_source(const struct mount_point *m, struct err *e)
{
    struct stat st;
    if (strcmp(m->type, "bind") != 0)
        return 0;
    if (!m->source || *m->source != '/')
        return err_invalid(e, "invalid mount path: '%s' mount path must be absolute", m->source ? m->source : "");
    if (stat(m->source, &st) == 0 || m->create_source)
        return 0;
    return errno == ENOENT
               ? err_set(e, ERR_INVALID, ENOENT,
                         "invalid mount config for type \"bind\": bind source path does not exist: %s", m->source)
               : err_sys(e, "bind source %s", m->source);
}

static int check_mounts(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    (void)plan;
    for (size_t i = 0; i < c->n_mounts; i++) {
        const struct mount_point *m = &c->mounts[i];
        const char *to = m->destination ? m->destination : "";
        if (*to != '/' || is_below_itself(to))
            return err_invalid(e, "invalid mount path: '%s' mount path must be absolute", to);
        if (to[strspn(to, "/.")] == '\0')
            return err_invalid(e, "invalid volume specification: destination can't be '/'");
        for (size_t j = 0; j < i; j++)
            if (strcmp(c->mounts[j].destination, to) == 0)
                return err_invalid(e, "duplicate mount point: %s", to);
        if (m->name && volumes_check_name(m->name, e) < 0)
            return err_to_errno(e);
        int r = check_mount_source(m, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- security ---- */

static int check_security(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    (void)plan;
    uint64_t caps;
    struct security_options o;
    int r = security_caps(&c->host, &caps, e);
    if (r == 0)
        r = security_parse(&c->host, &o, e);
    return r;
}

/*
 * Only what belongs to a namespace that is the container's own may be set. The key's characters are those of real
 * keys, and a value is one line: what is more could reach other keys (CVE-2022-0811).
 */
static int check_sysctls(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    static const struct {
        const char *prefix;
        enum ns_kind kind;
        const char *flag;
    } namespaced[] = {
        {"net.", NS_NET, "--network"},          {"fs.mqueue.", NS_IPC, "--ipc"},
        {"kernel.msgmax", NS_IPC, "--ipc"},     {"kernel.msgmnb", NS_IPC, "--ipc"},
        {"kernel.msgmni", NS_IPC, "--ipc"},     {"kernel.sem", NS_IPC, "--ipc"},
        {"kernel.shmall", NS_IPC, "--ipc"},     {"kernel.shmmax", NS_IPC, "--ipc"},
        {"kernel.shmmni", NS_IPC, "--ipc"},     {"kernel.shm_rmid_forced", NS_IPC, "--ipc"},
        {"kernel.domainname", NS_UTS, "--uts"},
    };
    STRV_FOREACH (item, c->host.sysctls) {
        size_t n = strcspn(*item, "=");
        if (!(*item)[n] || n == 0 ||
            strspn(*item, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/") != n ||
            strchr(*item, '\n') || strstr(*item, ".."))
            return err_invalid(e, "invalid sysctl: %.100s (it is KEY=VALUE)", *item);
        size_t i = 0;
        while (i < ARRAY_SIZE(namespaced) && strncmp(*item, namespaced[i].prefix, strlen(namespaced[i].prefix)) != 0)
            i++;
        if (i == ARRAY_SIZE(namespaced))
            return err_invalid(e, "sysctl %.*s belongs to no namespace: it would change the host", (int)n, *item);
        if (plan->ns[namespaced[i].kind].how == NS_HOST)
            return err_conflict(e, "sysctl %.*s not allowed with %s host: it would change the host", (int)n, *item,
                                namespaced[i].flag);
    }
    return 0;
}

static int check_devices(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    (void)plan;
    for (size_t i = 0; i < c->host.n_devices; i++) {
        const struct device_mapping *d = &c->host.devices[i];
        struct stat st;
        if (d->permissions && d->permissions[strspn(d->permissions, "rwm")])
            return err_invalid(e, "invalid device mode: %s (it is made of r, w and m)", d->permissions);
        if (!d->path_in_container || *d->path_in_container != '/')
            return err_invalid(e, "invalid device path: %s", d->path_in_container ? d->path_in_container : "");
        if (stat(d->path_on_host, &st) < 0)
            return err_sys(e, "error gathering device information while adding custom device \"%s\"", d->path_on_host);
        if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode) && !S_ISDIR(st.st_mode))
            return err_invalid(e, "not a device node: %s", d->path_on_host);
    }
    return 0;
}

/* ---- the rest ---- */

/* "/" is the root, and so a good parent. */
static int check_cgroup_parent(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    (void)plan;
    const char *parent = c->host.cgroup_parent;
    if (!parent || parent[strspn(parent, "/")] == '\0' || cgroup_path_is_below_root(parent))
        return 0;
    return err_invalid(e, "invalid --cgroup-parent: %.100s (\".\" and \"..\" are not resolved)", parent);
}

static int check_log(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    (void)plan;
    const char *driver = c->host.log_driver;
    if (!driver || !*driver || strcmp(driver, "json-file") == 0 || strcmp(driver, "none") == 0)
        return 0;
    return err_set(e, ERR_UNSUPPORTED, 0, "logger: no log driver named '%s' is known: json-file and none are", driver);
}

static int check_hosts(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    unsigned char address[16];
    bool has_host = plan->ns[NS_NET].how != NS_OWN || c->n_endpoints > 0;
    STRV_FOREACH (server, c->host.dns)
        if (inet_pton(AF_INET, *server, address) != 1 && inet_pton(AF_INET6, *server, address) != 1)
            return err_invalid(e, "%s is not an ip address", *server);
    STRV_FOREACH (host, c->host.extra_hosts) {
        const char *ip = strpbrk(*host, "=:");
        if (!ip || ip == *host ||
            (strcmp(ip + 1, HOST_GATEWAY) != 0 && inet_pton(AF_INET, ip + 1, address) != 1 &&
             inet_pton(AF_INET6, ip + 1, address) != 1))
            return err_invalid(e, "invalid IP address in add-host: \"%s\"", *host);
        if (strcmp(ip + 1, HOST_GATEWAY) == 0 && !has_host)
            return err_invalid(e, "add-host \"%s\": without a network the container does not reach the host", *host);
        if ((*host)[strcspn(*host, " \t\n")])
            return err_invalid(e, "bad format for add-host: \"%s\"", *host);
    }
    return 0;
}

int check_container(const struct container *c, struct err *e)
{
    static int (*const checks[])(const struct container *, const struct ns_plan *, struct err *) = {
        check_names,   check_process, check_mounts, check_security, check_sysctls,
        check_devices, check_log,     check_hosts,  limits_check,   check_cgroup_parent,
    };
    struct ns_plan plan;
    int r = nsmode_plan(c, &plan, e);
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
        r = checks[i](c, &plan, e);
    return r;
}
