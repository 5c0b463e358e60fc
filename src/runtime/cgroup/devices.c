/*
 * Which devices may be opened or made. The rules hold in order, later ones win, and what no rule names is refused. In
 * version 1 they are written to two files; in version 2 they become a BPF program.
 * Source: cgroup-v1/devices.rst, runtime-spec "Allowed Device list".
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "runtime/cgroup/driver.h"

static const char flag[] = "--device";

static const char *wanted_flag(const struct spec_resources *r)
{
    return r->n_devices > 0 ? flag : NULL;
}

static void format_number(int64_t n, char text[24])
{
    if (n < 0)
        snprintf(text, 24, "*");
    else
        snprintf(text, 24, "%" PRId64, n);
}

static int write_rule(int fd, const char *value, struct err *e)
{
    if (write(fd, value, strlen(value)) < 0)
        return err_sys(e, "%s: write \"%s\" to the cgroup's devices", flag, value);
    return 0;
}

static int apply_rule_v1(const int fds[2], const struct spec_device_rule *rule, struct err *e)
{
    char value[CGROUP_VALUE_MAX], major[24], minor[24];
    format_number(rule->major, major);
    format_number(rule->minor, minor);
    if (rule->type == 'a') /* the kernel knows only "everything" for both kinds */
        snprintf(value, sizeof(value), "a");
    else
        snprintf(value, sizeof(value), "%c %s:%s %s", rule->type, major, minor, rule->access);
    return write_rule(fds[rule->allow], value, e);
}

/* A new cgroup allows what its parent allows, so everything is taken first. */
static int apply_v1(int dir_fd, const struct spec_device_rule *rules, size_t n, struct err *e)
{
    _cleanup_close_ int deny = openat(dir_fd, "devices.deny", O_WRONLY | O_CLOEXEC);
    _cleanup_close_ int allow = openat(dir_fd, "devices.allow", O_WRONLY | O_CLOEXEC);
    if (deny < 0 || allow < 0)
        return err_sys(e, "%s: open the cgroup's devices", flag);
    int r = rules[0].type == 'a' ? 0 : write_rule(deny, "a", e);
    for (size_t i = 0; r == 0 && i < n; i++)
        r = apply_rule_v1((const int[]){deny, allow}, &rules[i], e);
    return r;
}

static int apply(const struct cgroup *c, int dir_fd, enum cgroup_version v, const struct spec_resources *r,
                 struct err *e)
{
    (void)c;
    if (r->n_devices == 0)
        return 0;
    return v == CGROUP_V1 ? apply_v1(dir_fd, r->devices, r->n_devices, e)
                          : cgroup_devices_attach(dir_fd, r->devices, r->n_devices, e);
}

const struct cgroup_driver cgroup_devices = {
    .v1_name = "devices",
    .extra_flag = wanted_flag,
    .apply_extra = apply,
};
