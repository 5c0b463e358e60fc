/* spec: a config.json to start from. The same container as runc's, with a cgroup namespace. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/json.h"
#include "runtime/spec.h"
#include "runtime_cli/command.h"

enum { OPTIONS_MAX = 8, NOFILE = 1024 };

static const struct {
    const char *target, *type, *source;
    char *options[OPTIONS_MAX];
} mounts[] = {
    {"/proc", "proc", "proc", {NULL}},
    {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
    {"/dev/pts", "devpts", "devpts", {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
    {"/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
    {"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}},
    {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}},
    {"/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"}},
};

static const char *const namespaces[] = {"pid", "network", "ipc", "uts", "mount", "cgroup"};
static const char *const cap_sets[] = {"bounding", "effective", "permitted"};

static char *const args[] = {"sh", NULL};
static char *const env[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", NULL};
static char *const caps[] = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE", NULL};
static char *const masked_paths[] = {"/proc/acpi",
                                     "/proc/asound",
                                     "/proc/kcore",
                                     "/proc/keys",
                                     "/proc/latency_stats",
                                     "/proc/timer_list",
                                     "/proc/timer_stats",
                                     "/proc/sched_debug",
                                     "/sys/firmware",
                                     "/proc/scsi",
                                     "/sys/devices/virtual/powercap",
                                     NULL};
static char *const readonly_paths[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", NULL};

/* A new object at the end of an array; borrowed. */
static json_object *append_object(json_object *array)
{
    json_object *o = json_object_new_object();

    json_object_array_add(array, o);
    return o;
}

static void add_process(json_object *config)
{
    json_object *process = json_add_object(config, "process");
    json_object *user, *capabilities, *limit;

    json_add_bool(process, "terminal", true);
    user = json_add_object(process, "user");
    json_add_uint(user, "uid", 0);
    json_add_uint(user, "gid", 0);
    json_add_strv(process, "args", args);
    json_add_strv(process, "env", env);
    json_add_str(process, "cwd", "/");
    capabilities = json_add_object(process, "capabilities");
    for (size_t i = 0; i < ARRAY_SIZE(cap_sets); i++)
        json_add_strv(capabilities, cap_sets[i], caps);
    limit = append_object(json_add_array(process, "rlimits"));
    json_add_str(limit, "type", "RLIMIT_NOFILE");
    json_add_uint(limit, "hard", NOFILE);
    json_add_uint(limit, "soft", NOFILE);
    json_add_bool(process, "noNewPrivileges", true);
}

static void add_root(json_object *config)
{
    json_object *root = json_add_object(config, "root");

    json_add_str(root, "path", "rootfs");
    json_add_bool(root, "readonly", true);
}

static void add_mounts(json_object *config)
{
    json_object *array = json_add_array(config, "mounts");

    for (size_t i = 0; i < ARRAY_SIZE(mounts); i++) {
        json_object *mount = append_object(array);

        json_add_str(mount, "destination", mounts[i].target);
        json_add_str(mount, "type", mounts[i].type);
        json_add_str(mount, "source", mounts[i].source);
        if (mounts[i].options[0])
            json_add_strv(mount, "options", mounts[i].options);
    }
}

static void add_linux(json_object *config)
{
    json_object *linux_ = json_add_object(config, "linux");
    json_object *rule = append_object(json_add_array(json_add_object(linux_, "resources"), "devices"));
    json_object *array = json_add_array(linux_, "namespaces");

    json_add_bool(rule, "allow", false);
    json_add_str(rule, "access", "rwm");
    for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++)
        json_add_str(append_object(array), "type", namespaces[i]);
    json_add_strv(linux_, "maskedPaths", masked_paths);
    json_add_strv(linux_, "readonlyPaths", readonly_paths);
}

static json_object *make_config(void)
{
    json_object *config = json_object_new_object();

    json_add_str(config, "ociVersion", SPEC_OCI_VERSION);
    add_process(config);
    add_root(config);
    json_add_str(config, "hostname", "sampan");
    add_mounts(config);
    add_linux(config);
    return config;
}

/* Somebody's own config.json is not written over. */
static int write_config(const char *dir, struct err *e)
{
    _cleanup_json_ json_object *config = make_config();
    const char *text;

    if (dir && chdir(dir) < 0)
        return err_sys(e, "enter the bundle %s", dir);
    if (file_exists(AT_FDCWD, "config.json"))
        return err_conflict(e, "config.json exists; remove it first");
    text = json_object_to_json_string_ext(config, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
                                                      JSON_C_TO_STRING_NOSLASHESCAPE);
    return file_write(AT_FDCWD, "config.json", text, strlen(text), 0666, e);
}

int cmd_spec(const char *root, int argc, char **argv, struct err *e)
{
    _cleanup_free_ char *bundle = NULL;
    bool rootless = false;
    const struct option_def options[] = {
        {"bundle", 'b', OPT_STRING, &bundle, "dir", "Where to write it (default: the working directory)", NULL, false},
        {"rootless", 0, OPT_BOOL, &rootless, NULL, NULL, NULL, false},
        {0},
    };
    int first = 0;
    int r = command_parse(options, argc, argv, 0, 0, 0, &first, e);

    (void)root;
    if (r != 0)
        return r < 0 ? r : 0;
    if (rootless)
        return err_set(e, ERR_UNSUPPORTED, 0, "--rootless is not supported: this runtime needs root");
    return write_config(bundle, e);
}
