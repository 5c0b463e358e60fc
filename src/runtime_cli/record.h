/*
 * What is written down about a container in ROOT/ID/state.json, for the commands to come. It is there before anything
 * else of the container is: a pid of 0 is a creation that goes on, or that a crash ended.
 */
#ifndef SAMPAN_RUNTIME_CLI_RECORD_H
#define SAMPAN_RUNTIME_CLI_RECORD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/json.h"

struct record {
    pid_t pid;           /* of the init; 0 while it is created */
    uint64_t start_time; /* with the pid it names the process for ever (pid_start_time) */
    bool has_pid_ns;     /* the container's processes end with its init */
    char *bundle;
    char *rootfs;
    char *created;            /* RFC 3339 */
    char *cgroup;             /* as spec->cgroup_path */
    json_object *annotations; /* NULL: none */
};

int record_save(const struct record *r, int dir_fd, struct err *e);

/* -ENOENT, with e set, where there is none. */
int record_load(int dir_fd, struct record *ret, struct err *e);
void record_release(struct record *r);
#define _cleanup_record_ _cleanup_(record_release)

#endif
