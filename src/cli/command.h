/*
 * The commands as one table. A command gets its own words (argv[0] is its name), parses them by an option table, does its
 * work through the engine, and returns an exit status; or a negative value with e set, which main() prints once.
 */
#ifndef SAMPAN_CLI_COMMAND_H
#define SAMPAN_CLI_COMMAND_H

#include <stdbool.h>

#include "base/err.h"
#include "base/options.h"
#include "engine/engine.h"

struct cli {
    struct engine_options engine; /* of --root and --run-root */
};

enum command_flags {
    COMMAND_RUNS_PAYLOAD = 1 << 0, /* failures exit with 125, 126, 127 */
    COMMAND_HIDDEN = 1 << 1,
    COMMAND_GROUP = 1 << 2,   /* the first of two words: `sampan network` */
    COMMAND_GROUPED = 1 << 3, /* reachable as `sampan GROUP group_name` only; the name is both words */
};

struct command {
    const char *name;
    const char *group; /* also reachable as `sampan GROUP group_name`: `container ls` */
    const char *group_name;
    int (*run)(struct cli *cli, int argc, char **argv, struct err *e);
    const char *arguments; /* "[OPTIONS] IMAGE [COMMAND] [ARG...]" */
    const char *summary;
    unsigned flags;
};

extern const struct command commands[]; /* ends with a NULL name */

/* The command that argv (after the global options) names, and where its own words start; or e. */
const struct command *command_find(int argc, char **argv, int *ret_first, struct err *e);

/* For a command's options: parses; 1 after it printed the help that --help asked for, and the command then returns 0.
 * The number of arguments that follow the options must be from min to max (-1: any). */
int command_parse(const char *name, const struct option_def *options, int argc, char **argv, unsigned flags,
                  int min_args, int max_args, int *ret_args, struct err *e);

void command_print_help(const struct command *c, const struct option_def *options);
void command_print_overview(void);

/* The engine's handle for a command, recovered first: what a crash left is gone before the command looks. */
int cli_engine(const struct cli *cli, struct engine *ret, struct err *e);
#define _cleanup_engine_ _cleanup_(engine_close)

/* Calls fn for each argument; prints what it returned an error for and goes on. The exit status. */
int cli_for_each(char **args, int (*fn)(const char *arg, void *data, struct err *e), void *data);

int cmd_run(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_create(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_start(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_attach(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_exec(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_ps(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_logs(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_stop(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_restart(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_kill(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_rm(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_rename(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_wait(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_inspect(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_top(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_images(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_load(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_rmi(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_ns(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_info(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_version(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_port(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_network_create(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_network_ls(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_network_inspect(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_network_rm(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_network_prune(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_network_connect(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_network_disconnect(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_group(struct cli *cli, int argc, char **argv, struct err *e); /* `sampan network`: says what it has */
int cmd_base(struct cli *cli, int argc, char **argv, struct err *e);
int cmd_reap(struct cli *cli, int argc, char **argv, struct err *e);

#endif
