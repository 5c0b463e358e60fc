#include "storage/unit.h"

#include "base/strv.h"
#include "engine/check.h"
#include "engine/limits.h"

struct change {
    const char *what;
    void (*make)(struct container *c);
    enum err_kind kind; /* ERR_NONE: it is fine */
    const char *part;
};

static void little_memory(struct container *c)
{
    c->host.memory = 3 << 20;
}
static void enough_memory(struct container *c)
{
    c->host.memory = 6 << 20;
}
static void swap_alone(struct container *c)
{
    c->host.memory_swap = 64 << 20;
}
static void little_swap(struct container *c)
{
    c->host.memory = 64 << 20;
    c->host.memory_swap = 32 << 20;
}
static void many_cpus(struct container *c)
{
    c->host.nano_cpus = INT64_C(1000000) * 1000000000;
}
static void both_quotas(struct container *c)
{
    c->host.nano_cpus = 500000000;
    c->host.cpu_period = 10000;
}
static void bad_cpuset(struct container *c)
{
    c->host.cpuset_cpus = strdup("0-");
}
static void good_cpuset(struct container *c)
{
    c->host.cpuset_cpus = strdup("0-1,3");
}
static void bad_cap(struct container *c)
{
    strv_add(&c->host.cap_add, "NET_ADMINN", NULL);
}
static void bad_security_opt(struct container *c)
{
    strv_add(&c->host.security_opt, "secomp=x", NULL);
}
static void sysctl_of_host(struct container *c)
{
    strv_add(&c->host.sysctls, "kernel.panic=1", NULL);
}
static void sysctl_with_line(struct container *c)
{
    strv_add(&c->host.sysctls, "net.x=1\nkernel.panic=1", NULL);
}
static void sysctl_with_dots(struct container *c)
{
    strv_add(&c->host.sysctls, "net/../kernel.panic=1", NULL);
}
static void sysctl_fine(struct container *c)
{
    strv_add(&c->host.sysctls, "net.ipv4.ip_forward=1", NULL);
}
static void sysctl_with_host_network(struct container *c)
{
    sysctl_fine(c);
    c->host.network_mode = strdup("host");
}
static void relative_workdir(struct container *c)
{
    c->config.working_dir = strdup("tmp");
}
static void bad_signal(struct container *c)
{
    c->config.stop_signal = strdup("SIGNONE");
}
static void hostname_with_host_uts(struct container *c)
{
    c->config.hostname = strdup("h");
    c->host.uts_mode = strdup("host");
}
static void add_mount(struct container *c, const char *type, const char *source, const char *destination)
{
    struct mount_point *m = container_add_mount(c);
    m->type = strdup(type);
    m->source = strdup(source);
    m->destination = strdup(destination);
}
static void missing_source(struct container *c)
{
    add_mount(c, "bind", "/nonexistent/x", "/x");
}
static void created_source(struct container *c)
{
    missing_source(c);
    c->mounts[0].create_source = true;
}
static void over_root(struct container *c)
{
    add_mount(c, "bind", "/tmp", "/.");
}
static void with_dots(struct container *c)
{
    add_mount(c, "bind", "/tmp", "/a/../b");
}
static void twice(struct container *c)
{
    add_mount(c, "tmpfs", "", "/a");
    add_mount(c, "tmpfs", "", "/a");
}
static void bad_host(struct container *c)
{
    strv_add(&c->host.extra_hosts, "db:here", NULL);
}
static void good_host(struct container *c)
{
    strv_add(&c->host.extra_hosts, "db:::1", NULL);
}
static void unknown_log(struct container *c)
{
    c->host.log_driver = strdup("syslog");
}
static void no_device(struct container *c)
{
    c->host.devices = calloc(1, sizeof(*c->host.devices));
    c->host.n_devices = 1;
    c->host.devices[0] = (struct device_mapping){strdup("/etc/passwd"), strdup("/dev/x"), strdup("rwm")};
}
static void add_ulimit(struct container *c, const char *name, int64_t soft, int64_t hard)
{
    c->host.ulimits = calloc(1, sizeof(*c->host.ulimits));
    c->host.n_ulimits = 1;
    c->host.ulimits[0] = (struct ulimit){strdup(name), soft, hard};
}
static void unknown_ulimit(struct container *c)
{
    add_ulimit(c, "files", 1, 1);
}
static void soft_above_hard(struct container *c)
{
    add_ulimit(c, "nofile", 10, 5);
}
static void fine_ulimit(struct container *c)
{
    add_ulimit(c, "nofile", 5, 10);
}
static void bad_offset(struct container *c)
{
    strv_add(&c->host.time_offsets, "realtime=5", NULL);
}

static const struct change changes[] = {
    {"little memory", little_memory, ERR_INVALID, "minimum memory limit allowed is 6MB"},
    {"enough memory", enough_memory, ERR_NONE, NULL},
    {"swap alone", swap_alone, ERR_INVALID, "always set the Memory limit"},
    {"little swap", little_swap, ERR_INVALID, "memoryswap limit should be larger"},
    {"many cpus", many_cpus, ERR_INVALID, "range of CPUs is from 0.01"},
    {"both quotas", both_quotas, ERR_CONFLICT, "Nano CPUs and CPU Period"},
    {"bad cpuset", bad_cpuset, ERR_INVALID, "--cpuset-cpus"},
    {"good cpuset", good_cpuset, ERR_NONE, NULL},
    {"bad capability", bad_cap, ERR_INVALID, "NET_ADMIN"},
    {"bad security option", bad_security_opt, ERR_INVALID, "secomp=x"},
    {"the host's sysctl", sysctl_of_host, ERR_INVALID, "would change the host"},
    {"a sysctl of two lines", sysctl_with_line, ERR_INVALID, "invalid sysctl"},
    {"a sysctl that climbs", sysctl_with_dots, ERR_INVALID, "invalid sysctl"},
    {"a fine sysctl", sysctl_fine, ERR_NONE, NULL},
    {"a sysctl with the host's network", sysctl_with_host_network, ERR_CONFLICT, "--network host"},
    {"relative working directory", relative_workdir, ERR_INVALID, "needs to be an absolute path"},
    {"unknown stop signal", bad_signal, ERR_INVALID, "SIGNONE"},
    {"hostname with the host's", hostname_with_host_uts, ERR_CONFLICT, "hostname and the UTS mode host"},
    {"missing source", missing_source, ERR_INVALID, "bind source path does not exist: /nonexistent/x"},
    {"a source to be made", created_source, ERR_NONE, NULL},
    {"a mount over the root", over_root, ERR_INVALID, "destination can't be '/'"},
    {"a mount with dots", with_dots, ERR_INVALID, "mount path must be absolute"},
    {"the same twice", twice, ERR_INVALID, "duplicate mount point: /a"},
    {"a bad host", bad_host, ERR_INVALID, "invalid IP address in add-host"},
    {"a good host", good_host, ERR_NONE, NULL},
    {"an unknown log driver", unknown_log, ERR_UNSUPPORTED, "syslog"},
    {"no device", no_device, ERR_INVALID, "not a device node"},
    {"an unknown ulimit", unknown_ulimit, ERR_INVALID, "invalid ulimit type: files"},
    {"soft above hard", soft_above_hard, ERR_INVALID, "soft limit must be less"},
    {"a fine ulimit", fine_ulimit, ERR_NONE, NULL},
    {"an unknown clock", bad_offset, ERR_INVALID, "invalid time offset"},
};

static void each_mistake_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        _cleanup_container_ struct container *c = container_new();
        struct err e = ERR_INIT;
        changes[i].make(c);
        int r = check_container(c, &e);
        if (e.kind != changes[i].kind || (r < 0) != (changes[i].kind != ERR_NONE))
            fail_msg("%s: kind %d, \"%s\"", changes[i].what, e.kind, e.text);
        if (changes[i].part && !strstr(e.text, changes[i].part))
            fail_msg("%s: \"%s\" does not contain \"%s\"", changes[i].what, e.text, changes[i].part);
    }
}

static void cpus_become_a_quota(void **state)
{
    (void)state;
    assert_int_equal(limits_cpu_quota(INT64_C(1500000000)), 150000);
    assert_int_equal(limits_cpu_quota(10000000), 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_mistake_has_its_sentence),
        cmocka_unit_test(cpus_become_a_quota),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
