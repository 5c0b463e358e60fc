#include "engine/record.h"

#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "engine/idrange.h"
#include "engine/paths.h"
#include "engine/security.h"
#include "network/plan.h"
#include "shim/shim.h"

static char *copy(const char *s)
{
    char *c = s ? strdup(s) : NULL;
    if (s && !c)
        abort();
    return c;
}

int record_from_container(const struct container *c, struct container_row *ret, struct err *e)
{
    _cleanup_json_ json_object *spec = NULL;
    int r = container_to_spec(c, &spec, e);
    if (r < 0)
        return r;
    memcpy(ret->id, c->id, sizeof(ret->id));
    ret->name = copy(c->name);
    ret->created = c->created;
    ret->image = copy(c->image_id);
    ret->auto_remove = c->host.auto_remove;
    ret->status = (int)c->state.status;
    ret->exit_code = c->state.exit_code;
    ret->oom_killed = c->state.oom_killed;
    ret->error = copy(c->state.error);
    ret->started_at = c->state.started_at;
    ret->finished_at = c->state.finished_at;
    ret->id_slot = idrange_slot(c->id_base);
    ret->spec = copy(json_object_to_json_string_ext(spec, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    return 0;
}

static void set_string(char **target, const char *s)
{
    free(*target);
    *target = copy(s);
}

int record_to_container(const struct container_row *row, struct container **ret, struct err *e)
{
    _cleanup_json_ json_object *spec = NULL;
    _cleanup_container_ struct container *c = container_new();
    int r = json_parse(row->spec, strlen(row->spec), "the database's container", &spec, e);
    if (r == 0)
        r = container_from_json(spec, c, e);
    if (r == 0)
        r = security_set_paths(&c->host, e);
    if (r < 0)
        return err_context(e, "container %.12s", row->id);
    if (row->status < CONTAINER_CREATED || row->status > CONTAINER_DEAD)
        return err_set(e, ERR_INTERNAL, 0, "container %.12s has status %d", row->id, row->status);
    memcpy(c->id, row->id, sizeof(c->id));
    set_string(&c->name, row->name); /* the row's is newer after a rename */
    set_string(&c->image_id, row->image);
    c->created = row->created;
    c->state.status = (enum container_status)row->status;
    c->state.exit_code = row->exit_code;
    c->state.oom_killed = row->oom_killed;
    c->state.started_at = row->started_at;
    c->state.finished_at = row->finished_at;
    c->state.error = copy(row->error);
    c->id_base = idrange_base(row->id_slot);
    *ret = TAKE_PTR(c);
    return 0;
}

/* One that cannot be read must not keep the container from being seen. */
static void load_net(int run_dir, struct net_plan **ret)
{
    struct err e = ERR_INIT;
    int r = net_plan_load(run_dir, ret, &e);
    if (r < 0 && r != -ENOENT)
        log_warning("%s", e.text);
}

/* Without state.json it is being started, or was when its starter died. */
static int merge_live(const struct engine *en, struct container_row *row, pid_t *ret_pid, struct net_plan **ret_net,
                      struct err *e)
{
    _cleanup_close_ int run_dir = run_dir_open(en, row->id, e);
    if (run_dir < 0 && run_dir != -ENOENT)
        return run_dir;
    int started = run_dir < 0 ? 0 : record_merge_state(run_dir, row, ret_pid, e);
    int ended = run_dir < 0 || started < 0 ? started : record_merge_exit(run_dir, row, e);
    if (ended < 0)
        return ended;
    if (!started && !ended)
        row->status = CONTAINER_CREATED;
    if (started && !ended)
        load_net(run_dir, ret_net);
    return 0;
}

int record_to_live_container(const struct engine *en, const struct container_row *row, struct container **ret,
                             struct err *e)
{
    struct container_row now = *row; /* borrows the strings; the merges below replace `error` only */
    _cleanup_net_plan_ struct net_plan *net = NULL;
    pid_t pid = 0;
    now.error = copy(row->error);
    int r = row->status == CONTAINER_RUNNING ? merge_live(en, &now, &pid, &net, e) : 0;
    bool is_starting = row->status == CONTAINER_RUNNING && now.status == CONTAINER_CREATED;
    if (r == 0)
        r = record_to_container(&now, ret, e);
    free(now.error);
    if (r < 0)
        return r;
    (*ret)->state.pid = now.status == CONTAINER_RUNNING ? pid : 0;
    (*ret)->state.is_starting = is_starting;
    (*ret)->net = TAKE_PTR(net);
    return 0;
}

/* 1 and the object, or 0 when there is no such file. One that makes no sense (the shim writes them whole, so somebody else
 * wrote it) is as good as none: it must not keep the container from being ended and removed. */
static int read_file(int run_dir_fd, const char *name, json_object **ret, struct err *e)
{
    struct err own = ERR_INIT;
    int r = json_parse_file(run_dir_fd, name, ret, &own);
    if (r == 0 || r == -ENOENT)
        return r == 0;
    if (own.kind == ERR_INVALID) {
        log_warning("%s", own.text);
        return 0;
    }
    if (e)
        *e = own;
    return r;
}

/* The same for its members: a wrong type is as good as the default. */
static int64_t number(json_object *o, const char *key)
{
    int64_t n = 0;
    json_get_int64(o, key, 0, &n, NULL);
    return n;
}

int record_merge_exit(int run_dir_fd, struct container_row *row, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    const char *error = NULL;
    int r = read_file(run_dir_fd, SHIM_EXIT_NAME, &o, e);
    if (r <= 0)
        return r;
    json_get_bool(o, "oomKilled", false, &row->oom_killed, NULL);
    if (json_get_str(o, "error", NULL, &error, NULL) < 0)
        error = NULL;
    row->finished_at = number(o, "finishedAt");
    row->exit_code = (int)number(o, "status");
    row->status = error ? CONTAINER_CREATED : CONTAINER_EXITED; /* an error: it did not start */
    set_string(&row->error, error);
    return 1;
}

int record_merge_state(int run_dir_fd, struct container_row *row, pid_t *ret_pid, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    int r = read_file(run_dir_fd, SHIM_STATE_NAME, &o, e);
    if (r <= 0)
        return r;
    row->started_at = number(o, "startedAt");
    if (ret_pid)
        *ret_pid = (pid_t)number(o, "pid");
    return 1;
}
