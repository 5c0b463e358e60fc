#include "cli/network_request.h"

#include <string.h>
#include <sys/socket.h>

#include "base/strv.h"
#include "engine/attach_settle.h"

void network_request_release(struct network_request *q)
{
    char **vectors[] = {q->subnets, q->ranges, q->gateways, q->aux, q->options, q->labels, q->egress};

    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
        strv_free(vectors[i]);
    free(q->driver);
    free(q->ipam_driver);
    *q = (struct network_request){0};
}

/* ---- subnets, and what belongs to each */

/* One of each family at most. */
struct subnets {
    struct {
        struct prefix prefix;
        json_object *config; /* {"Subnet": …}, borrowed */
    } v[2];
    size_t n;
};

static int add_subnet(struct subnets *s, json_object *configs, const char *text, struct err *e)
{
    struct prefix p = {0}, network;
    char right[PREFIX_TEXT_MAX];
    int r = prefix_parse(text, "--subnet", &p, e);

    if (r < 0)
        return r;
    if (!strchr(text, '/'))
        return err_invalid(e, "--subnet %s: the length is missing; it is for example %s/24", text, text);
    network = prefix_network(&p);
    if (!ip_equal(&network.ip, &p.ip))
        return err_invalid(e, "--subnet %s: it should be %s; the gateway's address is given by --gateway", text,
                           prefix_format(&network, right));
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].prefix.ip.family == p.ip.family)
            return err_invalid(e, "--subnet %s: there is one IPv%d subnet already; a network has one of each family",
                               text, p.ip.family == AF_INET ? 4 : 6);
    s->v[s->n].prefix = p;
    s->v[s->n].config = json_object_new_object();
    json_add_str(s->v[s->n].config, "Subnet", text);
    json_object_array_add(configs, s->v[s->n++].config);
    return 0;
}

static int no_subnet(const struct subnets *s, const char *option, const char *text, struct err *e)
{
    if (s->n == 0)
        return err_invalid(e, "%s %s needs a --subnet that contains it", option, text);
    return err_invalid(e, "%s %s is in no --subnet", option, text);
}

static json_object *config_of(const struct subnets *s, const struct ip *ip)
{
    for (size_t i = 0; i < s->n; i++)
        if (prefix_contains(&s->v[i].prefix, ip))
            return s->v[i].config;
    return NULL;
}

/* --gateway and --ip-range: one a subnet. */
static int add_to_subnet(const struct subnets *s, const char *option, const char *key, const char *text, struct err *e)
{
    struct prefix p = {0};
    json_object *config;
    int r = prefix_parse(text, option, &p, e);

    if (r < 0)
        return r;
    config = config_of(s, &p.ip);
    if (!config)
        return no_subnet(s, option, text, e);
    if (json_get(config, key))
        return err_invalid(e, "%s %s: its subnet has one already", option, text);
    json_add_str(config, key, text);
    return 0;
}

/* --aux-address NAME=ADDRESS */
static int add_aux(const struct subnets *s, const char *text, struct err *e)
{
    const char *equals = strchr(text, '=');
    _cleanup_free_ char *name = equals ? strndup(text, (size_t)(equals - text)) : NULL;
    json_object *config, *aux;
    struct ip ip;
    int r;

    if (!name || !*name)
        return err_invalid(e, "invalid --aux-address \"%s\": it is NAME=ADDRESS, for example router=10.1.0.254", text);
    r = ip_parse(equals + 1, "--aux-address", &ip, e);
    if (r < 0)
        return r;
    config = config_of(s, &ip);
    if (!config)
        return no_subnet(s, "--aux-address", text, e);
    aux = json_get(config, "AuxiliaryAddresses");
    json_add_str(aux ? aux : json_add_object(config, "AuxiliaryAddresses"), name, equals + 1);
    return 0;
}

static int add_ipam(const struct network_request *q, json_object *o, bool *ret_has_v6, struct err *e)
{
    json_object *configs = json_add_array(json_add_object(o, "IPAM"), "Config");
    struct subnets s = {0};
    int r = 0;

    for (char **text = q->subnets; r == 0 && text && *text; text++)
        r = add_subnet(&s, configs, *text, e);
    for (char **text = q->ranges; r == 0 && text && *text; text++)
        r = add_to_subnet(&s, "--ip-range", "IPRange", *text, e);
    for (char **text = q->gateways; r == 0 && text && *text; text++)
        r = add_to_subnet(&s, "--gateway", "Gateway", *text, e);
    for (char **text = q->aux; r == 0 && text && *text; text++)
        r = add_aux(&s, *text, e);
    *ret_has_v6 = false;
    for (size_t i = 0; i < s.n; i++)
        *ret_has_v6 |= s.v[i].prefix.ip.family == AF_INET6;
    return r;
}

/* ---- the rest */

static int check(const struct network_request *q, struct err *e)
{
    if (q->ipam_driver && strcmp(q->ipam_driver, "default") != 0)
        return err_set(e, ERR_UNSUPPORTED, 0, "--ipam-driver %s: there is only \"default\"", q->ipam_driver);
    if (q->no_ipv4)
        return err_set(e, ERR_UNSUPPORTED, 0, "--ipv4=false: every network has IPv4; --ipv6 adds IPv6 to it");
    STRV_FOREACH (option, q->options) {
        if (**option == '=' || **option == '\0')
            return err_invalid(e, "invalid --opt \"%s\": it is KEY=VALUE", *option);
    }
    return 0;
}

/* "com.example" alone has an empty value, as Docker reads it. */
static int add_map(json_object *o, const char *key, char *const *pairs)
{
    json_object *map = json_add_object(o, key);

    STRV_FOREACH (pair, pairs) {
        const char *equals = strchrnul(*pair, '=');
        _cleanup_free_ char *name = strndup(*pair, (size_t)(equals - *pair));

        if (!name)
            return -ENOMEM;
        json_add_str(map, name, *equals ? equals + 1 : "");
    }
    return 0;
}

static int add_egress(const struct network_request *q, json_object *sampan, struct err *e)
{
    struct egress egress = {0};
    int r = attach_parse_egress(q->egress, &egress, e);

    if (r == 0 && egress.deny) {
        json_object *o = json_add_object(sampan, "Egress");

        json_add_bool(o, "Deny", true);
        json_add_strv(o, "Allow", egress.allow);
    }
    strv_free(egress.allow);
    return r;
}

static int to_json(const struct network_request *q, const char *name, json_object *o, struct err *e)
{
    json_object *sampan = json_add_object(o, "Sampan");
    bool has_v6 = false;
    int r = check(q, e);

    json_add_str(o, "Name", name);
    json_add_str(o, "Driver", q->driver);
    json_add_bool(o, "Internal", q->internal);
    json_add_bool(sampan, "NoNames", q->disable_dns);
    if (r == 0)
        r = add_ipam(q, o, &has_v6, e);
    json_add_bool(o, "EnableIPv6", q->ipv6 || has_v6);
    if (r == 0)
        r = add_egress(q, sampan, e);
    if (r == 0 && (add_map(o, "Options", q->options) < 0 || add_map(o, "Labels", q->labels) < 0))
        r = err_set(e, ERR_SYS, ENOMEM, "read the command line");
    return r;
}

int network_request_read(const struct network_request *q, const char *name, struct network **ret, struct err *e)
{
    _cleanup_json_ json_object *o = json_object_new_object();
    _cleanup_network_ struct network *n = network_new();
    int r = to_json(q, name, o, e);

    if (r == 0)
        r = network_from_json(o, n, e);
    if (r == 0)
        *ret = TAKE_PTR(n);
    return r;
}
