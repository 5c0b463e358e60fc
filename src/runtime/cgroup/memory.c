/*
 * Memory. Version 1 limits memory, and memory with swap together (memsw); version 2 limits memory and swap apart, so
 * the swap limit is the difference. Source: cgroup-v2.rst "Memory", cgroup-v1/memory.rst, runtime-spec "Memory".
 */
#include <inttypes.h>
#include <stdio.h>

#include "base/file.h"
#include "runtime/cgroup/driver.h"

/* -1 is no limit, and each version has its word for that. */
static bool format_bytes(int64_t bytes, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    if (bytes == 0)
        return false;
    if (bytes < 0)
        snprintf(value, CGROUP_VALUE_MAX, "%s", v == CGROUP_V1 ? "-1" : "max");
    else
        snprintf(value, CGROUP_VALUE_MAX, "%" PRId64, bytes);
    return true;
}

static bool format_reservation(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    return format_bytes(r->memory_reservation, v, value);
}

static bool format_swappiness(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    (void)v;
    snprintf(value, CGROUP_VALUE_MAX, "%" PRIu64, r->swappiness);
    return r->has_swappiness;
}

static bool format_oom_control(const struct spec_resources *r, enum cgroup_version v, char value[CGROUP_VALUE_MAX])
{
    (void)v;
    snprintf(value, CGROUP_VALUE_MAX, "1");
    return r->memory_disable_oom_killer;
}

static const struct cgroup_setting settings[] = {
    {"--memory-reservation", "memory.soft_limit_in_bytes", "memory.low", format_reservation},
    {"--memory-swappiness", "memory.swappiness", NULL, format_swappiness},
    {"--oom-kill-disable", "memory.oom_control", NULL, format_oom_control},
};

static const char *limit_flag(const struct spec_resources *r)
{
    return r->memory_limit ? "--memory" : r->memory_swap ? "--memory-swap" : NULL;
}

/* memsw must never be below the limit: raising writes it first, lowering last. The kernel tells by EINVAL which it is. */
static int apply_v1(int dir_fd, const char *limit, const char *memsw, struct err *e)
{
    static const char limit_file[] = "memory.limit_in_bytes", memsw_file[] = "memory.memsw.limit_in_bytes";
    if (limit && memsw && file_write_existing(dir_fd, limit_file, limit, NULL) == -EINVAL) {
        int r = cgroup_write_limit(dir_fd, memsw_file, memsw, "--memory-swap", e);
        return r < 0 ? r : cgroup_write_limit(dir_fd, limit_file, limit, "--memory", e);
    }
    int r = limit ? cgroup_write_limit(dir_fd, limit_file, limit, "--memory", e) : 0;
    if (r == 0 && memsw)
        r = cgroup_write_limit(dir_fd, memsw_file, memsw, "--memory-swap", e);
    return r;
}

static int apply_v2(int dir_fd, const char *limit, const struct spec_resources *r, struct err *e)
{
    char swap[CGROUP_VALUE_MAX];
    int ret = limit ? cgroup_write_limit(dir_fd, "memory.max", limit, "--memory", e) : 0;
    if (ret < 0 || r->memory_swap == 0)
        return ret;
    if (r->memory_swap < 0)
        snprintf(swap, sizeof(swap), "max");
    else
        snprintf(swap, sizeof(swap), "%" PRId64, r->memory_swap - r->memory_limit);
    return cgroup_write_limit(dir_fd, "memory.swap.max", swap, "--memory-swap", e);
}

static int apply_limits(const struct cgroup *c, int dir_fd, enum cgroup_version v, const struct spec_resources *r,
                        struct err *e)
{
    (void)c;
    char limit[CGROUP_VALUE_MAX], memsw[CGROUP_VALUE_MAX];
    if (r->memory_swap > 0 && (r->memory_limit <= 0 || r->memory_swap < r->memory_limit))
        return err_invalid(
            e, "--memory-swap is memory and swap together: it must be at least --memory, which must be set");
    bool has_limit = format_bytes(r->memory_limit, v, limit), has_memsw = format_bytes(r->memory_swap, v, memsw);
    return v == CGROUP_V1 ? apply_v1(dir_fd, has_limit ? limit : NULL, has_memsw ? memsw : NULL, e)
                          : apply_v2(dir_fd, has_limit ? limit : NULL, r, e);
}

const struct cgroup_driver cgroup_memory = {
    .v1_name = "memory",
    .v2_name = "memory",
    .is_default = true,
    .settings = settings,
    .n_settings = ARRAY_SIZE(settings),
    .extra_flag = limit_flag,
    .apply_extra = apply_limits,
};
