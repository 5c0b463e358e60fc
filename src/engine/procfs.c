#include "engine/procfs.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/file.h"

enum { FILE_MAX = 256 * 1024, PTS_MAJOR_FIRST = 136, PTS_MAJOR_LAST = 143, TTY_MAJOR = 4 };

/* A file of the process; -ESRCH when the process is gone, between the open and the read too. */
static int read_file(pid_t pid, const char *name, char **ret, size_t *ret_len, struct err *e)
{
    struct err own = ERR_INIT;
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
    int r = file_read(AT_FDCWD, path, FILE_MAX, ret, ret_len, &own);
    if (r == -ENOENT)
        r = -ESRCH;
    if (r < 0 && r != -ESRCH && e)
        *e = own;
    return r;
}

static void format_tty(unsigned dev, char ret[16])
{
    unsigned major_ = major(dev), minor_ = minor(dev);
    *ret = '\0';
    if (major_ >= PTS_MAJOR_FIRST && major_ <= PTS_MAJOR_LAST)
        snprintf(ret, 16, "pts/%u", (major_ - PTS_MAJOR_FIRST) * 256 + minor_);
    else if (major_ == TTY_MAJOR)
        snprintf(ret, 16, "tty%u", minor_);
}

/* The name in parentheses may hold anything, also parentheses: it ends at the last one. Source: proc_pid_stat(5). */
static int read_stat(pid_t pid, struct container_process *p, char comm[64], struct err *e)
{
    _cleanup_free_ char *text = NULL;
    unsigned long utime, stime;
    unsigned long long start;
    int ppid, tty;
    int r = read_file(pid, "stat", &text, NULL, e);
    if (r < 0)
        return r;
    char *open = strchr(text, '('), *close = strrchr(text, ')');
    if (!open || !close ||
        sscanf(close + 1, " %*c %d %*d %*d %d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %llu", &ppid,
               &tty, &utime, &stime, &start) != 5)
        return err_set(e, ERR_INTERNAL, EBADMSG, "/proc/%d/stat is not as expected", pid);
    *close = '\0';
    snprintf(comm, 64, "%s", open + 1);
    p->ppid = ppid;
    p->cpu_ticks = utime + stime;
    p->start_ticks = start;
    format_tty((unsigned)tty, p->tty);
    return 0;
}

/* NSpid: one pid per nested namespace from the reader's on; the last is the innermost. */
static int read_status(pid_t pid, struct container_process *p, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    int r = read_file(pid, "status", &text, NULL, e);
    if (r < 0)
        return r;
    const char *uid = strstr(text, "\nUid:"), *ns_pid = strstr(text, "\nNSpid:");
    if (uid)
        p->uid = (uid_t)strtoul(uid + strlen("\nUid:"), NULL, 10);
    p->ns_pid = pid;
    for (const char *s = ns_pid ? ns_pid + strlen("\nNSpid:") : ""; *s == '\t' || *s == ' ';) {
        char *end;
        p->ns_pid = (pid_t)strtol(s, &end, 10);
        s = end;
    }
    return 0;
}

/* argv joined; kernel threads and zombies have none. */
static int read_command(pid_t pid, const char *comm, struct container_process *p, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    size_t n;
    int r = read_file(pid, "cmdline", &text, &n, e);
    if (r < 0)
        return r;
    while (n > 0 && text[n - 1] == '\0')
        n--;
    for (size_t i = 0; i < n; i++)
        if (text[i] == '\0')
            text[i] = ' ';
    if (n == 0 && asprintf(&p->command, "[%s]", comm) < 0)
        p->command = NULL;
    else if (n > 0)
        p->command = strndup(text, n);
    return p->command ? 0 : err_set(e, ERR_SYS, ENOMEM, "process %d", pid);
}

int procfs_read_process(pid_t pid, struct container_process *ret, struct err *e)
{
    struct container_process p = {.pid = pid};
    char comm[64];
    int r = read_stat(pid, &p, comm, e);
    if (r == 0)
        r = read_status(pid, &p, e);
    if (r == 0)
        r = read_command(pid, comm, &p, e);
    if (r == 0)
        *ret = p;
    return r;
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

int procfs_pids(pid_t **ret, size_t *ret_n, struct err *e)
{
    _cleanup_free_ pid_t *pids = NULL;
    size_t n = 0, room = 0;
    _cleanup_(close_dir) DIR *dir = opendir("/proc");
    if (!dir)
        return err_sys(e, "read /proc");
    for (struct dirent *d; (d = readdir(dir));) {
        if (d->d_name[strspn(d->d_name, "0123456789")])
            continue;
        if (n == room) {
            pid_t *grown = reallocarray(pids, room + 256, sizeof(*pids));
            if (!grown)
                return err_set(e, ERR_SYS, ENOMEM, "read /proc");
            pids = grown;
            room += 256;
        }
        pids[n++] = (pid_t)strtol(d->d_name, NULL, 10);
    }
    *ret = TAKE_PTR(pids);
    *ret_n = n;
    return 0;
}
