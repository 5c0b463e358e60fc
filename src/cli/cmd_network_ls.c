/* network ls, inspect, prune. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/strv.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/network_view.h"
#include "engine/networks.h"
#include "engine/query.h"

/* ---- ls ---- */

struct ls {
    bool no_trunc, quiet;
    char *format;
    char **filters;
};

static const struct listing_title titles[] = {
    {"ID", "NETWORK ID"}, {"Name", "NAME"},         {"Driver", "DRIVER"}, {"Scope", "SCOPE"},          {"IPv4", "IPV4"},
    {"IPv6", "IPV6"},     {"Internal", "INTERNAL"}, {"Labels", "LABELS"}, {"CreatedAt", "CREATED AT"}, {NULL, NULL},
};

static const struct listing listing = {titles, "{{.ID}}\t{{.Name}}\t{{.Driver}}\t{{.Scope}}"};

/* The names that containers refer to, running or not. */
static int find_used(struct engine *engine, char ***ret, struct err *e)
{
    _cleanup_(container_list_release) struct container_list l = {0};
    int r = engine_list(engine, true, NULL, &l, e);

    for (size_t i = 0; r == 0 && i < l.n; i++)
        for (size_t j = 0; r == 0 && j < l.v[i]->n_endpoints; j++)
            r = strv_add(ret, l.v[i]->endpoints[j].network, e);
    return r;
}

static int print_list(const struct ls *o, struct network **networks, char **used, struct err *e)
{
    _cleanup_json_ json_object *rows = json_object_new_array();
    const struct network_filters filters = {.filters = o->filters, .used = used};
    int r = 0;

    for (struct network **n = networks; r == 0 && *n; n++) {
        json_object *row = NULL;

        if (!network_filters_match(&filters, *n))
            continue;
        r = network_view_row(*n, o->no_trunc, &row, e);
        if (r == 0)
            json_object_array_add(rows, row);
    }
    return r < 0 ? r : listing_print(&listing, rows, o->quiet ? "{{.ID}}" : o->format, e);
}

static int list(struct cli *cli, const struct ls *o, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_networks_ struct network **networks = NULL;
    _cleanup_strv_ char **used = NULL;
    int r = network_filters_check(o->filters, e);

    if (r == 0)
        r = cli_engine(cli, &engine, e);
    if (r == 0)
        r = engine_networks_list(&engine, &networks, e);
    if (r == 0 && network_filters_need_use(o->filters))
        r = find_used(&engine, &used, e);
    return r < 0 ? r : print_list(o, networks, used, e);
}

static void ls_release(struct ls *o)
{
    free(o->format);
    strv_free(o->filters);
}

int cmd_network_ls(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(ls_release) struct ls o = {0};
    const struct option_def options[] = {
        {"filter", 'f', OPT_STRV, &o.filters, "filter", "Show those that match (driver=bridge, name=x, label=k=v …)",
         NULL, false},
        {"format", 0, OPT_STRING, &o.format, "string", "Print by a template, as a \"table TEMPLATE\", or as json", NULL,
         false},
        {"no-trunc", 0, OPT_BOOL, &o.no_trunc, NULL, "Don't shorten", NULL, false},
        {"quiet", 'q', OPT_BOOL, &o.quiet, NULL, "Only ids", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("network ls", options, argc, argv, 0, 0, 0, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    cli->engine.read_only = true;
    return list(cli, &o, e);
}

/* ---- inspect ---- */

struct inspect {
    struct engine *engine;
    json_object *found; /* array */
};

static int inspect_one(const char *ref, void *data, struct err *e)
{
    _cleanup_network_ struct network *n = NULL;
    struct inspect *in = data;
    json_object *o = NULL;
    int r = engine_network_find(in->engine, ref, &n, e);

    if (r == 0)
        r = engine_network_inspect(in->engine, n, &o, e);
    if (r == 0)
        json_object_array_add(in->found, o);
    return r;
}

int cmd_network_inspect(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_json_ json_object *found = json_object_new_array();
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_free_ char *format = NULL;
    struct inspect in = {.engine = &engine, .found = found};
    const struct option_def options[] = {
        {"format", 'f', OPT_STRING, &format, "string", "Print by a template, or as json on one line", NULL, false},
        {"verbose", 'v', OPT_BOOL, &(bool){false}, NULL, "Show all (always so: for Docker's habits)", NULL, false},
        {0},
    };
    int args = 0, status;
    int r = command_parse("network inspect", options, argc, argv, 0, 1, -1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    cli->engine.read_only = true;
    r = cli_engine(cli, &engine, e);
    if (r < 0)
        return r;
    status = cli_for_each(argv + args, inspect_one, &in);
    r = listing_print_objects(found, format, e);
    return r < 0 ? r : status;
}

/* ---- prune ---- */

static const char prune_warning[] =
    "WARNING! This will remove all custom networks not used by at least one container.\n"
    "Are you sure you want to continue? [y/N] ";

/* Anything but y is no, and so is the end of the input. */
static bool is_confirmed(void)
{
    char answer[16] = "";

    dprintf(STDOUT_FILENO, "%s", prune_warning);
    return fgets(answer, sizeof(answer), stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int prune(struct cli *cli, char *const *filters, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_strv_ char **names = NULL;
    int r = cli_engine(cli, &engine, e);

    if (r == 0)
        r = engine_network_prune(&engine, filters, &names, e);
    if (r == 0 && strv_len(names) > 0)
        dprintf(STDOUT_FILENO, "Deleted Networks:\n");
    STRV_FOREACH (name, names)
        dprintf(STDOUT_FILENO, "%s\n", *name);
    return r;
}

int cmd_network_prune(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_strv_ char **filters = NULL;
    bool force = false;
    const struct option_def options[] = {
        {"filter", 0, OPT_STRV, &filters, "filter", "Only those that match (label=KEY[=VALUE], until=24h)", NULL,
         false},
        {"force", 'f', OPT_BOOL, &force, NULL, "Don't ask", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("network prune", options, argc, argv, 0, 0, 0, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    return force || is_confirmed() ? prune(cli, filters, e) : 0;
}
