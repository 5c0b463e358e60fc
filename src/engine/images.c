/* Images in the store; what brings them there is the sampan-image program, which reads hostile bytes in a sandbox. */
#include "engine/images.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "engine/image_ref.h"
#include "engine/paths.h"
#include "storage/containers.h"
#include "storage/db.h"
#include "storage/images.h"
#include "storage/layers.h"

#define EMBEDDED_NAME "busybox:latest"
enum { MESSAGE_MAX = ERR_TEXT_MAX / 2 };

void image_free(struct image *i)
{
    if (!i)
        return;
    free(i->id);
    strv_free(i->tags);
    strv_free(i->layers);
    json_object_put(i->config);
    free(i);
}

void image_list_release(struct image_list *l)
{
    for (size_t i = 0; i < l->n; i++)
        image_free(l->v[i]);
    free(l->v);
    *l = (struct image_list){0};
}

DEFINE_CLEANUP_PTR(image, struct image *, image_free)

/* ---- rows ---- */

static int from_row(const struct image_row *row, struct image **ret, struct err *e)
{
    _cleanup_(cleanup_image) struct image *i = calloc(1, sizeof(*i));
    if (!i || !(i->id = strdup(row->id)))
        return err_set(e, ERR_SYS, ENOMEM, "image");
    i->created = row->created;
    i->size = row->size;
    int r = strv_copy(row->tags, &i->tags, e);
    if (r == 0)
        r = json_parse(row->config, strlen(row->config), "the image's configuration", &i->config, e);
    if (r == 0)
        r = json_get_strv(json_get(i->config, "rootfs"), "diff_ids", &i->layers, e);
    if (r < 0)
        return err_context(e, "image %.19s", row->id);
    *ret = TAKE_PTR(i);
    return 0;
}

static int append(const struct image_row *row, void *arg, struct err *e)
{
    struct image_list *l = arg;
    struct image **grown = reallocarray(l->v, l->n + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "list images");
    l->v = grown;
    int r = from_row(row, &grown[l->n], e);
    l->n += r == 0;
    return r;
}

int engine_images(struct engine *en, struct image_list *ret, struct err *e)
{
    struct image_list l = {0};
    int r = en->db ? images_each(en->db, append, &l, e) : 0;
    if (r < 0)
        image_list_release(&l);
    else
        *ret = l;
    return r;
}

/* ---- loading ---- */

/* Everything that comes through the pipe, up to the limit; what is beyond is an error. */
static int read_all(int fd, struct strbuf *sb, const char *what, struct err *e)
{
    char buf[16 * 1024];
    ssize_t n;
    while ((n = fd_read_full(fd, buf, sizeof(buf))) > 0)
        strbuf_add(sb, buf, (size_t)n);
    if (n < 0)
        return err_set(e, ERR_SYS, (int)-n, "read %s", what);
    return strbuf_check(sb, what, e);
}

struct loader {
    struct process process;
    int out, err; /* our ends */
};

static void loader_release(struct loader *l)
{
    fd_close(&l->out);
    fd_close(&l->err);
    fd_close(&l->process.pidfd);
}

/* The store's lock goes along: should we be killed, it is not free before the loader, which dies of that, is gone. */
static int start_loader(struct engine *en, int tar_fd, int lock_fd, struct loader *l, struct err *e)
{
    _cleanup_free_ char *program = NULL, *layers = NULL;
    int out[2], err[2];
    int r = program_find(en, "sampan-image", &program, e);
    if (r < 0)
        return r;
    if (asprintf(&layers, "%s/" LAYERS_DIR, en->root) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "load an image");
    if (pipe2(out, O_CLOEXEC) < 0)
        return err_sys(e, "load an image: make a pipe");
    l->out = out[0];
    _cleanup_close_ int out_write = out[1];
    if (pipe2(err, O_CLOEXEC) < 0)
        return err_sys(e, "load an image: make a pipe");
    l->err = err[0];
    _cleanup_close_ int err_write = err[1];
    const char *const argv[] = {"sampan-image", "load", "--layers", layers, tar_fd < 0 ? "--embedded" : NULL, NULL};
    l->process = (struct process){
        .path = program, .argv = argv, .fds = {tar_fd, out_write, err_write, lock_fd}, .n_fds = 4, .pidfd = -1};
    return process_start(&l->process, e);
}

/* Its one sentence becomes ours. */
static int loader_failed(struct loader *l, int status, struct err *e)
{
    _cleanup_strbuf_ struct strbuf said = STRBUF_INIT(MESSAGE_MAX);
    char buf[MESSAGE_MAX];
    ssize_t n = fd_read_full(l->err, buf, sizeof(buf));
    if (n > 0)
        strbuf_add(&said, buf, (size_t)n);
    while (said.len > 0 && said.buf[said.len - 1] == '\n')
        said.buf[--said.len] = '\0';
    if (said.len == 0)
        return err_set(e, ERR_INTERNAL, EIO, "load the image: sampan-image ended with status %d", status);
    const char *text = strbuf_str(&said), *prefix = "sampan-image: ";
    if (strncmp(text, prefix, strlen(prefix)) == 0)
        text += strlen(prefix);
    return err_invalid(e, "load the image: %s", text);
}

static int run_loader(struct engine *en, int tar_fd, int lock_fd, json_object **ret, struct err *e)
{
    _cleanup_(loader_release) struct loader l = {.process = {.pidfd = -1}, .out = -1, .err = -1};
    _cleanup_strbuf_ struct strbuf out = STRBUF_INIT(JSON_BYTES_MAX);
    int status;
    int r = start_loader(en, tar_fd, lock_fd, &l, e);
    if (r < 0)
        return r;
    int read_result = read_all(l.out, &out, "what sampan-image says", e);
    r = process_wait(&l.process, &status, e);
    if (r < 0 || read_result < 0)
        return r < 0 ? r : read_result;
    if (status != 0)
        return loader_failed(&l, status, e);
    return json_parse(strbuf_str(&out), out.len, "what sampan-image says", ret, e);
}

/* The layers that the configuration names must be the ones that were unpacked: a container is made from the former. */
static int check_layers(struct engine *en, json_object *image, json_object *config, struct err *e)
{
    _cleanup_strv_ char **told = NULL, **diff_ids = NULL;
    int r = json_get_strv(image, "layers", &told, e);
    if (r == 0)
        r = json_get_strv(json_get(config, "rootfs"), "diff_ids", &diff_ids, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < strv_len(diff_ids) || i < strv_len(told); i++) {
        _cleanup_free_ char *path = NULL;
        if (i >= strv_len(told) || i >= strv_len(diff_ids) || strcmp(told[i], diff_ids[i]) != 0)
            return err_set(e, ERR_INTERNAL, EBADMSG, "sampan-image unpacked other layers than the image's");
        r = layers_path(en->root, diff_ids[i], &path, e);
        if (r < 0)
            return r;
        if (!file_exists(AT_FDCWD, path))
            return err_set(e, ERR_INTERNAL, ENOENT, "sampan-image did not unpack layer %s", diff_ids[i]);
    }
    return 0;
}

/* The archive's names as users write them: "docker.io/library/a" is "a:latest". What can be no name is refused, since it would
 * be printed. */
static int read_tags(json_object *image, char ***ret, struct err *e)
{
    _cleanup_strv_ char **names = NULL, **tags = NULL;
    int r = json_get_strv(image, "tags", &names, e);
    STRV_FOREACH (name, names) {
        char *tag = NULL;
        if (r == 0)
            r = image_ref_normalize(*name, &tag, e);
        if (r == 0)
            r = strv_take(&tags, tag, e);
    }
    if (r == 0)
        *ret = TAKE_PTR(tags);
    return r < 0 ? err_context(e, "load the image") : 0;
}

static int put_image(struct engine *en, json_object *image, char ***refs, struct err *e)
{
    struct image_row row = IMAGE_ROW_INIT; /* borrows from the JSON, but for the tags */
    json_object *config = json_get(image, "config");
    const char *id = "", *created = NULL;
    _cleanup_strv_ char **tags = NULL;
    int r = json_get_str(image, "id", "", &id, e);
    if (r == 0)
        r = json_get_str(config, "created", NULL, &created, e);
    if (r == 0)
        r = json_get_int64(image, "size", 0, &row.size, e);
    if (r == 0)
        r = read_tags(image, &tags, e);
    if (r == 0)
        r = check_layers(en, image, config, e);
    if (r < 0)
        return r;
    if (!created || timestamp_parse(created, &row.created, NULL) < 0)
        row.created = 0;
    row.id = (char *)id;
    row.tags = tags;
    row.config =
        (char *)json_object_to_json_string_ext(config, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    r = images_put(en->db, &row, e);
    STRV_FOREACH (tag, tags)
        if (r == 0)
            r = strv_add(refs, *tag, e);
    if (r == 0 && strv_len(tags) == 0)
        r = strv_add(refs, id, e);
    return r;
}

static int put_images(struct engine *en, json_object *loaded, char ***ret_refs, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    _cleanup_strv_ char **refs = NULL;
    json_object *images = json_get(loaded, "images");
    if (!json_object_is_type(images, json_type_array) || json_object_array_length(images) == 0)
        return err_invalid(e, "load the image: the archive holds no image");
    int r = db_begin_scoped(en->db, &tx, e);
    for (size_t i = 0; r == 0 && i < json_object_array_length(images); i++)
        r = put_image(en, json_object_array_get_idx(images, i), &refs, e);
    if (r == 0)
        r = db_commit(en->db, e);
    if (r == 0 && ret_refs)
        *ret_refs = TAKE_PTR(refs);
    return r;
}

/* tar_fd -1: the embedded image. Unpacked layers are not referred to by anything until the rows are there, so the
 * lock is held until then. */
static int load(struct engine *en, int tar_fd, char ***ret_refs, struct err *e)
{
    _cleanup_json_ json_object *loaded = NULL;
    _cleanup_close_ int lock = layers_lock(en->root_fd, false, e);
    if (lock < 0)
        return lock;
    int r = run_loader(en, tar_fd, lock, &loaded, e);
    return r < 0 ? r : put_images(en, loaded, ret_refs, e);
}

int engine_image_load(struct engine *en, int tar_fd, char ***ret_refs, struct err *e)
{
    return load(en, tar_fd, ret_refs, e);
}

/* ---- finding ---- */

static int image_not_found(const char *ref, struct err *e)
{
    err_not_found(e, "no such image: %s", ref);
    return err_advice(e, "sampan load -i FILE.tar brings one in, and run takes a FILE.tar or --rootfs DIR as well");
}

int engine_image_find(struct engine *en, const char *ref, struct image **ret, struct err *e)
{
    _cleanup_image_row_ struct image_row row = IMAGE_ROW_INIT;
    _cleanup_free_ char *name = NULL;
    int r = image_ref_normalize(ref, &name, e);
    if (r < 0)
        return r;
    int found = en->db ? images_find(en->db, name, &row, e) : 0;
    if (found == 0 && en->db) /* an id is a name too: "cafe" was looked up as "cafe:latest" */
        found = images_find(en->db, ref, &row, e);
    if (found == 0 && en->db && strcmp(name, EMBEDDED_NAME) == 0) {
        r = load(en, -1, NULL, e);
        found = r < 0 ? r : images_find(en->db, name, &row, e);
    }
    if (found < 0)
        return found;
    return found == 0 ? image_not_found(ref, e) : from_row(&row, ret, e);
}

/* ---- removing ---- */

static int remove_unused_layers(struct engine *en, char *const *layers, struct err *e)
{
    struct image_list rest = {0};
    int r = engine_images(en, &rest, e);
    STRV_FOREACH (layer, layers) {
        bool is_used = false;
        for (size_t i = 0; i < rest.n; i++)
            is_used = is_used || strv_contains(rest.v[i]->layers, *layer);
        if (r == 0 && !is_used)
            r = layers_remove(en->root_fd, *layer, e);
    }
    image_list_release(&rest);
    return r;
}

/* The rows go first: a removal that is cut short leaves layers that nothing names, and the next load may find them. */
static int remove_image(struct engine *en, const struct image *image, struct err *e)
{
    _cleanup_transaction_ struct db *tx = NULL;
    _cleanup_free_ char *user = NULL;
    int r = db_begin_scoped(en->db, &tx, e);
    if (r == 0)
        r = containers_using_image(en->db, image->id, &user, e);
    if (r < 0)
        return r;
    if (user) {
        err_conflict(e, "unable to remove image %.19s: container %s is made from it", image->id, user);
        return err_advice(e, "sampan rm %s comes first", user);
    }
    r = images_delete(en->db, image->id, e);
    return r < 0 ? r : db_commit(en->db, e);
}

int engine_image_remove(struct engine *en, const char *ref, bool force, struct err *e)
{
    _cleanup_(cleanup_image) struct image *image = NULL;
    _cleanup_free_ char *name = NULL;
    int r = engine_image_find(en, ref, &image, e);
    if (r == 0)
        r = image_ref_normalize(ref, &name, e);
    if (r < 0)
        return r;
    /* One of several names: only that name goes. */
    if (strv_len(image->tags) > 1 && strv_contains(image->tags, name))
        return images_untag(en->db, name, e);
    if (strv_len(image->tags) > 1 && !force)
        return err_conflict(e, "unable to remove image %.19s: it has several names (use the force: -f)", image->id);
    _cleanup_close_ int lock = layers_lock(en->root_fd, false, e);
    if (lock < 0)
        return lock;
    r = remove_image(en, image, e);
    return r < 0 ? r : remove_unused_layers(en, image->layers, e);
}
