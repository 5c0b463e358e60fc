/* How many processes and threads. Source: cgroup-v1/pids.rst, cgroup-v2.rst "PID". */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/cgroup/driver.h"

static bool format_limit(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    (void)v;
    if (r->pids_limit < 0)
        snprintf(value, CGROUP_VALUE_MAX, "max");
    else
        snprintf(value, CGROUP_VALUE_MAX, "%" PRId64, r->pids_limit);
    return r->pids_limit != 0;
}

static const struct cgroup_setting settings[] = {
    {"--pids-limit", "pids.max", "pids.max", format_limit},
};

const struct cgroup_driver cgroup_pids_driver = {
    .v1_name = "pids",
    .v2_name = "pids",
    .is_default = true,
    .settings = settings,
    .n_settings = ARRAY_SIZE(settings),
};
