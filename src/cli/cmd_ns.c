/* ns: which namespaces there are, whose they are, and who shares them. */
#include "cli/command.h"
#include "cli/json_print.h"
#include "cli/ns_print.h"
#include "cli/output.h"

static const struct ns_report *host_of(const struct ns_report_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (!l->v[i].container)
            return &l->v[i];
    return NULL;
}

static const struct ns_report *container_of(const struct ns_report_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        if (l->v[i].container)
            return &l->v[i];
    return NULL;
}

static int print_all(const struct ns_report_list *l, bool json, struct err *e)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(OUTPUT_MAX);
    _cleanup_json_ json_object *o = json ? ns_overview_to_json(l) : NULL;

    if (json)
        json_print_pretty(o, &out);
    else
        ns_print_overview(l, &out);
    return output_write(&out, e);
}

static int print_one(const struct ns_report_list *l, bool json, struct err *e)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(OUTPUT_MAX);
    const struct ns_report *r = container_of(l);
    _cleanup_json_ json_object *o = json && r ? ns_report_to_json(r) : NULL;

    if (!r)
        return err_set(e, ERR_INTERNAL, 0, "the container's namespaces were not reported");
    if (json)
        json_print_pretty(o, &out);
    else
        ns_print_container(r, host_of(l), &out);
    return output_write(&out, e);
}

int cmd_ns(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(ns_report_list_release) struct ns_report_list l = {0};
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    bool json = false;
    const struct option_def options[] = {
        {"json", 0, OPT_BOOL, &json, NULL, "Print JSON", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("ns", options, argc, argv, 0, 0, 1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    cli->engine.read_only = true;
    r = cli_engine(cli, &engine, e);
    if (r == 0)
        r = engine_namespaces(&engine, argv[args], &l, e);
    if (r < 0)
        return r;
    return argv[args] ? print_one(&l, json, e) : print_all(&l, json, e);
}
