/* Processor time: a share when it is scarce, and a quota. Source: cgroup-v2.rst "CPU", runtime-spec "CPU". */
#include <inttypes.h>
#include <stdio.h>

#include "runtime/cgroup/driver.h"

/* Shares 2…262144 to weight 1…10000, linearly: the formula that the OCI specification's runtimes share. */
static uint64_t weight_of_shares(uint64_t shares)
{
    if (shares < 2)
        shares = 2;
    if (shares > 262144)
        shares = 262144;
    return 1 + (shares - 2) * 9999 / 262142;
}

static bool format_shares(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    snprintf(value, CGROUP_VALUE_MAX, "%" PRIu64, v == CGROUP_V1 ? r->cpu_shares : weight_of_shares(r->cpu_shares));
    return r->cpu_shares != 0;
}

static bool format_period(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    snprintf(value, CGROUP_VALUE_MAX, "%" PRIu64, r->cpu_period);
    return v == CGROUP_V1 && r->cpu_period != 0;
}

/* In version 2 one file holds both; without a period the present one stays. */
static bool format_quota(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    if (v == CGROUP_V1) {
        snprintf(value, CGROUP_VALUE_MAX, "%" PRId64, r->cpu_quota);
        return r->cpu_quota != 0;
    }
    int n = r->cpu_quota > 0 ? snprintf(value, CGROUP_VALUE_MAX, "%" PRId64, r->cpu_quota)
                             : snprintf(value, CGROUP_VALUE_MAX, "max");
    if (r->cpu_period)
        snprintf(value + n, (size_t)(CGROUP_VALUE_MAX - n), " %" PRIu64, r->cpu_period);
    return r->cpu_quota != 0 || r->cpu_period != 0;
}

static const struct cgroup_setting settings[] = {
    {"--cpu-shares", "cpu.shares", "cpu.weight", format_shares},
    {"--cpu-period", "cpu.cfs_period_us", NULL, format_period},
    {"--cpus or --cpu-quota", "cpu.cfs_quota_us", "cpu.max", format_quota},
};

const struct cgroup_driver cgroup_cpu = {
    .v1_name = "cpu",
    .v2_name = "cpu",
    .is_default = true,
    .settings = settings,
    .n_settings = ARRAY_SIZE(settings),
};
