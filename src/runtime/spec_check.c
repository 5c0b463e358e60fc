/* What no single member of config.json can tell: that the parts fit each other. */
#include <string.h>

#include "base/strv.h"
#include "runtime/spec_json.h"

static int check_root(const struct spec *s, struct err *e)
{
    enum spec_ns_mode mode = s->ns[NS_MOUNT].mode;

    if (mode == SPEC_NS_INHERIT)
        return err_invalid(e, "linux.namespaces: a container needs a \"mount\" namespace of its own");
    if (mode == SPEC_NS_NEW && !s->root.path && strv_len(s->root.layers) == 0)
        return err_invalid(e, "root: \"path\" is missing");
    return 0;
}

static int check_maps(const struct spec *s, struct err *e)
{
    bool has_maps = s->uid_maps.n > 0 && s->gid_maps.n > 0;

    if (s->ns[NS_USER].mode == SPEC_NS_NEW && !has_maps)
        return err_invalid(e, "linux.uidMappings, linux.gidMappings: a new user namespace needs both");
    if (s->ns[NS_USER].mode == SPEC_NS_INHERIT && (s->uid_maps.n > 0 || s->gid_maps.n > 0))
        return err_invalid(e, "linux.uidMappings: without a \"user\" namespace there is nothing to map");
    return 0;
}

/* Setting the name in the caller's own namespace would rename the host. */
static int check_names(const struct spec *s, struct err *e)
{
    if (s->ns[NS_UTS].mode == SPEC_NS_INHERIT && (s->hostname || s->domainname))
        return err_invalid(e, "hostname: without a \"uts\" namespace it would be the host's name that changes");
    if ((s->hostname && strlen(s->hostname) > 64) || (s->domainname && strlen(s->domainname) > 64))
        return err_invalid(e, "hostname: longer than 64 bytes");
    return 0;
}

static int check_time(const struct spec *s, struct err *e)
{
    if (s->ns[NS_TIME].mode != SPEC_NS_NEW && (s->monotonic.set || s->boottime.set))
        return err_invalid(e, "linux.timeOffsets: offsets need a \"time\" namespace of their own");
    return 0;
}

/* The sysctls that belong to a namespace. Any other is the whole machine's, and not the container's to set. */
static const struct {
    const char *prefix;
    enum ns_kind kind;
} namespaced[] = {
    {"net.", NS_NET},
    {"fs.mqueue.", NS_IPC},
    {"kernel.msgmax=", NS_IPC},
    {"kernel.msgmnb=", NS_IPC},
    {"kernel.msgmni=", NS_IPC},
    {"kernel.sem=", NS_IPC},
    {"kernel.shmall=", NS_IPC},
    {"kernel.shmmax=", NS_IPC},
    {"kernel.shmmni=", NS_IPC},
    {"kernel.shm_rmid_forced=", NS_IPC},
    {"kernel.domainname=", NS_UTS},
};

static int check_one_sysctl(const struct spec *s, const char *setting, struct err *e)
{
    int key_len = (int)strcspn(setting, "=");

    for (size_t i = 0; i < ARRAY_SIZE(namespaced); i++) {
        enum ns_kind kind = namespaced[i].kind;

        if (strncmp(setting, namespaced[i].prefix, strlen(namespaced[i].prefix)) != 0)
            continue;
        if (s->ns[kind].mode != SPEC_NS_INHERIT)
            return 0;
        return err_invalid(e, "linux.sysctl: %.*s needs a \"%s\" namespace of the container's own", key_len, setting,
                           ns_kinds[kind].oci_name);
    }
    return err_invalid(e, "linux.sysctl: %.*s belongs to no namespace, it would change the host", key_len, setting);
}

static int check_sysctl(const struct spec *s, struct err *e)
{
    STRV_FOREACH (setting, s->sysctl) {
        int r = check_one_sysctl(s, *setting, e);

        if (r < 0)
            return r;
    }
    return 0;
}

int spec_check(const struct spec *s, struct err *e)
{
    static int (*const checks[])(const struct spec *, struct err *) = {
        check_root, check_maps, check_names, check_time, check_sysctl,
    };

    for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
        int r = checks[i](s, e);

        if (r < 0)
            return r;
    }
    return 0;
}
