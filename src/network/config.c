#include "network/config.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/json.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "network/network.h"

#define CONFIG_PATH "/etc/sampan/config.json"
#define CONFIG_VARIABLE "SAMPAN_CONFIG"

enum {
    MTU_MIN = 68, /* RFC 791 */
    MTU_MAX = 65535,
    LEASE_DEFAULT = 15, /* seconds */
    LEASE_MIN = 2,
    LEASE_MAX = 3600,
    SUBNET_LEN_MAX = 30, /* room for a gateway and a container */
    SUBNET_LEN_MAX_IPV6 = 126,
};

/*
 * Where subnets come from. Docker takes 172.17.0.0/16, then whole /16s upwards from there, and has none left after 31
 * networks; ours are /24s, some 68,000 of them, and begin beyond the few that Docker takes in practice. 172.31.0.0/16 is
 * left out: clouds give it to their machines, which see but a part of it in their routes. Homes are in 192.168.0.0/16 and
 * companies in 10.0.0.0/8, so these come last. What the host has a route to is skipped in any case.
 */
static const char *const default_pools[] = {"172.24.0.0/14", "172.20.0.0/14", "192.168.0.0/16", "10.0.0.0/8"};
enum { DEFAULT_POOL_SIZE = 24 };

/* ---- members ---- */

struct member;
typedef int (*member_reader)(json_object *o, const struct member *m, void *at, struct err *e);

struct member {
    const char *key;
    member_reader read;
    size_t offset;
    uint32_t min, max; /* of numbers */
};

static int read_bool(json_object *o, const struct member *m, void *at, struct err *e)
{
    return json_get_bool(o, m->key, false, at, e);
}

static int read_number(json_object *o, const struct member *m, void *at, struct err *e)
{
    uint64_t v;
    int r = json_get_uint64(o, m->key, 0, &v, e);

    if (r < 0)
        return r;
    if (v < m->min || v > m->max)
        return err_invalid(e, "\"%s\": %llu is not from %u to %u", m->key, (unsigned long long)v, m->min, m->max);
    *(uint32_t *)at = (uint32_t)v;
    return 0;
}

static int read_string(json_object *o, const struct member *m, void *at, struct err *e)
{
    const char *s;
    char **target = at;
    int r = json_get_str(o, m->key, "", &s, e);

    if (r < 0)
        return r;
    free(*target);
    *target = strdup(s);
    return *target ? 0 : err_set(e, ERR_SYS, ENOMEM, "read \"%s\"", m->key);
}

/* A file's name, or the prefix of keys: both begin with a slash. */
static int read_path(json_object *o, const struct member *m, void *at, struct err *e)
{
    int r = read_string(o, m, at, e);
    const char *path = *(char **)at;

    if (r == 0 && path[0] != '/')
        return err_invalid(e, "\"%s\": %s does not begin with /", m->key, path);
    return r;
}

static int read_strings(json_object *o, const struct member *m, void *at, struct err *e)
{
    return json_get_strv(o, m->key, at, e);
}

static int read_ip(json_object *o, const struct member *m, void *at, struct err *e)
{
    const char *text;
    int r = json_get_str(o, m->key, "", &text, e);

    return r < 0 ? r : ip_parse(text, m->key, at, e);
}

static int read_ips(json_object *o, const struct member *m, void *at, struct err *e)
{
    struct ip ip;
    int r = read_strings(o, m, at, e);

    STRV_FOREACH (text, *(char ***)at) {
        if (r == 0)
            r = ip_parse(*text, m->key, &ip, e);
    }
    return r;
}

static int read_urls(json_object *o, const struct member *m, void *at, struct err *e)
{
    int r = read_strings(o, m, at, e);

    STRV_FOREACH (url, *(char ***)at) {
        if (r == 0 && strncmp(*url, "https://", 8) != 0 && strncmp(*url, "http://", 7) != 0)
            r = err_invalid(e, "\"%s\": %s is not a URL such as https://10.0.0.1:2379", m->key, *url);
    }
    return r;
}

static int read_published_ports(json_object *o, const struct member *m, void *at, struct err *e)
{
    const char *word;
    int r = json_get_str(o, m->key, "", &word, e);

    if (r < 0)
        return r;
    if (strcmp(word, "open") != 0 && strcmp(word, "host-input") != 0)
        return err_invalid(e, "\"%s\": it is \"host-input\" or \"open\", not \"%s\"", m->key, word);
    *(bool *)at = strcmp(word, "open") == 0;
    return 0;
}

static int read_bip(json_object *o, const struct member *m, void *at, struct err *e)
{
    const char *text;
    struct prefix bip = {.len = 0}, network;
    int r = json_get_str(o, m->key, "", &text, e);

    if (r == 0)
        r = prefix_parse(text, m->key, &bip, e);
    if (r < 0)
        return r;
    network = prefix_network(&bip);
    if (bip.ip.family != AF_INET || bip.len > SUBNET_LEN_MAX || ip_equal(&network.ip, &bip.ip))
        return err_invalid(e, "\"%s\": %s is not the bridge's IPv4 address with its subnet's length, as 172.24.0.1/20",
                           m->key, text);
    *(struct prefix *)at = bip;
    return 0;
}

static int read_pools(json_object *o, const struct member *m, void *at, struct err *e);
static int read_overlay(json_object *o, const struct member *m, void *at, struct err *e);

#define CONFIG(member) offsetof(struct net_config, member)
#define OVERLAY(member) offsetof(struct overlay_config, member)
#define POOL(member) offsetof(struct net_pool, member)

/* clang-format off */
static const struct member config_members[] = {
    {"ip",                    read_ip,              CONFIG(publish_ip), 0, 0},
    {"publish-to-all",        read_bool,            CONFIG(publish_to_all), 0, 0},
    {"published-ports",       read_published_ports, CONFIG(ports_open), 0, 0},
    {"default-network",       read_string,          CONFIG(default_network), 0, 0},
    {"bip",                   read_bip,             CONFIG(bip), 0, 0},
    {"default-address-pools", read_pools,           0, 0, 0},
    {"mtu",                   read_number,          CONFIG(mtu), MTU_MIN, MTU_MAX},
    {"ipv6",                  read_bool,            CONFIG(ipv6), 0, 0},
    {"dns",                   read_ips,             CONFIG(dns), 0, 0},
    {"dns-search",            read_strings,         CONFIG(dns_search), 0, 0},
    {"dns-opts",              read_strings,         CONFIG(dns_opts), 0, 0},
    {"overlay",               read_overlay,         CONFIG(overlay), 0, 0},
};

static const struct member overlay_members[] = {
    {"etcd",    read_urls,   OVERLAY(etcd), 0, 0},
    {"ca",      read_path,   OVERLAY(ca), 0, 0},
    {"cert",    read_path,   OVERLAY(cert), 0, 0},
    {"key",     read_path,   OVERLAY(key), 0, 0},
    {"prefix",  read_path,   OVERLAY(prefix), 0, 0},
    {"address", read_ip,     OVERLAY(address), 0, 0},
    {"node",    read_string, OVERLAY(node), 0, 0},
    {"lease",   read_number, OVERLAY(lease), LEASE_MIN, LEASE_MAX},
};
/* clang-format on */

static int unknown_member(const char *key, const struct member *members, size_t n, struct err *e)
{
    _cleanup_strbuf_ struct strbuf known = STRBUF_INIT(ERR_TEXT_MAX);

    for (size_t i = 0; i < n; i++)
        strbuf_addf(&known, "%s%s", i > 0 ? ", " : "", members[i].key);
    return err_invalid(e, "\"%.100s\" is no setting; there are: %s", key, strbuf_str(&known));
}

static const struct member *find_member(const char *key, const struct member *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(members[i].key, key) == 0)
            return &members[i];
    }
    return NULL;
}

/* A member that is null is one that is not there. */
static int read_members(json_object *o, const struct member *members, size_t n, void *to, struct err *e)
{
    if (!json_object_is_type(o, json_type_object))
        return err_invalid(e, "it must be an object: { \"%s\": … }", members[0].key);
    json_object_object_foreach(o, key, value)
    {
        const struct member *m = find_member(key, members, n);
        int r;

        if (!m)
            return unknown_member(key, members, n, e);
        r = value ? m->read(o, m, (char *)to + m->offset, e) : 0;
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- pools ---- */

static int add_pool(struct net_config *c, const struct net_pool *pool, struct err *e)
{
    struct net_pool *grown = reallocarray(c->pools, c->n_pools + 1, sizeof(*grown));

    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "read the address pools");
    c->pools = grown;
    grown[c->n_pools++] = *pool;
    return 0;
}

static int read_pool(json_object *o, struct net_pool *ret, struct err *e)
{
    const char *base;
    uint64_t size = 0;
    unsigned len_max;
    int r = json_get_str(o, "base", "", &base, e);

    if (r == 0)
        r = prefix_parse(base, "base", &ret->base, e);
    if (r == 0)
        r = json_get_uint64(o, "size", 0, &size, e);
    if (r < 0)
        return r;
    len_max = ret->base.ip.family == AF_INET ? SUBNET_LEN_MAX : SUBNET_LEN_MAX_IPV6;
    if (size < ret->base.len || size > len_max)
        return err_invalid(e, "\"size\" of %s is the length of the subnets' prefixes, from %u to %u", base,
                           ret->base.len, len_max);
    ret->base = prefix_network(&ret->base);
    ret->size = (uint8_t)size;
    return 0;
}

static int read_pools(json_object *o, const struct member *m, void *at, struct err *e)
{
    json_object *pools = json_get(o, m->key);
    int r = 0;

    if (!json_object_is_type(pools, json_type_array))
        return err_invalid(e, "\"%s\" must be an array: [{\"base\": \"172.24.0.0/14\", \"size\": 24}]", m->key);
    for (size_t i = 0; r == 0 && i < json_object_array_length(pools); i++) {
        struct net_pool pool = {.size = 0};

        r = read_pool(json_object_array_get_idx(pools, i), &pool, e);
        r = r == 0 ? add_pool(at, &pool, e) : err_context(e, "\"%s\"", m->key);
    }
    return r;
}

static int add_default_pools(struct net_config *c, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(default_pools); i++) {
        struct net_pool pool = {.size = DEFAULT_POOL_SIZE};

        r = prefix_parse(default_pools[i], "pool", &pool.base, e);
        if (r == 0)
            r = add_pool(c, &pool, e);
    }
    return r;
}

/* ---- overlay ---- */

static int read_overlay(json_object *o, const struct member *m, void *at, struct err *e)
{
    struct overlay_config *overlay = at;
    int r = read_members(json_get(o, m->key), overlay_members, ARRAY_SIZE(overlay_members), overlay, e);

    if (r == 0 && !strv_len(overlay->etcd))
        r = err_invalid(e, "\"etcd\" is missing: where etcd is, as [\"https://10.0.0.1:2379\"]");
    if (r == 0 && !overlay->cert != !overlay->key)
        r = err_invalid(e, "\"cert\" and \"key\" belong together");
    return r < 0 ? err_context(e, "\"%s\"", m->key) : 0;
}

/* ---- the whole ---- */

static int set_defaults(struct net_config *c, struct err *e)
{
    *c = (struct net_config){.publish_to_all = true, .overlay = {.lease = LEASE_DEFAULT}};
    c->default_network = strdup(NETWORK_DEFAULT_NAME);
    c->overlay.prefix = strdup("/sampan");
    return c->default_network && c->overlay.prefix ? 0 : err_set(e, ERR_SYS, ENOMEM, "read the configuration");
}

/* -ENOENT without touching e where there is no file. */
static int read_file(const char *path, json_object **ret, struct err *e)
{
    struct err own = ERR_INIT;
    int r = json_parse_file(AT_FDCWD, path, ret, &own);

    if (r < 0 && r != -ENOENT && e)
        *e = own;
    return r;
}

void net_config_release(struct net_config *c)
{
    char *strings[] = {c->default_network, c->overlay.ca,     c->overlay.cert,
                       c->overlay.key,     c->overlay.prefix, c->overlay.node};
    char **vectors[] = {c->dns, c->dns_search, c->dns_opts, c->overlay.etcd};

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        free(strings[i]);
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
        strv_free(vectors[i]);
    free(c->pools);
    *c = (struct net_config){.mtu = 0};
}

int net_config_load(struct net_config *ret, struct err *e)
{
    _cleanup_(net_config_release) struct net_config c = {.mtu = 0};
    _cleanup_json_ json_object *o = NULL;
    const char *path = getenv(CONFIG_VARIABLE);
    int r = set_defaults(&c, e);

    if (!path || !*path)
        path = CONFIG_PATH;
    if (r == 0)
        r = read_file(path, &o, e);
    if (r == 0)
        r = read_members(o, config_members, ARRAY_SIZE(config_members), &c, e);
    if (r == -ENOENT) /* all defaults */
        r = 0;
    else if (r < 0)
        return err_context(e, "configuration %s", path);
    if (r == 0 && c.n_pools == 0)
        r = add_default_pools(&c, e);
    if (r < 0)
        return r;
    *ret = c;
    c = (struct net_config){.mtu = 0};
    return 0;
}
