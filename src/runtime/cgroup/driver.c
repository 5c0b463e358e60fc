#include "runtime/cgroup/driver.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"

/* Version 1 counts cpu time apart; version 2 does so in every cgroup. */
const struct cgroup_driver cgroup_cpuacct = {.v1_name = "cpuacct"};

/* Version 2 freezes without a controller. */
const struct cgroup_driver cgroup_freezer = {.v1_name = "freezer"};

const struct cgroup_driver *const cgroup_drivers[CGROUP_CONTROLLER_COUNT] = {
    [CGROUP_CPU] = &cgroup_cpu,         [CGROUP_CPUACCT] = &cgroup_cpuacct,  [CGROUP_CPUSET] = &cgroup_cpuset,
    [CGROUP_MEMORY] = &cgroup_memory,   [CGROUP_PIDS] = &cgroup_pids_driver, [CGROUP_IO] = &cgroup_io,
    [CGROUP_DEVICES] = &cgroup_devices, [CGROUP_FREEZER] = &cgroup_freezer,
};

const char *cgroup_driver_wanted(const struct cgroup_driver *d, const struct spec_resources *r)
{
    char value[CGROUP_VALUE_MAX];
    for (size_t i = 0; i < d->n_settings; i++)
        if (d->settings[i].format(r, CGROUP_V2, value))
            return d->settings[i].flag;
    return d->extra_flag ? d->extra_flag(r) : NULL;
}

int cgroup_write_limit(int dir_fd, const char *file, const char *value, const char *flag, struct err *e)
{
    int r = file_write_existing(dir_fd, file, value, NULL);
    if (r == -ENOENT)
        return err_set(e, ERR_UNSUPPORTED, ENOENT, "%s cannot be enforced: this kernel's cgroups have no %s", flag,
                       file);
    if (r == -EINVAL || r == -ERANGE)
        return err_set(e, ERR_INVALID, -r, "%s: the kernel refuses \"%s\" in %s", flag, value, file);
    if (r < 0)
        return err_set(e, ERR_SYS, -r, "%s: write \"%s\" to %s", flag, value, file);
    return 0;
}

static int apply_setting(const struct cgroup_setting *s, int dir_fd, enum cgroup_version v,
                         const struct spec_resources *r, struct err *e)
{
    char value[CGROUP_VALUE_MAX];
    const char *file = v == CGROUP_V1 ? s->v1_file : s->v2_file;
    if (!s->format(r, v, value))
        return 0;
    if (!file)
        return err_set(e, ERR_UNSUPPORTED, 0, "%s cannot be enforced: cgroup version %d has no such setting", s->flag,
                       v == CGROUP_V1 ? 1 : 2);
    return cgroup_write_limit(dir_fd, file, value, s->flag, e);
}

int cgroup_driver_apply(const struct cgroup_driver *d, const struct cgroup *c, int dir_fd, enum cgroup_version v,
                        const struct spec_resources *r, struct err *e)
{
    for (size_t i = 0; i < d->n_settings; i++) {
        int ret = apply_setting(&d->settings[i], dir_fd, v, r, e);
        if (ret < 0)
            return ret;
    }
    return d->apply_extra ? d->apply_extra(c, dir_fd, v, r, e) : 0;
}

/* Counter files fit in a page, and stdio would allocate. */
static int read_small(int dir_fd, const char *file, char *buf, size_t size)
{
    _cleanup_close_ int fd = openat(dir_fd, file, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    ssize_t n = fd_read_full(fd, buf, size - 1);
    if (n < 0)
        return (int)n;
    buf[n] = '\0';
    return 0;
}

int cgroup_read_key(int dir_fd, const char *file, const char *key, uint64_t *ret)
{
    char text[8192] = "";
    size_t len = strlen(key);
    int r = read_small(dir_fd, file, text, sizeof(text));
    if (r < 0)
        return r;
    for (char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, key, len) == 0 && line[len] == ' ' && sscanf(line + len, "%" SCNu64, ret) == 1)
            return 0;
    return -ENOENT;
}

int cgroup_read_number(int dir_fd, const char *file, uint64_t *ret)
{
    char text[64];
    int r = read_small(dir_fd, file, text, sizeof(text));
    if (r < 0)
        return r;
    if (strncmp(text, "max", 3) == 0)
        *ret = UINT64_MAX;
    else if (sscanf(text, "%" SCNu64, ret) != 1)
        return -EINVAL;
    return 0;
}
