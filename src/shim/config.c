#include "shim/config.h"

#include <string.h>

#include "base/strv.h"
#include "shim/protocol.h"

enum { ALL_STREAMS = SHIM_ATTACH_STDIN | SHIM_ATTACH_STDOUT | SHIM_ATTACH_STDERR, LOG_FILES_MAX = 1000 };

static int load_attach(json_object *o, struct shim_config *c, struct err *e)
{
    uint64_t attach = 0;
    int r = json_get_uint64(o, "attach", 0, &attach, e);
    if (r < 0)
        return r;
    if (attach & ~(uint64_t)ALL_STREAMS)
        return err_invalid(e, "attach: %llu names no streams", (unsigned long long)attach);
    c->attach = (unsigned)attach;
    return 0;
}

static int load_log(json_object *o, struct shim_config *c, struct err *e)
{
    const char *path = NULL;
    int r = json_get_str(o, "log", NULL, &path, e);
    if (r == 0)
        r = json_get_int64(o, "logMaxSize", 0, &c->log_max_size, e);
    if (r == 0)
        r = json_get_int64(o, "logMaxFile", 1, &c->log_max_files, e);
    if (r < 0)
        return r;
    if (c->log_max_size < 0 || c->log_max_files < 1 || c->log_max_files > LOG_FILES_MAX)
        return err_invalid(e, "logMaxSize or logMaxFile is out of range");
    if (path && !(c->log = strdup(path)))
        return err_set(e, ERR_SYS, ENOMEM, "copy the log's path");
    return 0;
}

static int load_on_exit(json_object *o, struct shim_config *c, struct err *e)
{
    int r = json_get_strv(o, "onExit", &c->on_exit, e);
    if (r == 0 && c->on_exit && !c->on_exit[0])
        return err_invalid(e, "onExit: no command");
    return r;
}

int shim_config_load(json_object *config, struct shim_config *ret, struct err *e)
{
    struct shim_config c = {.log_max_files = 1};
    json_object *o = json_path(config, "sampan", "shim", NULL);
    int r = load_attach(o, &c, e);
    if (r == 0)
        r = json_get_bool(o, "stdin", false, &c.has_stdin, e);
    if (r == 0)
        r = json_get_bool(o, "stdinOnce", false, &c.stdin_once, e);
    if (r == 0)
        r = load_log(o, &c, e);
    if (r == 0)
        r = load_on_exit(o, &c, e);
    if (r == 0)
        r = json_get_strv(o, "remove", &c.remove, e);
    if (r < 0) {
        shim_config_release(&c);
        err_context(e, "config.json: sampan.shim");
        return r;
    }
    *ret = c;
    return 0;
}

void shim_config_release(struct shim_config *c)
{
    free(c->log);
    strv_free(c->on_exit);
    strv_free(c->remove);
    *c = (struct shim_config){.log_max_files = 1};
}
