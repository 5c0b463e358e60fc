/*
 * The texts of `run` options, parsed. Each has the shape of an OPT_CALL (base/options.h): the target is the struct
 * container, and a mistake is an ERR_INVALID that shows the right form.
 */
#ifndef SAMPAN_CLI_CONTAINER_VALUES_H
#define SAMPAN_CLI_CONTAINER_VALUES_H

#include "base/err.h"

int value_env(const char *value, void *container, struct err *e);             /* K=V, or K to pass the caller's */
int value_env_of_exec(const char *value, void *env, struct err *e);           /* the same; the target is a char *** */
int value_volume(const char *value, void *container, struct err *e);          /* [SOURCE:]DEST[:OPTIONS] */
int value_mount(const char *value, void *container, struct err *e);           /* type=bind,src=…,dst=… */
int value_tmpfs(const char *value, void *container, struct err *e);           /* DEST[:OPTIONS] */
int value_device(const char *value, void *container, struct err *e);          /* HOST[:CONTAINER][:rwm] */
int value_ulimit(const char *value, void *container, struct err *e);          /* nofile=SOFT[:HARD] */
int value_device_read_bps(const char *value, void *container, struct err *e); /* PATH:BYTES */
int value_device_write_bps(const char *value, void *container, struct err *e);
int value_memory(const char *value, void *container, struct err *e);
int value_memory_reservation(const char *value, void *container, struct err *e);
int value_memory_swap(const char *value, void *container, struct err *e); /* -1: unlimited */
int value_memory_swappiness(const char *value, void *container, struct err *e);
int value_shm_size(const char *value, void *container, struct err *e);
int value_cpus(const char *value, void *container, struct err *e);
int value_cpu_shares(const char *value, void *container, struct err *e);
int value_cpu_period(const char *value, void *container, struct err *e);
int value_cpu_quota(const char *value, void *container, struct err *e);
int value_pids_limit(const char *value, void *container, struct err *e);
int value_blkio_weight(const char *value, void *container, struct err *e);
int value_oom_score_adj(const char *value, void *container, struct err *e);
int value_stop_timeout(const char *value, void *container, struct err *e);
int value_stop_signal(const char *value, void *container, struct err *e);

/* Replaces *field by a copy of the value. */
int value_copy(char **field, const char *value, struct err *e);

/* --env-file and --label-file: a line each, # comments; env lines without = pass the caller's variable. */
int value_env_file(const char *path, char ***env, struct err *e);
int value_label_file(const char *path, char ***labels, struct err *e);

#endif
