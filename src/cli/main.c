/* sampan: the command line. Global options, then a command of the table in commands.c. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/command.h"
#include "cli/exit_status.h"

struct globals {
    char *root, *run_root;
    bool debug, version;
};

static int parse_globals(int argc, char **argv, struct globals *g, int *ret_args, bool *ret_help, struct err *e)
{
    const struct option_def options[] = {
        {"root", 0, OPT_STRING, &g->root, "dir", "Directory of what lasts", NULL, false},
        {"run-root", 0, OPT_STRING, &g->run_root, "dir", "Directory of running containers", NULL, false},
        {"debug", 'D', OPT_BOOL, &g->debug, NULL, "Say what the engine does", NULL, false},
        {"version", 'v', OPT_BOOL, &g->version, NULL, "Show the version", NULL, false},
        {0},
    };

    return options_parse(options, argc, argv, OPTIONS_STOP_AT_ARG, ret_args, ret_help, e);
}

/* One sentence for the user; it may be followed by the usage, after an empty line. */
static int print_error(const struct err *e, bool runs_payload)
{
    dprintf(STDERR_FILENO, "sampan: %s\n", e->text);
    return runs_payload ? exit_status_of(e) : EXIT_STATUS_FAILURE;
}

static int run_command(struct cli *cli, int argc, char **argv)
{
    struct err e = ERR_INIT;
    const struct command *c;
    int first = 0, r;

    c = command_find(argc, argv, &first, &e);
    if (!c) {
        print_error(&e, false);
        return EXIT_STATUS_ENGINE;
    }
    r = c->run(cli, argc - first, argv + first, &e);
    return r < 0 ? print_error(&e, c->flags & COMMAND_RUNS_PAYLOAD) : r;
}

int main(int argc, char **argv)
{
    struct globals g = {0};
    struct err e = ERR_INIT;
    bool help = false;
    int args = 0;

    log_init("sampan", LOG_LEVEL_WARNING);
    umask(022);
    if (parse_globals(argc, argv, &g, &args, &help, &e) < 0) {
        print_error(&e, false);
        return EXIT_STATUS_ENGINE;
    }
    if (g.debug)
        log_init("sampan", LOG_LEVEL_DEBUG);
    if (g.version) {
        dprintf(STDOUT_FILENO, "sampan version %s\n", SAMPAN_VERSION);
        return 0;
    }
    if (help || args >= argc || strcmp(argv[args], "help") == 0) {
        command_print_overview();
        return 0;
    }
    struct cli cli = {.engine = {.root = g.root, .run_root = g.run_root}};
    return run_command(&cli, argc - args, argv + args);
}
