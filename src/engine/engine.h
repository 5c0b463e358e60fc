/*
 * The engine: what `sampan` and, later, `sampan serve` call. It lives inside the calling process; there is no daemon.
 * An engine is a handle on two directories (state.h in docs/architecture.md), the database, and the sibling programs.
 *
 * Every function may block on disk; those that wait for a container say so. Not thread-safe: one engine per thread.
 * Privilege: root. Without it engine_open fails with ERR_DENIED and says what to do.
 */
#ifndef SAMPAN_ENGINE_ENGINE_H
#define SAMPAN_ENGINE_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "shim/protocol.h"

struct db;      /* storage/db.h */
struct net_env; /* netenv.c */

struct engine_options {
    const char *root;     /* NULL: $SAMPAN_ROOT, /var/lib/sampan */
    const char *run_root; /* NULL: $SAMPAN_RUN_ROOT, /run/sampan */
    bool read_only;       /* only look: create nothing when there is nothing (ps on a fresh machine) */
    bool defers_database; /* the caller may do without: en->db is NULL until engine_open_database() */
};

struct engine {
    char *root, *run_root;    /* absolute */
    int root_fd, run_fd;      /* O_PATH directories */
    int locks_fd;             /* run_root/locks, readable; -1: read_only and nothing there */
    struct db *db;            /* NULL: read_only and nothing there, or deferred */
    char *program_dir;        /* where the sibling programs are (paths.h); NULL until it is asked for */
    bool is_rootless;         /* below the initial user namespace: no cgroups, no ranges of ids (rootless.h) */
    struct net_env *net;      /* what its networking stands on (netenv.h); NULL until it is asked for */
    int shim_pidfd;           /* the last shim that this process started; -1 */
    char shim_id[65];         /* and its container */
    struct shim_size console; /* of the caller's terminal: what a terminal inside begins with; 0, 0: none */
    int shim_sock;            /* a second fd of the session that was handed out, to tell it the last word; -1 */
};
#define ENGINE_INIT ((struct engine){.root_fd = -1, .run_fd = -1, .locks_fd = -1, .shim_pidfd = -1, .shim_sock = -1})

int engine_open(const struct engine_options *o, struct engine *ret, struct err *e);
void engine_close(struct engine *en);

/* What engine_open() left out; nothing when it is open already. */
int engine_open_database(struct engine *en, struct err *e);

/* Undoes what dead containers left (docs/architecture.md, "Nothing is left behind"). Cheap when there is nothing, but
 * for a checkpoint of the database now and then, so `run` calls it while its container runs. Errors are logged, not
 * returned: a recovery that fails must not stop the user's command; the next one tries again. */
void engine_recover(struct engine *en);

#endif
