#include "engine/limits.h"

#include <ctype.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/parse.h"
#include "base/strv.h"

/* ---- numbers that stand alone ---- */

static const struct limit {
    size_t offset; /* of an int64_t in struct host_config; 0 is "not set" */
    int64_t min, max;
    const char *message;
} limits[] = {
    {offsetof(struct host_config, memory), 6 * 1024 * 1024, INT64_MAX, "minimum memory limit allowed is 6MB"},
    {offsetof(struct host_config, memory_reservation), 6 * 1024 * 1024, INT64_MAX,
     "minimum memory reservation allowed is 6MB"},
    {offsetof(struct host_config, cpu_period), 1000, 1000000,
     "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"},
    {offsetof(struct host_config, cpu_shares), 2, 262144, "CPU shares go from 2 to 262144"},
    {offsetof(struct host_config, pids_limit), -1, INT64_MAX, "a pids limit is a number of processes, or -1"},
    {offsetof(struct host_config, shm_size), 1, INT64_MAX, "SHM size can not be less than 0"},
};

static int check_ranges(const struct host_config *h, struct err *e)
{
    for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
        int64_t n = *(const int64_t *)((const char *)h + limits[i].offset);
        if (n != 0 && (n < limits[i].min || n > limits[i].max))
            return err_invalid(e, "%s", limits[i].message);
    }
    if (h->memory_swappiness < -1 || h->memory_swappiness > 100)
        return err_invalid(e, "invalid value: %d, valid memory swappiness range is 0-100", h->memory_swappiness);
    if (h->oom_score_adj < -1000 || h->oom_score_adj > 1000)
        return err_invalid(e, "invalid value %d, range for oom score adj is [-1000, 1000]", h->oom_score_adj);
    if (h->blkio_weight != 0 && (h->blkio_weight < 10 || h->blkio_weight > 1000))
        return err_invalid(e, "range of blkio weight is from 10 to 1000");
    return 0;
}

/* ---- memory ---- */

static int check_memory(const struct host_config *h, struct err *e)
{
    if (h->memory_swap > 0 && h->memory == 0)
        return err_invalid(
            e, "you should always set the Memory limit when using Memoryswap limit (--memory with --memory-swap)");
    if (h->memory_swap > 0 && h->memory_swap < h->memory)
        return err_invalid(e,
                           "minimum memoryswap limit should be larger than memory limit (--memory-swap counts both)");
    if (h->memory_swap < -1)
        return err_invalid(e, "a memoryswap limit is a number of bytes, or -1");
    if (h->memory > 0 && h->memory_reservation > h->memory)
        return err_invalid(e,
                           "minimum memory limit can not be less than memory reservation limit (--memory-reservation)");
    return 0;
}

/* ---- cpu ---- */

int64_t limits_cpu_quota(int64_t nano_cpus)
{
    return nano_cpus * LIMITS_CPU_PERIOD_US / 1000000000;
}

static int check_cpu(const struct host_config *h, struct err *e)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (h->nano_cpus > 0 && (h->cpu_period > 0 || h->cpu_quota != 0))
        return err_conflict(e, "conflicting options: Nano CPUs and CPU Period or Quota cannot both be set");
    if (h->nano_cpus != 0 && (h->nano_cpus < 10000000 || h->nano_cpus > cpus * INT64_C(1000000000)))
        return err_invalid(e, "range of CPUs is from 0.01 to %ld.00, as there are only %ld CPUs available (--cpus)",
                           cpus, cpus);
    if (h->cpu_quota > 0 && h->cpu_quota < 1000)
        return err_invalid(e, "CPU cfs quota can not be less than 1ms (i.e. 1000)");
    if (h->cpu_quota < -1)
        return err_invalid(e, "a CPU cfs quota is a number of microseconds, or -1");
    return 0;
}

/* "0-3,7" */
static int check_cpu_list(const char *list, const char *flag, struct err *e)
{
    for (const char *s = list; s && *s;) {
        size_t n = strspn(s, "0123456789");
        size_t m = s[n] == '-' ? 1 + strspn(s + n + 1, "0123456789") : 0;
        const char *end = s + n + m;
        if (n == 0 || m == 1 || (*end && (*end != ',' || !isdigit((unsigned char)end[1]))))
            return err_invalid(e, "invalid value %s for %s: it is a list such as 0-3,7", list, flag);
        s = *end ? end + 1 : end;
    }
    return 0;
}

/* ---- devices' rates ---- */

int limits_parse_rate(const char *s, unsigned *ret_major, unsigned *ret_minor, uint64_t *ret_rate, struct err *e)
{
    const char *colon = strrchr(s, ':');
    struct stat st;
    if (!colon || colon == s)
        return err_invalid(e, "bad format: %s (it is PATH:RATE)", s);
    _cleanup_free_ char *path = strndup(s, (size_t)(colon - s));
    if (!path || stat(path, &st) < 0)
        return err_sys(e, "block device %s", path ? path : s);
    if (!S_ISBLK(st.st_mode))
        return err_invalid(e, "%s is not a block device", path);
    *ret_major = major(st.st_rdev);
    *ret_minor = minor(st.st_rdev);
    return parse_uint64(colon + 1, "rate", ret_rate, e);
}

static int check_rates(const struct host_config *h, struct err *e)
{
    char *const *lists[] = {h->device_read_bps, h->device_write_bps, h->device_read_iops, h->device_write_iops};
    unsigned device_major, device_minor;
    uint64_t rate;
    for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
        STRV_FOREACH (item, lists[i]) {
            int r = limits_parse_rate(*item, &device_major, &device_minor, &rate, e);
            if (r < 0)
                return r;
        }
    return 0;
}

/* ---- ulimits ---- */

static const struct {
    const char *name, *oci_name;
    int resource;
} ulimits[] = {
    {"as", "RLIMIT_AS", RLIMIT_AS},
    {"core", "RLIMIT_CORE", RLIMIT_CORE},
    {"cpu", "RLIMIT_CPU", RLIMIT_CPU},
    {"data", "RLIMIT_DATA", RLIMIT_DATA},
    {"fsize", "RLIMIT_FSIZE", RLIMIT_FSIZE},
    {"locks", "RLIMIT_LOCKS", RLIMIT_LOCKS},
    {"memlock", "RLIMIT_MEMLOCK", RLIMIT_MEMLOCK},
    {"msgqueue", "RLIMIT_MSGQUEUE", RLIMIT_MSGQUEUE},
    {"nice", "RLIMIT_NICE", RLIMIT_NICE},
    {"nofile", "RLIMIT_NOFILE", RLIMIT_NOFILE},
    {"nproc", "RLIMIT_NPROC", RLIMIT_NPROC},
    {"rss", "RLIMIT_RSS", RLIMIT_RSS},
    {"rtprio", "RLIMIT_RTPRIO", RLIMIT_RTPRIO},
    {"rttime", "RLIMIT_RTTIME", RLIMIT_RTTIME},
    {"sigpending", "RLIMIT_SIGPENDING", RLIMIT_SIGPENDING},
    {"stack", "RLIMIT_STACK", RLIMIT_STACK},
};

int limits_ulimit(const char *name, const char **ret_oci_name)
{
    for (size_t i = 0; i < ARRAY_SIZE(ulimits); i++)
        if (strcmp(name, ulimits[i].name) == 0) {
            *ret_oci_name = ulimits[i].oci_name;
            return ulimits[i].resource;
        }
    return -1;
}

/* Whether a hard limit above ours can be had is the kernel's to say (CAP_SYS_RESOURCE, which a restricted host may
 * have taken away); asked for here, by setting it to what it would be, so that the answer comes as a sentence about
 * the flag. */
static int check_hard_limit(const struct ulimit *u, int resource, struct err *e)
{
    struct rlimit now;
    if (getrlimit((__rlimit_resource_t)resource, &now) < 0)
        return err_sys(e, "--ulimit %s", u->name);
    rlim_t hard = u->hard < 0 ? RLIM_INFINITY : (rlim_t)u->hard;
    if (hard <= now.rlim_max)
        return 0;
    struct rlimit wanted = {.rlim_cur = now.rlim_cur, .rlim_max = hard};
    if (setrlimit((__rlimit_resource_t)resource, &wanted) < 0) {
        err_set(e, ERR_DENIED, errno, "--ulimit %s: a hard limit of %lld is above this process's %llu", u->name,
                (long long)u->hard, (unsigned long long)now.rlim_max);
        return err_advice(e, "it needs CAP_SYS_RESOURCE");
    }
    setrlimit((__rlimit_resource_t)resource, &now);
    return 0;
}

static int check_ulimits(const struct host_config *h, struct err *e)
{
    for (size_t i = 0; i < h->n_ulimits; i++) {
        const struct ulimit *u = &h->ulimits[i];
        const char *unused;
        int resource = limits_ulimit(u->name, &unused);
        if (resource < 0)
            return err_invalid(e, "invalid ulimit type: %s", u->name);
        if (u->hard != -1 && (u->soft == -1 || u->soft > u->hard))
            return err_invalid(e, "ulimit soft limit must be less than or equal to hard limit: %s %lld > %lld", u->name,
                               (long long)u->soft, (long long)u->hard);
        int r = check_hard_limit(u, resource, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* ---- time ---- */

int limits_parse_time_offset(const char *s, const char **ret_clock, int64_t *ret_secs, struct err *e)
{
    static const char *const clocks[] = {"boottime", "monotonic"};
    for (size_t i = 0; i < ARRAY_SIZE(clocks); i++) {
        size_t n = strlen(clocks[i]);
        if (strncmp(s, clocks[i], n) == 0 && s[n] == '=') {
            *ret_clock = clocks[i];
            return parse_int64(s + n + 1, "--time-offset", ret_secs, e);
        }
    }
    return err_invalid(e, "invalid time offset: %s (it is boottime=SECONDS or monotonic=SECONDS)", s);
}

static int check_time_offsets(const struct host_config *h, struct err *e)
{
    const char *clock;
    int64_t secs;
    STRV_FOREACH (item, h->time_offsets) {
        int r = limits_parse_time_offset(*item, &clock, &secs, e);
        if (r < 0)
            return r;
    }
    return 0;
}

int limits_check(const struct container *c, const struct ns_plan *plan, struct err *e)
{
    (void)plan;
    const struct host_config *h = &c->host;
    static int (*const checks[])(const struct host_config *, struct err *) = {
        check_ranges, check_memory, check_cpu, check_rates, check_ulimits, check_time_offsets,
    };
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(checks); i++)
        r = checks[i](h, e);
    if (r == 0)
        r = check_cpu_list(h->cpuset_cpus, "--cpuset-cpus", e);
    return r == 0 ? check_cpu_list(h->cpuset_mems, "--cpuset-mems", e) : r;
}
