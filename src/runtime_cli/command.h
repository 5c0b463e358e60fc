/*
 * The commands of OCI's runtime command line, as one table. A command gets its own words (argv[0] is its name), parses
 * them by an option table, and returns an exit status; or a negative value with e set, which main() reports once.
 *
 * Names, flags and outputs are runc's, so that what calls runc or crun (containerd, conmon and podman, docker) can call
 * this. Source: opencontainers/runtime-spec runtime.md; runc(8).
 */
#ifndef SAMPAN_RUNTIME_CLI_COMMAND_H
#define SAMPAN_RUNTIME_CLI_COMMAND_H

#include "base/err.h"
#include "base/options.h"

/* The version of the runtime specification that is implemented. */

struct command {
    const char *name;
    int (*run)(const char *root, int argc, char **argv, struct err *e); /* root: the directory of --root */
    const char *arguments;
    const char *summary;
    int failed;     /* exit status when it returned an error */
    bool is_sealed; /* makes processes in containers: runtime/security/sealed_program.h */
};

extern const struct command commands[]; /* ends with a NULL name */

/* NULL and e for a word that is no command. */
const struct command *command_find(const char *name, struct err *e);

/* Parses a command's options; 1 after it printed the help that --help asked for, and the command then returns 0.
 * The number of arguments behind them must be from min to max (-1: any). */
int command_parse(const struct option_def *options, int argc, char **argv, unsigned flags, int min_args, int max_args,
                  int *ret_args, struct err *e);

void command_print_overview(void);

/* For OPT_CALL: a count of inherited fds into an unsigned, all of which must be open. */
int option_preserve_fds(const char *value, void *target, struct err *e);

/* For commands whose only word is the container's id. */
int command_parse_id(int argc, char **argv, const char **ret_id, struct err *e);

/* A JSON value on stdout, laid out over lines or in one. */
struct json_object;
void print_json(struct json_object *o, bool pretty);

int cmd_create(const char *root, int argc, char **argv, struct err *e);
int cmd_start(const char *root, int argc, char **argv, struct err *e);
int cmd_run(const char *root, int argc, char **argv, struct err *e);
int cmd_exec(const char *root, int argc, char **argv, struct err *e);
int cmd_state(const char *root, int argc, char **argv, struct err *e);
int cmd_list(const char *root, int argc, char **argv, struct err *e);
int cmd_ps(const char *root, int argc, char **argv, struct err *e);
int cmd_kill(const char *root, int argc, char **argv, struct err *e);
int cmd_delete(const char *root, int argc, char **argv, struct err *e);
int cmd_pause(const char *root, int argc, char **argv, struct err *e);
int cmd_resume(const char *root, int argc, char **argv, struct err *e);
int cmd_update(const char *root, int argc, char **argv, struct err *e);
int cmd_spec(const char *root, int argc, char **argv, struct err *e);
int cmd_features(const char *root, int argc, char **argv, struct err *e);

#endif
