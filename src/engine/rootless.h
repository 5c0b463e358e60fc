/*
 * Without root: every user has a *base*, a user namespace of his own with a mount and a network namespace, in which the
 * engine works as it does for root. Networks, bridges, the firewall and published ports are the same inside it; pasta(1) connects its
 * network with the world, one for all of the user's containers.
 *
 *   sampan (the user's)            sampan _base, one per user          the base
 *     connects to base.sock  ----->  holds it open: a sleeping child --> user, mnt, net namespaces
 *     joins them (setns)     <-----  a pidfd of that child
 *     goes on as root of the base
 *                                    pasta, when first asked for  -----> its interface
 *
 *   RUN_ROOT/base.lock    flock'ed by `sampan _base` while it lives
 *   RUN_ROOT/base.users   flock'ed, shared, by every command while it runs: nobody leaves a base that is asked for
 *   RUN_ROOT/base.sock    SOCK_SEQPACKET; only the user himself can connect (mode 0600, SO_PEERCRED)
 *
 * The base ends some seconds after the last container and command; a killed one is made again by the next command that
 * finds no container running in it.
 *
 * Ids: 0 in the base is the user, 1 and on are the user's ranges of /etc/subuid and /etc/subgid, by newuidmap(1). A container's
 * user namespace has the same ids as the base: root inside is the user outside, and everyone else an id that owns nothing.
 *
 * Privilege: none but that of newuidmap and newgidmap, which are set-uid. Source: user_namespaces(7), subuid(5), pasta(1).
 */
#ifndef SAMPAN_ENGINE_ROOTLESS_H
#define SAMPAN_ENGINE_ROOTLESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Where an unprivileged user's engine has its directories: $XDG_DATA_HOME/sampan, ~/.local/share/sampan;
 * $XDG_RUNTIME_DIR/sampan, /run/user/UID/sampan, /tmp/sampan-UID. Owned by the caller. */
int rootless_root(char **ret, struct err *e);
int rootless_run_root(char **ret, struct err *e);

/* Joins the base of the calling user, made first where there is none; from here on the process is root in it, in the
 * directory where it was. Blocks some milliseconds, and up to some seconds when the base is new. */
int rootless_enter(const char *run_root, struct err *e);

/* Connects the base's network with the world (pasta), once: for a container with a network. From inside the base. */
int rootless_connect(int run_fd, struct err *e);

/* `sampan _base RUN_ROOT`: makes the base, says so on stdout by one byte (or a struct err), and holds it until nobody needs
 * it. */
int rootless_hold(const char *run_root, struct err *e);

/* ---- rootless_ids.c */

enum { ROOTLESS_RANGES_MAX = 32 };

struct rootless_range {
    uint32_t first, count;
};

/* The ranges of a file in the form of subuid(5) that belong to the user, by name or number. */
size_t rootless_ranges(const char *text, const char *name, uid_t uid, struct rootless_range ret[ROOTLESS_RANGES_MAX]);

/* Whether rootless_map_ids will find what it needs. */
int rootless_check_ids(struct err *e);

/* Writes the id maps of a process in a new user namespace of this user, by newuidmap and newgidmap. */
int rootless_map_ids(pid_t pid, struct err *e);

#endif
