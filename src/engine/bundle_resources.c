/* "resources" of a bundle: host_config's numbers in the runtime's units. */
#include "engine/bundle.h"

#include <string.h>

#include "base/file.h"
#include "base/strv.h"
#include "engine/limits.h"
#include "runtime/cgroup/cgroup.h"

/* Whether swap can be limited here: version 1 may have been booted with swapaccount=0. */
static bool swap_is_accounted(void)
{
    const struct cgroup_layout *l = cgroup_layout();
    return l->v1_fd[CGROUP_MEMORY] < 0 || file_exists(l->v1_fd[CGROUP_MEMORY], "memory.memsw.limit_in_bytes");
}

/* Docker's default: as much swap as memory. As a default it is for where it can be had; asked for, it is an error if
 * it cannot. */
static int64_t memory_swap(const struct host_config *h)
{
    if (h->memory_swap != 0 || h->memory <= 0)
        return h->memory_swap;
    return h->memory < INT64_MAX / 2 && swap_is_accounted() ? 2 * h->memory : 0;
}

static void add_memory(const struct host_config *h, json_object *resources)
{
    json_object *memory = json_add_object(resources, "memory");
    const struct {
        const char *key;
        int64_t value;
    } numbers[] = {{"limit", h->memory}, {"reservation", h->memory_reservation}, {"swap", memory_swap(h)}};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (numbers[i].value != 0)
            json_add_int(memory, numbers[i].key, numbers[i].value);
    if (h->memory_swappiness >= 0)
        json_add_int(memory, "swappiness", h->memory_swappiness);
    if (h->oom_kill_disable)
        json_add_bool(memory, "disableOOMKiller", true);
}

static void add_cpu(const struct host_config *h, json_object *resources)
{
    json_object *cpu = json_add_object(resources, "cpu");
    int64_t quota = h->nano_cpus ? limits_cpu_quota(h->nano_cpus) : h->cpu_quota;
    int64_t period = h->nano_cpus ? LIMITS_CPU_PERIOD_US : h->cpu_period;
    const struct {
        const char *key;
        int64_t value;
    } numbers[] = {{"shares", h->cpu_shares}, {"quota", quota}, {"period", period}};
    for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
        if (numbers[i].value != 0)
            json_add_int(cpu, numbers[i].key, numbers[i].value);
    json_add_str(cpu, "cpus", h->cpuset_cpus && *h->cpuset_cpus ? h->cpuset_cpus : NULL);
    json_add_str(cpu, "mems", h->cpuset_mems && *h->cpuset_mems ? h->cpuset_mems : NULL);
}

static int add_throttle(json_object *block, const char *key, char *const *rates, struct err *e)
{
    json_object *list = strv_len(rates) > 0 ? json_add_array(block, key) : NULL;
    STRV_FOREACH (rate, rates) {
        unsigned major, minor;
        uint64_t value;
        int r = limits_parse_rate(*rate, &major, &minor, &value, e);
        if (r < 0)
            return r;
        json_object *o = json_object_new_object();
        json_add_uint(o, "major", major);
        json_add_uint(o, "minor", minor);
        json_add_uint(o, "rate", value);
        json_object_array_add(list, o);
    }
    return 0;
}

static int add_block_io(const struct host_config *h, json_object *resources, struct err *e)
{
    const struct {
        const char *key;
        char *const *rates;
    } lists[] = {
        {"throttleReadBpsDevice", h->device_read_bps},
        {"throttleWriteBpsDevice", h->device_write_bps},
        {"throttleReadIOPSDevice", h->device_read_iops},
        {"throttleWriteIOPSDevice", h->device_write_iops},
    };
    json_object *block = json_add_object(resources, "blockIO");
    if (h->blkio_weight)
        json_add_int(block, "weight", h->blkio_weight);
    int r = 0;
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(lists); i++)
        r = add_throttle(block, lists[i].key, lists[i].rates, e);
    return r;
}

int bundle_add_resources(struct bundle *b, struct err *e)
{
    const struct host_config *h = &b->c->host;
    json_object *resources = json_get(b->linux_, "resources"); /* made with the device rules */
    add_memory(h, resources);
    add_cpu(h, resources);
    if (h->pids_limit != 0)
        json_add_int(json_add_object(resources, "pids"), "limit", h->pids_limit);
    return add_block_io(h, resources, e);
}
