#include "network/options.h"

#include <string.h>
#include <sys/socket.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "base/strv.h"

/* RFC 791 and RFC 8200: what every link has to carry whole. */
enum { MTU_MIN = 68, MTU_MIN_IPV6 = 1280, MTU_MAX = 65535 };

enum {
    BRIDGE = 1 << NETWORK_BRIDGE,
    MACVLAN = 1 << NETWORK_MACVLAN,
    IPVLAN = 1 << NETWORK_IPVLAN,
    OVERLAY = 1 << NETWORK_OVERLAY,
};

/* ---- modes ---- */

static const struct {
    enum network_driver driver;
    enum network_link_mode mode;
    const char *name;
} modes[] = {
    {NETWORK_MACVLAN, MACVLAN_BRIDGE, "bridge"}, {NETWORK_MACVLAN, MACVLAN_PRIVATE, "private"},
    {NETWORK_MACVLAN, MACVLAN_VEPA, "vepa"},     {NETWORK_MACVLAN, MACVLAN_PASSTHRU, "passthru"},
    {NETWORK_IPVLAN, IPVLAN_L2, "l2"},           {NETWORK_IPVLAN, IPVLAN_L3, "l3"},
    {NETWORK_IPVLAN, IPVLAN_L3S, "l3s"},
};

const char *network_mode_name(enum network_link_mode mode)
{
    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (modes[i].mode == mode)
            return modes[i].name;
    }
    return "";
}

int network_mode_parse(enum network_driver driver, const char *name, enum network_link_mode *ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf known = STRBUF_INIT(256);

    for (size_t i = 0; i < ARRAY_SIZE(modes); i++) {
        if (modes[i].driver != driver)
            continue;
        if (strcmp(modes[i].name, name) == 0) {
            *ret = modes[i].mode;
            return 0;
        }
        strbuf_addf(&known, "%s%s", known.len ? ", " : "", modes[i].name);
    }
    return err_invalid(e, "\"%.100s\" is not a mode of %s; it may be %s", name, network_driver_name(driver),
                       strbuf_str(&known));
}

/* ---- setters: `at` is the member ---- */

struct option;
typedef int (*option_setter)(struct network *n, const struct option *o, const char *value, struct err *e);

struct option {
    const char *names[2]; /* what the error lists first */
    unsigned drivers;
    option_setter set;
    size_t offset;
};

static void *member_of(struct network *n, const struct option *o)
{
    return (char *)n + o->offset;
}

static int set_switch(struct network *n, const struct option *o, const char *value, struct err *e)
{
    return parse_bool(*value ? value : "true", o->names[0], member_of(n, o), e);
}

/* An option that says the opposite of the member. */
static int set_switch_off(struct network *n, const struct option *o, const char *value, struct err *e)
{
    bool *off = member_of(n, o);
    int r = set_switch(n, o, value, e);

    if (r == 0)
        *off = !*off;
    return r;
}

static int set_link(struct network *n, const struct option *o, const char *value, struct err *e)
{
    return network_set_link_name(value, o->names[0], member_of(n, o), e);
}

static int set_mode(struct network *n, const struct option *o, const char *value, struct err *e)
{
    return network_mode_parse(n->driver, value, member_of(n, o), e);
}

static int set_mtu(struct network *n, const struct option *o, const char *value, struct err *e)
{
    uint64_t mtu;
    int r = parse_uint64(value, o->names[0], &mtu, e);

    if (r < 0)
        return r;
    if (mtu < (n->ipv6 ? MTU_MIN_IPV6 : MTU_MIN) || mtu > MTU_MAX)
        return err_invalid(e, "%s: %s is not from %d (with IPv6 %d) to %d", o->names[0], value, MTU_MIN, MTU_MIN_IPV6,
                           MTU_MAX);
    *(uint32_t *)member_of(n, o) = (uint32_t)mtu;
    return 0;
}

static int set_ipv4(struct network *n, const struct option *o, const char *value, struct err *e)
{
    struct ip ip;
    int r = ip_parse(value, o->names[0], &ip, e);

    if (r < 0)
        return r;
    if (ip.family != AF_INET)
        return err_invalid(e, "%s: %s is not an IPv4 address", o->names[0], value);
    *(struct ip *)member_of(n, o) = ip;
    return 0;
}

/* clang-format off */
static const struct option options[] = {
    {{"com.docker.network.driver.mtu", "mtu"}, BRIDGE | MACVLAN | IPVLAN | OVERLAY, set_mtu, offsetof(struct network, mtu)},
    {{"com.docker.network.bridge.name", "bridge_name"}, BRIDGE, set_link, offsetof(struct network, link)},
    {{"com.docker.network.bridge.enable_icc", "icc"}, BRIDGE, set_switch_off, offsetof(struct network, isolated)},
    {{"isolate", NULL}, BRIDGE, set_switch, offsetof(struct network, isolated)},
    {{"com.docker.network.bridge.enable_ip_masquerade", "masquerade"}, BRIDGE, set_switch_off,
     offsetof(struct network, no_masquerade)},
    {{"com.docker.network.bridge.host_binding_ipv4", "host_binding_ipv4"}, BRIDGE, set_ipv4,
     offsetof(struct network, publish_ip)},
    {{"parent", NULL}, MACVLAN | IPVLAN, set_link, offsetof(struct network, parent)},
    {{"macvlan_mode", "mode"}, MACVLAN, set_mode, offsetof(struct network, mode)},
    {{"ipvlan_mode", "mode"}, IPVLAN, set_mode, offsetof(struct network, mode)},
    {{"encrypted", NULL}, OVERLAY, set_switch, offsetof(struct network, encrypted)},
};
/* clang-format on */

/* ---- the table's use ---- */

static bool is_known_to(const struct option *o, enum network_driver d)
{
    return (o->drivers & (1U << d)) != 0;
}

static const struct option *find(enum network_driver d, const char *name, size_t len)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        for (size_t k = 0; k < ARRAY_SIZE(options[i].names); k++) {
            const char *known = options[i].names[k];

            if (known && is_known_to(&options[i], d) && strncmp(known, name, len) == 0 && known[len] == '\0')
                return &options[i];
        }
    }
    return NULL;
}

static int unknown(const struct network *n, const char *option, struct err *e)
{
    _cleanup_strbuf_ struct strbuf known = STRBUF_INIT(ERR_TEXT_MAX);

    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        const struct option *o = &options[i];

        if (!is_known_to(o, n->driver))
            continue;
        strbuf_addf(&known, "%s%s", known.len ? ", " : "", o->names[0]);
        if (o->names[1])
            strbuf_addf(&known, " (%s)", o->names[1]);
    }
    return err_invalid(e, "option %.*s is not known to %s networks; they have: %s", (int)strcspn(option, "="), option,
                       network_driver_name(n->driver), known.len ? strbuf_str(&known) : "none");
}

int network_options_apply(struct network *n, struct err *e)
{
    STRV_FOREACH (option, n->options) {
        size_t len = strcspn(*option, "=");
        const struct option *o = find(n->driver, *option, len);
        int r = o ? o->set(n, o, *option + len + ((*option)[len] == '='), e) : unknown(n, *option, e);

        if (r < 0)
            return r;
    }
    return 0;
}
