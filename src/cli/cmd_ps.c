/* ps. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "cli/command.h"
#include "cli/container_row.h"
#include "cli/listing.h"
#include "engine/query.h"

struct ps {
    bool all, latest, quiet;
    int64_t last; /* -1: as many as there are */
    char *format;
    char **filters;
    struct row_options row;
};

static const struct listing_title titles[] = {
    {"ID", "CONTAINER ID"},
    {"Image", "IMAGE"},
    {"Command", "COMMAND"},
    {"Names", "NAMES"},
    {"RunningFor", "CREATED"},
    {"CreatedAt", "CREATED AT"},
    {"Status", "STATUS"},
    {"State", "STATE"},
    {"Ports", "PORTS"},
    {"Labels", "LABELS"},
    {"Mounts", "MOUNTS"},
    {"Networks", "NETWORKS"},
    {"LocalVolumes", "LOCAL VOLUMES"},
    {"Isolation", "ISOLATION"},
    {NULL, NULL},
};

static const struct listing listing = {
    .titles = titles,
    .table = "{{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}",
};

static int parse_last(const char *value, void *target, struct err *e)
{
    return parse_int64(value, "--last", target, e);
}

static void release(struct ps *ps)
{
    free(ps->format);
    strv_free(ps->filters);
}

/* A state that is asked for is looked for everywhere. */
static bool filters_ask_for_all(char *const *filters)
{
    STRV_FOREACH (f, filters) {
        if (strncmp(*f, "status=", strlen("status=")) == 0)
            return true;
    }
    return false;
}

static int print_list(const struct ps *ps, const struct container_list *l, struct err *e)
{
    _cleanup_json_ json_object *rows = json_object_new_array();
    size_t n = ps->last >= 0 && (size_t)ps->last < l->n ? (size_t)ps->last : l->n;

    for (size_t i = 0; i < n; i++)
        json_object_array_add(rows, container_row(l->v[i], &ps->row));
    return listing_print(&listing, rows, ps->quiet ? "{{.ID}}" : ps->format, e);
}

static int list(struct cli *cli, const struct ps *ps, struct err *e)
{
    _cleanup_(container_list_release) struct container_list l = {0};
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int r = cli_engine(cli, &engine, e);

    if (r == 0)
        r = engine_list(&engine, ps->all || ps->last >= 0 || filters_ask_for_all(ps->filters), ps->filters, &l, e);
    return r < 0 ? r : print_list(ps, &l, e);
}

int cmd_ps(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(release) struct ps ps = {.last = -1, .row.now = timestamp_now()};
    const struct option_def options[] = {
        {"all", 'a', OPT_BOOL, &ps.all, NULL, "Show those that don't run too", NULL, false},
        {"filter", 'f', OPT_STRV, &ps.filters, "filter", "Show those that match (status=exited, name=x, label=k=v …)",
         NULL, false},
        {"format", 0, OPT_STRING, &ps.format, "string", "Print by a template, as a \"table TEMPLATE\", or as json",
         NULL, false},
        {"last", 'n', OPT_CALL, &ps.last, "int", "Show the last n that were created, in any state", parse_last, false},
        {"latest", 'l', OPT_BOOL, &ps.latest, NULL, "Show the one created last, in any state", NULL, false},
        {"no-trunc", 0, OPT_BOOL, &ps.row.no_trunc, NULL, "Don't shorten", NULL, false},
        {"quiet", 'q', OPT_BOOL, &ps.quiet, NULL, "Only ids", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("ps", options, argc, argv, 0, 0, 0, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    if (ps.latest)
        ps.last = 1;
    cli->engine.read_only = true;
    return list(cli, &ps, e);
}
