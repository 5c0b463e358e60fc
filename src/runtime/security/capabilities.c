#include "runtime/security/capabilities.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/prctl.h>

#include "base/file.h"
#include "base/options.h"
#include "base/parse.h"
#include "kernel/syscalls.h"

#define CAP_PREFIX "CAP_"

/* In the order of linux/capability.h: the index is the number. */
static const char *const names[] = {
    "CAP_CHOWN",
    "CAP_DAC_OVERRIDE",
    "CAP_DAC_READ_SEARCH",
    "CAP_FOWNER",
    "CAP_FSETID",
    "CAP_KILL",
    "CAP_SETGID",
    "CAP_SETUID",
    "CAP_SETPCAP",
    "CAP_LINUX_IMMUTABLE",
    "CAP_NET_BIND_SERVICE",
    "CAP_NET_BROADCAST",
    "CAP_NET_ADMIN",
    "CAP_NET_RAW",
    "CAP_IPC_LOCK",
    "CAP_IPC_OWNER",
    "CAP_SYS_MODULE",
    "CAP_SYS_RAWIO",
    "CAP_SYS_CHROOT",
    "CAP_SYS_PTRACE",
    "CAP_SYS_PACCT",
    "CAP_SYS_ADMIN",
    "CAP_SYS_BOOT",
    "CAP_SYS_NICE",
    "CAP_SYS_RESOURCE",
    "CAP_SYS_TIME",
    "CAP_SYS_TTY_CONFIG",
    "CAP_MKNOD",
    "CAP_LEASE",
    "CAP_AUDIT_WRITE",
    "CAP_AUDIT_CONTROL",
    "CAP_SETFCAP",
    "CAP_MAC_OVERRIDE",
    "CAP_MAC_ADMIN",
    "CAP_SYSLOG",
    "CAP_WAKE_ALARM",
    "CAP_BLOCK_SUSPEND",
    "CAP_AUDIT_READ",
    "CAP_PERFMON",
    "CAP_BPF",
    "CAP_CHECKPOINT_RESTORE",
    NULL,
};

enum { CAPS_KNOWN = ARRAY_SIZE(names) - 1 };

_Static_assert(CAPS_KNOWN == CAP_CHECKPOINT_RESTORE + 1, "the names follow linux/capability.h");

/* "net_admin" and "CAP_NET_ADMIN" as "CAP_NET_ADMIN"; false when it is too long to be one. */
static bool canonical_name(const char *name, char buf[32])
{
    bool has_prefix = strncasecmp(name, CAP_PREFIX, strlen(CAP_PREFIX)) == 0;
    int n = snprintf(buf, 32, "%s%s", has_prefix ? "" : CAP_PREFIX, name);
    for (char *c = buf; *c; c++)
        if (*c >= 'a' && *c <= 'z')
            *c -= 'a' - 'A';
    return n < 32;
}

int caps_parse(const char *name, int *ret_cap, struct err *e)
{
    char wanted[32];
    if (!canonical_name(name, wanted))
        return err_invalid(e, "unknown capability \"%s\"", name);
    for (int cap = 0; cap < CAPS_KNOWN; cap++) {
        if (strcmp(names[cap], wanted) == 0) {
            *ret_cap = cap;
            return 0;
        }
    }
    err_invalid(e, "unknown capability \"%s\"", name);
    const char *nearest = options_nearest(wanted, names);
    return nearest ? err_advice(e, "did you mean %s?", nearest) : -EINVAL;
}

const char *caps_name(int cap)
{
    return cap >= 0 && cap < CAPS_KNOWN ? names[cap] : NULL;
}

static int read_caps_last(void)
{
    _cleanup_free_ char *text = NULL;
    int64_t last;
    if (file_read(AT_FDCWD, "/proc/sys/kernel/cap_last_cap", 16, &text, NULL, NULL) < 0)
        return CAPS_KNOWN - 1;
    text[strcspn(text, "\n")] = '\0';
    if (parse_int64(text, "cap_last_cap", &last, NULL) < 0 || last < 0 || last > 63)
        return CAPS_KNOWN - 1;
    return (int)last;
}

int caps_last(void)
{
    static int last = -1;
    if (last < 0)
        last = read_caps_last();
    return last;
}

uint64_t caps_all(void)
{
    return UINT64_MAX >> (63 - caps_last());
}

/* PR_CAPBSET_READ answers EINVAL beyond the kernel's last capability, which ends the loop: no procfs is needed. */
int caps_apply_bounding(const struct spec_caps *c, struct err *e)
{
    for (int cap = 0; cap < 64; cap++) {
        if (c->bounding & CAP_BIT(cap))
            continue;
        int has = prctl(PR_CAPBSET_READ, cap, 0, 0, 0);
        if (has < 0)
            return 0;
        if (has && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return err_sys(e, "drop %s from the bounding set", caps_name(cap) ? caps_name(cap) : "a capability");
    }
    return 0;
}

struct cap_sets {
    uint64_t effective, permitted, inheritable;
};

static int get_caps(struct cap_sets *ret, struct err *e)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2];
    if (sys_capget(&header, d) < 0)
        return err_sys(e, "read capabilities");
    ret->effective = (uint64_t)d[1].effective << 32 | d[0].effective;
    ret->permitted = (uint64_t)d[1].permitted << 32 | d[0].permitted;
    ret->inheritable = (uint64_t)d[1].inheritable << 32 | d[0].inheritable;
    return 0;
}

static int set_caps(const struct cap_sets *s, struct err *e)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct d[2] = {
        {(uint32_t)s->effective, (uint32_t)s->permitted, (uint32_t)s->inheritable},
        {(uint32_t)(s->effective >> 32), (uint32_t)(s->permitted >> 32), (uint32_t)(s->inheritable >> 32)},
    };
    return sys_capset(&header, d) < 0 ? err_sys(e, "set capabilities") : 0;
}

/* Ambient capabilities must be permitted and inheritable; the kernel clears those that no longer are by itself. */
static int set_ambient(uint64_t ambient, struct err *e)
{
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return err_sys(e, "clear ambient capabilities");
    for (int cap = 0; ambient; cap++, ambient >>= 1)
        if ((ambient & 1) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return err_sys(e, "raise ambient %s", caps_name(cap) ? caps_name(cap) : "capability");
    return 0;
}

int caps_apply(const struct spec_caps *c, struct err *e)
{
    struct cap_sets has;
    int r = get_caps(&has, e);
    if (r < 0)
        return r;
    struct cap_sets want = {.permitted = c->permitted & has.permitted};
    want.effective = c->effective & want.permitted;
    want.inheritable = c->inheritable & (has.permitted | has.inheritable);
    r = set_caps(&want, e);
    return r < 0 ? r : set_ambient(c->ambient & want.permitted & want.inheritable, e);
}
