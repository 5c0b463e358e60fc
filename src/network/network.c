#include "network/network.h"

#include <string.h>

#include "base/id.h"
#include "base/strv.h"

struct network *network_new(void)
{
    struct network *n = calloc(1, sizeof(*n));

    if (!n)
        abort();
    return n;
}

static void subnet_release(struct network_subnet *s)
{
    free(s->aux);
    strv_free(s->aux_names);
}

void network_free(struct network *n)
{
    if (!n)
        return;
    free(n->name);
    subnet_release(&n->v4);
    subnet_release(&n->v6);
    strv_free(n->options);
    strv_free(n->labels);
    strv_free(n->egress.allow);
    free(n);
}

/* ---- drivers ---- */

static const char *const drivers[] = {
    [NETWORK_BRIDGE] = "bridge",   [NETWORK_HOST] = "host",     [NETWORK_NULL] = "null",
    [NETWORK_MACVLAN] = "macvlan", [NETWORK_IPVLAN] = "ipvlan", [NETWORK_OVERLAY] = "overlay",
};

const char *network_driver_name(enum network_driver d)
{
    return drivers[d];
}

int network_driver_parse(const char *name, enum network_driver *ret, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (strcmp(drivers[i], name) == 0) {
            *ret = (enum network_driver)i;
            return 0;
        }
    }
    err_invalid(e, "there is no network driver \"%.100s\"", name);
    return err_advice(e, "it may be bridge, macvlan, ipvlan or overlay");
}

/* ---- names ---- */

int network_check_name(const char *name, struct err *e)
{
    if (name_is_valid(name, 1))
        return 0;
    return err_invalid(e, "invalid network name (%.300s), only [a-zA-Z0-9][a-zA-Z0-9_.-]* are allowed", name);
}

bool network_is_reserved_name(const char *name)
{
    static const char *const reserved[] = {NETWORK_DEFAULT_NAME, "host", "none", "default"};

    for (size_t i = 0; i < ARRAY_SIZE(reserved); i++) {
        if (strcmp(reserved[i], name) == 0)
            return true;
    }
    return false;
}

/* Stricter than the kernel, which takes any byte but "/", ":" and white space: the name also stands in nftables' sets, in
 * dnsmasq's options and in paths below /proc/sys. */
int network_set_link_name(const char *name, const char *what, char ret[static IFNAMSIZ], struct err *e)
{
    size_t len = strlen(name);

    if (len >= IFNAMSIZ || !name_is_valid(name, 1))
        return err_invalid(e, "%s: \"%.100s\" is not an interface's name: up to %d of [a-zA-Z0-9_.-]", what, name,
                           IFNAMSIZ - 1);
    memcpy(ret, name, len + 1);
    return 0;
}
