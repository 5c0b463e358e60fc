/* What is there: containers, their processes, logs, namespaces. Nothing here changes a container. */
#ifndef SAMPAN_ENGINE_QUERY_H
#define SAMPAN_ENGINE_QUERY_H

#include "engine/container.h"
#include "engine/engine.h"
#include "kernel/namespaces.h"

/* A name, id or unique id prefix; with its state as of now. ERR_NOT_FOUND "no such container: x", ERR_INVALID for an
 * ambiguous prefix. */
int engine_find(struct engine *en, const char *ref, struct container **ret, struct err *e);

struct container_list {
    struct container **v;
    size_t n;
};
/* Newest first. all: those that don't run too. filters: "name=x", "label=k[=v]", "status=…", "id=…", "ancestor=…",
 * "exited=…". */
int engine_list(struct engine *en, bool all, char *const *filters, struct container_list *ret, struct err *e);
void container_list_release(struct container_list *l);

/* Processes of a container: pid outside, pid in its own pid namespace, and what ps shows. */
struct container_process {
    pid_t pid, ppid, ns_pid;
    uid_t uid; /* outside */
    uint64_t start_ticks, cpu_ticks;
    char tty[16];
    char *command; /* argv joined, or [comm] */
};
struct process_list {
    struct container_process *v;
    size_t n;
};
int engine_processes(struct engine *en, const char *ref, struct process_list *ret, struct err *e);
void process_list_release(struct process_list *l);

struct log_options {
    bool follow, timestamps;
    int64_t tail;         /* -1: all */
    int64_t since, until; /* ns since the epoch; 0: unset */
};
/* Writes the log to out_fd and err_fd. With follow blocks until the container ends. */
int engine_logs(struct engine *en, const char *ref, const struct log_options *o, int out_fd, int err_fd, struct err *e);

/* One namespace of one container. */
struct ns_view {
    enum ns_kind kind;
    uint64_t inode;
    bool is_host;          /* the same as this process's */
    uint64_t owner_userns; /* inode; 0 unknown */
    int owner_uid;         /* uid that made the owning user namespace, -1 unknown */
    uint64_t *parents;     /* inodes from the parent up to the host's (pid and user only) */
    size_t n_parents;
    char **shared_with;                /* names of other containers in it, "host" */
    struct container_process *members; /* processes in it, with pids inside and outside */
    size_t n_members;
};
struct ns_report {
    char *container; /* name; NULL for the host's row */
    char *id;
    pid_t pid;
    struct ns_view ns[NS_COUNT];
    char *uid_map, *gid_map; /* as in /proc/PID/uid_map, "0 536870912 65536" a line */
};
struct ns_report_list {
    struct ns_report *v;
    size_t n;
};
/* The host's first, then every running container's (or only `ref`, with members, maps and parents). Read from the
 * host's procfs and by ioctl_ns(2), from outside. */
int engine_namespaces(struct engine *en, const char *ref, struct ns_report_list *ret, struct err *e);
void ns_report_list_release(struct ns_report_list *l);

#endif
