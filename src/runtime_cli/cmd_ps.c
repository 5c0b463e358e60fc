/* ps. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/process.h"
#include "base/strv.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime_cli/command.h"
#include "runtime_cli/instance.h"

struct pids {
    pid_t *v;
    size_t n;
};

static void pids_release(struct pids *p)
{
    free(p->v);
}

static bool pids_has(const struct pids *p, long pid)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->v[i] == pid)
            return true;
    return false;
}

static void print_pids(const struct pids *p)
{
    _cleanup_json_ json_object *array = json_object_new_array();

    for (size_t i = 0; i < p->n; i++)
        json_object_array_add(array, json_object_new_int(p->v[i]));
    print_json(array, false);
}

/* ---- the table: ps(1)'s own, of which the container's lines are kept */

static int start_ps(char *const *args, int *ret_output, struct process *p, struct err *e)
{
    static const char *const paths[] = {"/usr/bin/ps", "/bin/ps"};
    _cleanup_close_ int in = -1, out = -1;
    int pipe_fds[2];
    int r = -ENOENT;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return err_sys(e, "make a pipe");
    in = pipe_fds[1];
    out = pipe_fds[0];
    for (size_t i = 0; i < ARRAY_SIZE(paths) && r < 0; i++) {
        *p = (struct process){
            .path = paths[i], .argv = (const char *const *)args, .fds = {-1, in, STDERR_FILENO}, .n_fds = 3};
        r = process_start(p, e);
    }
    if (r == 0)
        *ret_output = TAKE_FD(out);
    return r;
}

/* The number of the column that the title line calls PID, from 0. */
static int find_pid_column(char *line)
{
    char *rest = NULL;
    int column = 0;

    for (char *word = strtok_r(line, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest), column++)
        if (strcmp(word, "PID") == 0)
            return column;
    return -1;
}

static long pid_in(char *line, int pid_column)
{
    char *rest = NULL;
    char *word = strtok_r(line, " \t\n", &rest);

    while (word && pid_column-- > 0)
        word = strtok_r(NULL, " \t\n", &rest);
    return word ? strtol(word, NULL, 10) : -1;
}

static int filter(FILE *table, const struct pids *pids, struct err *e)
{
    _cleanup_free_ char *line = NULL;
    size_t size = 0;
    int column = -1;

    for (bool is_title = true; getline(&line, &size, table) > 0; is_title = false) {
        _cleanup_free_ char *words = strdup(line);

        if (!words)
            return err_set(e, ERR_SYS, ENOMEM, "read what ps prints");
        if (is_title)
            column = find_pid_column(words);
        if (column < 0)
            return err_invalid(e, "ps: with these options it prints no PID column");
        if (is_title || pids_has(pids, pid_in(words, column)))
            fputs(line, stdout);
    }
    fflush(stdout);
    return 0;
}

static int print_table(const struct pids *pids, char *const *options, struct err *e)
{
    _cleanup_strv_ char **args = NULL;
    _cleanup_close_ int output = -1;
    struct process p = {0};
    int status = 0;
    int r = strv_add(&args, "ps", e);

    STRV_FOREACH (option, options)
        r = r < 0 ? r : strv_add(&args, *option, e);
    if (r == 0 && !*options)
        r = strv_add(&args, "-ef", e);
    if (r == 0)
        r = start_ps(args, &output, &p, e);
    if (r < 0)
        return r;

    FILE *table = fdopen(output, "r");

    r = table ? filter(table, pids, e) : err_sys(e, "read what ps prints");
    if (table) {
        TAKE_FD(output);
        fclose(table); /* a ps that is not done ends by SIGPIPE */
    }
    if (process_wait(&p, &status, r < 0 ? NULL : e) < 0 && r == 0)
        r = err_to_errno(e);
    fd_close(&p.pidfd);
    return r < 0 ? r : status;
}

static int list(const char *root, const char *id, const char *format, char *const *options, struct err *e)
{
    _cleanup_instance_ struct instance i = INSTANCE_INIT;
    _cleanup_(pids_release) struct pids pids = {0};
    int r = instance_open(root, id, false, &i, e);

    if (r == 0)
        r = cgroup_pids(i.record.cgroup, &pids.v, &pids.n, e);
    if (r < 0)
        return r;
    if (strcmp(format, "table") == 0)
        return print_table(&pids, options, e);
    if (strcmp(format, "json") != 0)
        return err_invalid(e, "--format: \"%s\" is not table or json", format);
    print_pids(&pids);
    return 0;
}

int cmd_ps(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_free_ char *format = NULL;
    const struct option_def options[] = {
        {"format", 'f', OPT_STRING, &format, "format", "table or json", NULL, false},
        {0},
    };
    int args = 0;
    int r = command_parse(options, argc, argv, OPTIONS_STOP_AT_ARG, 1, -1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    return list(root, argv[args], format ? format : "table", argv + args + 1, e);
}
