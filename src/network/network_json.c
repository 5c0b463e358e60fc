/* A network in Docker's JSON. What Docker has no word for is in one member of its own, "Sampan". */
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/id.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "network/network.h"
#include "network/options.h"

struct flag {
    const char *key;
    size_t offset;
};

static const struct flag docker_flags[] = {
    {"EnableIPv6", offsetof(struct network, ipv6)},
    {"Internal", offsetof(struct network, internal)},
};

static const struct flag sampan_flags[] = {
    {"Isolated", offsetof(struct network, isolated)},
    {"NoMasquerade", offsetof(struct network, no_masquerade)},
    {"NoNames", offsetof(struct network, no_dns)},
    {"Encrypted", offsetof(struct network, encrypted)},
};

/* ---- to JSON ---- */

static void add_flags(json_object *o, const struct flag *flags, size_t n_flags, const struct network *n)
{
    for (size_t i = 0; i < n_flags; i++)
        json_add_bool(o, flags[i].key, *(const bool *)((const char *)n + flags[i].offset));
}

static void add_ip(json_object *o, const char *key, const struct ip *ip)
{
    char text[IP_TEXT_MAX];

    if (ip_is_set(ip))
        json_add_str(o, key, ip_format(ip, text));
}

static void add_prefix(json_object *o, const char *key, const struct prefix *p)
{
    char text[PREFIX_TEXT_MAX];

    json_add_str(o, key, prefix_format(p, text));
}

static bool has_own_range(const struct network_subnet *s)
{
    return ip_is_set(&s->range.ip) && s->range.len != s->subnet.len;
}

static void add_subnet(json_object *configs, const struct network_subnet *s)
{
    json_object *o;

    if (!ip_is_set(&s->subnet.ip))
        return;
    o = json_object_new_object();
    add_prefix(o, "Subnet", &s->subnet);
    if (has_own_range(s))
        add_prefix(o, "IPRange", &s->range);
    add_ip(o, "Gateway", &s->gateway);
    if (s->n_aux > 0) {
        json_object *aux = json_add_object(o, "AuxiliaryAddresses");

        for (size_t i = 0; i < s->n_aux; i++)
            add_ip(aux, s->aux_names[i], &s->aux[i]);
    }
    json_object_array_add(configs, o);
}

static void add_ipam(json_object *o, const struct network *n)
{
    json_object *ipam = json_add_object(o, "IPAM");
    json_object *configs;

    json_add_str(ipam, "Driver", "default");
    json_add_object(ipam, "Options");
    configs = json_add_array(ipam, "Config");
    add_subnet(configs, &n->v4);
    add_subnet(configs, &n->v6);
}

static void add_egress(json_object *o, const struct egress *egress)
{
    json_object *member = json_add_object(o, "Egress");

    json_add_bool(member, "Deny", egress->deny);
    json_add_strv(member, "Allow", egress->allow);
}

static void add_sampan(json_object *o, const struct network *n)
{
    json_object *own = json_add_object(o, "Sampan");

    json_add_str(own, "Link", n->link);
    json_add_str(own, "Parent", n->parent);
    json_add_str(own, "Mode", network_mode_name(n->mode));
    json_add_uint(own, "MTU", n->mtu);
    json_add_uint(own, "VNI", n->vni);
    add_ip(own, "PublishIP", &n->publish_ip);
    add_flags(own, sampan_flags, ARRAY_SIZE(sampan_flags), n);
    add_egress(own, &n->egress);
}

int network_to_json(const struct network *n, json_object **ret, struct err *e)
{
    json_object *o = json_object_new_object();

    if (!o)
        return err_set(e, ERR_SYS, ENOMEM, "write network %s", n->name);
    json_add_str(o, "Name", n->name ? n->name : "");
    json_add_str(o, "Id", n->id);
    json_add_str(o, "Created", timestamp_format(n->created).text);
    json_add_str(o, "Scope", n->driver == NETWORK_OVERLAY ? "global" : "local");
    json_add_str(o, "Driver", network_driver_name(n->driver));
    json_add_bool(o, "EnableIPv4", true);
    add_flags(o, docker_flags, ARRAY_SIZE(docker_flags), n);
    add_ipam(o, n);
    json_add_bool(o, "Attachable", n->driver == NETWORK_OVERLAY);
    json_add_bool(o, "Ingress", false);
    json_add_str(json_add_object(o, "ConfigFrom"), "Network", "");
    json_add_bool(o, "ConfigOnly", false);
    json_add_map(o, "Options", n->options);
    json_add_map(o, "Labels", n->labels);
    add_sampan(o, n);
    *ret = o;
    return 0;
}

/* ---- from JSON ---- */

static int read_flags(json_object *o, const struct flag *flags, size_t n_flags, struct network *n, struct err *e)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < n_flags; i++)
        r = json_get_bool(o, flags[i].key, false, (bool *)((char *)n + flags[i].offset), e);
    return r;
}

static int read_id(json_object *o, struct network *n, struct err *e)
{
    const char *id;
    int r = json_get_str(o, "Id", "", &id, e);

    if (r < 0)
        return r;
    if (*id && !id_is_valid(id))
        return err_invalid(e, "\"Id\": %.100s is not an id", id);
    memcpy(n->id, id, strlen(id) + 1);
    return 0;
}

static int read_name(json_object *o, struct network *n, struct err *e)
{
    const char *name;
    int r = json_get_str(o, "Name", "", &name, e);

    if (r < 0 || !*name)
        return r;
    r = network_check_name(name, e);
    if (r < 0)
        return r;
    free(n->name);
    n->name = strdup(name);
    return n->name ? 0 : err_set(e, ERR_SYS, ENOMEM, "read network %s", name);
}

static int read_created(json_object *o, struct network *n, struct err *e)
{
    const char *text;
    int r = json_get_str(o, "Created", NULL, &text, e);

    return r < 0 || !text ? r : timestamp_parse(text, &n->created, e);
}

static int read_driver(json_object *o, struct network *n, struct err *e)
{
    const char *name;
    int r = json_get_str(o, "Driver", network_driver_name(NETWORK_BRIDGE), &name, e);

    return r < 0 ? r : network_driver_parse(name, &n->driver, e);
}

/* A member that is not there is none. */
static int read_ip(json_object *o, const char *key, struct ip *ret, struct err *e)
{
    const char *text;
    int r = json_get_str(o, key, "", &text, e);

    return r < 0 || !*text ? r : ip_parse(text, key, ret, e);
}

static int read_prefix(json_object *o, const char *key, struct prefix *ret, struct err *e)
{
    const char *text;
    int r = json_get_str(o, key, "", &text, e);

    return r < 0 || !*text ? r : prefix_parse(text, key, ret, e);
}

static int add_aux(struct network_subnet *s, const char *name, const char *text, struct err *e)
{
    struct ip *grown = reallocarray(s->aux, s->n_aux + 1, sizeof(*grown));
    int r;

    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "read \"AuxiliaryAddresses\"");
    s->aux = grown;
    r = ip_parse(text, name, &grown[s->n_aux], e);
    if (r == 0 && !prefix_contains(&s->subnet, &grown[s->n_aux]))
        r = err_invalid(e, "auxiliary address %s=%s is not in the subnet", name, text);
    if (r == 0)
        r = strv_add(&s->aux_names, name, e);
    if (r == 0)
        s->n_aux++;
    return r;
}

static int read_aux(json_object *o, struct network_subnet *s, struct err *e)
{
    _cleanup_strv_ char **pairs = NULL;
    int r = json_get_map(o, "AuxiliaryAddresses", &pairs, e);

    STRV_FOREACH (pair, pairs) {
        char *eq = strrchr(*pair, '='); /* an address has none, a name may */

        *eq = '\0';
        r = add_aux(s, *pair, eq + 1, e);
        if (r < 0)
            return r;
    }
    return r;
}

static int check_subnet(const struct network_subnet *s, struct err *e)
{
    char subnet[PREFIX_TEXT_MAX];

    prefix_format(&s->subnet, subnet);
    if (s->range.len < s->subnet.len || !prefix_contains(&s->subnet, &s->range.ip))
        return err_invalid(e, "the range of addresses is not in the subnet %s", subnet);
    if (ip_is_set(&s->gateway) && !prefix_contains(&s->subnet, &s->gateway))
        return err_invalid(e, "the gateway is not in the subnet %s", subnet);
    return 0;
}

static int read_subnet(json_object *o, struct network *n, struct err *e)
{
    struct prefix subnet = {.len = 0};
    struct network_subnet *s;
    int r = read_prefix(o, "Subnet", &subnet, e);

    if (r < 0 || !ip_is_set(&subnet.ip))
        return r < 0 ? r : err_invalid(e, "\"Config\": a member without \"Subnet\"");
    s = subnet.ip.family == AF_INET ? &n->v4 : &n->v6;
    if (ip_is_set(&s->subnet.ip))
        return err_invalid(e, "\"Config\": more than one subnet of a family");
    s->subnet = prefix_network(&subnet);
    s->range = s->subnet;
    r = read_prefix(o, "IPRange", &s->range, e);
    if (r == 0)
        r = read_ip(o, "Gateway", &s->gateway, e);
    if (r == 0)
        r = check_subnet(s, e);
    return r == 0 ? read_aux(o, s, e) : r;
}

static int read_ipam(json_object *o, struct network *n, struct err *e)
{
    json_object *configs = json_path(o, "IPAM", "Config", NULL);
    int r = 0;

    if (configs && !json_object_is_type(configs, json_type_array))
        return err_invalid(e, "\"Config\" must be an array");
    for (size_t i = 0; configs && r == 0 && i < json_object_array_length(configs); i++)
        r = read_subnet(json_object_array_get_idx(configs, i), n, e);
    return r;
}

static int read_link(json_object *o, const char *key, char ret[static IFNAMSIZ], struct err *e)
{
    const char *name;
    int r = json_get_str(o, key, "", &name, e);

    return r < 0 || !*name ? r : network_set_link_name(name, key, ret, e);
}

static int read_mode(json_object *o, struct network *n, struct err *e)
{
    const char *name;
    int r = json_get_str(o, "Mode", "", &name, e);

    return r < 0 || !*name ? r : network_mode_parse(n->driver, name, &n->mode, e);
}

static int read_u32(json_object *o, const char *key, uint32_t *ret, struct err *e)
{
    uint64_t v;
    int r = json_get_uint64(o, key, 0, &v, e);

    if (r < 0)
        return r;
    if (v > UINT32_MAX)
        return err_invalid(e, "\"%s\" is out of range", key);
    *ret = (uint32_t)v;
    return 0;
}

static int read_egress(json_object *o, struct egress *egress, struct err *e)
{
    int r = json_get_bool(o, "Deny", false, &egress->deny, e);

    return r == 0 ? json_get_strv(o, "Allow", &egress->allow, e) : r;
}

static int read_sampan(json_object *o, struct network *n, struct err *e)
{
    int r = read_link(o, "Link", n->link, e);

    if (r == 0)
        r = read_link(o, "Parent", n->parent, e);
    if (r == 0)
        r = read_mode(o, n, e);
    if (r == 0)
        r = read_u32(o, "MTU", &n->mtu, e);
    if (r == 0)
        r = read_u32(o, "VNI", &n->vni, e);
    if (r == 0)
        r = read_ip(o, "PublishIP", &n->publish_ip, e);
    if (r == 0)
        r = read_flags(o, sampan_flags, ARRAY_SIZE(sampan_flags), n, e);
    return r == 0 ? read_egress(json_get(o, "Egress"), &n->egress, e) : r;
}

int network_from_json(json_object *o, struct network *n, struct err *e)
{
    int r = read_id(o, n, e);

    if (r == 0)
        r = read_name(o, n, e);
    if (r == 0)
        r = read_created(o, n, e);
    if (r == 0)
        r = read_driver(o, n, e);
    if (r == 0)
        r = read_flags(o, docker_flags, ARRAY_SIZE(docker_flags), n, e);
    if (r == 0)
        r = read_ipam(o, n, e);
    if (r == 0)
        r = json_get_map(o, "Options", &n->options, e);
    if (r == 0)
        r = json_get_map(o, "Labels", &n->labels, e);
    return r == 0 ? read_sampan(json_get(o, "Sampan"), n, e) : r;
}

int network_load(const struct net_instance *in, const char *id, struct network **ret, struct err *e)
{
    _cleanup_network_ struct network *n = network_new();
    _cleanup_json_ json_object *o = NULL;
    char path[NETWORK_ID_LEN + sizeof("/" NETWORK_DEFINITION_NAME)];
    int r;

    if (!id_is_valid(id)) /* it becomes a path */
        return err_invalid(e, "\"%.100s\" is no network's id", id);
    (void)snprintf(path, sizeof(path), "%s/" NETWORK_DEFINITION_NAME, id);
    r = json_parse_file(in->dir_fd, path, &o, e);
    if (r == 0)
        r = network_from_json(o, n, e);
    if (r < 0)
        return r;
    memcpy(n->id, id, sizeof(n->id));
    *ret = TAKE_PTR(n);
    return 0;
}
