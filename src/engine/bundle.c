#include "engine/bundle.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/parse.h"
#include "base/strv.h"
#include "engine/create.h"
#include "engine/paths.h"
#include "runtime/spec.h"

int bundle_cgroup_path(const struct container *c, char **ret, struct err *e)
{
    const char *parent = c->host.cgroup_parent;
    if (!parent || !*parent)
        parent = CGROUP_PARENT_DEFAULT;
    if (asprintf(ret, "%s%s/%s", *parent == '/' ? "" : "/", parent, c->id) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "cgroup");
    return 0;
}

/* ---- the root ---- */

static int add_root(struct bundle *b, struct err *e)
{
    json_object *root = json_add_object(b->config, "root");
    json_add_bool(root, "readonly", b->c->host.readonly_rootfs);
    if (!create_has_upper(b->c)) {
        json_add_str(root, "path", b->c->host.runtime_rootfs);
        return 0;
    }
    static const char *const names[] = {UPPER_NAME, WORK_NAME};
    json_add_strv(b->sampan, "layers", b->c->layers);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        _cleanup_free_ char *path = NULL;
        int r = container_file(b->en->root, b->c->id, names[i], &path, e);
        if (r < 0)
            return r;
        json_add_str(b->sampan, names[i], path);
    }
    return 0;
}

/* ---- the shim's part ---- */

static const char *log_option(const struct container *c, const char *key)
{
    size_t n = strlen(key);
    STRV_FOREACH (option, c->host.log_opts)
        if (strncmp(*option, key, n) == 0 && (*option)[n] == '=')
            return *option + n + 1;
    return NULL;
}

static int add_log(struct bundle *b, json_object *shim, struct err *e)
{
    const char *driver = b->c->host.log_driver, *size = log_option(b->c, "max-size"),
               *files = log_option(b->c, "max-file");
    _cleanup_free_ char *path = NULL;
    int64_t n;
    if (driver && strcmp(driver, "none") == 0)
        return 0;
    int r = container_log_path(b->en, b->c->id, &path, e);
    if (r < 0)
        return r;
    json_add_str(shim, "log", path);
    if (size && (r = parse_bytes(size, "--log-opt max-size", &n, e)) == 0)
        json_add_int(shim, "logMaxSize", n);
    if (r == 0 && files && (r = parse_int64(files, "--log-opt max-file", &n, e)) == 0)
        json_add_int(shim, "logMaxFile", n);
    return r;
}

/* Nobody waits for the end of a detached --rm: the shim calls this program once it has let go of the lock. */
static int add_on_exit(struct bundle *b, json_object *shim, struct err *e)
{
    char exe[PATH_MAX];
    if (!b->c->host.auto_remove || b->attach)
        return 0;
    ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
    if (n < 0)
        return err_sys(e, "find this program");
    exe[n] = '\0';
    char *const argv[] = {
        exe, (char *)"--root", b->en->root, (char *)"--run-root", b->en->run_root, (char *)"_reap", (char *)b->c->id,
        NULL};
    json_add_strv(shim, "onExit", argv);
    return 0;
}

/* For the end of a foreground container: what the shim removes once we have written the end down (engine_finish).
 * Without --rm the directory on disk stays. */
static int add_remove(struct bundle *b, json_object *shim, struct err *e)
{
    const struct engine *en = b->en;
    const struct {
        bool is_wanted;
        const char *base, *dir;
    } paths[] = {{b->c->host.auto_remove, en->root, CONTAINERS_DIR},
                 {true, en->run_root, CONTAINERS_DIR},
                 {true, en->run_root, LOCKS_DIR}};
    if (!b->attach)
        return 0;
    json_object *remove = json_add_array(shim, "remove");
    for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
        _cleanup_free_ char *path = NULL;
        if (!paths[i].is_wanted)
            continue;
        if (asprintf(&path, "%s/%s/%s", paths[i].base, paths[i].dir, b->c->id) < 0)
            return err_set(e, ERR_SYS, ENOMEM, "write the bundle");
        json_object_array_add(remove, json_object_new_string(path));
    }
    return 0;
}

static int add_shim(struct bundle *b, struct err *e)
{
    json_object *shim = json_add_object(b->sampan, "shim");
    json_add_uint(shim, "attach", b->attach);
    json_add_bool(shim, "stdin", b->c->config.open_stdin);
    json_add_bool(shim, "stdinOnce", b->c->config.stdin_once);
    int r = add_log(b, shim, e);
    if (r == 0)
        r = add_on_exit(b, shim, e);
    return r == 0 ? add_remove(b, shim, e) : r;
}

/* ---- the rest ---- */

static int add_process(struct bundle *b, struct err *e)
{
    const struct container_config *g = &b->c->config;
    _cleanup_strv_ char **args = NULL;
    int r = strv_copy(g->entrypoint, &args, e);
    STRV_FOREACH (word, g->cmd)
        if (r == 0)
            r = strv_add(&args, *word, e);
    if (r < 0)
        return r;
    json_object *process = json_add_object(b->config, "process");
    if (g->tty && b->attach)
        bundle_set_console(process, b->en->console);
    return bundle_process(b->c, args, process, b->sampan, e);
}

static int add_names(struct bundle *b, struct err *e)
{
    (void)e;
    if (b->plan->ns[NS_UTS].how == NS_HOST)
        return 0;
    json_add_str(b->config, "hostname", b->c->config.hostname);
    json_add_str(b->config, "domainname", b->c->config.domainname);
    return 0;
}

static int build(struct bundle *b, struct err *e)
{
    static int (*const parts[])(struct bundle *, struct err *) = {
        add_root,          add_names,          add_process,          bundle_add_namespaces,
        bundle_add_mounts, bundle_add_devices, bundle_add_resources, bundle_add_security,
        add_shim,
    };
    int r = 0;
    json_add_str(b->config, "ociVersion", SPEC_OCI_VERSION);
    b->linux_ = json_add_object(b->config, "linux");
    b->sampan = json_add_object(b->config, "sampan");
    for (size_t i = 0; r == 0 && i < ARRAY_SIZE(parts); i++)
        r = parts[i](b, e);
    return r;
}

int bundle_write(struct bundle *b, struct err *e)
{
    _cleanup_json_ json_object *config = json_object_new_object();
    b->config = config;
    int r = build(b, e);
    if (r < 0)
        return r;
    const char *text = json_object_to_json_string_ext(config, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    return file_write(b->run_dir_fd, CONFIG_NAME, text, strlen(text), 0600, e);
}
