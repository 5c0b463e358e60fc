#include "engine/exec.h"

#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/strv.h"
#include "engine/bundle.h"
#include "engine/paths.h"
#include "engine/query.h"
#include "engine/remote.h"
#include "engine/running.h"
#include "runtime/runtime.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/sealed_program.h"
#include "shim/pipes.h"
#include "shim/session.h"

enum { STATUS_NOT_STARTED = 125, STATUS_NOT_EXECUTABLE = 126, STATUS_NO_COMMAND = 127 };

struct joining {
    json_object *config;         /* the container's config.json, changed into what the new process gets */
    struct spec *spec;           /* the container's */
    struct spec_process process; /* the new one */
    int pidfd;                   /* of the container's init */
    struct stdio_pipes pipes;
};

static void joining_release(struct joining *j)
{
    json_object_put(j->config);
    if (j->spec)
        spec_free(j->spec);
    spec_process_release(&j->process);
    fd_close(&j->pidfd);
    stdio_pipes_release(&j->pipes);
}

/* ---- the container ---- */

static int ask_database(struct engine *en, const char *ref, char ret_id[CONTAINER_ID_LEN + 1], struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    int r = engine_open_database(en, e);
    if (r == 0)
        r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    if (!container_is_active(c))
        return err_conflict(e, "container %s is not running", c->name);
    memcpy(ret_id, c->id, sizeof(c->id));
    return 0;
}

static int open_container(struct engine *en, const char *ref, struct joining *j, struct err *e)
{
    char id[CONTAINER_ID_LEN + 1];
    int r = running_find(en, ref, id) ? 0 : ask_database(en, ref, id, e);
    if (r < 0)
        return r;
    j->pidfd = remote_pidfd(en, id, e);
    if (j->pidfd < 0)
        return j->pidfd;
    _cleanup_close_ int dir = run_dir_open(en, id, e);
    if (dir < 0)
        return dir == -ENOENT ? err_conflict(e, "container %.12s is not running", id) : dir;
    r = json_parse_file(dir, CONFIG_NAME, &j->config, e);
    return r == 0 ? spec_load(j->config, id, &j->spec, e) : r;
}

/* Where the file of this program could be written to from inside, if somebody there laid hands on it: by its owner. */
static bool has_hosts_root(const struct spec *spec)
{
    if (!spec_has_own(spec, NS_USER))
        return true;
    for (size_t i = 0; i < spec->uid_maps.n; i++)
        if (spec->uid_maps.v[i].host_id == 0)
            return true;
    return false;
}

/* ---- the process ---- */

static int set_env(json_object *process, const struct exec_options *o, struct err *e)
{
    _cleanup_strv_ char **env = NULL, **own = NULL;
    int r = json_get_strv(process, "env", &own, e);
    if (r == 0 && o->tty)
        r = strv_add(&env, "TERM=xterm", e);
    STRV_FOREACH (item, own)
        if (r == 0)
            r = bundle_set_env(&env, *item, e);
    STRV_FOREACH (item, o->env)
        if (r == 0 && strchr(*item, '='))
            r = bundle_set_env(&env, *item, e);
    if (r == 0)
        json_add_strv(process, "env", env);
    return r;
}

/* What the container's own command has, where the options say nothing else. */
static int load_process(struct engine *en, struct joining *j, const struct exec_options *o, struct err *e)
{
    json_object *process = json_get(j->config, "process"), *sampan = json_get(j->config, "sampan");
    json_add_strv(process, "args", o->cmd);
    json_add_str(process, "cwd", o->working_dir);
    json_add_bool(process, "terminal", o->tty);
    bundle_set_console(process, en->console);
    json_add_str(sampan, "user", o->user);
    json_add_bool(sampan, "init", false);
    json_object_object_add(process, "sampan", json_object_get(sampan));
    if (o->privileged)
        bundle_set_caps(process, caps_all());
    int r = set_env(process, o, e);
    return r == 0 ? spec_load_process(process, &j->process, e) : r;
}

/* ---- running it ---- */

static int open_stdio(struct joining *j, const struct exec_options *o, struct runtime_stdio *ret, struct err *e)
{
    *ret = (struct runtime_stdio){.in = -1, .out = -1, .err = -1, .master = -1};
    if (o->tty || o->detach)
        return 0;
    int r = stdio_pipes_open(&j->pipes, o->interactive, e);
    ret->in = j->pipes.payload[0];
    ret->out = j->pipes.payload[1];
    ret->err = j->pipes.payload[2];
    return r;
}

static int relay(struct joining *j, const struct exec_options *o, int master, int pidfd, int *ret_status, struct err *e)
{
    _cleanup_(session_release) struct session s = {
        .in = TAKE_FD(j->pipes.ours[0]),
        .out = TAKE_FD(j->pipes.ours[1]),
        .err = TAKE_FD(j->pipes.ours[2]),
        .master = master,
        .pidfd = pidfd,
    };
    const struct user_io io = {
        .in = o->interactive ? 0 : -1,
        .out = 1,
        .err = 2,
        .has_terminal = o->tty,
        .forwards_signals = !o->tty,
        .detach_keys = o->detach_keys,
    };
    struct shim_result result;
    int r = session_run(&s, &io, &result, e);
    if (r < 0)
        return r;
    *ret_status = result.outcome == USER_EXITED ? result.exit.status : 0;
    return result.outcome == USER_DETACHED ? session_leave(&s, e) : 0;
}

static int failed_status(int r, const struct err *e)
{
    return r == 0                          ? 0
           : e->kind == ERR_NO_COMMAND     ? STATUS_NO_COMMAND
           : e->kind == ERR_NOT_EXECUTABLE ? STATUS_NOT_EXECUTABLE
                                           : STATUS_NOT_STARTED;
}

static int run(struct joining *j, const struct exec_options *o, int *ret_status, struct err *e)
{
    struct runtime_container child = RUNTIME_CONTAINER_INIT;
    struct runtime_stdio io;
    const struct runtime_exec x = {
        .target_pidfd = j->pidfd, .spec = j->spec, .process = &j->process, .privileged = o->privileged};
    int r = open_stdio(j, o, &io, e);
    if (r == 0)
        r = runtime_exec(&x, &io, &child, e);
    if (r < 0)
        return r;
    stdio_pipes_close_payload(&j->pipes);
    *ret_status = 0;
    if (!o->detach)
        r = relay(j, o, TAKE_FD(io.master), TAKE_FD(child.pidfd), ret_status, e);
    fd_close(&io.master);
    runtime_release(&child);
    return r;
}

int engine_exec(struct engine *en, const char *ref, const struct exec_options *o, int *ret_status, struct err *e)
{
    _cleanup_(joining_release) struct joining j = {.pidfd = -1, .pipes = STDIO_PIPES_INIT};
    struct err own = ERR_INIT;
    int r = open_container(en, ref, &j, &own);
    if (r == 0 && has_hosts_root(j.spec))
        r = sealed_program_enter(&own);
    if (r == 0)
        r = load_process(en, &j, o, &own);
    if (r == 0)
        r = run(&j, o, ret_status, &own);
    if (r == 0)
        return 0;
    *ret_status = failed_status(r, &own);
    if (e)
        *e = own;
    return r;
}
