#include "engine/engine.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "engine/netenv.h"
#include "engine/paths.h"
#include "engine/recover.h"
#include "engine/rootless.h"
#include "kernel/namespaces.h"
#include "storage/db.h"
#include "storage/layers.h"

#define VOLUMES_DIR "volumes"
#define SWEPT_NAME "swept" /* in the run root: recover_after_boot() has run since the boot */

/* The option, else the environment's, else the default; made absolute, because it goes into other programs'
 * arguments. */
static int choose_dir(const char *option, const char *variable, const char *dflt, char **ret, struct err *e)
{
    const char *s = option ? option : getenv(variable);
    if (!s || !*s)
        s = dflt;
    if (*s == '/') {
        *ret = strdup(s);
        return *ret ? 0 : err_set(e, ERR_SYS, ENOMEM, "%s", s);
    }
    char cwd[PATH_MAX];
    if (!getcwd(cwd, sizeof(cwd)))
        return err_sys(e, "find the current directory");
    return asprintf(ret, "%s/%s", cwd, s) < 0 ? err_set(e, ERR_SYS, ENOMEM, "%s", s) : 0;
}

static int choose_dirs(const struct engine_options *o, struct engine *en, struct err *e)
{
    _cleanup_free_ char *root = NULL, *run_root = NULL;
    int r = 0;
    if (geteuid() != 0) {
        r = rootless_root(&root, e);
        if (r == 0)
            r = rootless_run_root(&run_root, e);
    }
    if (r == 0)
        r = choose_dir(o->root, "SAMPAN_ROOT", root ? root : "/var/lib/sampan", &en->root, e);
    return r == 0 ? choose_dir(o->run_root, "SAMPAN_RUN_ROOT", run_root ? run_root : "/run/sampan", &en->run_root, e)
                  : r;
}

/* From now on root, this process and those that it starts find what is the user's by the environment. */
static int enter_base(const struct engine *en, struct err *e)
{
    int r = rootless_enter(en->run_root, e);
    if (r == 0 && (setenv("SAMPAN_ROOT", en->root, 1) < 0 || setenv("SAMPAN_RUN_ROOT", en->run_root, 1) < 0))
        return err_set(e, ERR_SYS, ENOMEM, "remember where the engine's directories are");
    return r;
}

/* Opens base and its first-needed subdirectory, which are made, with the others, when they are missing. Mode 0700:
 * what is below belongs to root and to containers, and not even names leak. -ENOENT, e untouched, when `look_only`. */
static int open_base(const char *base, const char *const *subdirs, bool look_only, int *ret_fd, struct err *e)
{
    _cleanup_close_ int fd = open(base, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT)
        return err_sys(e, "open %s", base);
    bool is_complete = fd >= 0 && file_exists(fd, subdirs[0]);
    if (!is_complete && look_only)
        return -ENOENT;
    if (fd < 0) {
        int r = dir_make_all(AT_FDCWD, base, 0700, &fd, e);
        if (r < 0)
            return r;
    }
    /* subdirs[0] is made last: once it is there, all are. */
    size_t n = 0;
    while (subdirs[n])
        n++;
    while (!is_complete && n-- > 0) {
        int r = dir_make_all(fd, subdirs[n], 0700, NULL, e);
        if (r < 0)
            return err_context(e, "%s", base);
    }
    *ret_fd = TAKE_FD(fd);
    return 0;
}

static int open_bases(struct engine *en, bool look_only, struct err *e)
{
    static const char *const run_dirs[] = {LOCKS_DIR, CONTAINERS_DIR, NAMES_DIR, NULL};
    static const char *const root_dirs[] = {CONTAINERS_DIR, LAYERS_DIR, VOLUMES_DIR, NULL};
    int r = open_base(en->root, root_dirs, look_only, &en->root_fd, e);
    if (r < 0)
        return r;
    /* With a database, the run directory is made also for those who only look: a reboot took it away. */
    r = open_base(en->run_root, run_dirs, false, &en->run_fd, e);
    if (r < 0)
        return r;
    en->locks_fd = openat(en->run_fd, LOCKS_DIR, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return en->locks_fd < 0 ? err_sys(e, "open %s/" LOCKS_DIR, en->run_root) : 0;
}

static int first_after_boot(struct engine *en, struct err *e)
{
    if (file_exists(en->run_fd, SWEPT_NAME))
        return 0;
    recover_after_boot(en);
    return file_write(en->run_fd, SWEPT_NAME, "", 0, 0600, e);
}

int engine_open_database(struct engine *en, struct err *e)
{
    _cleanup_free_ char *path = NULL;
    if (en->db)
        return 0;
    if (asprintf(&path, "%s/sampan.db", en->root) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "open the database");
    int r = db_open(path, &en->db, e);
    return r == 0 ? first_after_boot(en, e) : r;
}

int engine_open(const struct engine_options *o, struct engine *ret, struct err *e)
{
    _cleanup_(engine_close) struct engine en = ENGINE_INIT;
    int r = choose_dirs(o, &en, e);
    if (r == 0 && geteuid() != 0)
        r = enter_base(&en, e);
    en.is_rootless = !ns_user_is_initial();
    if (r == 0)
        r = open_bases(&en, o->read_only, e);
    bool is_empty = r == -ENOENT && o->read_only;
    if (r == 0 && !o->defers_database)
        r = engine_open_database(&en, e);
    if (r < 0 && !is_empty)
        return r;
    *ret = en;
    en = ENGINE_INIT;
    return 0;
}

void engine_close(struct engine *en)
{
    db_close(en->db);
    net_env_free(en->net);
    fd_close(&en->root_fd);
    fd_close(&en->run_fd);
    fd_close(&en->locks_fd);
    fd_close(&en->shim_pidfd);
    fd_close(&en->shim_sock);
    free(en->root);
    free(en->run_root);
    free(en->program_dir);
    *en = ENGINE_INIT;
}
