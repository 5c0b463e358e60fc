#include "engine/create.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "engine/attach_settle.h"
#include "engine/check.h"
#include "engine/image_ref.h"
#include "engine/images.h"
#include "engine/lifecycle.h"
#include "engine/lock.h"
#include "engine/merge.h"
#include "engine/names.h"
#include "engine/nsmode.h"
#include "engine/paths.h"
#include "engine/record.h"
#include "engine/recover.h"
#include "storage/db.h"
#include "storage/layers.h"
#include "storage/volumes.h"

enum { NAME_ATTEMPTS = 10 };

static int set(char **target, const char *s, struct err *e)
{
    char *copy = strdup(s);
    if (!copy)
        return err_set(e, ERR_SYS, ENOMEM, "create the container");
    free(*target);
    *target = copy;
    return 0;
}

/* ---- the root file system ---- */

DEFINE_CLEANUP_PTR(image, struct image *, image_free)

/* Top first, as overlayfs wants them; the image has them bottom first. */
static int use_layers(struct engine *en, struct container *c, const struct image *image, struct err *e)
{
    for (size_t i = strv_len(image->layers); i-- > 0;) {
        char *path;
        int r = layers_path(en->root, image->layers[i], &path, e);
        if (r == 0)
            r = strv_take(&c->layers, path, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* A tar in place of a name: what it brings is in the store afterwards. */
static int load_file(struct engine *en, const char *path, char **ret_ref, struct err *e)
{
    _cleanup_strv_ char **refs = NULL;
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_sys(e, "image %s", path);
    int r = engine_image_load(en, fd, &refs, e);
    if (r < 0)
        return err_context(e, "%s", path);
    return set(ret_ref, refs[0], e);
}

static int use_image(struct engine *en, struct container *c, struct err *e)
{
    _cleanup_(cleanup_image) struct image *image = NULL;
    _cleanup_free_ char *loaded = NULL;
    const char *ref = c->config.image;
    if (!ref || !*ref)
        return err_invalid(e, "an image is needed, or --rootfs DIR");
    int r = image_ref_is_path(ref) ? load_file(en, ref, &loaded, e) : 0;
    if (r == 0)
        r = engine_image_find(en, loaded ? loaded : ref, &image, e);
    if (r == 0)
        r = set(&c->image_id, image->id, e);
    if (r == 0)
        r = use_layers(en, c, image, e);
    return r == 0 ? merge_image_config(c, image->config, e) : r;
}

/* "DIR:O": DIR is the lowest layer of an overlay, and stays as it is. */
static int use_directory(struct container *c, struct err *e)
{
    char *dir = c->host.runtime_rootfs;
    size_t n = strlen(dir);
    bool is_overlay = n > 2 && strcmp(dir + n - 2, ":O") == 0;
    _cleanup_free_ char *path = strndup(dir, is_overlay ? n - 2 : n);
    _cleanup_free_ char *real = path ? realpath(path, NULL) : NULL;
    struct stat st;
    if (!real || stat(real, &st) < 0)
        return err_sys(e, "--rootfs %s", path ? path : dir);
    if (!S_ISDIR(st.st_mode))
        return err_invalid(e, "--rootfs %s: not a directory", path);
    int r = is_overlay ? strv_add(&c->layers, real, e) : set(&c->host.runtime_rootfs, real, e);
    return r == 0 ? merge_image_config(c, NULL, e) : r;
}

bool create_has_upper(const struct container *c)
{
    return strv_len(c->layers) > 0;
}

/* ---- defaults ---- */

static int default_hostname(struct container *c, const struct ns_plan *plan, struct err *e)
{
    char id[CONTAINER_SHORT_ID_LEN + 1] = "";
    if ((c->config.hostname && *c->config.hostname) || plan->ns[NS_UTS].how == NS_HOST)
        return 0;
    memcpy(id, c->id, CONTAINER_SHORT_ID_LEN);
    return set(&c->config.hostname, id, e);
}

/* An anonymous volume's name is an id, as Docker's; every volume's source is where its data lies. */
static int default_volume(struct engine *en, struct mount_point *m, struct err *e)
{
    char id[CONTAINER_ID_LEN + 1];
    int r = 0;
    if (strcmp(m->type, "volume") != 0)
        return 0;
    if (!m->name) {
        m->is_anonymous = true;
        r = container_new_id(id, e);
        if (r == 0)
            r = set(&m->name, id, e);
    }
    if (r == 0)
        r = volumes_check_name(m->name, e); /* before it becomes a path */
    free(m->source);
    m->source = NULL;
    return r == 0 ? volumes_path(en->root, m->name, &m->source, e) : r;
}

static int set_defaults(struct engine *en, struct container *c, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < c->n_mounts; i++)
        r = default_volume(en, &c->mounts[i], e);
    return r;
}

int create_prepare(struct engine *en, struct container *c, struct err *e)
{
    struct ns_plan plan;
    c->created = timestamp_now();
    int r = container_new_id(c->id, e);
    if (r == 0 && c->name)
        r = container_check_name(c->name, e);
    if (r == 0)
        r = attach_settle(en, c, e);
    if (r == 0)
        r = c->host.runtime_rootfs ? use_directory(c, e) : use_image(en, c, e);
    if (r == 0)
        r = nsmode_settle(en, c, e);
    if (r == 0)
        r = set_defaults(en, c, e);
    if (r == 0)
        r = check_container(c, e);
    if (r == 0)
        r = nsmode_plan(c, &plan, e);
    return r == 0 ? default_hostname(c, &plan, e) : r; /* after the checks, which refuse a given one */
}

/* ---- writing it down ---- */

static int insert_row(struct engine *en, const struct container *c, struct err *e)
{
    _cleanup_row_ struct container_row row = CONTAINER_ROW_INIT;
    int r = record_from_container(c, &row, e);
    return r == 0 ? containers_insert(en->db, &row, e) : r;
}

static int insert_named(struct engine *en, struct container *c, struct err *e)
{
    if (c->name)
        return insert_row(en, c, e);
    struct err own = ERR_INIT;
    int r = -EEXIST;
    for (unsigned attempt = 0; r == -EEXIST && attempt < NAME_ATTEMPTS; attempt++) {
        free(TAKE_PTR(c->name));
        r = names_random(attempt, &c->name, &own);
        if (r == 0)
            r = insert_row(en, c, &own);
    }
    if (r < 0 && e)
        *e = own;
    return r;
}

int create_insert(struct engine *en, struct container *c, struct err *e)
{
    int r = insert_named(en, c, e);
    for (size_t i = 0; r == 0 && i < c->n_mounts; i++) {
        const struct mount_point *m = &c->mounts[i];
        if (m->name)
            r = volumes_put(en->db, m->name, c->created, m->is_anonymous ? c->id : NULL, e);
    }
    return r;
}

int create_directories(struct engine *en, const struct container *c, struct err *e)
{
    static const char *const names[] = {UPPER_NAME, WORK_NAME};
    struct container_path path = container_path(c->id);
    if (mkdirat(en->root_fd, path.path, 0700) < 0 && errno != EEXIST)
        return err_sys(e, "make %s/%s", en->root, path.path);
    for (size_t i = 0; create_has_upper(c) && i < ARRAY_SIZE(names); i++) {
        char sub[sizeof(path.path) + 8];
        snprintf(sub, sizeof(sub), "%s/%s", path.path, names[i]);
        if (mkdirat(en->root_fd, sub, 0755) < 0 && errno != EEXIST)
            return err_sys(e, "make %s/%s", en->root, sub);
    }
    return 0;
}

static int write_down(struct engine *en, struct container *c, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    int r = create_directories(en, c, e);
    if (r == 0)
        r = db_begin_scoped(en->db, &tx, e);
    if (r == 0)
        r = create_insert(en, c, e);
    return r == 0 ? db_commit(en->db, e) : r;
}

/* Killed anywhere before the commit, it leaves a lock and perhaps directories, which recovery removes for want of a
 * row; after it, a created container and a lock to remove. */
int engine_create(struct engine *en, struct container *c, struct err *e)
{
    int r = create_prepare(en, c, e);
    if (r < 0)
        return r;
    _cleanup_close_ int lock = lock_create(en, c->id, e);
    if (lock < 0)
        return lock;
    r = write_down(en, c, e);
    if (r < 0) {
        recover_container(en, c->id, &lock, NULL);
        return r;
    }
    lock_remove(en, c->id, &lock);
    return 0;
}
