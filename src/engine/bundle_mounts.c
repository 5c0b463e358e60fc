/* "mounts" of a bundle: the kernel's file systems, the files that Docker binds, then the user's, parents before
 * children. */
#include "engine/bundle.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/strv.h"
#include "storage/volumes.h"

json_object *bundle_add_mount(json_object *mounts, const char *destination, const char *type, const char *source,
                              const char *const *options)
{
    json_object *m = json_object_new_object();
    json_add_str(m, "destination", destination);
    json_add_str(m, "type", type);
    json_add_str(m, "source", source);
    json_object *words = json_add_array(m, "options");
    for (; options && *options; options++)
        json_object_array_add(words, json_object_new_string(*options));
    json_object_array_add(mounts, m);
    return words;
}

static void add_word(json_object *words, const char *word)
{
    json_object_array_add(words, json_object_new_string(word));
}

/* ---- the kernel's file systems ---- */

enum when {
    ALWAYS,
    NOT_PRIVILEGED_RO, /* always; read-only unless --privileged */
    OWN_IPC_SHM,       /* a /dev/shm of its own: not with --ipc none or host, nor with another's */
    HOST_IPC_SHM,
    JOINED_IPC_SHM,
};

static const struct default_mount {
    enum when when;
    const char *destination, *type, *source;
    const char *options[8];
} default_mounts[] = {
    {ALWAYS, "/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}},
    {ALWAYS, "/dev", "dev", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
    {ALWAYS,
     "/dev/pts",
     "devpts",
     "devpts",
     {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
    {NOT_PRIVILEGED_RO, "/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev"}},
    {NOT_PRIVILEGED_RO, "/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev"}},
    {ALWAYS, "/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
    {OWN_IPC_SHM, "/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777"}},
    {HOST_IPC_SHM, "/dev/shm", "bind", "/dev/shm", {"bind", "nosuid", "noexec", "nodev"}},
    {JOINED_IPC_SHM, "/dev/shm", "bind", NULL, {"bind"}},
};

static bool is_covered(const struct container *c, const char *destination)
{
    for (size_t i = 0; i < c->n_mounts; i++)
        if (strcmp(c->mounts[i].destination, destination) == 0)
            return true;
    return false;
}

static bool applies(const struct bundle *b, enum when when)
{
    enum ns_how ipc = b->plan->ns[NS_IPC].how;
    const char *mode = b->c->host.ipc_mode;
    struct ns_join_path path;
    bool is_joined = ns_join_path(b->join, NS_JOIN_SHM, &path);
    switch (when) {
    case ALWAYS:
    case NOT_PRIVILEGED_RO:
        return true;
    case OWN_IPC_SHM:
        return (ipc == NS_CONTAINER && !is_joined) || (ipc == NS_OWN && !(mode && strcmp(mode, "none") == 0));
    case HOST_IPC_SHM:
        return ipc == NS_HOST;
    case JOINED_IPC_SHM:
        return is_joined;
    }
    return false;
}

static void add_default(struct bundle *b, json_object *mounts, const struct default_mount *m)
{
    char size[32];
    struct ns_join_path shm = {""};
    ns_join_path(b->join, NS_JOIN_SHM, &shm);
    const char *source = m->when == JOINED_IPC_SHM ? shm.path : m->source;
    json_object *words = bundle_add_mount(mounts, m->destination, m->type, source, m->options);
    if (m->when == NOT_PRIVILEGED_RO && !b->c->host.privileged)
        add_word(words, "ro");
    if (m->when == OWN_IPC_SHM) {
        snprintf(size, sizeof(size), "size=%lld", (long long)b->c->host.shm_size);
        add_word(words, size);
    }
}

/* ---- the user's ---- */

static int add_tmpfs(json_object *mounts, const struct mount_point *m, struct err *e)
{
    static const char *const dflt[] = {"nosuid", "nodev", "noexec", NULL};
    _cleanup_strv_ char **options = NULL;
    json_object *words = bundle_add_mount(mounts, m->destination, "tmpfs", "tmpfs", dflt);
    if (!m->rw)
        add_word(words, "ro");
    int r = m->tmpfs_options ? strv_split(m->tmpfs_options, ',', &options, e) : 0;
    STRV_FOREACH (option, options)
        if (**option)
            add_word(words, *option);
    return r;
}

static int make_source(struct bundle *b, const struct mount_point *m, struct err *e)
{
    struct stat st;
    if (strcmp(m->type, "volume") == 0)
        return volumes_make(b->en->root_fd, m->name, NULL, NULL, e);
    if (!m->create_source || stat(m->source, &st) == 0)
        return 0;
    return dir_make_all(AT_FDCWD, m->source, 0755, NULL, e);
}

/* A volume that is read-only is so with everything mounted below it, where the bind is recursive. */
static int add_bind(struct bundle *b, json_object *mounts, const struct mount_point *m, struct err *e)
{
    bool recursive = !m->non_recursive && strcmp(m->type, "bind") == 0;
    int r = make_source(b, m, e);
    if (r < 0)
        return r;
    json_object *words = bundle_add_mount(mounts, m->destination, "bind", m->source, NULL);
    add_word(words, recursive ? "rbind" : "bind");
    add_word(words, m->propagation && *m->propagation ? m->propagation : "rprivate");
    if (!m->rw)
        add_word(words, recursive ? "rro" : "ro");
    if (bundle_has_userns(b) && !m->no_idmap)
        add_word(words, "idmap");
    return 0;
}

static size_t depth(const struct mount_point *m)
{
    size_t n = 0;
    for (const char *s = m->destination; *s; s++)
        n += *s == '/' && s[1] && s[1] != '/';
    return n;
}

static int by_depth(const void *a, const void *b)
{
    const struct mount_point *const *x = a, *const *y = b;
    size_t dx = depth(*x), dy = depth(*y);
    return dx < dy ? -1 : dx > dy ? 1 : strcmp((*x)->destination, (*y)->destination);
}

static int add_users(struct bundle *b, json_object *mounts, struct err *e)
{
    size_t n = b->c->n_mounts;
    if (n == 0)
        return 0;
    _cleanup_free_ const struct mount_point **sorted = calloc(n, sizeof(struct mount_point *));
    if (!sorted)
        return err_set(e, ERR_SYS, ENOMEM, "mounts");
    for (size_t i = 0; i < n; i++)
        sorted[i] = &b->c->mounts[i];
    qsort(sorted, n, sizeof(*sorted), by_depth);
    int r = 0;
    for (size_t i = 0; r == 0 && i < n; i++)
        r = strcmp(sorted[i]->type, "tmpfs") == 0 ? add_tmpfs(mounts, sorted[i], e) : add_bind(b, mounts, sorted[i], e);
    return r;
}

int bundle_add_mounts(struct bundle *b, struct err *e)
{
    json_object *mounts = json_add_array(b->config, "mounts");
    for (size_t i = 0; i < ARRAY_SIZE(default_mounts); i++)
        if (applies(b, default_mounts[i].when) && !is_covered(b->c, default_mounts[i].destination))
            add_default(b, mounts, &default_mounts[i]);
    int r = bundle_add_files(b, mounts, e);
    return r == 0 ? add_users(b, mounts, e) : r;
}
