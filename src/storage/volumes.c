#include "storage/volumes.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/id.h"
#include "base/strv.h"
#include "storage/db.h"

#define VOLUMES_DIR "volumes"
enum { PATH_LEN_MAX = sizeof(VOLUMES_DIR) + NAME_LEN_MAX + sizeof("/_data") };

int volumes_check_name(const char *name, struct err *e)
{
    if (name_is_valid(name, 2))
        return 0;
    return err_invalid(
        e,
        "\"%.300s\" includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" "
        "are allowed; to mount a directory of the host, give its absolute path",
        name);
}

int volumes_path(const char *root, const char *name, char **ret, struct err *e)
{
    if (asprintf(ret, "%s/" VOLUMES_DIR "/%s/_data", root, name) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "volume %s", name);
    return 0;
}

int volumes_put(struct db *db, const char *name, int64_t created, const char *owner, struct err *e)
{
    int r = db_run(db, "INSERT OR IGNORE INTO volumes (name, created, owner) VALUES (?,?,?)",
                   DB_VALUES(db_text(name), db_int(created), db_text(owner)), e);
    return r < 0 ? r : 0;
}

/* dir_make_all's mode is subject to the umask, and a volume's must not be. */
int volumes_make(int root_fd, const char *name, int *ret_fd, bool *ret_new, struct err *e)
{
    char path[PATH_LEN_MAX];
    snprintf(path, sizeof(path), VOLUMES_DIR "/%s/_data", name);
    bool is_new = !file_exists(root_fd, path);
    _cleanup_close_ int fd = -1;
    int r = dir_make_all(root_fd, path, 0755, &fd, e);
    if (r < 0)
        return err_context(e, "volume %s", name);
    if (is_new && fchmodat(root_fd, path, 0755, 0) < 0)
        return err_sys(e, "volume %s", name);
    if (ret_fd)
        *ret_fd = TAKE_FD(fd);
    if (ret_new)
        *ret_new = is_new;
    return 0;
}

static int list_owned(struct db *db, const char *owner, char ***ret, struct err *e)
{
    _cleanup_stmt_ struct db_stmt *s = NULL;
    int r = db_query(db, "SELECT name FROM volumes WHERE owner = ?", DB_VALUES(db_text(owner)), &s, e);
    if (r < 0)
        return r;
    while ((r = db_step(s, e)) > 0) {
        r = strv_add(ret, db_column_text(s, 0), e);
        if (r < 0)
            return r;
    }
    return r;
}

int volumes_remove_owned(struct db *db, int root_fd, const char *owner, struct err *e)
{
    _cleanup_strv_ char **names = NULL;
    int r = list_owned(db, owner, &names, e);
    if (r < 0)
        return r;
    STRV_FOREACH (name, names) {
        char path[PATH_LEN_MAX];
        snprintf(path, sizeof(path), VOLUMES_DIR "/%s", *name);
        r = dir_remove_all(root_fd, path, e);
        if (r < 0)
            return err_context(e, "remove volume %s", *name);
    }
    r = db_run(db, "DELETE FROM volumes WHERE owner = ?", DB_VALUES(db_text(owner)), e);
    return r < 0 ? r : 0;
}
