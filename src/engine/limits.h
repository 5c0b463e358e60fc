/* What a container may use: checks of the numbers in host_config, and their conversion to the runtime's units. */
#ifndef SAMPAN_ENGINE_LIMITS_H
#define SAMPAN_ENGINE_LIMITS_H

#include "engine/container.h"
#include "engine/nsmode.h"

int limits_check(const struct container *c, const struct ns_plan *plan, struct err *e);

/* --cpus as a quota: µs of CPU time per period of 100 ms. */
enum { LIMITS_CPU_PERIOD_US = 100000 };
int64_t limits_cpu_quota(int64_t nano_cpus);

/* "nofile" as RLIMIT_NOFILE and its OCI name "RLIMIT_NOFILE"; -1 when there is none. */
int limits_ulimit(const char *name, const char **ret_oci_name);

/* "/dev/sda:1048576": the device's numbers and the rate. */
int limits_parse_rate(const char *s, unsigned *ret_major, unsigned *ret_minor, uint64_t *ret_rate, struct err *e);

/* "boottime=3600" or "monotonic=-5": which clock, and seconds. */
int limits_parse_time_offset(const char *s, const char **ret_clock, int64_t *ret_secs, struct err *e);

#endif
