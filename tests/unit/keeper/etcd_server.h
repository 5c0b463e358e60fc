/* An etcd of the tests' own, on loopback in a network namespace of their own. */
#ifndef SAMPAN_TESTS_UNIT_KEEPER_ETCD_SERVER_H
#define SAMPAN_TESTS_UNIT_KEEPER_ETCD_SERVER_H

#include "base/unit.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "keeper/etcd_kv.h"
#include "kernel/netlink.h"

#define ETCD_PROGRAM "/usr/bin/etcd"
#define ETCD_URL "http://127.0.0.1:2379"

struct etcd_server {
    const char *url; /* where it answers; NULL: ETCD_URL */
    char *dir;
    struct process process;
};

static inline void etcd_server_start(struct etcd_server *s)
{
    const char *url = s->url ? s->url : ETCD_URL;
    const char *const argv[] = {"etcd",
                                "--data-dir",
                                s->dir,
                                "--log-level",
                                "error",
                                "--unsafe-no-fsync",
                                "--listen-client-urls",
                                url,
                                "--advertise-client-urls",
                                url,
                                NULL};
    struct err e = ERR_INIT;

    s->process = (struct process){.path = ETCD_PROGRAM, .argv = argv};
    if (process_start(&s->process, &e) < 0)
        fail_msg("%s", e.text);
}

static inline void etcd_server_stop(struct etcd_server *s, int signo)
{
    assert_int_equal(kill(s->process.pid, signo), 0);
    assert_int_equal(process_wait(&s->process, &(int){0}, NULL), 0);
    fd_close(&s->process.pidfd);
}

/* Waits until it answers; the client's own limit bounds each try. */
static inline void etcd_server_wait(struct etcd *c)
{
    struct err e = ERR_INIT;

    for (int i = 0; i < 100; i++) {
        _cleanup_etcd_list_ struct etcd_list l = ETCD_LIST_INIT;

        if (etcd_range(c, "/", &l, &e) == 0)
            return;
        usleep(100 * 1000);
    }
    fail_msg("etcd does not answer: %s", e.text);
}

/* Its directory, and the namespace. Where it cannot be, the whole program is skipped. */
static inline int etcd_server_prepare(struct etcd_server *s)
{
    if (access(ETCD_PROGRAM, X_OK) < 0 || geteuid() != 0) {
        fprintf(stderr, "these tests start " ETCD_PROGRAM " (package etcd-server) in a network namespace, as root\n");
        exit(77); /* skipped, to Meson */
    }
    s->dir = strdup("/tmp/sampan-etcd-XXXXXX");
    return !s->dir || !mkdtemp(s->dir) || unshare(CLONE_NEWNET) < 0 ? -1 : netlink_loopback_up(NULL);
}

static inline int etcd_server_set_up(struct etcd_server *s)
{
    if (etcd_server_prepare(s) < 0)
        return -1;
    etcd_server_start(s);
    return 0;
}

static inline int etcd_server_tear_down(struct etcd_server *s)
{
    struct err e = ERR_INIT;

    etcd_server_stop(s, SIGKILL);
    if (dir_remove_all(AT_FDCWD, s->dir, &e) < 0)
        fprintf(stderr, "%s\n", e.text);
    free(s->dir);
    return err_is_set(&e);
}

#endif
