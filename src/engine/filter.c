#include "engine/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "engine/image_ref.h"
#include "engine/ports.h"

static bool match_id(const struct container *c, const char *value)
{
    return strncmp(c->id, value, strlen(value)) == 0;
}

static bool match_name(const struct container *c, const char *value)
{
    return strstr(c->name, *value == '/' ? value + 1 : value) != NULL;
}

bool filter_label_matches(char *const *labels, const char *wanted)
{
    size_t n = strlen(wanted);
    bool has_value = strchr(wanted, '=') != NULL;
    STRV_FOREACH (label, labels)
        if (strncmp(*label, wanted, n) == 0 && ((*label)[n] == '\0' || (!has_value && (*label)[n] == '=')))
            return true;
    return false;
}

static bool match_label(const struct container *c, const char *value)
{
    return filter_label_matches(c->config.labels, value);
}

static bool match_network(const struct container *c, const char *value)
{
    for (size_t i = 0; i < c->n_endpoints; i++)
        if (strcmp(c->endpoints[i].network, value) == 0)
            return true;
    for (size_t i = 0; c->net && i < c->net->n_interfaces; i++)
        if (*value && strncmp(c->net->interfaces[i].network, value, strlen(value)) == 0)
            return true;
    return c->n_endpoints == 0 && c->host.network_mode && strcmp(c->host.network_mode, value) == 0;
}

static bool in_range(const struct port_range *range, uint8_t protocol, uint16_t port)
{
    return protocol == range->protocol && port >= range->first && port <= range->last;
}

/* What it got while it runs, else what it asks for. */
static bool match_publish(const struct container *c, const char *value)
{
    struct port_range range;
    if (port_range_parse(value, &range, NULL) < 0)
        return false;
    for (size_t i = 0; c->net && i < c->net->n_ports; i++)
        if (in_range(&range, c->net->ports[i].protocol, c->net->ports[i].host_port))
            return true;
    for (size_t i = 0; !c->net && i < c->host.n_ports; i++)
        if (in_range(&range, c->host.ports[i].protocol, c->host.ports[i].host_port))
            return true;
    return false;
}

static bool match_expose(const struct container *c, const char *value)
{
    struct port_range range, exposed;
    if (port_range_parse(value, &range, NULL) < 0)
        return false;
    STRV_FOREACH (text, c->config.exposed_ports)
        if (port_range_parse(*text, &exposed, NULL) == 0 && in_range(&range, exposed.protocol, exposed.first))
            return true;
    return false;
}

static int check_port(const char *value, struct err *e)
{
    struct port_range range;
    int r = port_range_parse(value, &range, e);
    return r < 0 ? err_context(e, "invalid filter") : 0;
}

static bool match_status(const struct container *c, const char *value)
{
    return strcmp(container_status_name(c->state.status), value) == 0;
}

static bool match_ancestor(const struct container *c, const char *value)
{
    _cleanup_free_ char *wanted = NULL, *own = NULL;
    const char *id = c->image_id ? c->image_id : "", *hex = strchr(id, ':');
    if (strlen(value) >= 4 &&
        (strncmp(id, value, strlen(value)) == 0 || (hex && strncmp(hex + 1, value, strlen(value)) == 0)))
        return true;
    return c->config.image && image_ref_normalize(value, &wanted, NULL) == 0 &&
           image_ref_normalize(c->config.image, &own, NULL) == 0 && strcmp(wanted, own) == 0;
}

static bool match_exited(const struct container *c, const char *value)
{
    return c->state.status == CONTAINER_EXITED && c->state.exit_code == strtol(value, NULL, 10);
}

static int check_status(const char *value, struct err *e)
{
    for (enum container_status s = CONTAINER_CREATED; s <= CONTAINER_DEAD; s++)
        if (strcmp(value, container_status_name(s)) == 0)
            return 0;
    return err_invalid(e, "invalid filter 'status=%s'", value);
}

static int check_exited(const char *value, struct err *e)
{
    int64_t n;
    return parse_int64(value, "filter exited", &n, e);
}

static const struct kind {
    const char *name;
    bool (*match)(const struct container *c, const char *value);
    int (*check)(const char *value, struct err *e);
} kinds[] = {
    {"id", match_id, NULL},
    {"name", match_name, NULL},
    {"label", match_label, NULL},
    {"status", match_status, check_status},
    {"ancestor", match_ancestor, NULL},
    {"exited", match_exited, check_exited},
    {"network", match_network, NULL},
    {"publish", match_publish, check_port},
    {"expose", match_expose, check_port},
};

/* The value of a filter of this kind, or NULL. */
static const char *value_of(const struct kind *k, const char *filter)
{
    size_t n = strlen(k->name);
    return strncmp(filter, k->name, n) == 0 && filter[n] == '=' ? filter + n + 1 : NULL;
}

static int check_one(const char *filter, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        const char *value = value_of(&kinds[i], filter);
        if (value)
            return kinds[i].check ? kinds[i].check(value, e) : 0;
    }
    return err_invalid(
        e,
        "invalid filter '%s' (it may be id=, name=, label=, status=, ancestor=, exited=, network=, publish=, "
        "expose=)",
        filter);
}

int filter_parse(char *const *filters, struct filter_set *ret, struct err *e)
{
    STRV_FOREACH (filter, filters) {
        int r = check_one(*filter, e);
        if (r < 0)
            return r;
    }
    ret->filters = filters;
    return 0;
}

static bool kind_matches(const struct kind *k, char *const *filters, const struct container *c)
{
    bool is_asked = false;
    STRV_FOREACH (filter, filters) {
        const char *value = value_of(k, *filter);
        if (value && k->match(c, value))
            return true;
        is_asked = is_asked || value;
    }
    return !is_asked;
}

bool filter_matches(const struct filter_set *s, const struct container *c)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (!kind_matches(&kinds[i], s->filters, c))
            return false;
    return true;
}

bool filter_names_status(const struct filter_set *s)
{
    STRV_FOREACH (filter, s->filters)
        if (strncmp(*filter, "status=", 7) == 0 || strncmp(*filter, "exited=", 7) == 0)
            return true;
    return false;
}
