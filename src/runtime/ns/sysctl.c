/*
 * Settings of the container's namespaces. They are written by the init through the container's own /proc, after its
 * namespaces stand and before /proc/sys becomes read-only: which namespace a file means follows from who opens it.
 *
 * Mustn't: touch a setting of the whole machine (spec_check.c has the list of those that are not).
 * Source: CVE-2022-0811 (what a wrong one does), sysctl(8) for "." and "/" in names.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "kernel/path.h"
#include "runtime/ns/ns.h"

/* "net.ipv4.conf.eth0/1.forwarding=1": "." separates, and "/" stands for a dot inside a name. */
static int name_to_path(const char *setting, char *path, size_t size, struct err *e)
{
    size_t len = strcspn(setting, "=");
    int n = snprintf(path, size, "sys/%.*s", (int)len, setting);

    if (n < 0 || (size_t)n >= size)
        return err_invalid(e, "\"%.*s\" is no name of a setting", (int)len, setting);
    for (char *p = path + strlen("sys/"); *p; p++) {
        if (*p == '.')
            *p = '/';
        else if (*p == '/')
            *p = '.';
    }
    return strstr(path, "..") ? err_invalid(e, "\"%.*s\" is no name of a setting", (int)len, setting) : 0;
}

static int write_one(int proc_fd, const char *setting, struct err *e)
{
    const char *value = setting + strcspn(setting, "=") + 1;
    _cleanup_close_ int fd = -1;
    char path[256];
    int r = name_to_path(setting, path, sizeof(path), e);

    if (r < 0)
        return r;
    fd = path_open_below_procfs(proc_fd, path, O_WRONLY, e);
    if (fd < 0)
        return fd;
    return write(fd, value, strlen(value)) < 0 ? err_sys(e, "write \"%s\"", value) : 0;
}

int ns_write_sysctls(const struct spec *spec, struct err *e)
{
    _cleanup_close_ int proc_fd = -1;

    if (!spec->sysctl || !spec->sysctl[0])
        return 0;
    proc_fd = path_open_procfs(e);
    if (proc_fd < 0)
        return err_context(e, "set sysctls");
    for (char *const *setting = spec->sysctl; *setting; setting++) {
        if (write_one(proc_fd, *setting, e) < 0)
            return err_context(e, "set sysctl %.*s", (int)strcspn(*setting, "="), *setting);
    }
    return 0;
}
