/*
 * The time namespace: offsets of the monotonic and boot-time clocks.
 *
 *   new    unshare makes it for the children to come, and only until the first of them exists can offsets be written.
 *          The init writes them and then joins it itself, since it is the init that executes the payload.
 *          Done before it becomes root of its user namespace: a process that changed its ids may not write its own
 *          /proc files any more.
 *   join   setns.
 *   host   the host's clocks.
 *
 * Source: time_namespaces(7).
 */
#include <fcntl.h>
#include <inttypes.h>
#include <sched.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "kernel/syscalls.h"
#include "runtime/ns/ns.h"

static void add_offset(struct strbuf *text, const char *clock, const struct spec_time_offset *o)
{
    if (o->set)
        strbuf_addf(text, "%s %" PRId64 " %" PRIu32 "\n", clock, o->secs, o->nanosecs);
}

static int write_offsets(const struct spec *spec, struct err *e)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(256);
    int r;

    add_offset(&text, "monotonic", &spec->monotonic);
    add_offset(&text, "boottime", &spec->boottime);
    r = strbuf_check(&text, "time offsets", e);
    if (r < 0 || text.len == 0)
        return r;
    r = file_write_existing(AT_FDCWD, "/proc/self/timens_offsets", strbuf_str(&text), e);
    if (r == -ERANGE)
        return err_advice(e, "a clock may not be set to before its start, nor further than 146 years ahead");
    return r;
}

static int join_own(struct err *e)
{
    _cleanup_close_ int fd = open("/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);

    if (fd < 0)
        return err_sys(e, "open the new time namespace");
    return sys_setns(fd, ns_kinds[NS_TIME].clone_flag) < 0 ? err_sys(e, "enter the new time namespace") : 0;
}

int ns_time_enter(const struct spec *spec, const struct ns_plan *plan, struct err *e)
{
    int r = ns_enter(NS_TIME, spec, plan, e);

    if (r < 0 || !spec_has_own(spec, NS_TIME))
        return r;
    r = write_offsets(spec, e);
    return r < 0 ? r : join_own(e);
}
