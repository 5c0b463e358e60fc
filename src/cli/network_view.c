#include "cli/network_view.h"

#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "cli/human.h"
#include "engine/filter.h"

enum { SHORT_ID_LEN = 12 };

/* ---- filters ---- */

static const char *scope_of(const struct network *n)
{
    return n->driver == NETWORK_OVERLAY ? "global" : "local";
}

static bool match_driver(const struct network_filters *f, const struct network *n, const char *value)
{
    (void)f;
    return strcmp(network_driver_name(n->driver), value) == 0;
}

static bool match_id(const struct network_filters *f, const struct network *n, const char *value)
{
    (void)f;
    return strncmp(n->id, value, strlen(value)) == 0;
}

static bool match_label(const struct network_filters *f, const struct network *n, const char *value)
{
    (void)f;
    return filter_label_matches(n->labels, value);
}

static bool match_name(const struct network_filters *f, const struct network *n, const char *value)
{
    (void)f;
    return strstr(n->name, value) != NULL;
}

static bool match_scope(const struct network_filters *f, const struct network *n, const char *value)
{
    (void)f;
    return strcmp(scope_of(n), value) == 0;
}

static bool match_type(const struct network_filters *f, const struct network *n, const char *value)
{
    (void)f;
    return network_is_reserved_name(n->name) == (strcmp(value, "builtin") == 0);
}

/* Predefined networks are never in anybody's way. */
static bool match_dangling(const struct network_filters *f, const struct network *n, const char *value)
{
    bool wanted = false;

    (void)parse_bool(value, "", &wanted, NULL);
    return (!network_is_reserved_name(n->name) && !strv_contains(f->used, n->name)) == wanted;
}

static int check_driver(const char *value, struct err *e)
{
    enum network_driver unused;

    return network_driver_parse(value, &unused, e);
}

static int check_type(const char *value, struct err *e)
{
    if (strcmp(value, "builtin") == 0 || strcmp(value, "custom") == 0)
        return 0;
    return err_invalid(e, "invalid filter type=%s: it is builtin or custom", value);
}

static int check_scope(const char *value, struct err *e)
{
    if (strcmp(value, "local") == 0 || strcmp(value, "global") == 0)
        return 0;
    return err_invalid(e, "invalid filter scope=%s: it is local or global", value);
}

static int check_dangling(const char *value, struct err *e)
{
    bool unused;

    return parse_bool(value, "filter dangling", &unused, e);
}

static const struct kind {
    const char *name;
    bool (*match)(const struct network_filters *f, const struct network *n, const char *value);
    int (*check)(const char *value, struct err *e);
    bool all; /* every one of this kind must match */
} kinds[] = {
    {"driver", match_driver, check_driver, false},
    {"id", match_id, NULL, false},
    {"label", match_label, NULL, true},
    {"name", match_name, NULL, false},
    {"scope", match_scope, check_scope, false},
    {"type", match_type, check_type, false},
    {"dangling", match_dangling, check_dangling, false},
};

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
    return err_invalid(e,
                       "invalid filter \"%s\": it is driver=, id=, label=, name=, scope=, type= or dangling=", filter);
}

int network_filters_check(char *const *filters, struct err *e)
{
    int r = 0;

    STRV_FOREACH (filter, filters) {
        if (r == 0)
            r = check_one(*filter, e);
    }
    return r;
}

bool network_filters_need_use(char *const *filters)
{
    STRV_FOREACH (filter, filters) {
        if (strncmp(*filter, "dangling=", strlen("dangling=")) == 0)
            return true;
    }
    return false;
}

static bool kind_matches(const struct kind *k, const struct network_filters *f, const struct network *n)
{
    size_t n_asked = 0, n_matched = 0;

    STRV_FOREACH (filter, f->filters) {
        const char *value = value_of(k, *filter);

        n_asked += value != NULL;
        n_matched += value && k->match(f, n, value);
    }
    return k->all ? n_matched == n_asked : n_asked == 0 || n_matched > 0;
}

bool network_filters_match(const struct network_filters *f, const struct network *n)
{
    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
        if (!kind_matches(&kinds[i], f, n))
            return false;
    return true;
}

/* ---- rows ---- */

static void add_bool(json_object *row, const char *key, bool value)
{
    json_add_str(row, key, value ? "true" : "false");
}

int network_view_row(const struct network *n, bool no_trunc, json_object **ret, struct err *e)
{
    _cleanup_free_ char *labels = strv_join(n->labels, ",");
    char id[NETWORK_ID_LEN + 1];
    json_object *row;

    if (!labels)
        return err_set(e, ERR_SYS, ENOMEM, "list networks");
    (void)snprintf(id, sizeof(id), "%.*s", no_trunc ? NETWORK_ID_LEN : SHORT_ID_LEN, n->id);
    row = json_object_new_object();
    json_add_str(row, "CreatedAt", n->created ? human_time(n->created).text : "N/A");
    json_add_str(row, "Driver", network_driver_name(n->driver));
    json_add_str(row, "ID", id);
    add_bool(row, "IPv4", true);
    add_bool(row, "IPv6", n->ipv6);
    add_bool(row, "Internal", n->internal);
    json_add_str(row, "Labels", labels);
    json_add_str(row, "Name", n->name);
    json_add_str(row, "Scope", scope_of(n));
    *ret = row;
    return 0;
}
