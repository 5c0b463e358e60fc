/* -v, --mount and --tmpfs: three ways to say where a mount comes from and goes. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/parse.h"
#include "base/strbuf.h"
#include "base/strv.h"
#include "cli/container_values.h"
#include "engine/container.h"

static void release_mount(struct mount_point *m)
{
    free(m->type);
    free(m->name);
    free(m->source);
    free(m->destination);
    free(m->propagation);
    free(m->tmpfs_options);
    strv_free(m->options);
    *m = (struct mount_point){0};
}
#define _cleanup_mount_ _cleanup_(release_mount)

/* Takes the mount over. The same destination twice is a mistake that would hide one of them. */
static int add_mount(struct container *c, struct mount_point *m, struct err *e)
{
    struct mount_point *grown;

    if (m->destination[0] != '/')
        return err_invalid(e, "invalid mount: the path inside, \"%s\", is not absolute", m->destination);
    if (strcmp(m->destination, "/") == 0)
        return err_invalid(e, "invalid mount: the path inside can't be \"/\"");
    for (size_t i = 0; i < c->n_mounts; i++)
        if (strcmp(c->mounts[i].destination, m->destination) == 0)
            return err_invalid(e, "two mounts have the same path inside, \"%s\"", m->destination);
    grown = reallocarray(c->mounts, c->n_mounts + 1, sizeof(*grown));
    if (!grown)
        return err_set(e, ERR_SYS, ENOMEM, "read the command line");
    c->mounts = grown;
    c->mounts[c->n_mounts++] = *m;
    *m = (struct mount_point){0};
    return 0;
}

/* ---- the source: a path is a bind mount, a word is a volume */

static bool is_path(const char *source)
{
    return source[0] == '/' || source[0] == '.' || source[0] == '~';
}

/* ./dir is relative to where the command runs; the engine gets an absolute path, which may not exist (it says so). */
static int absolute_path(const char *path, char **ret, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(PATH_MAX);
    _cleanup_free_ char *cwd = NULL;
    int r;

    if (path[0] == '/')
        return value_copy(ret, path, e);
    cwd = realpath(".", NULL);
    if (!cwd)
        return err_sys(e, "find the working directory");
    strbuf_addf(&sb, "%s/%s", cwd, path);
    r = strbuf_check(&sb, "path of a volume", e);
    if (r == 0)
        *ret = strbuf_take(&sb);
    return r;
}

static int set_source(struct mount_point *m, const char *source, struct err *e)
{
    int r;

    if (is_path(source)) {
        r = value_copy(&m->type, "bind", e);
        return r < 0 ? r : absolute_path(source, &m->source, e);
    }
    if (container_check_name(source, NULL) < 0)
        return err_invalid(e, "invalid volume name \"%s\" (a directory of the host begins with / or ./)", source);
    r = value_copy(&m->type, "volume", e);
    return r < 0 ? r : value_copy(&m->name, source, e);
}

/* ---- -v [SOURCE:]DEST[:OPTIONS] */

static const char *const propagations[] = {"private", "rprivate", "shared", "rshared", "slave", "rslave", NULL};

static bool is_in(const char *word, const char *const *words)
{
    for (; *words; words++)
        if (strcmp(word, *words) == 0)
            return true;
    return false;
}

static int apply_option(struct mount_point *m, const char *option, struct err *e)
{
    static const char *const kept[] = {"z",      "Z",    "cached", "delegated", "consistent", "rbind", "exec",
                                       "noexec", "suid", "nosuid", "dev",       "nodev",      NULL};

    if (strcmp(option, "ro") == 0 || strcmp(option, "readonly") == 0)
        m->rw = false;
    else if (strcmp(option, "rw") == 0)
        m->rw = true;
    else if (strcmp(option, "nocopy") == 0)
        m->no_copy = true;
    else if (strcmp(option, "noidmap") == 0)
        m->no_idmap = true;
    else if (strcmp(option, "bind") == 0)
        m->non_recursive = true;
    else if (is_in(option, propagations))
        return value_copy(&m->propagation, option, e);
    else if (!is_in(option, kept))
        return err_invalid(e,
                           "unknown volume option \"%s\": known are ro, rw, z, Z, nocopy, noidmap, bind, exec, "
                           "noexec, suid, nosuid, dev, nodev and the propagations (rprivate, rslave, …)",
                           option);
    return strv_add(&m->options, option, e);
}

static int apply_options(struct mount_point *m, const char *list, struct err *e)
{
    _cleanup_strv_ char **options = NULL;
    int r = strv_split(list, ',', &options, e);

    for (char **o = options; r == 0 && o && *o; o++)
        r = apply_option(m, *o, e);
    return r;
}

int value_volume(const char *value, void *container, struct err *e)
{
    _cleanup_mount_ struct mount_point m = {.rw = true};
    _cleanup_strv_ char **parts = NULL;
    int r = strv_split(value, ':', &parts, e);
    size_t n = strv_len(parts);

    if (r < 0)
        return r;
    if (n < 1 || n > 3 || parts[0][0] == '\0' || (n > 1 && parts[1][0] == '\0'))
        return err_invalid(e, "invalid volume \"%s\": it is [SOURCE:]DEST[:OPTIONS], for example /srv/data:/data:ro",
                           value);
    if (n == 1) { /* an anonymous volume */
        r = value_copy(&m.type, "volume", e);
        if (r == 0)
            r = value_copy(&m.destination, parts[0], e);
    } else {
        r = set_source(&m, parts[0], e);
        if (r == 0)
            r = value_copy(&m.destination, parts[1], e);
    }
    if (r == 0 && n == 3)
        r = apply_options(&m, parts[2], e);
    return r < 0 ? err_context(e, "volume \"%s\"", value) : add_mount(container, &m, e);
}

/* ---- --mount key=value,… */

struct mount_words {
    struct mount_point m;
    char *source;
    int64_t tmpfs_size;
    char *tmpfs_mode;
};

static int word_type(struct mount_words *w, const char *v, struct err *e)
{
    if (strcmp(v, "bind") != 0 && strcmp(v, "volume") != 0 && strcmp(v, "tmpfs") != 0)
        return err_invalid(e, "unknown type \"%s\": it is bind, volume or tmpfs", v);
    return value_copy(&w->m.type, v, e);
}

static int word_source(struct mount_words *w, const char *v, struct err *e)
{
    return value_copy(&w->source, v, e);
}

static int word_target(struct mount_words *w, const char *v, struct err *e)
{
    return value_copy(&w->m.destination, v, e);
}

static int word_readonly(struct mount_words *w, const char *v, struct err *e)
{
    bool on = true;
    int r = *v ? parse_bool(v, "readonly", &on, e) : 0;

    w->m.rw = !on;
    return r;
}

static int word_propagation(struct mount_words *w, const char *v, struct err *e)
{
    if (!is_in(v, propagations))
        return err_invalid(e, "unknown bind-propagation \"%s\"", v);
    return value_copy(&w->m.propagation, v, e);
}

static int word_nonrecursive(struct mount_words *w, const char *v, struct err *e)
{
    return *v ? parse_bool(v, "bind-nonrecursive", &w->m.non_recursive, e) : (w->m.non_recursive = true, 0);
}

static int word_recursive(struct mount_words *w, const char *v, struct err *e)
{
    if (strcmp(v, "disabled") != 0 && strcmp(v, "enabled") != 0)
        return err_invalid(e, "bind-recursive is enabled or disabled, not \"%s\"", v);
    w->m.non_recursive = strcmp(v, "disabled") == 0;
    return 0;
}

static int word_nocopy(struct mount_words *w, const char *v, struct err *e)
{
    return *v ? parse_bool(v, "volume-nocopy", &w->m.no_copy, e) : (w->m.no_copy = true, 0);
}

static int word_noidmap(struct mount_words *w, const char *v, struct err *e)
{
    return *v ? parse_bool(v, "noidmap", &w->m.no_idmap, e) : (w->m.no_idmap = true, 0);
}

static int word_tmpfs_size(struct mount_words *w, const char *v, struct err *e)
{
    return parse_bytes(v, "tmpfs-size", &w->tmpfs_size, e);
}

static int word_tmpfs_mode(struct mount_words *w, const char *v, struct err *e)
{
    if (*v == '\0' || strspn(v, "01234567") != strlen(v) || strlen(v) > 4)
        return err_invalid(e, "tmpfs-mode \"%s\" is not an octal number", v);
    return value_copy(&w->tmpfs_mode, v, e);
}

static const struct {
    const char *key;
    int (*apply)(struct mount_words *w, const char *value, struct err *e);
} mount_keys[] = {
    {"type", word_type},
    {"source", word_source},
    {"src", word_source},
    {"target", word_target},
    {"destination", word_target},
    {"dst", word_target},
    {"readonly", word_readonly},
    {"ro", word_readonly},
    {"bind-propagation", word_propagation},
    {"bind-nonrecursive", word_nonrecursive},
    {"bind-recursive", word_recursive},
    {"volume-nocopy", word_nocopy},
    {"noidmap", word_noidmap},
    {"tmpfs-size", word_tmpfs_size},
    {"tmpfs-mode", word_tmpfs_mode},
};

static int apply_word(struct mount_words *w, char *word, struct err *e)
{
    char *value = strchr(word, '=');

    if (value)
        *value++ = '\0';
    for (size_t i = 0; i < ARRAY_SIZE(mount_keys); i++)
        if (strcasecmp(word, mount_keys[i].key) == 0)
            return mount_keys[i].apply(w, value ? value : "", e);
    return err_invalid(e, "unknown key \"%s\"", word);
}

static int finish_tmpfs(struct mount_words *w, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(256);

    if (w->source)
        return err_invalid(e, "a tmpfs has no source");
    if (w->tmpfs_size > 0)
        strbuf_addf(&sb, "size=%lld", (long long)w->tmpfs_size);
    if (w->tmpfs_mode)
        strbuf_addf(&sb, "%smode=%s", sb.len ? "," : "", w->tmpfs_mode);
    return sb.len ? value_copy(&w->m.tmpfs_options, sb.buf, e) : 0;
}

/* What the words say together. Docker's default type is volume. */
static int finish_mount(struct mount_words *w, struct err *e)
{
    if (!w->m.destination)
        return err_invalid(e, "target is missing");
    if (!w->m.type && value_copy(&w->m.type, "volume", e) < 0)
        return err_to_errno(e);
    if (strcmp(w->m.type, "tmpfs") == 0)
        return finish_tmpfs(w, e);
    if (strcmp(w->m.type, "volume") == 0) {
        if (!w->source)
            return 0;
        return container_check_name(w->source, e) < 0 ? err_to_errno(e) : value_copy(&w->m.name, w->source, e);
    }
    if (!w->source)
        return err_invalid(e, "a bind mount needs a source");
    return absolute_path(w->source, &w->m.source, e);
}

static void release_words(struct mount_words *w)
{
    release_mount(&w->m);
    free(w->source);
    free(w->tmpfs_mode);
}

int value_mount(const char *value, void *container, struct err *e)
{
    _cleanup_(release_words) struct mount_words w = {.m = {.rw = true}};
    _cleanup_strv_ char **words = NULL;
    int r = strv_split(value, ',', &words, e);

    for (char **word = words; r == 0 && word && *word; word++)
        r = apply_word(&w, *word, e);
    if (r == 0)
        r = finish_mount(&w, e);
    if (r == 0)
        r = add_mount(container, &w.m, e);
    return r < 0 ? err_context(e, "--mount \"%s\"", value) : 0;
}

/* ---- --tmpfs DEST[:OPTIONS] */

int value_tmpfs(const char *value, void *container, struct err *e)
{
    _cleanup_mount_ struct mount_point m = {.rw = true};
    const char *colon = strchr(value, ':');
    int r = value_copy(&m.type, "tmpfs", e);

    if (r < 0)
        return r;
    m.destination = colon ? strndup(value, (size_t)(colon - value)) : strdup(value);
    if (!m.destination)
        return err_set(e, ERR_SYS, ENOMEM, "read the command line");
    r = colon ? value_copy(&m.tmpfs_options, colon + 1, e) : 0;
    return r < 0 ? r : add_mount(container, &m, e);
}
