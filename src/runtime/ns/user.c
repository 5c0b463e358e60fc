/*
 * The user namespace: whom the container's ids are outside.
 *
 *   new    clone3 makes it, the parent writes the maps from outside (only there can more than one id be mapped), the
 *          init then becomes its root. Until it does, it is an id that the namespace does not know.
 *   join   before anything else, by the process that clones the init (birth.c): whatever the init then makes belongs to
 *          the joined namespace.
 *   host   nothing to do: ids are the host's, and "become root" changes nothing for root.
 *
 * Should: map only what the spec says; deny setgroups where the kernel demands it (a parent without CAP_SETGID).
 * Mustn't: leave supplementary groups of the caller's behind, which would still open files outside (CVE-2014-8989).
 * Source: user_namespaces(7).
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "kernel/features.h"
#include "kernel/syscalls.h"
#include "runtime/ns/ns.h"

/* ---- in the parent ---- */

/* The kernel takes a whole map in one write of at most a page, and 340 lines. */
enum { MAP_BYTES_MAX = 4095 };

static int write_map(int proc_dir, const char *file, const struct spec_id_maps *maps, struct err *e)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(MAP_BYTES_MAX);
    int r;

    for (size_t i = 0; i < maps->n; i++) {
        const struct spec_id_map *m = &maps->v[i];

        strbuf_addf(&text, "%u %u %u\n", m->container_id, m->host_id, m->size);
    }
    r = strbuf_check(&text, file, e);
    if (r == 0)
        r = file_write_existing(proc_dir, file, strbuf_str(&text), e);
    if (r == -EPERM)
        return err_advice(e, "ids beyond one's own need root, or ranges in /etc/subuid and /etc/subgid");
    if (r == -EINVAL)
        return err_advice(e, "do the ranges overlap, or reach outside the caller's own map?");
    return r;
}

int ns_user_write_maps(pid_t pid, const struct spec *spec, struct err *e)
{
    char path[32];
    _cleanup_close_ int proc_dir = -1;
    int r = 0;

    if (!spec_has_own(spec, NS_USER))
        return 0;
    snprintf(path, sizeof(path), "/proc/%d", (int)pid);
    proc_dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (proc_dir < 0)
        return err_sys(e, "open %s", path);
    if (!process_has_cap(CAP_SETGID))
        r = file_write_existing(proc_dir, "setgroups", "deny", e);
    if (r == 0)
        r = write_map(proc_dir, "uid_map", &spec->uid_maps, e);
    if (r == 0)
        r = write_map(proc_dir, "gid_map", &spec->gid_maps, e);
    return r < 0 ? err_context(e, "map the container's ids") : 0;
}

/* ---- in the child ---- */

int ns_user_join(const struct ns_plan *plan, struct err *e)
{
    if (sys_setns(plan->join_fd[NS_USER], CLONE_NEWUSER) < 0)
        return err_sys(e, "join the user namespace");
    return 0;
}

static bool is_setgroups_denied(void)
{
    _cleanup_free_ char *text = NULL;

    return file_read(AT_FDCWD, "/proc/self/setgroups", 16, &text, NULL, NULL) == 0 && strncmp(text, "deny", 4) == 0;
}

static int drop_groups(bool *ret_can_setgroups, struct err *e)
{
    *ret_can_setgroups = sys_setgroups(0, NULL) == 0;
    if (*ret_can_setgroups || (errno == EPERM && is_setgroups_denied()))
        return 0;
    return err_sys(e, "drop the caller's supplementary groups");
}

int ns_user_become_root(bool *ret_can_setgroups, struct err *e)
{
    int r = drop_groups(ret_can_setgroups, e);

    if (r < 0)
        return r;
    if (sys_setresgid(0, 0, 0) < 0 || sys_setresuid(0, 0, 0) < 0) {
        err_sys(e, "become root of the user namespace");
        return errno == EINVAL ? err_advice(e, "its maps have no id 0") : err_to_errno(e);
    }
    return 0;
}
