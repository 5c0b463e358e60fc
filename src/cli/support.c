#include <stdio.h>
#include <unistd.h>

#include "cli/command.h"
#include "cli/exit_status.h"

int cli_engine(const struct cli *cli, struct engine *ret, struct err *e)
{
    int r = engine_open(&cli->engine, ret, e);

    if (r == 0)
        engine_recover(ret);
    return r;
}

int cli_for_each(char **args, int (*fn)(const char *arg, void *data, struct err *e), void *data)
{
    int status = 0;

    for (; *args; args++) {
        struct err e = ERR_INIT;

        if (fn(*args, data, &e) >= 0)
            continue;
        dprintf(STDERR_FILENO, "sampan: %s\n", e.text);
        status = EXIT_STATUS_FAILURE;
    }
    return status;
}
