#include <string.h>
#include <unistd.h>

#include "base/strbuf.h"
#include "cli/command.h"

#define CONTAINER "[OPTIONS] CONTAINER"
#define CONTAINERS "[OPTIONS] CONTAINER [CONTAINER...]"
#define RUN "[OPTIONS] IMAGE|IMAGE.tar [COMMAND] [ARG...]"

const struct command commands[] = {
    {"run", "container", "run", cmd_run, RUN, "Create and start a container", COMMAND_RUNS_PAYLOAD},
    {"exec", "container", "exec", cmd_exec, CONTAINER " COMMAND [ARG...]", "Run a command in a running container",
     COMMAND_RUNS_PAYLOAD},
    {"ps", "container", "ls", cmd_ps, "[OPTIONS]", "List containers", 0},
    {"logs", "container", "logs", cmd_logs, CONTAINER, "Show what a container printed", 0},
    {"create", "container", "create", cmd_create, RUN, "Create a container without starting it", COMMAND_RUNS_PAYLOAD},
    {"start", "container", "start", cmd_start, CONTAINERS, "Start stopped containers", COMMAND_RUNS_PAYLOAD},
    {"attach", "container", "attach", cmd_attach, CONTAINER, "Join a running container's terminal or streams",
     COMMAND_RUNS_PAYLOAD},
    {"stop", "container", "stop", cmd_stop, CONTAINERS, "Stop running containers", 0},
    {"restart", "container", "restart", cmd_restart, CONTAINERS, "Stop and start containers", 0},
    {"kill", "container", "kill", cmd_kill, CONTAINERS, "Send a signal to running containers", 0},
    {"rm", "container", "rm", cmd_rm, CONTAINERS, "Remove containers", 0},
    {"rename", "container", "rename", cmd_rename, "CONTAINER NEW_NAME", "Rename a container", 0},
    {"wait", "container", "wait", cmd_wait, "CONTAINER [CONTAINER...]",
     "Wait until containers end, print their statuses", 0},
    {"inspect", "container", "inspect", cmd_inspect, "[OPTIONS] NAME|ID [NAME|ID...]",
     "Show all that is known of containers, images and networks", 0},
    {"top", "container", "top", cmd_top, "CONTAINER", "Show the processes of a container", 0},
    {"ns", NULL, NULL, cmd_ns, "[OPTIONS] [CONTAINER]", "Show namespaces: whose they are and who shares them", 0},
    {"network", NULL, NULL, cmd_group, "COMMAND", "Create, list, connect and remove networks", COMMAND_GROUP},
    {"port", "container", "port", cmd_port, "[OPTIONS] [CONTAINER [PORT[/PROTOCOL]]]",
     "Show which ports are reachable from where; publish further ones", 0},
    {"images", "image", "ls", cmd_images, "[OPTIONS] [NAME]", "List images", 0},
    {"load", "image", "load", cmd_load, "[OPTIONS]", "Load images from a tar archive", 0},
    {"rmi", "image", "rm", cmd_rmi, "[OPTIONS] IMAGE [IMAGE...]", "Remove images", 0},
    {"info", "system", "info", cmd_info, "[OPTIONS]", "Show this machine as the engine sees it", 0},
    {"version", NULL, NULL, cmd_version, "[OPTIONS]", "Show the version", 0},
    {"network create", "network", "create", cmd_network_create, "[OPTIONS] NETWORK", "Create a network",
     COMMAND_GROUPED},
    {"network ls", "network", "ls", cmd_network_ls, "[OPTIONS]", "List networks", COMMAND_GROUPED},
    {"network inspect", "network", "inspect", cmd_network_inspect, "[OPTIONS] NETWORK [NETWORK...]",
     "Show all that is known of networks, and who is on them", COMMAND_GROUPED},
    {"network rm", "network", "rm", cmd_network_rm, "[OPTIONS] NETWORK [NETWORK...]", "Remove networks",
     COMMAND_GROUPED},
    {"network prune", "network", "prune", cmd_network_prune, "[OPTIONS]", "Remove all networks that no container uses",
     COMMAND_GROUPED},
    {"network connect", "network", "connect", cmd_network_connect, "[OPTIONS] NETWORK CONTAINER",
     "Connect a container to a network, running or not", COMMAND_GROUPED},
    {"network disconnect", "network", "disconnect", cmd_network_disconnect, "[OPTIONS] NETWORK CONTAINER",
     "Take a container off a network", COMMAND_GROUPED},
    {"container", NULL, NULL, cmd_group, "COMMAND", "Manage containers", COMMAND_GROUP | COMMAND_HIDDEN},
    {"image", NULL, NULL, cmd_group, "COMMAND", "Manage images", COMMAND_GROUP | COMMAND_HIDDEN},
    {"system", NULL, NULL, cmd_group, "COMMAND", "Show the machine", COMMAND_GROUP | COMMAND_HIDDEN},
    {"_base", NULL, NULL, cmd_base, "RUN_ROOT", "Hold an unprivileged user's namespaces open", COMMAND_HIDDEN},
    {"_reap", NULL, NULL, cmd_reap, "ID", "Finish a container that ended while nobody watched", COMMAND_HIDDEN},
    {0},
};

static const struct {
    const char *group, *word, *command;
} group_aliases[] = {
    {"container", "list", "ps"},       {"container", "ps", "ps"},
    {"container", "remove", "rm"},     {"image", "list", "images"},
    {"image", "rmi", "rmi"},           {"image", "inspect", "inspect"},
    {"network", "list", "network ls"}, {"network", "remove", "network rm"},
};

static const struct command *by_name(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

static bool is_in_group(const struct command *c, const char *group)
{
    return c->group && strcmp(c->group, group) == 0;
}

static const struct command *by_group(const char *group, const char *word)
{
    for (const struct command *c = commands; c->name; c++)
        if (is_in_group(c, group) && strcmp(c->group_name, word) == 0)
            return c;
    for (size_t i = 0; i < ARRAY_SIZE(group_aliases); i++)
        if (strcmp(group_aliases[i].group, group) == 0 && strcmp(group_aliases[i].word, word) == 0)
            return by_name(group_aliases[i].command);
    return NULL;
}

/* What can be the first word after sampan, and is shown. */
static bool is_first_word(const struct command *c)
{
    return !(c->flags & (COMMAND_HIDDEN | COMMAND_GROUPED));
}

static void unknown(const char *group, const char *word, struct err *e)
{
    const char *names[ARRAY_SIZE(commands) + 1] = {NULL};
    const char *near = NULL;
    size_t n = 0;

    for (const struct command *c = commands; c->name; c++) {
        if (!group && is_first_word(c))
            names[n++] = c->name;
        else if (group && is_in_group(c, group))
            names[n++] = c->group_name;
    }
    near = options_nearest(word, names);
    err_invalid(e, "unknown command \"%s%s%s\"%s%s%s; see 'sampan %s%s--help'", group ? group : "", group ? " " : "",
                word, near ? ", did you mean \"" : "", near ? near : "", near ? "\"?" : "", group ? group : "",
                group ? " " : "");
}

const struct command *command_find(int argc, char **argv, int *ret_first, struct err *e)
{
    const struct command *c = by_name(argv[0]);

    *ret_first = 0;
    if (!c)
        unknown(NULL, argv[0], e);
    if (!c || !(c->flags & COMMAND_GROUP) || argc < 2 || argv[1][0] == '-')
        return c;
    *ret_first = 1;
    c = by_group(argv[0], argv[1]);
    if (!c)
        unknown(argv[0], argv[1], e);
    return c;
}

void command_print_overview(void)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(16384);

    strbuf_adds(&sb, "Usage: sampan [--root DIR] [--run-root DIR] [--debug] COMMAND\n\n"
                     "Containers on Linux namespaces, without a daemon.\n\nCommands:\n");
    for (const struct command *c = commands; c->name; c++)
        if (is_first_word(c))
            strbuf_addf(&sb, "  %-10s %s\n", c->name, c->summary);
    strbuf_adds(&sb, "\nGlobal options:\n"
                     "      --root DIR       What lasts: images, volumes, stopped containers (/var/lib/sampan)\n"
                     "      --run-root DIR   What ends with the machine: running containers (/run/sampan)\n"
                     "      --debug          Say on standard error what the engine does\n"
                     "  -v, --version        Show the version\n\n"
                     "'sampan COMMAND --help' says more about a command. A first one: sampan run --rm -it busybox\n");
    dprintf(STDOUT_FILENO, "%s", strbuf_str(&sb));
}

static void describe_group(const char *group, struct strbuf *sb)
{
    strbuf_adds(sb, "\nCommands:\n");
    for (const struct command *c = commands; c->name; c++)
        if (is_in_group(c, group))
            strbuf_addf(sb, "  %-10s %s\n", c->group_name, c->summary);
    strbuf_addf(sb, "\n'sampan %s COMMAND --help' says more about a command.\n", group);
}

void command_print_help(const struct command *c, const struct option_def *options)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(65536);

    strbuf_addf(&sb, "Usage: sampan %s %s\n\n%s\n", c->name, c->arguments, c->summary);
    if (options && options->name) {
        strbuf_adds(&sb, "\nOptions:\n");
        options_describe(options, &sb);
    }
    if (c->flags & COMMAND_GROUP)
        describe_group(c->name, &sb);
    dprintf(STDOUT_FILENO, "%s", strbuf_str(&sb));
}

static int check_count(const struct command *c, int n, int min_args, int max_args, struct err *e)
{
    if (n < min_args)
        return err_invalid(e, "\"sampan %s\" needs %s %d argument%s\n\nUsage: sampan %s %s", c->name,
                           max_args == min_args ? "exactly" : "at least", min_args, min_args == 1 ? "" : "s", c->name,
                           c->arguments);
    if (max_args >= 0 && n > max_args)
        return err_invalid(e, "\"sampan %s\" takes %s %d argument%s, got %d\n\nUsage: sampan %s %s", c->name,
                           max_args == min_args ? "exactly" : "at most", max_args, max_args == 1 ? "" : "s", n, c->name,
                           c->arguments);
    return 0;
}

int command_parse(const char *name, const struct option_def *options, int argc, char **argv, unsigned flags,
                  int min_args, int max_args, int *ret_args, struct err *e)
{
    const struct command *c = by_name(name);
    bool help = false;
    int r = options_parse(options, argc, argv, flags, ret_args, &help, e);

    if (help) {
        command_print_help(c, options);
        return 1;
    }
    if (r < 0)
        return r;
    return check_count(c, argc - *ret_args, min_args, max_args, e);
}

int cmd_group(struct cli *cli, int argc, char **argv, struct err *e)
{
    const struct option_def options[] = {{0}};
    int args = 0;
    int r = command_parse(argv[0], options, argc, argv, 0, 0, 0, &args, e);

    (void)cli;
    if (r == 0)
        command_print_help(by_name(argv[0]), options);
    return r < 0 ? r : 0;
}
