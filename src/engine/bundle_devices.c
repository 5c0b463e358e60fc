/* Devices of a bundle: nodes in /dev beyond the default ones, and what the device cgroup lets the container open. */
#include "engine/bundle.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/fd.h"
#include "base/strbuf.h"
#include "base/strv.h"

enum { DEPTH_MAX = 8, PATH_LEN_MAX = 4096 };

/* Docker's list. Making nodes (m) harms nobody who may not open them. */
static const struct {
    const char *type;
    int64_t major, minor; /* -1: any */
    const char *access;
} default_rules[] = {
    {"c", -1, -1, "m"}, {"b", -1, -1, "m"}, {"c", 1, 3, "rwm"},    {"c", 1, 5, "rwm"},
    {"c", 1, 7, "rwm"}, {"c", 1, 8, "rwm"}, {"c", 1, 9, "rwm"},    {"c", 5, 0, "rwm"},
    {"c", 5, 1, "rwm"}, {"c", 5, 2, "rwm"}, {"c", 136, -1, "rwm"},
};

static void add_rule(json_object *rules, bool allow, const char *type, int64_t major_, int64_t minor_,
                     const char *access)
{
    json_object *o = json_object_new_object();
    json_add_bool(o, "allow", allow);
    json_add_str(o, "type", type);
    json_add_int(o, "major", major_);
    json_add_int(o, "minor", minor_);
    json_add_str(o, "access", access);
    json_object_array_add(rules, o);
}

/* ---- nodes ---- */

struct node_list {
    json_object *devices, *rules, *host_paths;
};

static void add_node(struct node_list *l, const struct stat *st, const char *host_path, const char *path,
                     const char *access)
{
    const char *type = S_ISBLK(st->st_mode) ? "b" : "c";
    json_object *o = json_object_new_object();
    json_add_str(o, "path", path);
    json_add_str(o, "type", type);
    json_add_int(o, "major", major(st->st_rdev));
    json_add_int(o, "minor", minor(st->st_rdev));
    json_add_int(o, "fileMode", st->st_mode & 0777);
    json_add_int(o, "uid", st->st_uid);
    json_add_int(o, "gid", st->st_gid);
    json_object_array_add(l->devices, o);
    json_add_str(l->host_paths, path, host_path);
    if (access)
        add_rule(l->rules, true, type, major(st->st_rdev), minor(st->st_rdev), access);
}

static void close_dir(DIR **d)
{
    if (*d)
        closedir(*d);
}

static int add_path(struct node_list *l, const char *host_path, const char *path, const char *access, bool is_all,
                    unsigned depth, struct err *e);

/* What the container has of its own is not taken from the host with --privileged. */
static bool is_own(const char *name)
{
    static const char *const names[] = {"pts",  "shm",    "mqueue",  "fd",  "null",    "zero",
                                        "full", "random", "urandom", "tty", "console", "ptmx"};
    for (size_t i = 0; i < ARRAY_SIZE(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return name[0] == '.';
}

static int add_directory(struct node_list *l, const char *host_path, const char *path, const char *access, bool is_all,
                         unsigned depth, struct err *e)
{
    _cleanup_(close_dir) DIR *dir = opendir(host_path);
    if (!dir)
        return err_sys(e, "device directory %s", host_path);
    int r = 0;
    for (struct dirent *d; r == 0 && (d = readdir(dir));) {
        _cleanup_strbuf_ struct strbuf from = STRBUF_INIT(PATH_LEN_MAX), to = STRBUF_INIT(PATH_LEN_MAX);
        if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0 || (is_all && depth == 0 && is_own(d->d_name)))
            continue;
        strbuf_addf(&from, "%s/%s", host_path, d->d_name);
        strbuf_addf(&to, "%s/%s", path, d->d_name);
        r = add_path(l, strbuf_str(&from), strbuf_str(&to), access, is_all, depth + 1, e);
    }
    return r;
}

/* A directory stands for all devices in it. Symlinks are followed for what the user named, not for what is found. */
static int add_path(struct node_list *l, const char *host_path, const char *path, const char *access, bool is_all,
                    unsigned depth, struct err *e)
{
    struct stat st;
    if (fstatat(AT_FDCWD, host_path, &st, depth == 0 ? 0 : AT_SYMLINK_NOFOLLOW) < 0)
        return depth > 0 ? 0 : err_sys(e, "device %s", host_path);
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
        add_node(l, &st, host_path, path, access);
    else if (S_ISDIR(st.st_mode) && depth < DEPTH_MAX)
        return add_directory(l, host_path, path, access, is_all, depth, e);
    else if (depth == 0)
        return err_invalid(e, "not a device node: %s", host_path);
    return 0;
}

static int add_users(struct bundle *b, struct node_list *l, struct err *e)
{
    int r = 0;
    for (size_t i = 0; r == 0 && i < b->c->host.n_devices; i++) {
        const struct device_mapping *d = &b->c->host.devices[i];
        const char *access = d->permissions && *d->permissions ? d->permissions : "rwm";
        r = add_path(l, d->path_on_host, d->path_in_container, access, false, 0, e);
    }
    return r;
}

/* ---- rules ---- */

/* --device-cgroup-rule "c 1:3 rwm", with "*" for any. */
static int add_user_rule(json_object *rules, const char *text, struct err *e)
{
    char type, access[4], first[16], second[16];
    int used = 0;
    int n = sscanf(text, "%c %15[0-9*]:%15[0-9*] %3[rwm]%n", &type, first, second, access, &used);
    if (n != 4 || text[used] || !strchr("abc", type))
        return err_invalid(e, "invalid device cgroup format '%s' (it is \"c 1:3 rwm\")", text);
    char name[] = {type, '\0'};
    add_rule(rules, true, name, *first == '*' ? -1 : strtoll(first, NULL, 10),
             *second == '*' ? -1 : strtoll(second, NULL, 10), access);
    return 0;
}

static int add_rules(struct bundle *b, json_object *rules, struct err *e)
{
    add_rule(rules, b->c->host.privileged, "a", -1, -1, "rwm");
    for (size_t i = 0; !b->c->host.privileged && i < ARRAY_SIZE(default_rules); i++)
        add_rule(rules, true, default_rules[i].type, default_rules[i].major, default_rules[i].minor,
                 default_rules[i].access);
    int r = 0;
    STRV_FOREACH (rule, b->c->host.device_cgroup_rules)
        if (r == 0)
            r = add_user_rule(rules, *rule, e);
    return r;
}

int bundle_add_devices(struct bundle *b, struct err *e)
{
    struct node_list l = {
        .devices = json_add_array(b->linux_, "devices"),
        .rules = json_add_array(json_add_object(b->linux_, "resources"), "devices"),
        .host_paths = json_add_object(b->sampan, "devices"),
    };
    int r = add_rules(b, l.rules, e);
    if (r == 0 && b->c->host.privileged)
        r = add_path(&l, "/dev", "/dev", NULL, true, 0, e);
    return r == 0 ? add_users(b, &l, e) : r;
}
