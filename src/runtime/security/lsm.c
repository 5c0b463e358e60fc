#include "runtime/security/lsm.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "kernel/path.h"

bool lsm_has_apparmor(void)
{
    char answer = 'N';
    _cleanup_close_ int fd = open("/sys/module/apparmor/parameters/enabled", O_RDONLY | O_CLOEXEC);
    return fd >= 0 && read(fd, &answer, 1) == 1 && answer == 'Y';
}

bool lsm_has_selinux(void)
{
    struct statfs st;
    return statfs("/sys/fs/selinux", &st) == 0 && st.f_type == SELINUX_MAGIC;
}

/* A file below /proc/thread-self/attr, by way of the proven procfs and no symlink but the kernel's own. */
static int open_attr(int proc_fd, const char *attr, struct err *e)
{
    char self[64], path[128];
    ssize_t n = readlinkat(proc_fd, "thread-self", self, sizeof(self) - 1);
    if (n < 0)
        return err_sys(e, "read /proc/thread-self");
    self[n] = '\0';
    snprintf(path, sizeof(path), "%s/attr/%s", self, attr);
    return path_open_no_symlinks(proc_fd, path, O_WRONLY, 0, e);
}

static int write_attr(int proc_fd, const char *attr, const char *value, struct err *e)
{
    _cleanup_close_ int fd = open_attr(proc_fd, attr, e);
    if (fd < 0)
        return fd;
    ssize_t n = write(fd, value, strlen(value));
    return n < 0 ? err_sys(e, "write attr/%s", attr) : 0;
}

/* ENOENT: no such profile, or no such file; EINVAL: another module answered. Either way the profile is not there. */
static int explain(int code, const char *what, const char *name, const char *option, struct err *e)
{
    err_set(e, ERR_SYS, code, "%s \"%s\"", what, name);
    if (code == ENOENT || code == EINVAL)
        return err_advice(e, "not loaded, or not in this kernel: --security-opt %s does without", option);
    return -code;
}

static int apply_apparmor(const char *profile, int proc_fd, struct err *e)
{
    char command[300];
    if (snprintf(command, sizeof(command), "exec %s", profile) >= (int)sizeof(command))
        return err_invalid(e, "AppArmor profile \"%s\": the name is too long", profile);
    int r = write_attr(proc_fd, "apparmor/exec", command, NULL);
    if (r == -ENOENT) /* before Linux 5.8 the modules shared one file */
        r = write_attr(proc_fd, "exec", command, NULL);
    return r < 0 ? explain(-r, "AppArmor profile", profile, "apparmor=unconfined", e) : 0;
}

static int apply_selinux(const char *label, int proc_fd, struct err *e)
{
    int r = write_attr(proc_fd, "exec", label, NULL);
    if (r == 0)
        r = write_attr(proc_fd, "keycreate", label, NULL);
    return r < 0 ? explain(-r, "SELinux label", label, "label=disable", e) : 0;
}

int lsm_apply_exec(const struct spec_process *p, int proc_fd, struct err *e)
{
    int r = 0;
    if (p->apparmor_profile && strcmp(p->apparmor_profile, "unconfined") != 0)
        r = apply_apparmor(p->apparmor_profile, proc_fd, e);
    if (r == 0 && p->selinux_label)
        r = apply_selinux(p->selinux_label, proc_fd, e);
    return r;
}
