/* "process" of a bundle. */
#include "engine/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "base/strv.h"
#include "engine/limits.h"
#include "engine/security.h"
#include "runtime/security/capabilities.h"

#define PATH_DEFAULT "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

int bundle_set_env(char ***env, const char *item, struct err *e)
{
    size_t n = strcspn(item, "=");
    for (size_t i = 0; *env && (*env)[i]; i++) {
        if (strncmp((*env)[i], item, n + 1) != 0)
            continue;
        char *copy = strdup(item);
        if (!copy)
            return err_set(e, ERR_SYS, ENOMEM, "environment");
        free((*env)[i]);
        (*env)[i] = copy;
        return 0;
    }
    return strv_add(env, item, e);
}

/* A name alone takes nothing: the command line has looked it up in its own environment already. */
static int add_env(const struct container *c, json_object *process, struct err *e)
{
    const struct container_config *g = &c->config;
    _cleanup_strv_ char **env = NULL;
    int r = strv_add(&env, "PATH=" PATH_DEFAULT, e);
    if (r == 0 && g->hostname && *g->hostname)
        r = strv_addf(&env, e, "HOSTNAME=%s", g->hostname);
    if (r == 0 && g->tty)
        r = strv_add(&env, "TERM=xterm", e);
    STRV_FOREACH (item, g->env)
        if (r == 0 && strchr(*item, '='))
            r = bundle_set_env(&env, *item, e);
    json_add_strv(process, "env", env);
    return r;
}

void bundle_set_caps(json_object *process, uint64_t caps)
{
    static const char *const sets[] = {"bounding", "effective", "permitted"};
    json_object *o = json_add_object(process, "capabilities");
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
        json_object *names = json_add_array(o, sets[i]);
        for (int cap = 0; cap <= caps_last(); cap++)
            if ((caps & CAP_BIT(cap)) && caps_name(cap))
                json_object_array_add(names, json_object_new_string(caps_name(cap)));
    }
}

static int add_caps(const struct container *c, json_object *process, struct err *e)
{
    uint64_t caps;
    int r = security_caps(&c->host, &caps, e);
    if (r == 0)
        bundle_set_caps(process, caps);
    return r;
}

static void add_rlimits(const struct container *c, json_object *process)
{
    json_object *rlimits = json_add_array(process, "rlimits");
    for (size_t i = 0; i < c->host.n_ulimits; i++) {
        const struct ulimit *u = &c->host.ulimits[i];
        const char *type;
        if (limits_ulimit(u->name, &type) < 0)
            continue; /* refused when it was created */
        json_object *o = json_object_new_object();
        json_add_str(o, "type", type);
        json_add_uint(o, "soft", (uint64_t)u->soft); /* -1 is RLIM_INFINITY */
        json_add_uint(o, "hard", (uint64_t)u->hard);
        json_object_array_add(rlimits, o);
    }
}

/* Names are looked up in the container's own files. "0" and not nothing: root too has the groups that /etc/group
 * says. */
static void add_user(const struct container *c, json_object *sampan)
{
    json_add_str(sampan, "user", c->config.user && *c->config.user ? c->config.user : "0");
    if (strv_len(c->host.group_add) > 0)
        json_add_strv(sampan, "groups", c->host.group_add);
}

void bundle_set_console(json_object *process, struct shim_size size)
{
    json_object_object_del(process, "consoleSize");
    if (size.rows == 0 && size.cols == 0)
        return;
    json_object *o = json_add_object(process, "consoleSize");
    json_add_uint(o, "height", size.rows);
    json_add_uint(o, "width", size.cols);
}

int bundle_process(const struct container *c, char *const *args, json_object *process, json_object *sampan,
                   struct err *e)
{
    const char *cwd = c->config.working_dir;
    struct security_options o;
    int r = security_parse(&c->host, &o, e);
    if (r < 0)
        return r;
    json_add_strv(process, "args", args);
    json_add_str(process, "cwd", cwd && *cwd ? cwd : "/");
    json_add_bool(process, "terminal", c->config.tty);
    json_add_bool(process, "noNewPrivileges", o.no_new_privileges);
    json_add_str(process, "apparmorProfile", o.apparmor && strcmp(o.apparmor, "unconfined") != 0 ? o.apparmor : NULL);
    json_add_str(process, "selinuxLabel", o.label && strcmp(o.label, "disable") != 0 ? o.label : NULL);
    if (c->host.oom_score_adj != 0)
        json_add_int(process, "oomScoreAdj", c->host.oom_score_adj);
    json_add_bool(sampan, "init", c->host.init);
    add_rlimits(c, process);
    add_user(c, sampan);
    r = add_env(c, process, e);
    return r == 0 ? add_caps(c, process, e) : r;
}
