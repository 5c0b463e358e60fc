#include "engine/ports_claim.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"

#define PORTS_DIR "ports" /* below RUN_ROOT/networks */

struct claim_path {
    char text[sizeof(PORTS_DIR) + 32 + IP_TEXT_MAX];
};

static struct claim_path claim_path(const struct net_port *port)
{
    struct claim_path p;
    char ip[IP_TEXT_MAX];
    const char *protocol = net_protocol_name(port->protocol);
    snprintf(p.text, sizeof(p.text), PORTS_DIR "/%s-%u-%s", protocol ? protocol : "", port->host_port,
             ip_format(&port->host, ip));
    return p;
}

static bool is_held_by(int dir_fd, const char *path, const char *container)
{
    char holder[NETWORK_ID_LEN + 1];
    ssize_t n = readlinkat(dir_fd, path, holder, sizeof(holder));
    return n >= 0 && (size_t)n == strlen(container) && memcmp(holder, container, (size_t)n) == 0;
}

/* The directory is made for the first port. */
static int make_link(int dir_fd, const char *path, const char *container)
{
    if (symlinkat(container, dir_fd, path) == 0)
        return 0;
    if (errno == ENOENT && (mkdirat(dir_fd, PORTS_DIR, 0700) == 0 || errno == EEXIST) &&
        symlinkat(container, dir_fd, path) == 0)
        return 0;
    return errno == EEXIST && is_held_by(dir_fd, path, container) ? 0 : -errno;
}

int port_claim(const struct net_instance *in, struct net_plan *plan, const struct net_port *port, struct err *e)
{
    struct claim_path path = claim_path(port);
    char ip[IP_TEXT_MAX];
    int r = make_link(in->dir_fd, path.text, plan->container);
    if (r == -EEXIST)
        return err_set(e, ERR_CONFLICT, EEXIST, "bind for %s:%u/%s failed: port is already allocated",
                       ip_format(&port->host, ip), port->host_port, net_protocol_name(port->protocol));
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "claim port %u", port->host_port);
    return strv_add(&plan->files, path.text, e);
}

void port_unclaim(const struct net_instance *in, struct net_plan *plan, const struct net_port *port)
{
    struct claim_path path = claim_path(port);
    size_t kept = 0;
    if (is_held_by(in->dir_fd, path.text, plan->container))
        unlinkat(in->dir_fd, path.text, 0);
    for (size_t i = 0; plan->files && plan->files[i]; i++) {
        if (strcmp(plan->files[i], path.text) == 0)
            free(plan->files[i]);
        else
            plan->files[kept++] = plan->files[i];
    }
    if (plan->files)
        plan->files[kept] = NULL;
}

int ports_sweep(const struct net_instance *in, const char *container, struct err *e)
{
    _cleanup_strv_ char **claims = NULL;
    _cleanup_close_ int dir = openat(in->dir_fd, PORTS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir < 0)
        return errno == ENOENT ? 0 : err_sys(e, "open %s/networks/" PORTS_DIR, in->run_root);
    int r = dir_list(dir, ".", &claims, e);
    STRV_FOREACH (name, claims)
        if (is_held_by(dir, *name, container))
            unlinkat(dir, *name, 0);
    return r;
}
