/* "root" and "mounts" of config.json. Source: runtime-spec config.md, "Root" and "Mounts"; mount_setattr(2). */
#include <linux/mount.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "base/strv.h"
#include "runtime/spec_json.h"

/* ---- root ---- */

int spec_read_root(json_object *config, struct spec_root *ret, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "path", .type = FIELD_STRING, .offset = offsetof(struct spec_root, path)},
        {.key = "readonly", .type = FIELD_BOOL, .offset = offsetof(struct spec_root, readonly)},
    };
    static const struct spec_field our_fields[] = {
        {.key = "layers", .type = FIELD_STRV, .offset = offsetof(struct spec_root, layers)},
        {.key = "upper", .type = FIELD_PATH, .offset = offsetof(struct spec_root, upper)},
        {.key = "work", .type = FIELD_PATH, .offset = offsetof(struct spec_root, work)},
    };
    int r;

    r = spec_read_fields(json_get(config, "root"), fields, ARRAY_SIZE(fields), ret, e);
    if (r < 0)
        return err_context(e, "root");
    r = spec_read_fields(json_get(config, "sampan"), our_fields, ARRAY_SIZE(our_fields), ret, e);
    if (r < 0)
        return err_context(e, "sampan");
    if (!ret->upper != !ret->work)
        return err_invalid(e, "sampan: \"upper\" and \"work\" go together");
    if (ret->upper && strv_len(ret->layers) == 0)
        return err_invalid(e, "sampan: \"upper\" needs \"layers\" below it");
    return 0;
}

/* ---- the words of a mount's options ---- */

/* MOUNT_ATTR_RELATIME is 0: the three kinds of access times are one field in the mask. */
enum { ATIME = MOUNT_ATTR__ATIME };

struct option {
    const char *word;
    uint64_t set;
    uint64_t clear;
    uint64_t propagation;
};

static const struct option options[] = {
    {"ro", .set = MOUNT_ATTR_RDONLY},
    {"rw", .clear = MOUNT_ATTR_RDONLY},
    {"nosuid", .set = MOUNT_ATTR_NOSUID},
    {"suid", .clear = MOUNT_ATTR_NOSUID},
    {"nodev", .set = MOUNT_ATTR_NODEV},
    {"dev", .clear = MOUNT_ATTR_NODEV},
    {"noexec", .set = MOUNT_ATTR_NOEXEC},
    {"exec", .clear = MOUNT_ATTR_NOEXEC},
    {"noatime", .set = MOUNT_ATTR_NOATIME, .clear = ATIME},
    {"atime", .clear = ATIME},
    {"relatime", .clear = ATIME},
    {"norelatime", .clear = ATIME},
    {"strictatime", .set = MOUNT_ATTR_STRICTATIME, .clear = ATIME},
    {"nostrictatime", .clear = ATIME},
    {"nodiratime", .set = MOUNT_ATTR_NODIRATIME},
    {"diratime", .clear = MOUNT_ATTR_NODIRATIME},
    {"nosymfollow", .set = MOUNT_ATTR_NOSYMFOLLOW},
    {"symfollow", .clear = MOUNT_ATTR_NOSYMFOLLOW},
    {"private", .propagation = MS_PRIVATE},
    {"rprivate", .propagation = MS_PRIVATE | MS_REC},
    {"slave", .propagation = MS_SLAVE},
    {"rslave", .propagation = MS_SLAVE | MS_REC},
    {"shared", .propagation = MS_SHARED},
    {"rshared", .propagation = MS_SHARED | MS_REC},
    {"unbindable", .propagation = MS_UNBINDABLE},
    {"runbindable", .propagation = MS_UNBINDABLE | MS_REC},
    {"defaults", .set = 0},
};

static const struct option *find_option(const char *word)
{
    for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
        if (strcmp(word, options[i].word) == 0)
            return &options[i];
    }
    return NULL;
}

/* The latter of two words on the same thing wins: "ro,rw" is read-write. */
static void change(uint64_t *set, uint64_t *clear, const struct option *o)
{
    *set = (*set & ~o->clear) | o->set;
    *clear = (*clear & ~(o->set & ~(uint64_t)ATIME)) | o->clear;
}

static bool apply_flag(struct spec_mount *m, const char *word)
{
    const struct option *o = find_option(word);

    if (o) {
        change(&m->attr_set, &m->attr_clear, o);
        if (o->propagation)
            m->propagation = o->propagation;
        return true;
    }
    /* "rro" is "ro" for the mounts below as well; not so "relatime", which was found above. */
    o = word[0] == 'r' ? find_option(word + 1) : NULL;
    if (o && !o->propagation && (o->set || o->clear)) {
        change(&m->attr_recursive, &m->attr_recursive_clear, o);
        return true;
    }
    return false;
}

/* The words that are neither an attribute nor the file system's own. */
static bool apply_kind(struct spec_mount *m, const char *word, bool *is_bind)
{
    const struct {
        const char *word;
        bool *target;
    } kinds[] = {
        {"bind", is_bind},    {"rbind", is_bind},    {"rbind", &m->recursive},
        {"idmap", &m->idmap}, {"ridmap", &m->idmap}, {"tmpcopyup", &m->copy_up},
    };
    bool known = false;

    for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
        if (strcmp(word, kinds[i].word) == 0) {
            *kinds[i].target = true;
            known = true;
        }
    }
    return known;
}

int spec_mount_words(char ***ret, struct err *e)
{
    static const char *const kinds[] = {"bind", "rbind", "idmap", "ridmap", "tmpcopyup"};
    _cleanup_strv_ char **words = NULL;
    int r = 0;

    for (size_t i = 0; i < ARRAY_SIZE(options) && r == 0; i++) {
        r = strv_add(&words, options[i].word, e);
        if (r == 0 && (options[i].set || options[i].clear))
            r = strv_addf(&words, e, "r%s", options[i].word);
    }
    for (size_t i = 0; i < ARRAY_SIZE(kinds) && r == 0; i++)
        r = strv_add(&words, kinds[i], e);
    if (r == 0)
        *ret = TAKE_PTR(words);
    return r;
}

/* ---- mounts ---- */

static int read_options(json_object *o, struct spec_mount *m, bool *is_bind, struct err *e)
{
    _cleanup_strv_ char **words = NULL;
    int r = json_get_strv(o, "options", &words, e);

    if (r < 0)
        return r;
    STRV_FOREACH (word, words) {
        if (strcmp(*word, "remount") == 0)
            return err_invalid(e, "\"options\": a mount is made in one go, \"remount\" has no meaning");
        if (apply_flag(m, *word) || apply_kind(m, *word, is_bind))
            continue;
        r = strv_add(&m->data, *word, e);
        if (r < 0)
            return r;
    }
    return 0;
}

/* The specification wants an absolute destination; runtimes have long taken others as relative to the root. */
static int read_target(json_object *o, struct spec_mount *m, struct err *e)
{
    const char *target;
    int r = json_get_str(o, "destination", "", &target, e);

    if (r < 0)
        return r;
    if (*target == '\0')
        return err_invalid(e, "\"destination\" is missing");
    if (asprintf(&m->target, "%s%s", *target == '/' ? "" : "/", target) < 0) {
        m->target = NULL;
        return err_set(e, ERR_SYS, ENOMEM, "read \"destination\"");
    }
    return 0;
}

/* A bind mount needs no type, or any: its options say that it is one. */
static int settle_type(struct spec_mount *m, bool is_bind, struct err *e)
{
    if (is_bind) {
        free(m->type);
        m->type = strdup("bind");
        if (!m->type)
            return err_set(e, ERR_SYS, ENOMEM, "read \"type\"");
    }
    if (!m->type)
        return err_invalid(e, "%s: \"type\" is missing", m->target);
    if (strcmp(m->type, "bind") == 0 && !m->source)
        return err_invalid(e, "%s: a bind mount needs a \"source\"", m->target);
    return 0;
}

static int read_mount(json_object *o, void *element, struct err *e)
{
    static const struct spec_field fields[] = {
        {.key = "source", .type = FIELD_STRING, .offset = offsetof(struct spec_mount, source)},
        {.key = "type", .type = FIELD_STRING, .offset = offsetof(struct spec_mount, type)},
    };
    struct spec_mount *m = element;
    bool is_bind = false;
    int r;

    r = read_target(o, m, e);
    if (r == 0)
        r = spec_read_fields(o, fields, ARRAY_SIZE(fields), m, e);
    if (r == 0)
        r = read_options(o, m, &is_bind, e);
    if (r == 0)
        r = spec_refuse(o, "uidMappings", e); /* "idmap" alone means the container's own map */
    if (r == 0)
        r = spec_refuse(o, "gidMappings", e);
    return r < 0 ? r : settle_type(m, is_bind, e);
}

int spec_read_mounts(json_object *config, struct spec *s, struct err *e)
{
    return spec_read_array(config, "mounts", sizeof(*s->mounts), read_mount, &s->mounts, &s->n_mounts, e);
}
