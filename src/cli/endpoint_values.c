/* --network and what belongs to one network: --ip, --ip6, --mac-address, --network-alias. */
#include <limits.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/options.h"
#include "base/parse.h"
#include "base/strv.h"
#include "cli/container_values.h"
#include "cli/network_values.h"
#include "engine/nsmode.h"

#define DEFAULT_NETWORK "default" /* the engine's configuration says which that is */

/* ---- an endpoint's words */

static int word_alias(const char *value, void *endpoint, struct err *e)
{
    struct endpoint_config *n = endpoint;

    return strv_contains(n->aliases, value) ? 0 : strv_add(&n->aliases, value, e);
}

int value_endpoint_gw_priority(const char *value, void *endpoint, struct err *e)
{
    struct endpoint_config *n = endpoint;
    int64_t priority = 0;
    int r = parse_int64(value, "gw-priority", &priority, e);

    if (r == 0 && (priority < INT_MIN || priority > INT_MAX))
        r = err_invalid(e, "invalid gw-priority \"%s\": out of range", value);
    if (r == 0)
        n->gw_priority = (int)priority;
    return r;
}

int value_endpoint_driver_opt(const char *value, void *endpoint, struct err *e)
{
    struct endpoint_config *n = endpoint;
    const char *equals = strchr(value, '=');

    if (!equals || equals == value)
        return err_invalid(e, "invalid driver option \"%s\": it is KEY=VALUE", value);
    return strv_add(&n->driver_opts, value, e);
}

#define _cleanup_endpoint_ _cleanup_(endpoint_config_release)

/* ---- --network */

static const struct {
    const char *key;
    size_t string; /* of struct endpoint_config; only where there is no apply */
    int (*apply)(const char *value, void *endpoint, struct err *e);
} keys[] = {
    {"name", offsetof(struct endpoint_config, network), NULL},
    {"alias", 0, word_alias},
    {"ip", offsetof(struct endpoint_config, ip), NULL},
    {"ip6", offsetof(struct endpoint_config, ip6), NULL},
    {"mac-address", offsetof(struct endpoint_config, mac), NULL},
    {"gw-priority", 0, value_endpoint_gw_priority},
    {"driver-opt", 0, value_endpoint_driver_opt},
};

static int unknown_key(const char *word, struct err *e)
{
    const char *names[ARRAY_SIZE(keys) + 1] = {NULL};
    const char *near;

    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        names[i] = keys[i].key;
    near = options_nearest(word, names);
    err_invalid(e, "unknown key \"%s\"", word);
    return near ? err_advice(e, "did you mean %s=?", near)
                : err_advice(e, "known are name, alias, ip, ip6, mac-address, gw-priority and driver-opt");
}

static int apply_word(struct endpoint_config *n, char *word, struct err *e)
{
    char *value = strchr(word, '=');

    if (!value)
        return err_invalid(e, "\"%s\" has no value; the form is name=NETWORK,KEY=VALUE…", word);
    *value++ = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
        if (strcasecmp(word, keys[i].key) == 0)
            return keys[i].apply ? keys[i].apply(value, n, e)
                                 : value_copy((char **)((char *)n + keys[i].string), value, e);
    return unknown_key(word, e);
}

static int parse_long(const char *value, struct endpoint_config *n, struct err *e)
{
    _cleanup_strv_ char **words = NULL;
    int r = strv_split(value, ',', &words, e);

    for (char **word = words; r == 0 && word && *word; word++)
        r = apply_word(n, *word, e);
    return r;
}

static int check_name(const char *name, struct err *e)
{
    if (!name || !*name)
        return err_invalid(e, "the network's name is missing; it is a network's name or id, bridge, host, none or "
                              "container:NAME");
    if (strchr(name, ':') && !nsmode_target(name))
        return err_invalid(e, "%s is no network; another container's is container:NAME", name);
    return 0;
}

int value_network(const char *value, void *container, struct err *e)
{
    _cleanup_endpoint_ struct endpoint_config n = {0};
    int r = strchr(value, '=') ? parse_long(value, &n, e) : value_copy(&n.network, value, e);

    if (r == 0)
        r = check_name(n.network, e);
    if (r < 0)
        return err_context(e, "--network \"%s\"", value);
    *container_add_endpoint(container) = n;
    n = (struct endpoint_config){0};
    return 0;
}

/* ---- --ip, --ip6, --mac-address, --network-alias of the first network */

static int move_string(char **to, char **from, const char *option, const char *key, struct err *e)
{
    if (!*from)
        return 0;
    if (*to)
        return err_conflict(e, "--%s and %s= of the same network say it twice", option, key);
    *to = TAKE_PTR(*from);
    return 0;
}

static int move_wishes(struct endpoint_config *to, struct endpoint_config *from, struct err *e)
{
    int r = move_string(&to->ip, &from->ip, "ip", "ip", e);

    if (r == 0)
        r = move_string(&to->ip6, &from->ip6, "ip6", "ip6", e);
    if (r == 0)
        r = move_string(&to->mac, &from->mac, "mac-address", "mac-address", e);
    STRV_FOREACH (alias, from->aliases) {
        if (r == 0)
            r = word_alias(*alias, to, e);
    }
    return r;
}

int endpoint_values_finish(struct container *c, struct endpoint_config *common, struct err *e)
{
    bool has_wishes = common->ip || common->ip6 || common->mac || common->aliases;
    int r = 0;

    if (has_wishes && c->n_endpoints == 0)
        r = value_copy(&container_add_endpoint(c)->network, DEFAULT_NETWORK, e);
    if (r == 0 && has_wishes)
        r = move_wishes(&c->endpoints[0], common, e);
    endpoint_config_release(common);
    return r;
}
