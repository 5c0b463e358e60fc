/*
 * A payload whose parent is the command itself (`exec`): its stdio is relayed straight to the user, with no shim between.
 * The user's side behaves as with a shim (user.h).
 */
#ifndef SAMPAN_SHIM_SESSION_H
#define SAMPAN_SHIM_SESSION_H

#include "base/err.h"
#include "shim/user.h"

/* The payload: our ends of its stdio (pipes.h) or its terminal's master, and its pidfd. Owned; -1: none. */
struct session {
    int in, out, err;
    int master;
    int pidfd; /* of a child of the caller */
};

#define SESSION_INIT ((struct session){-1, -1, -1, -1, -1})

/* Relays until the payload ends, which is then reaped, or until the user leaves: then it goes on, and the caller does
 * with it what it wants before session_release. What the payload's own children write after its end is not waited for. */
int session_run(struct session *s, const struct user_io *io, struct shim_result *ret, struct err *e);

/* For a user who left a terminal: a process of its own stays and takes what the payload prints, as closing the terminal
 * would hang it up. It ends when nobody inside has the terminal open. The session's owner goes on to session_release. */
int session_leave(const struct session *s, struct err *e);

/* Closes what is still open. Idempotent. */
void session_release(struct session *s);

#endif
