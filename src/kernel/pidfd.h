/*
 * Processes by pidfd: the number may be reused, the fd cannot be mistaken. Source: pidfd_open(2).
 */
#ifndef SAMPAN_KERNEL_PIDFD_H
#define SAMPAN_KERNEL_PIDFD_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

int pidfd_open_pid(pid_t pid, struct err *e);
int pidfd_kill(int pidfd, int sig, struct err *e);

/* Waits for a child; ret_info as waitid(2) fills it. */
int pidfd_wait(int pidfd, siginfo_t *ret_info, struct err *e);

/* True once the process has exited; waits up to timeout_ms (-1: for ever). Needs no parenthood. */
bool pidfd_has_exited(int pidfd, int timeout_ms);

/* The pid that the fd refers to in this procfs's pid namespace; -ESRCH after its end. */
pid_t pidfd_to_pid(int pidfd);

/* Start time in clock ticks since boot (field 22 of /proc/PID/stat): with the pid it names a process for ever. */
int pid_start_time(pid_t pid, uint64_t *ret, struct err *e);

#endif
