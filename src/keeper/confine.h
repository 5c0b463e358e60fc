/*
 * What a helper program of the keeper's (dnsmasq) may do, set up by its own process before execve.
 *
 *   Should: read the host's files as anybody may, read its directories, bind port 53.
 *   Mustn't: write any file, gain a privilege, see the host's /tmp, outlive the keeper.
 *
 * Its directories are bound below CONFINE_DIR of a mount namespace of its own, so that the way to them need not be open
 * to its user (a run root of mode 0700). Mounts and unmounts of the host still reach it: no disk is kept busy by it.
 *
 * Privilege: root. Source: mount_namespaces(7), prctl(2), capabilities(7). PR_SET_PDEATHSIG is cleared by a change of
 * ids, so it comes last, and the program must not change them itself.
 */
#ifndef SAMPAN_KEEPER_CONFINE_H
#define SAMPAN_KEEPER_CONFINE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

#define CONFINE_DIR "/tmp"
enum { CONFINE_DIRS_MAX = 16 };

struct confinement {
    const char *dirs[CONFINE_DIRS_MAX]; /* absolute paths; the i-th becomes CONFINE_DIR/i */
    size_t n_dirs;
    uint64_t caps; /* kept, also over execve */
    uid_t uid;
    gid_t gid;
    pid_t parent; /* with which it ends */
};

/* The user "dnsmasq", which its package makes, else nobody. */
void confine_choose_user(struct confinement *c);

/* For struct process: prepare, with the struct confinement as its argument. */
int confine_enter(void *confinement, struct err *e);

#endif
