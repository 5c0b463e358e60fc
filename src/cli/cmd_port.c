/* port: what is published, who reaches what, and further ports for a container that runs. */
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "cli/command.h"
#include "cli/listing.h"
#include "cli/network_values.h"
#include "cli/output.h"
#include "cli/port_view.h"
#include "engine/networks.h"
#include "engine/query.h"

struct port {
    char **add, **remove;
    bool reach;
    char *format;
};

static void release(struct port *o)
{
    strv_free(o->add);
    strv_free(o->remove);
    free(o->format);
}

/* ---- --add, --remove ---- */

/* As a container that has no more than these ports. */
static int read_specs(struct container *ret, const char *option, char *const *specs, struct err *e)
{
    int r = 0;

    STRV_FOREACH (text, specs) {
        if (r == 0)
            r = publish_parse(ret, option, *text, e);
    }
    return r;
}

typedef int port_change(struct engine *en, const char *container, const struct port_binding *p, struct err *e);

static void undo(struct engine *engine, const char *container, const struct host_config *ports, size_t n,
                 port_change *fn)
{
    struct err ignored; /* what made it necessary is told */

    for (size_t i = 0; i < n; i++) {
        ignored = ERR_INIT;
        (void)fn(engine, container, &ports->ports[i], &ignored);
    }
}

/* All of them or none. */
static int change(struct engine *engine, const char *container, const struct host_config *ports, port_change *fn,
                  port_change *back, struct err *e)
{
    for (size_t i = 0; i < ports->n_ports; i++) {
        int r = fn(engine, container, &ports->ports[i], e);

        if (r < 0) {
            undo(engine, container, ports, i, back);
            return r;
        }
    }
    return 0;
}

/* A port that is taken back may be given again at once, so that one command can move it. */
static int change_ports(struct cli *cli, const struct port *o, const char *container, struct err *e)
{
    _cleanup_container_ struct container *less = container_new(), *more = container_new();
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int r = read_specs(less, "--remove", o->remove, e);

    if (r == 0)
        r = read_specs(more, "--add", o->add, e);
    if (r == 0)
        r = cli_engine(cli, &engine, e);
    if (r == 0)
        r = change(&engine, container, &less->host, engine_port_remove, engine_port_add, e);
    if (r < 0)
        return r;
    r = change(&engine, container, &more->host, engine_port_add, engine_port_remove, e);
    if (r < 0)
        undo(&engine, container, &less->host, less->host.n_ports, engine_port_add);
    return r;
}

/* ---- port CONTAINER [PORT] ---- */

static int print_ports(struct engine *engine, const char *ref, const char *private, struct err *e)
{
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(OUTPUT_MAX);
    _cleanup_container_ struct container *c = NULL;
    struct port_range only = {0};
    int r = private ? port_range_parse(private, &only, e) : 0;

    if (r == 0)
        r = engine_find(engine, ref, &c, e);
    if (r < 0)
        return r;
    if (port_view_lines(c, private ? &only : NULL, &out) == 0 && private)
        return err_not_found(e, "no public port '%u/%s' published for %s", only.first, net_protocol_name(only.protocol),
                             ref);
    return output_write(&out, e);
}

/* ---- port --reach [CONTAINER] ---- */

static const struct listing_title titles[] = {
    {"Container", "CONTAINER"}, {"Port", "PORT"},       {"Address", "ADDRESS"},
    {"From", "REACHABLE FROM"}, {"Network", "NETWORK"}, {NULL, NULL},
};

static const struct listing listing = {titles, "{{.Container}}\t{{.Port}}\t{{.Address}}\t{{.From}}"};

static int find_running(struct engine *engine, const char *ref, struct container_list *ret, struct err *e)
{
    struct container *c = NULL;
    int r;

    if (!ref)
        return engine_list(engine, false, NULL, ret, e);
    r = engine_find(engine, ref, &c, e);
    if (r < 0)
        return r;
    ret->v = calloc(1, sizeof(struct container *));
    if (!ret->v)
        abort();
    ret->v[ret->n++] = c;
    return c->state.status == CONTAINER_RUNNING ? 0 : err_conflict(e, "container %s is not running", ref);
}

static int print_reach(struct engine *engine, const char *ref, const char *format, struct err *e)
{
    _cleanup_(container_list_release) struct container_list l = {0};
    _cleanup_(net_config_release) struct net_config config = {0};
    _cleanup_networks_ struct network **networks = NULL;
    _cleanup_json_ json_object *rows = json_object_new_array();
    int r = find_running(engine, ref, &l, e);

    if (r == 0)
        r = net_config_load(&config, e);
    if (r == 0)
        r = engine_networks_list(engine, &networks, e);
    for (size_t i = 0; r == 0 && i < l.n; i++)
        port_view_reach(l.v[i], &config, networks, rows);
    return r < 0 ? r : listing_print(&listing, rows, format, e);
}

/* ---- */

static int show(struct cli *cli, const struct port *o, const char *container, const char *private, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int r;

    cli->engine.read_only = true;
    r = cli_engine(cli, &engine, e);
    if (r < 0)
        return r;
    return !container || o->reach ? print_reach(&engine, container, o->format, e)
                                  : print_ports(&engine, container, private, e);
}

static int check(const struct port *o, const char *container, const char *private, struct err *e)
{
    bool changes = o->add || o->remove;

    if (changes && !container)
        return err_invalid(e, "--add and --remove need a container: sampan port --add 8080:80 CONTAINER");
    if (private && (changes || o->reach))
        return err_invalid(e, "\"%s\" can't be combined with --add, --remove and --reach", private);
    if (o->format && container && !o->reach)
        return err_invalid(e, "--format needs --reach");
    return changes && o->reach ? err_invalid(e, "--reach only looks; use it after --add or --remove") : 0;
}

int cmd_port(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(release) struct port o = {0};
    const struct option_def options[] = {
        {"add", 0, OPT_STRV, &o.add, "list", "Publish a further port, as run -p does", NULL, false},
        {"format", 0, OPT_STRING, &o.format, "string", "With --reach: a template, a \"table TEMPLATE\", or json", NULL,
         false},
        {"reach", 0, OPT_BOOL, &o.reach, NULL, "Show who reaches what; of all containers where none is named", NULL,
         false},
        {"remove", 0, OPT_STRV, &o.remove, "list", "Take a published port back", NULL, false},
        {0},
    };
    const char *container, *private;
    int args = 0;
    int r = command_parse("port", options, argc, argv, 0, 0, 2, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    container = args < argc ? argv[args] : NULL;
    private = args + 1 < argc ? argv[args + 1] : NULL;
    r = check(&o, container, private, e);
    if (r < 0)
        return r;
    return o.add || o.remove ? change_ports(cli, &o, container, e) : show(cli, &o, container, private, e);
}
