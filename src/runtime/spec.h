/*
 * What a container is, as the runtime sees it: the OCI runtime specification's config.json (version 1.2) as a struct.
 *
 * spec_load() makes it from JSON: the standard members, and one object of our own, "sampan" (allowed by the
 * specification's rule on unknown properties), for what OCI has no word for: an overlay made from layers, a user by
 * name, a seccomp program compiled ahead. Everything hangs off one struct spec and is freed by spec_free(). The spec is
 * not changed after loading; the shim and its child both read it.
 *
 * Source: opencontainers/runtime-spec config.md and config-linux.md.
 */
#ifndef SAMPAN_RUNTIME_SPEC_H
#define SAMPAN_RUNTIME_SPEC_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "kernel/namespaces.h"

/* The version of the specification that this reads and, as a bundle, writes. */
#define SPEC_OCI_VERSION "1.2.1"

enum spec_ns_mode {
    SPEC_NS_INHERIT, /* the one of the caller: the host's */
    SPEC_NS_NEW,
    SPEC_NS_JOIN, /* the one that `path` names (/proc/PID/ns/x, or /proc/self/fd/N for an inherited fd) */
};

struct spec_namespace {
    enum spec_ns_mode mode;
    char *path;
};

struct spec_id_map {
    uint32_t container_id;
    uint32_t host_id;
    uint32_t size;
};

struct spec_id_maps {
    struct spec_id_map *v;
    size_t n;
};

struct spec_rlimit {
    int resource; /* RLIMIT_* */
    struct rlimit limit;
};

/* Bit n is capability n (linux/capability.h). */
struct spec_caps {
    uint64_t bounding;
    uint64_t effective;
    uint64_t permitted;
    uint64_t inheritable;
    uint64_t ambient;
};

struct spec_user {
    char *name; /* "sampan".user: "name", "uid", "name:group", "uid:gid" as Docker's --user, resolved in the rootfs;
                   NULL: the numbers below hold */
    uid_t uid;
    gid_t gid;
    gid_t *groups;
    size_t n_groups;
    char **more_groups; /* "sampan".groups: names or numbers, resolved in the rootfs (--group-add) */
    bool has_umask;
    mode_t umask;
};

struct spec_process {
    char **args;
    char **env;
    char *cwd;
    bool terminal;
    uint16_t console_rows, console_cols; /* 0: unset */
    struct spec_user user;
    struct spec_caps caps;
    struct spec_rlimit *rlimits;
    size_t n_rlimits;
    bool no_new_privs;
    bool has_oom_score_adj;
    int oom_score_adj;
    char *apparmor_profile; /* NULL: none */
    char *selinux_label;
    bool init; /* "sampan".init: a reaping init of ours is pid 1, the payload its child */
};

struct spec_mount {
    char *source;
    char *target; /* absolute path inside the rootfs */
    char *type;   /* "bind", "tmpfs", "proc", "sysfs", "devpts", "mqueue", "cgroup", "dev" (ours), or any other fs */
    uint64_t attr_set; /* MOUNT_ATTR_RDONLY, NOSUID, NODEV, NOEXEC, atime … */
    uint64_t attr_clear;
    uint64_t attr_recursive;       /* rro and kin: applied with AT_RECURSIVE */
    uint64_t attr_recursive_clear; /* rrw and kin */
    uint64_t propagation;          /* MS_SHARED … | MS_REC, 0: private */
    bool recursive;                /* rbind */
    bool idmap;                    /* bind mounts under a user namespace: ids on disk are the ids inside */
    bool copy_up;                  /* tmpcopyup for tmpfs */
    char **data;                   /* file system options, "key=value" or "flag" */
};

struct spec_root {
    char *path;    /* a directory used as it is (idmapped under a user namespace); NULL with layers */
    char **layers; /* "sampan".layers: directories, top first */
    char *upper;   /* "sampan".upper, .work: for the writable layer; NULL: read-only overlay */
    char *work;
    bool readonly;
    bool keeps_ids; /* may be set by the caller after loading: files in `path` belong to the mapped host ids already */
    uint64_t propagation;
};

struct spec_device {
    char *path; /* in the container */
    char type;  /* 'c', 'b', 'p' */
    int64_t major, minor;
    mode_t mode; /* permission bits */
    uid_t uid;
    gid_t gid;
    char *host_path; /* "sampan".devices: bound from here under a user namespace, which may not mknod */
};

struct spec_device_rule {
    bool allow;
    char type;            /* 'a', 'c', 'b' */
    int64_t major, minor; /* -1: any */
    char access[4];       /* subset of "rwm" */
};

struct spec_blkio_limit {
    int64_t major, minor;
    uint64_t rate; /* bytes or operations per second */
};

/* Unset limits are -1 or 0 as stated; memory in bytes, times in microseconds. */
struct spec_resources {
    int64_t memory_limit; /* 0: unset, -1: unlimited */
    int64_t memory_reservation;
    int64_t memory_swap; /* memory + swap, as Docker's --memory-swap; 0: unset, -1: unlimited */
    bool memory_disable_oom_killer;
    bool has_swappiness;
    uint64_t swappiness;
    uint64_t cpu_shares; /* 0: unset; 2…262144 */
    int64_t cpu_quota;   /* µs per period; 0: unset, -1: unlimited */
    uint64_t cpu_period; /* µs; 0: unset */
    char *cpuset_cpus;   /* "0-3,7" */
    char *cpuset_mems;
    int64_t pids_limit;    /* 0: unset, -1: unlimited */
    uint16_t blkio_weight; /* 0: unset; 10…1000 */
    struct spec_blkio_limit *read_bps, *write_bps, *read_iops, *write_iops;
    size_t n_read_bps, n_write_bps, n_read_iops, n_write_iops;
    struct spec_device_rule *devices;
    size_t n_devices;
    char **unified; /* cgroup v2 "file=value" */
};

enum spec_seccomp_mode {
    SPEC_SECCOMP_NONE,    /* unconfined */
    SPEC_SECCOMP_DEFAULT, /* the profile compiled into the runtime; "sampan".seccomp = "default" */
    SPEC_SECCOMP_FILE,    /* "sampan".seccomp = path of a compiled program (struct sock_filter[]) */
    SPEC_SECCOMP_PROGRAM, /* compiled from linux.seccomp while loading (sampan-runtime) */
};

struct spec_seccomp {
    enum spec_seccomp_mode mode;
    char *path;
    void *program; /* struct sock_filter[n_program], owned */
    size_t n_program;
    unsigned flags; /* SECCOMP_FILTER_FLAG_* */
    json_object
        *profile; /* linux.seccomp, referenced, where "sampan".seccomp says nothing: the loader's caller compiles
                             it (seccomp_compile_json) into `program`; runtime_create refuses one that was not */
};

struct spec_time_offset {
    int64_t secs;
    uint32_t nanosecs;
    bool set;
};

struct spec_hook {
    char *path;
    char **args;
    char **env;
    int timeout; /* seconds; 0: none */
};

enum spec_hook_kind {
    SPEC_HOOK_PRESTART,
    SPEC_HOOK_CREATE_RUNTIME,
    SPEC_HOOK_CREATE_CONTAINER,
    SPEC_HOOK_START_CONTAINER,
    SPEC_HOOK_POSTSTART,
    SPEC_HOOK_POSTSTOP,
    SPEC_HOOK_KIND_COUNT,
};

struct spec_hooks {
    struct spec_hook *v;
    size_t n;
};

struct net_plan; /* network/plan.h */

struct spec {
    char *id;     /* as given to spec_load, for cgroup defaults, hooks and messages */
    char *bundle; /* may be set by the caller after loading: the bundle's path in the state that hooks read; owned */
    char *hostname;
    char *domainname;
    struct spec_process process;
    bool has_process;
    struct spec_root root;
    struct spec_mount *mounts;
    size_t n_mounts;
    struct spec_namespace ns[NS_COUNT];
    struct spec_id_maps uid_maps;
    struct spec_id_maps gid_maps;
    struct spec_time_offset monotonic, boottime;
    char *cgroup_path; /* below the root of each hierarchy, e.g. "/sampan/ID" */
    struct spec_resources resources;
    struct spec_seccomp seccomp;
    struct spec_device *devices;
    size_t n_devices;
    char **masked_paths;
    char **readonly_paths;
    char **sysctl; /* "net.ipv4.ip_forward=1" */
    char *mount_label;
    struct spec_hooks hooks[SPEC_HOOK_KIND_COUNT];
    json_object *annotations; /* NULL or an object of strings; referenced */

    /* May be set by the caller after loading: the interfaces, rules and ports that a network namespace of its own gets while
     * the container is created. Borrowed; the caller calls net_plan_down in the end, also when the creation failed. */
    const struct net_plan *net;
};

/*
 * Makes a spec from a parsed config.json. What it takes beside the standard members:
 *
 *   "sampan": { "user": "name:group", "groups": ["name", "5"], "init": true,             the process (in process.json beside "args")
 *               "layers": ["/top", "/base"], "upper": "/dir", "work": "/dir",       the root, in place of root.path
 *               "seccomp": "default" | "unconfined" | "/path/of/compiled/program",
 *               "devices": {"/dev/in/container": "/dev/on/host"} }                 sources for linux.devices
 *
 * Every member is checked (ranges, absolute paths, known names), and a mistake is
 * an ERR_INVALID that names the member ("linux.resources.memory.limit: …"). */
int spec_load(json_object *config, const char *id, struct spec **ret, struct err *e);
void spec_free(struct spec *s);
DEFINE_CLEANUP_PTR(spec, struct spec *, spec_free)
#define _cleanup_spec_ _cleanup_(cleanup_spec)

/* Only a process, as `exec` takes it (OCI process.json). */
int spec_load_process(json_object *process, struct spec_process *ret, struct err *e);
void spec_process_release(struct spec_process *p);

/* Only limits, as `update` takes them (OCI's linux.resources). */
int spec_load_resources(json_object *resources, struct spec_resources *ret, struct err *e);
void spec_resources_release(struct spec_resources *r);

/* The words that "options" of a mount may hold beside those of its file system; owned by the caller. */
int spec_mount_words(char ***ret, struct err *e);

/* The host id of a container id, or -1 when it has none. */
int64_t spec_id_to_host(const struct spec_id_maps *maps, uint32_t container_id);

/* Whether every id inside is the same one outside, so that no mount needs to be idmapped. */
bool spec_keeps_all_ids(const struct spec *s);

static inline bool spec_has_own(const struct spec *s, enum ns_kind kind)
{
    return s->ns[kind].mode == SPEC_NS_NEW;
}

/* Whether the creation makes interfaces in it. */
static inline bool spec_has_network(const struct spec *s)
{
    return s->net && spec_has_own(s, NS_NET);
}

#endif
