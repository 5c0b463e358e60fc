/*
 * A container as the engine knows it, with Docker's names: `inspect` and the Engine API are this struct in JSON
 * (container_to_json), and the database holds Config and HostConfig in the same form.
 *
 * struct container_config and host_config are what the user asked for; container_state is what became of it. Strings
 * are owned by the struct; vectors are base/strv.h.
 */
#ifndef SAMPAN_ENGINE_CONTAINER_H
#define SAMPAN_ENGINE_CONTAINER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"

enum { CONTAINER_ID_LEN = 64, CONTAINER_SHORT_ID_LEN = 12, CONTAINER_SHM_SIZE_DEFAULT = 64 * 1024 * 1024 };

/* Docker's Config: what is in the container, wherever it runs. */
struct container_config {
    char *hostname, *domainname;
    char *user;
    bool attach_stdin, attach_stdout, attach_stderr;
    bool tty, open_stdin, stdin_once;
    char **env;
    char **cmd;
    char **entrypoint;
    bool entrypoint_set; /* --entrypoint "" clears the image's */
    char *image;         /* as the user wrote it */
    char *working_dir;
    char **labels;        /* "key=value" */
    char **exposed_ports; /* "80/tcp" */
    char *stop_signal;
    int stop_timeout; /* seconds; -1: unset */
};

struct net_plan; /* network/plan.h */

struct mount_point {
    char *type;        /* "bind", "volume", "tmpfs" */
    char *name;        /* of a volume; NULL: engine_create gives it one */
    bool is_anonymous; /* such a one, which goes with the container */
    char *source;      /* host path (volume: its _data) */
    char *destination;
    bool rw;
    bool no_copy;
    bool no_idmap;
    bool non_recursive;
    bool create_source;  /* -v: a missing source is made as a directory, as Docker does; --mount: it is an error */
    char *propagation;   /* "rprivate" … */
    char *tmpfs_options; /* "size=64m,mode=1777" */
    char **options;      /* as given: "ro", "z" … */
};

/* A network that the container is on: Docker's EndpointSettings, as asked for. What it got is in its plan
 * (network/plan.h) while it runs. */
struct endpoint_config {
    char *network; /* a name or id as given; settled to the network's name */
    char *ip, *ip6, *mac;
    char **aliases;
    char **driver_opts; /* "key=value" */
    int gw_priority;    /* the highest has the default route; else the first */
};

/* -p, one port of it. */
struct port_binding {
    char *host_ip;      /* NULL: all addresses, or the configuration's */
    uint16_t host_port; /* 0: any free one */
    uint16_t host_end;  /* -p 8000-8010:80: any free one from host_port to this; 0: host_port itself */
    uint16_t port;      /* in the container */
    uint8_t protocol;   /* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP */
};

struct device_mapping {
    char *path_on_host, *path_in_container, *permissions; /* "rwm" */
};

struct ulimit {
    char *name;         /* "nofile" */
    int64_t soft, hard; /* -1: unlimited */
};

/* Docker's HostConfig: how this host runs it. Unset numbers are 0 unless stated. */
struct host_config {
    char *network_mode; /* "bridge", "none", "host", "container:ID", a network's name: the first of the endpoints */
    struct port_binding *ports; /* ranges are one entry a port */
    size_t n_ports;
    char **egress;        /* --egress: "deny", "allow=HOST[:PORT[/PROTOCOL]]" */
    int64_t network_rate; /* --network-rate: bytes per second each way; 0: unlimited */
    char *pid_mode, *ipc_mode, *uts_mode, *cgroupns_mode, *userns_mode; /* "", "host", "private", "container:ID", … */
    int64_t memory, memory_reservation, memory_swap;                    /* bytes; swap -1 unlimited */
    int memory_swappiness;                                              /* -1: unset */
    bool oom_kill_disable;
    int oom_score_adj;
    int64_t nano_cpus, cpu_shares, cpu_quota, cpu_period;
    char *cpuset_cpus, *cpuset_mems;
    int64_t pids_limit; /* 0 unset, -1 unlimited */
    uint16_t blkio_weight;
    char **device_read_bps, **device_write_bps, **device_read_iops, **device_write_iops; /* "path:rate" */
    char **cap_add, **cap_drop;
    bool privileged, readonly_rootfs, init, auto_remove, publish_all;
    struct device_mapping *devices;
    size_t n_devices;
    char **device_cgroup_rules;
    char **security_opt;
    char **masked_paths, **readonly_paths; /* the effective ones */
    int64_t shm_size;                      /* bytes of its own /dev/shm */
    struct ulimit *ulimits;
    size_t n_ulimits;
    char **sysctls; /* "key=value" */
    char **group_add;
    char **dns, **dns_search, **dns_options, **extra_hosts;
    char *cgroup_parent;
    char *runtime_rootfs; /* --rootfs DIR[:O] */
    char **time_offsets;  /* "boottime=3600", "monotonic=-5" */
    char *log_driver;     /* "json-file", "none" */
    char **log_opts;
    char *cidfile;
};

enum container_status { CONTAINER_CREATED, CONTAINER_RUNNING, CONTAINER_EXITED, CONTAINER_DEAD };

struct container_state {
    enum container_status status;
    bool is_starting; /* status is CREATED, but a command is about to start it: neither pid nor shim can be asked yet */
    pid_t pid;
    int exit_code;
    bool oom_killed;
    char *error;
    int64_t started_at, finished_at; /* ns since the epoch; 0: never */
};

struct container {
    char id[CONTAINER_ID_LEN + 1];
    char *name;      /* without the leading slash */
    int64_t created; /* ns since the epoch */
    char *image_id;  /* "sha256:…"; NULL with --rootfs */
    char **layers;   /* directories, top first */
    struct container_config config;
    struct host_config host;
    struct mount_point *mounts;
    size_t n_mounts;
    struct endpoint_config *endpoints; /* Docker's NetworkSettings.Networks; the order is that of the interfaces */
    size_t n_endpoints;
    struct net_plan *net; /* owned: what the network gave it (network/plan.h), while it runs; NULL: nothing */
    struct container_state state;
    uint32_t id_base; /* first host id of its range; 0: no user namespace of its own, or not running */
};

struct container *container_new(void); /* all defaults; aborts on out of memory */
void container_free(struct container *c);
DEFINE_CLEANUP_PTR(container, struct container *, container_free)
#define _cleanup_container_ _cleanup_(cleanup_container)

/* Appends an empty mount point (rw) and returns it, to be filled; aborts on out of memory. */
struct mount_point *container_add_mount(struct container *c);

/* The same for an endpoint and a published port. */
struct endpoint_config *container_add_endpoint(struct container *c);
struct port_binding *container_add_port(struct container *c);
/* What it owns, for one that no container has; empty afterwards. */
void endpoint_config_release(struct endpoint_config *n);
/* The i-th goes, those behind it move up. */
void container_drop_endpoint(struct container *c, size_t i);
void container_drop_port(struct container *c, size_t i);

/* Docker's inspect object. And back, for the database and the API (unknown members are ignored, absent ones keep their
 * defaults). */
int container_to_json(const struct container *c, json_object **ret, struct err *e);
int container_from_json(json_object *o, struct container *c, struct err *e);

/* The same without what is unset and without the state: what the database keeps (storage/containers.h, `spec`). */
int container_to_spec(const struct container *c, json_object **ret, struct err *e);

/* Running, or about to. */
static inline bool container_is_active(const struct container *c)
{
    return c->state.status == CONTAINER_RUNNING || c->state.is_starting;
}

const char *container_status_name(enum container_status s); /* "running" */

/* 64 random hex digits, never all decimal in the first 12 (so that a short id is never taken for a number). */
int container_new_id(char ret[CONTAINER_ID_LEN + 1], struct err *e);
/* Docker's rule: [a-zA-Z0-9][a-zA-Z0-9_.-]+ */
int container_check_name(const char *name, struct err *e);

#endif
