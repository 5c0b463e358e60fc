#include "engine/security.h"

#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strv.h"
#include "runtime/security/capabilities.h"

/* Docker's, and those that later advisories added: what tells about the host or lets one measure it from inside. */
static const char *const masked_paths[] = {
    "/proc/asound",
    "/proc/acpi",
    "/proc/interrupts", /* keystroke timing, moby GHSA-6fw5-f8r9-fgfm */
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/timer_list",
    "/proc/timer_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/sys/firmware",
    "/sys/devices/virtual/powercap", /* power as a side channel, CVE-2020-8694 */
    NULL,
};

static const char *const readonly_paths[] = {
    "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL,
};

/* ---- --security-opt ---- */

static int set_string(const char *value, const char **target, const char *option, struct err *e)
{
    if (!*value)
        return err_invalid(e, "invalid --security-opt: \"%s\"", option);
    *target = value;
    return 0;
}

static int parse_seccomp(const char *value, const char *option, struct security_options *o, struct err *e)
{
    return set_string(strcmp(value, "builtin") == 0 ? "default" : value, &o->seccomp, option, e);
}

static int parse_apparmor(const char *value, const char *option, struct security_options *o, struct err *e)
{
    return set_string(value, &o->apparmor, option, e);
}

static int parse_label(const char *value, const char *option, struct security_options *o, struct err *e)
{
    return set_string(value, &o->label, option, e);
}

static int parse_no_new_privileges(const char *value, const char *option, struct security_options *o, struct err *e)
{
    (void)option;
    o->no_new_privileges = true;
    return *value ? parse_bool(value, "--security-opt no-new-privileges", &o->no_new_privileges, e) : 0;
}

static int parse_systempaths(const char *value, const char *option, struct security_options *o, struct err *e)
{
    if (strcmp(value, "unconfined") != 0)
        return err_invalid(e, "invalid --security-opt: \"%s\"", option);
    o->systempaths_unconfined = true;
    return 0;
}

static const struct {
    const char *name;
    int (*parse)(const char *value, const char *option, struct security_options *o, struct err *e);
} options[] = {
    {"seccomp", parse_seccomp},
    {"apparmor", parse_apparmor},
    {"label", parse_label},
    {"no-new-privileges", parse_no_new_privileges},
    {"systempaths", parse_systempaths},
};

static int parse_option(const char *option, struct security_options *o, struct err *e)
{
    size_t n = strcspn(option, "=:");
    for (size_t i = 0; i < ARRAY_SIZE(options); i++)
        if (strlen(options[i].name) == n && strncmp(option, options[i].name, n) == 0)
            return options[i].parse(option[n] ? option + n + 1 : "", option, o, e);
    return err_invalid(e,
                       "invalid --security-opt: \"%s\" (it may be seccomp=, apparmor=, label=, no-new-privileges, "
                       "systempaths=unconfined)",
                       option);
}

int security_parse(const struct host_config *h, struct security_options *ret, struct err *e)
{
    *ret = (struct security_options){.systempaths_unconfined = h->privileged};
    STRV_FOREACH (option, h->security_opt) {
        int r = parse_option(*option, ret, e);
        if (r < 0)
            return r;
    }
    if (!ret->seccomp)
        ret->seccomp = h->privileged ? "unconfined" : "default";
    return 0;
}

int security_set_paths(struct host_config *h, struct err *e)
{
    struct security_options o;
    int r = security_parse(h, &o, e);
    if (r < 0 || o.systempaths_unconfined)
        return r;
    if (!h->masked_paths)
        r = strv_copy((char *const *)masked_paths, &h->masked_paths, e);
    if (r == 0 && !h->readonly_paths)
        r = strv_copy((char *const *)readonly_paths, &h->readonly_paths, e);
    return r;
}

/* ---- capabilities ---- */

/* "ALL" is every capability: *ret_all. */
static int parse_caps(char *const *names, uint64_t *ret, bool *ret_all, struct err *e)
{
    *ret = 0;
    *ret_all = false;
    STRV_FOREACH (name, names) {
        int cap;
        if (strcasecmp(*name, "ALL") == 0) {
            *ret_all = true;
            continue;
        }
        int r = caps_parse(*name, &cap, e);
        if (r < 0)
            return r;
        *ret |= CAP_BIT(cap);
    }
    return 0;
}

int security_caps(const struct host_config *h, uint64_t *ret, struct err *e)
{
    uint64_t add, drop;
    bool add_all, drop_all;
    int r = parse_caps(h->cap_add, &add, &add_all, e);
    if (r == 0)
        r = parse_caps(h->cap_drop, &drop, &drop_all, e);
    if (r < 0)
        return r;
    if (h->privileged)
        *ret = caps_all();
    else if (add_all)
        *ret = drop_all ? 0 : caps_all() & ~drop;
    else if (drop_all)
        *ret = add;
    else
        *ret = (caps_default & ~drop) | add;
    return 0;
}
