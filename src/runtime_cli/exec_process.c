#include "runtime_cli/exec_process.h"

#include <stdlib.h>
#include <string.h>

#include "base/parse.h"
#include "base/strv.h"
#include "runtime/security/capabilities.h"

void exec_changes_release(struct exec_changes *c)
{
    free(c->cwd);
    free(c->user);
    free(c->selinux_label);
    free(c->apparmor);
    strv_free(c->env);
    strv_free(c->gids);
    strv_free(c->caps);
}

/* The member as an array, made when it isn't there. */
static json_object *array_of(json_object *o, const char *key)
{
    json_object *array = json_get(o, key);

    return json_object_is_type(array, json_type_array) ? array : json_add_array(o, key);
}

static json_object *object_of(json_object *o, const char *key)
{
    json_object *member = json_get(o, key);

    return json_object_is_type(member, json_type_object) ? member : json_add_object(o, key);
}

static bool array_has(json_object *array, const char *text)
{
    for (size_t i = 0; i < json_object_array_length(array); i++) {
        const char *item = json_object_get_string(json_object_array_get_idx(array, i));

        if (item && strcmp(item, text) == 0)
            return true;
    }
    return false;
}

/* Later assignments win at the execve: what was there stays in front. */
static void add_env(json_object *process, const struct exec_changes *c)
{
    json_object *env = array_of(process, "env");

    STRV_FOREACH (item, c->env)
        json_object_array_add(env, json_object_new_string(*item));
}

static int add_gids(json_object *user, char *const *gids, struct err *e)
{
    json_object *array = array_of(user, "additionalGids");

    STRV_FOREACH (text, gids) {
        uint64_t gid = 0;
        int r = parse_uint64(*text, "--additional-gids", &gid, e);

        if (r < 0)
            return r;
        json_object_array_add(array, json_object_new_uint64(gid));
    }
    return 0;
}

/* "uid" or "uid:gid"; another user brings none of the container's user's groups along. */
static int change_user(json_object *user, const char *text, struct err *e)
{
    _cleanup_strv_ char **parts = NULL;
    uint64_t uid = 0, gid = 0;
    int r = strv_split(text, ':', &parts, e);

    if (r == 0 && (strv_len(parts) < 1 || strv_len(parts) > 2))
        r = err_invalid(e, "--user: \"%s\" is not UID or UID:GID", text);
    if (r == 0)
        r = parse_uint64(parts[0], "--user", &uid, e);
    if (r == 0 && parts[1])
        r = parse_uint64(parts[1], "--user", &gid, e);
    if (r < 0)
        return r;
    json_add_uint(user, "uid", uid);
    if (parts[1])
        json_add_uint(user, "gid", gid);
    json_object_object_del(user, "additionalGids");
    return 0;
}

static int set_user(json_object *process, const struct exec_changes *c, struct err *e)
{
    json_object *user = object_of(process, "user");
    int r = c->user ? change_user(user, c->user, e) : 0;

    return r < 0 ? r : add_gids(user, c->gids, e);
}

/* Into the sets from which execve gives them to the program, whoever its user is, but not into the ambient set unless the
 * container's process had the like: a program must be made for that. */
static int add_caps(json_object *process, char *const *caps, struct err *e)
{
    static const char *const sets[] = {"bounding", "effective", "permitted"};
    json_object *o = caps ? object_of(process, "capabilities") : NULL;

    STRV_FOREACH (name, caps) {
        int cap;
        int r = caps_parse(*name, &cap, e);

        if (r < 0)
            return err_context(e, "--cap");
        for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
            json_object *set = array_of(o, sets[i]);

            if (!array_has(set, caps_name(cap)))
                json_object_array_add(set, json_object_new_string(caps_name(cap)));
        }
    }
    return 0;
}

int exec_process_make(json_object *base, const struct exec_changes *c, char *const *args, json_object **ret,
                      struct err *e)
{
    _cleanup_json_ json_object *process = NULL;
    int r;

    if (json_object_deep_copy(base, &process, NULL) < 0)
        return err_set(e, ERR_SYS, ENOMEM, "copy the container's process");
    json_add_strv(process, "args", args);
    json_add_bool(process, "terminal", c->tty);
    json_object_object_del(process, "consoleSize");
    json_add_str(process, "cwd", c->cwd);
    json_add_str(process, "selinuxLabel", c->selinux_label);
    json_add_str(process, "apparmorProfile", c->apparmor);
    if (c->no_new_privs)
        json_add_bool(process, "noNewPrivileges", true);
    add_env(process, c);
    r = set_user(process, c, e);
    if (r == 0)
        r = add_caps(process, c->caps, e);
    if (r == 0)
        *ret = TAKE_PTR(process);
    return r;
}
