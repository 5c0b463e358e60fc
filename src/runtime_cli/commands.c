#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "runtime_cli/command.h"

/* As runc: a failed exec must not look like a status of the payload's. */
enum { FAILED = 1, FAILED_EXEC = 255 };

#define ID "CONTAINER"
#define OPTIONS_ID "[OPTIONS] CONTAINER"

const struct command commands[] = {
    {"create", cmd_create, OPTIONS_ID, "Create a container from a bundle; it waits for start", FAILED, true},
    {"start", cmd_start, ID, "Let a created container run its program", FAILED, false},
    {"run", cmd_run, OPTIONS_ID, "Create and start a container", FAILED, true},
    {"exec", cmd_exec, "[OPTIONS] CONTAINER COMMAND [ARG...]", "Run a further program in a container", FAILED_EXEC,
     true},
    {"state", cmd_state, ID, "Print a container's state as JSON", FAILED, false},
    {"list", cmd_list, "[OPTIONS]", "List the containers below --root", FAILED, false},
    {"ps", cmd_ps, "[OPTIONS] CONTAINER [PS OPTION...]", "List the processes of a container", FAILED, false},
    {"kill", cmd_kill, "[OPTIONS] CONTAINER [SIGNAL]", "Send a signal (TERM) to a container's first process", FAILED,
     false},
    {"delete", cmd_delete, OPTIONS_ID, "Remove what a stopped container holds", FAILED, false},
    {"pause", cmd_pause, ID, "Freeze all processes of a container", FAILED, false},
    {"resume", cmd_resume, ID, "Thaw them", FAILED, false},
    {"update", cmd_update, OPTIONS_ID, "Change a container's limits", FAILED, false},
    {"spec", cmd_spec, "[OPTIONS]", "Write a config.json to start from", FAILED, false},
    {"features", cmd_features, "", "Print what this runtime can do as JSON", FAILED, false},
    {0},
};

static const struct command *by_name(const char *name)
{
    for (const struct command *c = commands; c->name; c++)
        if (strcmp(c->name, name) == 0)
            return c;
    return NULL;
}

const struct command *command_find(const char *name, struct err *e)
{
    const char *names[ARRAY_SIZE(commands)] = {NULL};
    const struct command *c = by_name(name);
    const char *near;

    if (c)
        return c;
    for (size_t i = 0; commands[i].name; i++)
        names[i] = commands[i].name;
    near = options_nearest(name, names);
    err_invalid(e, "unknown command \"%s\"%s%s%s; see --help", name, near ? ", did you mean \"" : "", near ? near : "",
                near ? "\"?" : "");
    return NULL;
}

void command_print_overview(void)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(16384);

    strbuf_adds(&sb, "Usage: sampan-runtime [GLOBAL OPTIONS] COMMAND\n\n"
                     "Runs containers from OCI bundles, with the command line of runc and crun.\n\nCommands:\n");
    for (const struct command *c = commands; c->name; c++)
        strbuf_addf(&sb, "  %-10s %s\n", c->name, c->summary);
    strbuf_adds(&sb, "\nGlobal options:\n"
                     "      --root DIR           State of the containers (/run/sampan-runtime)\n"
                     "      --log FILE           Write errors to FILE as well\n"
                     "      --log-format FORMAT  text or json\n"
                     "      --debug              Say on standard error what is done\n"
                     "  -v, --version            Show the version\n\n"
                     "'sampan-runtime COMMAND --help' says more about a command.\n");
    dprintf(STDOUT_FILENO, "%s", strbuf_str(&sb));
}

static void print_help(const struct command *c, const struct option_def *options)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(65536);

    strbuf_addf(&sb, "Usage: sampan-runtime %s %s\n\n%s\n", c->name, c->arguments, c->summary);
    if (options->name) {
        strbuf_adds(&sb, "\nOptions:\n");
        options_describe(options, &sb);
    }
    dprintf(STDOUT_FILENO, "%s", strbuf_str(&sb));
}

int command_parse(const struct option_def *options, int argc, char **argv, unsigned flags, int min_args, int max_args,
                  int *ret_args, struct err *e)
{
    const struct command *c = by_name(argv[0]);
    bool help = false;
    int r = options_parse(options, argc, argv, flags, ret_args, &help, e);
    int n = argc - *ret_args;

    if (help) {
        print_help(c, options);
        return 1;
    }
    if (r < 0)
        return r;
    if (n < min_args || (max_args >= 0 && n > max_args))
        return err_invalid(e, "wrong number of arguments; usage: sampan-runtime %s %s", c->name, c->arguments);
    return 0;
}

int command_parse_id(int argc, char **argv, const char **ret_id, struct err *e)
{
    static const struct option_def none[] = {{0}};
    int args = 1;
    int r = command_parse(none, argc, argv, 0, 1, 1, &args, e);

    *ret_id = argv[args];
    return r;
}

int option_preserve_fds(const char *value, void *target, struct err *e)
{
    enum { FDS_MAX = 1024 };
    uint64_t n = 0;
    int r = parse_uint64(value, "--preserve-fds", &n, e);

    if (r < 0)
        return r;
    if (n > FDS_MAX)
        return err_invalid(e, "--preserve-fds: at most %d", FDS_MAX);
    for (int fd = STDERR_FILENO + 1; fd <= STDERR_FILENO + (int)n; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            return err_invalid(e, "--preserve-fds %s: fd %d is not open", value, fd);
    *(unsigned *)target = (unsigned)n;
    return 0;
}

void print_json(json_object *o, bool pretty)
{
    int flags = JSON_C_TO_STRING_NOSLASHESCAPE | (pretty ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED : 0);

    dprintf(STDOUT_FILENO, "%s\n", json_object_to_json_string_ext(o, flags));
}
