/* top: a container's processes, as the host sees them and with the pid that each has inside. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/timestamp.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/query.h"

struct clock {
    int64_t ticks_per_second;
    time_t booted, now; /* seconds since the epoch */
};

static struct clock read_clock(void)
{
    struct timespec up;

    clock_gettime(CLOCK_BOOTTIME, &up);
    return (struct clock){sysconf(_SC_CLK_TCK), time(NULL) - up.tv_sec, time(NULL)};
}

/* Straight from /etc/passwd: the name service would load libraries into a static program. */
static void add_user(uid_t uid, struct strbuf *out)
{
    FILE *file = fopen("/etc/passwd", "re");
    struct passwd entry = {0}, *user = NULL;
    char line[4096];

    while (file && fgetpwent_r(file, &entry, line, sizeof(line), &user) == 0 && user->pw_uid != uid)
        user = NULL;
    if (user)
        strbuf_adds(out, user->pw_name);
    else
        strbuf_addf(out, "%u", uid);
    if (file)
        fclose(file);
}

/* "14:03" within a day, else "Jan02", as ps does. */
static void add_start(const struct container_process *p, const struct clock *c, struct strbuf *out)
{
    time_t started = c->booted + (time_t)(p->start_ticks / (uint64_t)c->ticks_per_second);
    char text[16] = "?";
    struct tm tm;

    if (localtime_r(&started, &tm))
        strftime(text, sizeof(text), c->now - started < 24 * 3600 ? "%H:%M" : "%b%d", &tm);
    strbuf_adds(out, text);
}

static void add_process(const struct container_process *p, const struct clock *c, struct strbuf *out)
{
    int64_t used = (int64_t)p->cpu_ticks / c->ticks_per_second;
    int64_t age = c->now - c->booted - (int64_t)p->start_ticks / c->ticks_per_second;

    add_user(p->uid, out);
    strbuf_addf(out, "\t%d\t%d\t%d\t%lld\t", p->pid, p->ns_pid, p->ppid, (long long)(age > 0 ? used * 100 / age : 0));
    add_start(p, c, out);
    strbuf_addf(out, "\t%s\t%02lld:%02lld:%02lld\t", p->tty[0] ? p->tty : "?", (long long)(used / 3600),
                (long long)(used / 60 % 60), (long long)(used % 60));
    output_cell(out, p->command);
    strbuf_addc(out, '\n');
}

static int print_processes(const struct process_list *l, struct err *e)
{
    _cleanup_strbuf_ struct strbuf lines = STRBUF_INIT(OUTPUT_MAX);
    struct clock c = read_clock();

    strbuf_adds(&lines, "UID\tPID\tNSPID\tPPID\tC\tSTIME\tTTY\tTIME\tCMD\n");
    for (size_t i = 0; i < l->n; i++)
        add_process(&l->v[i], &c, &lines);
    return output_table(&lines, e);
}

int cmd_top(struct cli *cli, int argc, char **argv, struct err *e)
{
    const struct option_def options[] = {{0}};
    _cleanup_(process_list_release) struct process_list l = {0};
    _cleanup_engine_ struct engine engine = ENGINE_INIT;
    int args = 0;
    int r = command_parse("top", options, argc, argv, 0, 1, 1, &args, e);

    if (r != 0)
        return r < 0 ? r : 0;
    cli->engine.read_only = true;
    r = cli_engine(cli, &engine, e);
    if (r == 0)
        r = engine_processes(&engine, argv[args], &l, e);
    return r < 0 ? r : print_processes(&l, e);
}
