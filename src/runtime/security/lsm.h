/*
 * Linux security modules that label a process at its next execve: AppArmor profiles and SELinux labels.
 * Asking for one on a kernel that runs no such module is an error, never ignored: the user believes in it.
 * Source: apparmor(7), selinux(8), CVE-2019-16884, CVE-2025-52881 (the write must reach the real procfs).
 */
#ifndef SAMPAN_RUNTIME_LSM_H
#define SAMPAN_RUNTIME_LSM_H

#include <stdbool.h>

#include "base/err.h"
#include "runtime/spec.h"

bool lsm_has_apparmor(void);
bool lsm_has_selinux(void);

/* In the container's process, shortly before execve: labels the next execve, and for SELinux the keys made later.
 * proc_fd is a procfs proven to be one (path_open_procfs), in which the caller has a pid. Nothing to do is success. */
int lsm_apply_exec(const struct spec_process *p, int proc_fd, struct err *e);

#endif
