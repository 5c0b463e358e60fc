/* features: what this runtime can do. Source: runtime-spec features.md and features-linux.md. */
#include "base/json.h"
#include "base/strv.h"
#include "kernel/namespaces.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp_names.h"
#include "runtime/spec.h"
#include "runtime_cli/command.h"

static char *const hooks[] = {"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop",
                              NULL};

static char *const seccomp_actions[] = {"SCMP_ACT_ALLOW",        "SCMP_ACT_ERRNO",       "SCMP_ACT_KILL",
                                        "SCMP_ACT_KILL_PROCESS", "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG",
                                        "SCMP_ACT_TRACE",        "SCMP_ACT_TRAP",        NULL};
static char *const seccomp_operators[] = {"SCMP_CMP_EQ", "SCMP_CMP_GE", "SCMP_CMP_GT",        "SCMP_CMP_LE",
                                          "SCMP_CMP_LT", "SCMP_CMP_NE", "SCMP_CMP_MASKED_EQ", NULL};
static char *const seccomp_flags[] = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                                      "SECCOMP_FILTER_FLAG_LOG", NULL};

static void add_word(json_object *array, const char *word)
{
    json_object_array_add(array, json_object_new_string(word));
}

static void add_enabled(json_object *o, const char *key, bool enabled)
{
    json_add_bool(json_add_object(o, key), "enabled", enabled);
}

static void add_namespaces(json_object *o)
{
    json_object *array = json_add_array(o, "namespaces");

    for (size_t i = 0; i < NS_COUNT; i++)
        add_word(array, ns_kinds[i].oci_name);
}

static void add_capabilities(json_object *o)
{
    json_object *array = json_add_array(o, "capabilities");

    for (int cap = 0; caps_name(cap); cap++)
        add_word(array, caps_name(cap));
}

static void add_cgroup(json_object *o)
{
    json_object *cgroup = json_add_object(o, "cgroup");

    json_add_bool(cgroup, "v1", true);
    json_add_bool(cgroup, "v2", true);
    json_add_bool(cgroup, "systemd", false);
    json_add_bool(cgroup, "systemdUser", false);
    json_add_bool(cgroup, "rdma", false);
}

static void add_seccomp(json_object *o)
{
    json_object *seccomp = json_add_object(o, "seccomp");
    json_object *archs;

    json_add_bool(seccomp, "enabled", true);
    json_add_strv(seccomp, "actions", seccomp_actions);
    json_add_strv(seccomp, "operators", seccomp_operators);
    archs = json_add_array(seccomp, "archs");
    for (size_t i = 0; i < SECCOMP_ARCH_COUNT; i++)
        add_word(archs, seccomp_archs[i].name);
    json_add_strv(seccomp, "knownFlags", seccomp_flags);
    json_add_strv(seccomp, "supportedFlags", seccomp_flags);
}

static json_object *make_features(char *const *mount_options)
{
    json_object *features = json_object_new_object();
    json_object *linux_;

    json_add_str(features, "ociVersionMin", "1.0.0");
    json_add_str(features, "ociVersionMax", SPEC_OCI_VERSION);
    json_add_strv(features, "hooks", hooks);
    json_add_strv(features, "mountOptions", mount_options);
    linux_ = json_add_object(features, "linux");
    add_namespaces(linux_);
    add_capabilities(linux_);
    add_cgroup(linux_);
    add_seccomp(linux_);
    add_enabled(linux_, "apparmor", true);
    add_enabled(linux_, "selinux", true);
    add_enabled(linux_, "intelRdt", false);
    add_enabled(json_add_object(linux_, "mountExtensions"), "idmap", true);
    json_add_str(json_add_object(features, "annotations"), "io.github.sampan.version", SAMPAN_VERSION);
    return features;
}

int cmd_features(const char *root, int argc, char **argv, struct err *e)
{
    static const struct option_def none[] = {{0}};
    _cleanup_strv_ char **mount_options = NULL;
    _cleanup_json_ json_object *features = NULL;
    int args = 0;
    int r = command_parse(none, argc, argv, 0, 0, 0, &args, e);

    (void)root;
    if (r != 0)
        return r < 0 ? r : 0;
    r = spec_mount_words(&mount_options, e);
    if (r < 0)
        return r;
    features = make_features(mount_options);
    print_json(features, true);
    return 0;
}
