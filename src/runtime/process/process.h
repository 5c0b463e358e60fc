/*
 * The payload: from "inside the container, root of it, all privileges" to execve, one file for each matter. Both ways
 * in end here: child.c (a container's first process) and exec.c (a further one).
 *
 * Everything here runs inside the container's root, so its /etc/passwd, /dev and directories are the container's own
 * and hostile: they are read with bounds, and with no privilege outside the container's.
 */
#ifndef SAMPAN_RUNTIME_PROCESS_H
#define SAMPAN_RUNTIME_PROCESS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime/spec.h"

/* ---- user.c: who the payload is */

struct identity {
    uid_t uid;
    gid_t gid;
    gid_t *groups; /* for setgroups(2): gid comes first */
    size_t n_groups;
    char *home; /* never NULL */
};

/* Docker's rules for --user: a number is an id even where a user has it as a name; a user found in /etc/passwd brings
 * the group, the home, and (without an explicit group) the groups of /etc/group; a name that is not found is
 * ERR_INVALID, a number that is not found has group 0 and home "/". */
int user_resolve(const struct spec_user *user, struct identity *ret, struct err *e);
void identity_release(struct identity *id);

/* ---- user_db.c: /etc/passwd and /etc/group, one line at a time */

struct user_entry {
    const char *name;
    uid_t uid;
    gid_t gid;
    const char *home;
};

struct group_entry {
    const char *name;
    gid_t gid;
    char *members; /* "a,b" */
};

/* The next well-formed line of the text, which is taken apart on the way; false at its end. */
bool user_db_next_user(char **text, struct user_entry *ret);
bool user_db_next_group(char **text, struct group_entry *ret);

/* A decimal id without sign, blanks, or anything else: 0…2147483647, as Docker has it (CVE-2024-40635). */
enum user_id_kind { USER_ID_NAME, USER_ID_NUMBER, USER_ID_OUT_OF_RANGE };
enum user_id_kind user_db_parse_id(const char *text, uint32_t *ret);

/* ---- env.c */

/* The environment with HOME added where it has none; owned by the caller. */
int env_with_home(char *const *env, const char *home, char ***ret, struct err *e);
const char *env_get(char *const *env, const char *name);

/* ---- cwd.c */

/* Enters `cwd` inside the root, made first (mode 0755) where `make` says so. -EACCES: try again as the user. */
int cwd_enter(const char *cwd, bool make, struct err *e);

/* ---- rlimits.c */

/* In the parent, which alone may raise hard limits: makes room in the child for what is asked. */
int rlimits_make_room(pid_t pid, const struct spec_process *p, struct err *e);
int rlimits_apply(const struct spec_process *p, struct err *e);

/* In the parent too, for the same reason. */
int oom_score_write(pid_t pid, const struct spec_process *p, struct err *e);

/* ---- stdio.c */

/* Makes the three fds 0, 1 and 2; -1 becomes the container's /dev/null. Closes nothing. */
int stdio_place(const int fds[3], struct err *e);

/* In the child: makes pipes, or the terminal that terminal_set_up opened, the user's, so that /dev/stdout can be opened
 * again. */
int stdio_give_to(uid_t uid, bool is_own_terminal, struct err *e);

/* In the parent, before: makes pipes the root's of the spec's user namespace (a joined one's where the spec repeats its
 * maps). As the host's root's they would be nobody's inside, and not the child's to give. */
int stdio_give_to_root(const int fds[3], const struct spec *spec, struct err *e);

/* Closes all fds behind stdio and the `preserved` ones that follow it, but those in keep[] (-1 allowed, any order). */
int stdio_close_others(unsigned preserved, const int *keep, size_t n, struct err *e);

/* ---- terminal.c */

/* Opens a new pty of the container's own devpts, makes it the session's controlling terminal (after setsid), and hands
 * its master to the other side of `sync`. The slave is owned by the caller. */
int terminal_set_up(const struct spec_process *p, int sync, int *ret_slave, struct err *e);
int terminal_receive(int sync, int *ret_master, struct err *e);

/* ---- payload.c: the steps */

struct payload {
    /* wanted */
    const struct spec_process *process;
    const struct spec_caps *caps;
    const struct sock_filter *filter; /* NULL: none */
    size_t n_filter;
    unsigned filter_flags;
    bool can_setgroups;
    bool may_make_cwd;
    bool with_init;       /* process->init is for a container's first process only */
    unsigned n_preserved; /* fds from 3 on that the program gets too */
    /* filled in by payload_prepare */
    struct identity id;
    char **env;
    bool cwd_is_pending;
};

/* Becomes the user with its capabilities and limits; what is left to do needs no privilege of the container's (but,
 * without no_new_privs, CAP_SYS_ADMIN for loading the filter). */
int payload_prepare(struct payload *p, struct err *e);

/* Loads the filter and executes. Returns only on failure: ERR_NO_COMMAND, ERR_NOT_EXECUTABLE or another. */
int payload_execute(struct payload *p, struct err *e);

/* ---- init.c */

/* For `--init`: forks. Returns 0 in the payload-to-be; the caller becomes an init that forwards signals, reaps, and
 * exits with the payload's status, and does not return. */
int init_fork(const struct payload *p, struct err *e);

/* ---- execute.c */

/* Looks args[0] up in env's PATH and executes it. Returns only on failure, with Docker's words for it. */
int execute(char *const *args, char *const *env, struct err *e);

/* Whether execute() has something to execute as things are, with the same words. Only for telling a mistake early. */
int execute_look(char *const *args, char *const *env, struct err *e);

/* Handlers and mask as a fresh process has them. */
void signals_reset(void);

#endif
