/* network create, rm, connect, disconnect. Those that only look are in cmd_network_ls.c. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/parse.h"
#include "cli/command.h"
#include "cli/network_request.h"
#include "cli/network_values.h"
#include "engine/networks.h"

/* ---- create */

static int create(struct cli *cli, const struct network_request *q, const char *name, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    _cleanup_network_ struct network *n = NULL;
    int r = network_request_read(q, name, &n, e);

    if (r == 0)
        r = cli_engine(cli, &engine, e);
    if (r == 0)
        r = engine_network_create(&engine, n, e);
    if (r == 0)
        dprintf(STDOUT_FILENO, "%s\n", n->id);
    return r;
}

static int parse_ipv4(const char *value, void *target, struct err *e)
{
    bool *no_ipv4 = target, on = true;
    int r = value ? parse_bool(value, "--ipv4", &on, e) : 0;

    *no_ipv4 = !on;
    return r;
}

int cmd_network_create(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(network_request_release) struct network_request q = {0};
    const struct option_def options[] = {
        {"attachable", 0, OPT_BOOL, &q.attachable, NULL, "Allow containers (all networks do: for Docker's habits)",
         NULL, false},
        {"aux-address", 0, OPT_STRV, &q.aux, "map", "Address that is never given out (NAME=ADDRESS)", NULL, false},
        {"disable-dns", 0, OPT_BOOL, &q.disable_dns, NULL, "No names on this network", NULL, false},
        {"driver", 'd', OPT_STRING, &q.driver, "string", "Kind of network: bridge, macvlan, ipvlan, overlay (bridge)",
         NULL, false},
        {"egress", 0, OPT_STRV, &q.egress, "list", "Whom its containers may reach: deny, allow=HOST[:PORT[/PROTOCOL]]",
         NULL, false},
        {"gateway", 0, OPT_STRV, &q.gateways, "ip", "Gateway's address in a subnet", NULL, false},
        {"internal", 0, OPT_BOOL, &q.internal, NULL, "No way to or from the world outside", NULL, false},
        {"ip-range", 0, OPT_STRV, &q.ranges, "prefix", "Give out addresses of this part of a subnet only", NULL, false},
        {"ipam-driver", 0, OPT_STRING, &q.ipam_driver, "string", "Who gives out addresses: only \"default\"", NULL,
         false},
        {"ipv4", 0, OPT_CALL, &q.no_ipv4, NULL, "IPv4: always on", parse_ipv4, true},
        {"ipv6", 0, OPT_BOOL, &q.ipv6, NULL, "IPv6 as well", NULL, false},
        {"label", 0, OPT_STRV, &q.labels, "list", "Set a label", NULL, false},
        {"opt", 'o', OPT_STRV, &q.options, "map", "Option of the driver (KEY=VALUE)", NULL, false},
        {"subnet", 0, OPT_STRV, &q.subnets, "prefix", "Subnet (10.1.0.0/24); one of each family; without it a free one",
         NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("network create", options, argc, argv, 0, 1, 1, &args, e);

    return r != 0 ? (r < 0 ? r : 0) : create(cli, &q, argv[args], e);
}

/* ---- rm */

struct removal {
    struct engine *engine;
    bool force;
};

/* With --force a network that does not exist is no mistake, as for rm(1). */
static int remove_one(const char *ref, void *data, struct err *e)
{
    struct removal *removal = data;
    int r = engine_network_remove(removal->engine, ref, e);

    if (r < 0 && removal->force && e->kind == ERR_NOT_FOUND)
        return 0;
    if (r == 0)
        dprintf(STDOUT_FILENO, "%s\n", ref);
    return r;
}

int cmd_network_rm(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    struct removal removal = {.engine = &engine};
    const struct option_def options[] = {
        {"force", 'f', OPT_BOOL, &removal.force, NULL, "One that does not exist is no mistake", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("network rm", options, argc, argv, 0, 1, -1, &args, e);

    if (r == 0)
        r = cli_engine(cli, &engine, e);
    else if (r > 0)
        return 0;
    return r < 0 ? r : cli_for_each(argv + args, remove_one, &removal);
}

/* ---- connect, disconnect */

int cmd_network_connect(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(endpoint_config_release) struct endpoint_config o = {0};
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    const struct option_def options[] = {
        {"alias", 0, OPT_STRV, &o.aliases, "list", "Further name of the container on this network", NULL, false},
        {"driver-opt", 0, OPT_CALL, &o, "list", "Option of the driver (KEY=VALUE)", value_endpoint_driver_opt, false},
        {"gw-priority", 0, OPT_CALL, &o, "int", "The network with the highest has the default route (0)",
         value_endpoint_gw_priority, false},
        {"ip", 0, OPT_STRING, &o.ip, "ip", "IPv4 address (172.30.100.104)", NULL, false},
        {"ip6", 0, OPT_STRING, &o.ip6, "ip", "IPv6 address (2001:db8::33)", NULL, false},
        {"link", 0, OPT_CALL, NULL, "list", NULL, value_link, false},
        {"mac-address", 0, OPT_STRING, &o.mac, "string", "Hardware address (02:42:ac:11:00:05)", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("network connect", options, argc, argv, 0, 2, 2, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = cli_engine(cli, &engine, e);
    return r < 0 ? r : engine_network_connect(&engine, argv[args], argv[args + 1], &o, e);
}

int cmd_network_disconnect(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    bool force = false;
    const struct option_def options[] = {
        {"force", 'f', OPT_BOOL, &force, NULL, "Take it off even where its interface is gone already", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse("network disconnect", options, argc, argv, 0, 2, 2, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    r = cli_engine(cli, &engine, e);
    return r < 0 ? r : engine_network_disconnect(&engine, argv[args], argv[args + 1], force, e);
}
