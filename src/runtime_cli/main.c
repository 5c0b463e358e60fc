/* sampan-runtime: the runtime behind OCI's command line. Global options, then a command of the table in commands.c. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "runtime/security/sealed_program.h"
#include "runtime/spec.h"
#include "runtime_cli/command.h"
#include "runtime_cli/paths.h"
#include "runtime_cli/report.h"

#define ROOT_DEFAULT "/run/sampan-runtime"

struct globals {
    char *root, *log, *log_format;
    char *ignored;
    bool debug, systemd_cgroup, version;
};

static void globals_release(struct globals *g)
{
    free(g->root);
    free(g->log);
    free(g->log_format);
    free(g->ignored);
}

static int parse_globals(int argc, char **argv, struct globals *g, int *ret_args, bool *ret_help, struct err *e)
{
    const struct option_def options[] = {
        {"root", 0, OPT_STRING, &g->root, "dir", "State of the containers", NULL, false},
        {"log", 0, OPT_STRING, &g->log, "file", "Write errors to this file as well", NULL, false},
        {"log-format", 0, OPT_STRING, &g->log_format, "format", "text or json", NULL, false},
        {"log-level", 0, OPT_STRING, &g->ignored, "level", NULL, NULL, false},
        {"debug", 0, OPT_BOOL, &g->debug, NULL, "Say what is done", NULL, false},
        {"systemd-cgroup", 0, OPT_BOOL, &g->systemd_cgroup, NULL, NULL, NULL, false},
        {"rootless", 0, OPT_STRING, &g->ignored, "value", NULL, NULL, false},
        {"criu", 0, OPT_STRING, &g->ignored, "path", NULL, NULL, false},
        {"version", 'v', OPT_BOOL, &g->version, NULL, "Show the version", NULL, false},
        {0},
    };

    return options_parse(options, argc, argv, OPTIONS_STOP_AT_ARG, ret_args, ret_help, e);
}

/* Its cgroup paths ("slice:prefix:name") are asked of systemd over D-Bus, which this runtime does not speak. */
static int refuse_systemd(const struct globals *g, struct err *e)
{
    if (!g->systemd_cgroup)
        return 0;
    err_set(e, ERR_UNSUPPORTED, 0, "--systemd-cgroup is not supported");
    return err_advice(e, "choose cgroupfs: podman --cgroup-manager=cgroupfs, containerd SystemdCgroup = false, dockerd "
                         "--exec-opt native.cgroupdriver=cgroupfs");
}

static int run_command(const struct globals *g, int argc, char **argv, int *ret_failed, struct err *e)
{
    const struct command *c = command_find(argv[0], e);
    char root[PATH_MAX];
    int r;

    if (!c)
        return err_to_errno(e);
    *ret_failed = c->failed;
    r = refuse_systemd(g, e);
    if (r == 0 && c->is_sealed)
        r = sealed_program_enter(e);
    if (r == 0)
        r = path_absolute(g->root ? g->root : ROOT_DEFAULT, root, e);
    return r < 0 ? r : c->run(root, argc, argv, e);
}

static int run(const struct globals *g, int argc, char **argv)
{
    struct report report = REPORT_INIT;
    struct err e = ERR_INIT;
    int failed = EXIT_FAILURE;
    int status = report_open(&report, g->log, g->log_format, &e);

    if (status == 0)
        status = run_command(g, argc, argv, &failed, &e);
    if (status < 0) {
        report_error(&report, &e);
        status = failed;
    }
    report_close(&report);
    return status;
}

int main(int argc, char **argv)
{
    _cleanup_(globals_release) struct globals g = {0};
    const struct report to_stderr = REPORT_INIT;
    struct err e = ERR_INIT;
    bool help = false;
    int args = 0;

    log_init("sampan-runtime", LOG_LEVEL_WARNING);
    umask(022);
    if (parse_globals(argc, argv, &g, &args, &help, &e) < 0) {
        report_error(&to_stderr, &e);
        return EXIT_FAILURE;
    }
    if (g.debug)
        log_init("sampan-runtime", LOG_LEVEL_DEBUG);
    if (g.version) {
        dprintf(STDOUT_FILENO, "sampan-runtime version %s\nspec: %s\n", SAMPAN_VERSION, SPEC_OCI_VERSION);
        return 0;
    }
    if (help || args >= argc) {
        command_print_overview();
        return 0;
    }
    return run(&g, argc - args, argv + args);
}
