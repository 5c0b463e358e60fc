/*
 * Block devices: a weight when they are busy, and throttles. The weight lives with the BFQ scheduler or with io.cost,
 * and has another file for each. Source: cgroup-v2.rst "IO", cgroup-v1/blkio-controller.rst, block/bfq-iosched.rst.
 */
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/cgroup/driver.h"

static const struct throttle {
    const char *flag;
    const char *v1_file;
    const char *v2_key; /* of io.max */
    size_t list, n;     /* offsets in struct spec_resources */
} throttles[] = {
#define THROTTLE(member) offsetof(struct spec_resources, member), offsetof(struct spec_resources, n_##member)
    {"--device-read-bps", "blkio.throttle.read_bps_device", "rbps", THROTTLE(read_bps)},
    {"--device-write-bps", "blkio.throttle.write_bps_device", "wbps", THROTTLE(write_bps)},
    {"--device-read-iops", "blkio.throttle.read_iops_device", "riops", THROTTLE(read_iops)},
    {"--device-write-iops", "blkio.throttle.write_iops_device", "wiops", THROTTLE(write_iops)},
#undef THROTTLE
};

static const struct spec_blkio_limit *throttle_list(const struct throttle *t, const struct spec_resources *r, size_t *n)
{
    *n = *(const size_t *)((const char *)r + t->n);
    return *(struct spec_blkio_limit *const *)((const char *)r + t->list);
}

static const char *wanted_flag(const struct spec_resources *r)
{
    size_t n;
    if (r->blkio_weight)
        return "--blkio-weight";
    for (size_t i = 0; i < ARRAY_SIZE(throttles); i++) {
        throttle_list(&throttles[i], r, &n);
        if (n > 0)
            return throttles[i].flag;
    }
    return NULL;
}

static int apply_throttle(const struct throttle *t, int dir_fd, enum cgroup_version v, const struct spec_blkio_limit *l,
                          struct err *e)
{
    char value[CGROUP_VALUE_MAX];
    if (v == CGROUP_V1) /* 0 lifts the limit */
        snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %" PRIu64, l->major, l->minor, l->rate);
    else if (l->rate == 0)
        snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %s=max", l->major, l->minor, t->v2_key);
    else
        snprintf(value, sizeof(value), "%" PRId64 ":%" PRId64 " %s=%" PRIu64, l->major, l->minor, t->v2_key, l->rate);
    return cgroup_write_limit(dir_fd, v == CGROUP_V1 ? t->v1_file : "io.max", value, t->flag, e);
}

static int apply_weight(int dir_fd, enum cgroup_version v, uint64_t weight, struct err *e)
{
    char value[CGROUP_VALUE_MAX];
    const char *bfq_file = v == CGROUP_V1 ? "blkio.bfq.weight" : "io.bfq.weight";
    snprintf(value, sizeof(value), "%" PRIu64, weight);
    if (faccessat(dir_fd, bfq_file, F_OK, 0) == 0)
        return cgroup_write_limit(dir_fd, bfq_file, value, "--blkio-weight", e);
    if (v == CGROUP_V1)
        return cgroup_write_limit(dir_fd, "blkio.weight", value, "--blkio-weight", e);
    /* 10…1000 to 1…10000 */
    snprintf(value, sizeof(value), "default %" PRIu64, weight < 10 ? 1 : 1 + (weight - 10) * 9999 / 990);
    return cgroup_write_limit(dir_fd, "io.weight", value, "--blkio-weight", e);
}

static int apply(const struct cgroup *c, int dir_fd, enum cgroup_version v, const struct spec_resources *r,
                 struct err *e)
{
    (void)c;
    int ret = r->blkio_weight ? apply_weight(dir_fd, v, r->blkio_weight, e) : 0;
    for (size_t i = 0; i < ARRAY_SIZE(throttles); i++) {
        size_t n;
        const struct spec_blkio_limit *list = throttle_list(&throttles[i], r, &n);
        for (size_t j = 0; ret == 0 && j < n; j++)
            ret = apply_throttle(&throttles[i], dir_fd, v, &list[j], e);
    }
    return ret;
}

const struct cgroup_driver cgroup_io = {
    .v1_name = "blkio",
    .v2_name = "io",
    .extra_flag = wanted_flag,
    .apply_extra = apply,
};
