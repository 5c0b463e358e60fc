#include "runtime_cli/record.h"

#include <string.h>

#include "base/file.h"

#define FILE_NAME "state.json"

int record_save(const struct record *r, int dir_fd, struct err *e)
{
    _cleanup_json_ json_object *o = json_object_new_object();
    const char *text;

    json_add_int(o, "pid", r->pid);
    json_add_uint(o, "startTime", r->start_time);
    json_add_bool(o, "hasPidNamespace", r->has_pid_ns);
    json_add_str(o, "bundle", r->bundle);
    json_add_str(o, "rootfs", r->rootfs);
    json_add_str(o, "created", r->created);
    json_add_str(o, "cgroup", r->cgroup);
    if (r->annotations)
        json_object_object_add(o, "annotations", json_object_get(r->annotations));
    text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
    return file_write_atomic(dir_fd, FILE_NAME, text, strlen(text), 0600, e);
}

static int read_numbers(json_object *o, struct record *ret, struct err *e)
{
    int64_t pid = 0;
    int r = json_get_int64(o, "pid", 0, &pid, e);

    ret->pid = (pid_t)pid;
    if (r == 0)
        r = json_get_uint64(o, "startTime", 0, &ret->start_time, e);
    return r < 0 ? r : json_get_bool(o, "hasPidNamespace", false, &ret->has_pid_ns, e);
}

static int read_strings(json_object *o, struct record *ret, struct err *e)
{
    const struct {
        const char *key;
        char **target;
    } strings[] = {
        {"bundle", &ret->bundle},
        {"rootfs", &ret->rootfs},
        {"created", &ret->created},
        {"cgroup", &ret->cgroup},
    };

    for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
        const char *value;
        int r = json_get_str(o, strings[i].key, "", &value, e);

        if (r < 0)
            return r;
        *strings[i].target = strdup(value);
        if (!*strings[i].target)
            return err_set(e, ERR_SYS, ENOMEM, "read \"%s\"", strings[i].key);
    }
    return 0;
}

int record_load(int dir_fd, struct record *ret, struct err *e)
{
    _cleanup_json_ json_object *o = NULL;
    _cleanup_record_ struct record record = {0};
    int r;

    r = json_parse_file(dir_fd, FILE_NAME, &o, e);
    if (r == 0)
        r = read_numbers(o, &record, e);
    if (r == 0)
        r = read_strings(o, &record, e);
    if (r == 0 && !*record.cgroup)
        r = err_invalid(e, FILE_NAME ": \"cgroup\" is missing");
    if (r < 0)
        return r;
    record.annotations = json_object_get(json_get(o, "annotations"));
    *ret = record;
    record = (struct record){0};
    return 0;
}

void record_release(struct record *r)
{
    free(r->bundle);
    free(r->rootfs);
    free(r->created);
    free(r->cgroup);
    json_object_put(r->annotations);
    *r = (struct record){0};
}
