/*
 * A container's row (storage/containers.h) and the container that it stands for.
 *
 * A row's status is what was decided, not what is: RUNNING is written before the shim starts, together with the lease
 * of the id range, and holds until somebody takes the container's lock and writes down how it ended. So a row that
 * says RUNNING and whose lock is free stands for a dead container (engine/recover.c). The pid and the time of the
 * start are in the run directory's state.json, not in the row, which spares a start its second transaction.
 */
#ifndef SAMPAN_ENGINE_RECORD_H
#define SAMPAN_ENGINE_RECORD_H

#include "engine/container.h"
#include "storage/containers.h"

struct engine;

int record_from_container(const struct container *c, struct container_row *ret, struct err *e);

/* The container as the row has it. */
int record_to_container(const struct container_row *row, struct container **ret, struct err *e);

/* The same with what the run directory knows: pid, started_at, and the exit of one whose row was not written yet. */
int record_to_live_container(const struct engine *en, const struct container_row *row, struct container **ret,
                             struct err *e);

/* Reads exit.json into the row: status, exit_code, oom_killed, error, finished_at. 1 when there was one. */
int record_merge_exit(int run_dir_fd, struct container_row *row, struct err *e);

/* Reads state.json's times into the row and its pid; 1 when there was one, that is when the container once ran. */
int record_merge_state(int run_dir_fd, struct container_row *row, pid_t *ret_pid, struct err *e);

#endif
