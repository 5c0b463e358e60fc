#include "cli/container_options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "cli/container_values.h"
#include "cli/network_values.h"

#define BOOL(name, short_name, field, help)                                                                            \
    {                                                                                                                  \
        name, short_name, OPT_BOOL, &(field), NULL, help, NULL, false                                                  \
    }
#define STRING(name, short_name, field, arg, help)                                                                     \
    {                                                                                                                  \
        name, short_name, OPT_STRING, &(field), arg, help, NULL, false                                                 \
    }
#define LIST(name, short_name, field, help)                                                                            \
    {                                                                                                                  \
        name, short_name, OPT_STRV, &(field), "list", help, NULL, false                                                \
    }
#define CALL(name, short_name, call, arg, help)                                                                        \
    {                                                                                                                  \
        name, short_name, OPT_CALL, c, arg, help, call, false                                                          \
    }

size_t container_options_table(struct container_options *o, struct option_def *table, size_t n)
{
    struct container *c = o->c;
    struct container_config *config = &c->config;
    struct host_config *host = &c->host;
    const struct option_def rows[] = {
        /* what runs */
        STRING("name", 0, c->name, "string", "Name of the container"),
        STRING("workdir", 'w', config->working_dir, "string", "Working directory inside"),
        STRING("user", 'u', config->user, "string", "User name or id, and group (name|uid[:group|gid])"),
        CALL("env", 'e', value_env, "list", "Set an environment variable; a name alone passes the present value"),
        LIST("env-file", 0, o->env_files, "Read environment variables from a file"),
        STRING("entrypoint", 0, o->entrypoint, "string", "Replace the image's ENTRYPOINT"),
        BOOL("init", 0, host->init, "Run an init inside that forwards signals and reaps processes"),
        BOOL("interactive", 'i', config->open_stdin, "Keep standard input open"),
        BOOL("tty", 't', config->tty, "Give it a terminal"),
        LIST("attach", 'a', o->attach, "Attach to stdin, stdout or stderr only"),
        CALL("stop-signal", 0, value_stop_signal, "string", "Signal that stops the container"),
        CALL("stop-timeout", 0, value_stop_timeout, "int", "Seconds until a container that does not stop is killed"),
        STRING("rootfs", 0, o->rootfs, "dir", "Use a directory in place of an image (DIR:O keeps it unchanged)"),
        STRING("pull", 0, o->pull, "string", "When to pull the image (\"always\", \"missing\", \"never\")"),
        LIST("label", 'l', config->labels, "Set a label"),
        LIST("label-file", 0, o->label_files, "Read labels from a file"),
        STRING("cidfile", 0, o->cidfile, "string", "Write the container's id to a new file"),
        BOOL("rm", 0, host->auto_remove, "Remove the container when it ends"),
        STRING("log-driver", 0, host->log_driver, "string", "Where its output is kept: json-file or none"),
        LIST("log-opt", 0, host->log_opts, "Options of the log driver (max-size=10m, max-file=3)"),
        /* namespaces */
        STRING("pid", 0, host->pid_mode, "string", "Pid namespace: host or container:NAME"),
        STRING("ipc", 0, host->ipc_mode, "string", "Ipc namespace: private, shareable, none, host or container:NAME"),
        STRING("uts", 0, host->uts_mode, "string", "UTS namespace: host"),
        STRING("cgroupns", 0, host->cgroupns_mode, "string", "Cgroup namespace: private or host"),
        STRING("userns", 0, host->userns_mode, "string", "User namespace: auto, host or container:NAME"),
        LIST("time-offset", 0, host->time_offsets,
             "Time namespace: shift a clock (boottime=SECONDS, monotonic=SECONDS)"),
        STRING("hostname", 'h', config->hostname, "string", "Host name inside"),
        STRING("domainname", 0, config->domainname, "string", "NIS domain name inside"),
        /* network */
        CALL("network", 0, value_network, "network",
             "Network: a name, host, none or container:NAME (name=NET,ip=…,alias=…)"),
        CALL("net", 0, value_network, "network", NULL),
        STRING("ip", 0, o->endpoint.ip, "ip", "IPv4 address in its first network"),
        STRING("ip6", 0, o->endpoint.ip6, "ip", "IPv6 address in its first network"),
        STRING("mac-address", 0, o->endpoint.mac, "string",
               "Hardware address in its first network (02:42:ac:11:00:05)"),
        LIST("network-alias", 0, o->endpoint.aliases, "Further name in its first network"),
        LIST("net-alias", 0, o->endpoint.aliases, NULL),
        CALL("publish", 'p', value_publish, "list", "Publish a port ([[HOST_IP:][HOST_PORT]:]PORT[/PROTOCOL])"),
        BOOL("publish-all", 'P', host->publish_all, "Publish all exposed ports, at free ports of the host"),
        CALL("expose", 0, value_expose, "list", "Name a port that it serves (PORT[-PORT][/PROTOCOL])"),
        CALL("link", 0, value_link, "list", NULL),
        CALL("dns", 0, value_dns, "list", "DNS servers"),
        LIST("dns-search", 0, host->dns_search, "DNS search domains"),
        LIST("dns-option", 0, host->dns_options, "Options of the DNS resolver"),
        LIST("dns-opt", 0, host->dns_options, NULL),
        CALL("add-host", 0, value_add_host, "list",
             "Add a line to /etc/hosts (NAME:ADDRESS; host-gateway is this host)"),
        LIST("egress", 0, host->egress, "Whom it may reach: deny, allow=HOST[:PORT[/PROTOCOL]]"),
        CALL("network-rate", 0, value_network_rate, "rate",
             "Limit its network each way (10m: bytes a second, 100mbit)"),
        /* files */
        CALL("volume", 'v', value_volume, "list", "Bind a directory or a named volume ([SOURCE:]DEST[:OPTIONS])"),
        CALL("mount", 0, value_mount, "mount", "Attach a mount (type=bind|volume|tmpfs,source=…,target=…)"),
        CALL("tmpfs", 0, value_tmpfs, "list", "Mount a tmpfs (DEST[:OPTIONS])"),
        BOOL("read-only", 0, host->readonly_rootfs, "Make the root file system read-only"),
        CALL("shm-size", 0, value_shm_size, "bytes", "Size of /dev/shm (64m)"),
        CALL("device", 0, value_device, "list", "Add a device of the host (HOST[:INSIDE][:rwm])"),
        LIST("device-cgroup-rule", 0, host->device_cgroup_rules, "Add a rule to the allowed devices (c 1:3 rwm)"),
        /* limits */
        CALL("memory", 'm', value_memory, "bytes", "Memory limit"),
        CALL("memory-reservation", 0, value_memory_reservation, "bytes", "Memory soft limit"),
        CALL("memory-swap", 0, value_memory_swap, "bytes", "Limit of memory plus swap; -1: unlimited swap"),
        CALL("memory-swappiness", 0, value_memory_swappiness, "int", "How readily memory is swapped (0 to 100)"),
        BOOL("oom-kill-disable", 0, host->oom_kill_disable, "Do not kill when memory runs out"),
        CALL("oom-score-adj", 0, value_oom_score_adj, "int", "Preference of the out-of-memory killer (-1000 to 1000)"),
        CALL("cpus", 0, value_cpus, "decimal", "Number of CPUs"),
        CALL("cpu-shares", 'c', value_cpu_shares, "int", "CPU shares, relative to others"),
        CALL("cpu-period", 0, value_cpu_period, "int", "CPU period in microseconds"),
        CALL("cpu-quota", 0, value_cpu_quota, "int", "CPU time per period in microseconds"),
        STRING("cpuset-cpus", 0, host->cpuset_cpus, "string", "CPUs that may be used (0-3, 0,1)"),
        STRING("cpuset-mems", 0, host->cpuset_mems, "string", "Memory nodes that may be used (0-3, 0,1)"),
        CALL("pids-limit", 0, value_pids_limit, "int", "Limit of processes; -1: unlimited"),
        CALL("blkio-weight", 0, value_blkio_weight, "uint16", "Share of block I/O (10 to 1000)"),
        CALL("device-read-bps", 0, value_device_read_bps, "list",
             "Limit reading from a device (PATH:BYTES per second)"),
        CALL("device-write-bps", 0, value_device_write_bps, "list",
             "Limit writing to a device (PATH:BYTES per second)"),
        LIST("device-read-iops", 0, host->device_read_iops, "Limit reads from a device (PATH:COUNT per second)"),
        LIST("device-write-iops", 0, host->device_write_iops, "Limit writes to a device (PATH:COUNT per second)"),
        CALL("ulimit", 0, value_ulimit, "ulimit", "Resource limit (nofile=1024:2048)"),
        STRING("cgroup-parent", 0, host->cgroup_parent, "string", "Parent of the container's cgroup"),
        /* privileges */
        LIST("cap-add", 0, host->cap_add, "Add a capability"),
        LIST("cap-drop", 0, host->cap_drop, "Drop a capability (or ALL)"),
        BOOL("privileged", 0, host->privileged,
             "Take the fences down: all capabilities and devices, no user namespace"),
        LIST("security-opt", 0, host->security_opt, "seccomp=FILE|unconfined, apparmor=, label=, no-new-privileges, …"),
        LIST("group-add", 0, host->group_add, "Add a supplementary group"),
        LIST("sysctl", 0, host->sysctls, "Set a sysctl of its own namespaces (net.ipv4.ip_forward=1)"),
    };

    _Static_assert(ARRAY_SIZE(rows) + 16 < CONTAINER_OPTIONS_MAX, "room for the rows of run and create");
    memcpy(table + n, rows, sizeof(rows));
    return n + ARRAY_SIZE(rows);
}

void container_options_release(struct container_options *o)
{
    strv_free(o->attach);
    strv_free(o->env_files);
    strv_free(o->label_files);
    free(o->entrypoint);
    free(o->cidfile);
    free(o->pull);
    free(o->rootfs);
    endpoint_config_release(&o->endpoint);
    *o = (struct container_options){0};
}

/* Without -a: output is attached, and input too with -i. */
static int set_attach(struct container_options *o, struct err *e)
{
    struct container_config *config = &o->c->config;

    if (!o->attach) {
        config->attach_stdin = config->open_stdin;
        config->attach_stdout = config->attach_stderr = true;
    }
    for (char **a = o->attach; a && *a; a++) {
        if (strcasecmp(*a, "stdin") == 0)
            config->attach_stdin = true;
        else if (strcasecmp(*a, "stdout") == 0)
            config->attach_stdout = true;
        else if (strcasecmp(*a, "stderr") == 0)
            config->attach_stderr = true;
        else
            return err_invalid(e, "invalid --attach \"%s\": it is stdin, stdout or stderr", *a);
    }
    config->stdin_once = config->attach_stdin;
    return 0;
}

/* Files come before what the command line says, so that the latter wins. */
static int read_env_files(struct container_options *o, struct err *e)
{
    _cleanup_strv_ char **env = NULL;
    char **given = o->c->config.env;
    int r = 0;

    if (!o->env_files)
        return 0;
    for (char **f = o->env_files; r == 0 && *f; f++)
        r = value_env_file(*f, &env, e);
    for (char **v = given; r == 0 && v && *v; v++)
        r = strv_add(&env, *v, e);
    if (r < 0)
        return r;
    strv_free(given);
    o->c->config.env = TAKE_PTR(env);
    return 0;
}

static int set_entrypoint(struct container_options *o, struct err *e)
{
    if (!o->entrypoint)
        return 0;
    o->c->config.entrypoint_set = true;
    return *o->entrypoint ? strv_add(&o->c->config.entrypoint, o->entrypoint, e) : 0;
}

static int set_image_and_command(struct container_options *o, int argc, char **argv, struct err *e)
{
    int first = 0;

    if (!o->rootfs) {
        if (argc < 1)
            return err_invalid(e, "an image is needed: a name, the path of an image tar, or --rootfs DIR");
        o->c->config.image = strdup(argv[0]);
        if (!o->c->config.image)
            return err_set(e, ERR_SYS, ENOMEM, "read the command line");
        first = 1;
    }
    o->c->host.runtime_rootfs = TAKE_PTR(o->rootfs);
    for (int i = first; i < argc; i++) {
        int r = strv_add(&o->c->config.cmd, argv[i], e);

        if (r < 0)
            return r;
    }
    return 0;
}

static int check_pull(const char *pull, struct err *e)
{
    if (!pull || strcmp(pull, "missing") == 0 || strcmp(pull, "never") == 0)
        return 0;
    if (strcmp(pull, "always") == 0)
        return err_set(e, ERR_UNSUPPORTED, 0,
                       "--pull always: this version has no registries; load an image from a tar");
    return err_invalid(e, "invalid --pull \"%s\": it is always, missing or never", pull);
}

int container_options_finish(struct container_options *o, int argc, char **argv, struct err *e)
{
    int r = check_pull(o->pull, e);

    if (r == 0)
        r = set_attach(o, e);
    if (r == 0)
        r = read_env_files(o, e);
    for (char **f = o->label_files; r == 0 && f && *f; f++)
        r = value_label_file(*f, &o->c->config.labels, e);
    if (r == 0)
        r = set_entrypoint(o, e);
    if (r == 0)
        r = endpoint_values_finish(o->c, &o->endpoint, e);
    if (r == 0)
        r = set_image_and_command(o, argc, argv, e);
    if (r == 0)
        o->c->host.cidfile = TAKE_PTR(o->cidfile);
    return r;
}
