/* exec. */
#include <stdlib.h>

#include "base/strv.h"
#include "cli/command.h"
#include "cli/container_values.h"
#include "cli/foreground.h"
#include "engine/exec.h"

static void release(struct exec_options *o)
{
    strv_free(o->cmd);
    strv_free(o->env);
    free(o->user);
    free(o->working_dir);
    free(o->detach_keys);
}

static int exec_in(struct cli *cli, const char *ref, const struct exec_options *o, struct err *e)
{
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    struct engine_options where = cli->engine;
    where.defers_database = true;
    int status = 0;
    int r = engine_open(&where, &engine, e);

    foreground_measure(&engine);
    if (r == 0)
        r = engine_exec(&engine, ref, o, &status, e);
    return r < 0 ? r : status;
}

int cmd_exec(struct cli *cli, int argc, char **argv, struct err *e)
{
    _cleanup_(release) struct exec_options o = {0};
    const struct option_def options[] = {
        {"detach", 'd', OPT_BOOL, &o.detach, NULL, "Run it in the background", NULL, false},
        {"interactive", 'i', OPT_BOOL, &o.interactive, NULL, "Keep standard input open", NULL, false},
        {"tty", 't', OPT_BOOL, &o.tty, NULL, "Give it a terminal", NULL, false},
        {"env", 'e', OPT_CALL, &o.env, "list", "Set an environment variable; a name alone passes the present value",
         value_env_of_exec, false},
        {"user", 'u', OPT_STRING, &o.user, "string", "User name or id, and group (name|uid[:group|gid])", NULL, false},
        {"workdir", 'w', OPT_STRING, &o.working_dir, "string", "Working directory inside", NULL, false},
        {"privileged", 0, OPT_BOOL, &o.privileged, NULL, "Give it all the capabilities its namespaces allow", NULL,
         false},
        {"detach-keys", 0, OPT_STRING, &o.detach_keys, "string", "Keys that leave the terminal (ctrl-p,ctrl-q)", NULL,
         false},
        {0},
    };
    int args = 0;
    int r = command_parse("exec", options, argc, argv, OPTIONS_STOP_AT_ARG, 2, -1, &args, e);

    if (r == 0)
        r = foreground_check_terminal(o.tty, o.interactive && !o.detach, o.detach_keys, e);
    for (int i = args + 1; r == 0 && i < argc; i++)
        r = strv_add(&o.cmd, argv[i], e);
    if (r != 0)
        return r < 0 ? r : 0;
    return exec_in(cli, argv[args], &o, e);
}
