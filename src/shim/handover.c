#include "shim/handover.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/fd.h"
#include "shim/protocol.h"
#include "shim/shim.h"

/* What comes gets the lowest free number. The lock, which comes last, has one kept for it. */
static int keep_lock_fd(struct err *e)
{
    return dup3(SHIM_FD_RUN_DIR, SHIM_FD_LOCK, O_CLOEXEC) < 0 ? err_sys(e, "keep fd %d for the lock", SHIM_FD_LOCK) : 0;
}

static int take_lock_fd(int fd, struct err *e)
{
    int r = dup3(fd, SHIM_FD_LOCK, O_CLOEXEC) < 0 ? err_sys(e, "take over the lock") : 0;
    fd_close(&fd);
    return r;
}

/* Each of them has its number by now, which config.json names. */
static int take_namespace(int fd, int next, struct err *e)
{
    if (fd == next)
        return 0;
    fd_close(&fd);
    return err_set(e, ERR_INTERNAL, EBADMSG, "a namespace came as fd %d in place of %d", fd, next);
}

/* A container may publish more ports than a program usually has files. */
static int make_room_behind(struct handover *h, int fd, struct err *e)
{
    enum { SPARE = 64 }; /* for all else that a start opens */
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return err_sys(e, "read the limit of open files");
    if ((rlim_t)fd + SPARE < limit.rlim_cur || limit.rlim_cur == limit.rlim_max)
        return 0;
    h->files_limit = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    return setrlimit(RLIMIT_NOFILE, &limit) < 0 ? err_sys(e, "raise the limit of open files") : 0;
}

static int take_port(struct handover *h, int fd, struct err *e)
{
    int r = held_ports_add(&h->ports, fd, e);
    return r == 0 ? make_room_behind(h, fd, e) : r;
}

static int take_before_go(struct handover *h, uint32_t type, int fd, int next, struct err *e)
{
    if (type == SHIM_MSG_NAMESPACE && h->ports.n == 0)
        return take_namespace(fd, next, e);
    if (type == SHIM_MSG_PORT)
        return take_port(h, fd, e);
    fd_close(&fd);
    return err_set(e, ERR_INTERNAL, EBADMSG, "the starter sent message %u before GO", type);
}

int handover_await(struct handover *h, struct err *e)
{
    struct shim_msg m;
    int r = keep_lock_fd(e);
    for (int next = SHIM_FD_FIRST_NAMESPACE; r == 0; next++) {
        int fd = -1;
        r = shim_recv(SHIM_FD_STARTER, &m, &fd, e);
        if (r == 0)
            return err_set(e, ERR_INTERNAL, ECANCELED, "the container's start was given up");
        if (r > 0 && m.type == SHIM_MSG_GO)
            return take_lock_fd(fd, e);
        if (r > 0)
            r = take_before_go(h, m.type, fd, next, e);
    }
    return r;
}

int handover_restore_limits(const struct handover *h, struct spec_process *p, struct err *e)
{
    if (h->files_limit == 0)
        return 0;
    for (size_t i = 0; i < p->n_rlimits; i++)
        if (p->rlimits[i].resource == RLIMIT_NOFILE)
            return 0;
    struct spec_rlimit *grown = reallocarray(p->rlimits, p->n_rlimits + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "restore the limit of open files");
    p->rlimits = grown;
    grown[p->n_rlimits] = (struct spec_rlimit){.resource = RLIMIT_NOFILE};
    getrlimit(RLIMIT_NOFILE, &grown[p->n_rlimits].limit);
    grown[p->n_rlimits++].limit.rlim_cur = h->files_limit;
    return 0;
}
