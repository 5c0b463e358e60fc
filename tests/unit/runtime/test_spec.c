#include "base/unit.h"

#include <linux/capability.h>
#include <linux/mount.h>
#include <stdlib.h>
#include <sys/mount.h>

#include "base/json.h"
#include "runtime/spec.h"

/* The least that is a container. */
#define ROOT "\"root\":{\"path\":\"/r\"}"
#define PROCESS "\"process\":{\"args\":[\"true\"]}"
#define MOUNT_NS "{\"type\":\"mount\"}"
#define LINUX(members) "\"linux\":{\"namespaces\":[" MOUNT_NS "]," members "}"
#define LEAST ROOT "," PROCESS

static int load(const char *text, struct spec **ret, struct err *e)
{
    _cleanup_json_ json_object *config = NULL;
    int r = json_parse(text, strlen(text), "config.json", &config, e);

    return r < 0 ? r : spec_load(config, "boat", ret, e);
}

static struct spec *load_good(const char *text)
{
    struct err e = ERR_INIT;
    struct spec *s = NULL;

    if (load(text, &s, &e) < 0)
        fail_msg("%s", e.text);
    return s;
}

static void assert_bad(const char *text, const char *says)
{
    struct err e = ERR_INIT;
    struct spec *s = NULL;

    if (load(text, &s, &e) == 0) {
        spec_free(s);
        fail_msg("was taken, and should have said \"%s\": %s", says, text);
    }
    assert_says(&e, says);
}

/* ---- defaults ---- */

static void the_least_config_has_defaults(void **state)
{
    _cleanup_spec_ struct spec *s = load_good("{" LEAST "," LINUX("\"resources\":{}") "}");

    (void)state;
    assert_string_equal(s->id, "boat");
    assert_string_equal(s->cgroup_path, "/sampan/boat");
    assert_string_equal(s->process.cwd, "/");
    assert_int_equal(s->ns[NS_MOUNT].mode, SPEC_NS_NEW);
    assert_int_equal(s->ns[NS_PID].mode, SPEC_NS_INHERIT);
    assert_int_equal(s->seccomp.mode, SPEC_SECCOMP_NONE);
    assert_int_equal(s->process.caps.bounding, 0);
    assert_false(s->process.has_oom_score_adj);
    assert_int_equal(s->resources.memory_limit, 0);
    assert_null(s->process.user.name);
}

/* ---- parts ---- */

static void the_process_is_read(void **state)
{
    _cleanup_spec_ struct spec *s = load_good("{" ROOT "," LINUX(
        "\"x\":1") ",\"sampan\":{\"user\":\"a:b\",\"init\":true},"
                   "\"process\":{\"args\":[\"sh\",\"-c\",\"\"],\"env\":[\"A=1\"],\"cwd\":\"/w\",\"terminal\":true,"
                   "\"consoleSize\":{\"height\":24,\"width\":80},\"noNewPrivileges\":true,\"oomScoreAdj\":-5,"
                   "\"user\":{\"uid\":4294967294,\"gid\":3,\"additionalGids\":[4,5],\"umask\":63},"
                   "\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_KILL\"],\"permitted\":[\"CAP_KILL\"]},"
                   "\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"soft\":10,\"hard\":18446744073709551615}]}}");
    const struct spec_process *p = &s->process;

    (void)state;
    assert_string_equal(p->args[1], "-c");
    assert_string_equal(p->args[2], "");
    assert_null(p->args[3]);
    assert_string_equal(p->cwd, "/w");
    assert_true(p->terminal && p->no_new_privs && p->init && p->has_oom_score_adj);
    assert_int_equal(p->oom_score_adj, -5);
    assert_int_equal(p->console_rows, 24);
    assert_int_equal(p->console_cols, 80);
    assert_string_equal(p->user.name, "a:b");
    assert_int_equal(p->user.uid, 4294967294u);
    assert_int_equal(p->user.n_groups, 2);
    assert_int_equal(p->user.groups[1], 5);
    assert_true(p->user.has_umask);
    assert_int_equal(p->user.umask, 077);
    assert_int_equal(p->caps.bounding, 1u << CAP_CHOWN | 1u << CAP_KILL);
    assert_int_equal(p->caps.permitted, 1u << CAP_KILL);
    assert_int_equal(p->caps.effective, 0);
    assert_int_equal(p->rlimits[0].resource, RLIMIT_NOFILE);
    assert_int_equal(p->rlimits[0].limit.rlim_cur, 10);
    assert_true(p->rlimits[0].limit.rlim_max == RLIM_INFINITY);
}

static void mount_options_become_attributes_or_data(void **state)
{
    static const char mounts[] = "{\"destination\":\"/t\",\"type\":\"tmpfs\","
                                 "\"options\":[\"nosuid\",\"noatime\",\"size=1m\",\"tmpcopyup\"]},"
                                 "{\"destination\":\"v\",\"source\":\"/v\","
                                 "\"options\":[\"rbind\",\"rro\",\"ro\",\"rw\",\"rslave\",\"idmap\"]}";
    char text[1024];
    _cleanup_spec_ struct spec *s = NULL;
    const struct spec_mount *t;
    const struct spec_mount *v;

    (void)state;
    snprintf(text, sizeof(text), "{" LEAST "," LINUX("\"x\":1") ",\"mounts\":[%s]}", mounts);
    s = load_good(text);
    t = &s->mounts[0];
    v = &s->mounts[1];
    assert_int_equal(s->n_mounts, 2);
    assert_int_equal(t->attr_set, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOATIME);
    assert_int_equal(t->attr_clear, MOUNT_ATTR__ATIME);
    assert_string_equal(t->data[0], "size=1m");
    assert_null(t->data[1]);
    assert_true(t->copy_up);

    assert_string_equal(v->target, "/v");
    assert_string_equal(v->type, "bind");
    assert_true(v->recursive && v->idmap);
    assert_int_equal(v->attr_recursive, MOUNT_ATTR_RDONLY);
    assert_int_equal(v->attr_set, 0); /* the last of "ro", "rw" */
    assert_int_equal(v->attr_clear, MOUNT_ATTR_RDONLY);
    assert_int_equal(v->propagation, MS_SLAVE | MS_REC);
    assert_null(v->data);
}

static void namespaces_are_new_joined_or_inherited(void **state)
{
    _cleanup_spec_ struct spec *s = load_good("{" LEAST ",\"hostname\":\"h\",\"linux\":{\"namespaces\":[" MOUNT_NS
                                              ",{\"type\":\"uts\"},{\"type\":\"user\"},"
                                              "{\"type\":\"network\",\"path\":\"/proc/1/ns/net\"},{\"type\":\"time\"}],"
                                              "\"uidMappings\":[{\"containerID\":0,\"hostID\":1000,\"size\":10},"
                                              "{\"containerID\":10,\"hostID\":5,\"size\":1}],"
                                              "\"gidMappings\":[{\"containerID\":0,\"hostID\":2000,\"size\":10}],"
                                              "\"timeOffsets\":{\"boottime\":{\"secs\":-5,\"nanosecs\":7}}}}");

    (void)state;
    assert_int_equal(s->ns[NS_NET].mode, SPEC_NS_JOIN);
    assert_string_equal(s->ns[NS_NET].path, "/proc/1/ns/net");
    assert_int_equal(s->ns[NS_IPC].mode, SPEC_NS_INHERIT);
    assert_true(spec_has_own(s, NS_USER));
    assert_int_equal(spec_id_to_host(&s->uid_maps, 9), 1009);
    assert_int_equal(spec_id_to_host(&s->uid_maps, 10), 5);
    assert_int_equal(spec_id_to_host(&s->uid_maps, 11), -1);
    assert_int_equal(spec_id_to_host(&s->gid_maps, 0), 2000);
    assert_true(s->boottime.set);
    assert_false(s->monotonic.set);
    assert_int_equal(s->boottime.secs, -5);
    assert_int_equal(s->boottime.nanosecs, 7);
}

static void resources_are_read(void **state)
{
    _cleanup_spec_ struct spec *s = load_good("{" LEAST "," LINUX(
        "\"resources\":{\"memory\":{\"limit\":67108864,\"swap\":-1,\"swappiness\":0},"
        "\"cpu\":{\"quota\":50000,\"period\":100000,\"cpus\":\"0-1\"},\"pids\":{\"limit\":100},"
        "\"blockIO\":{\"weight\":10,\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":1048576}]},"
        "\"devices\":[{\"allow\":false},{\"allow\":true,\"type\":\"c\",\"major\":1,\"minor\":3,\"access\":\"rw\"}],"
        "\"unified\":{\"memory.high\":\"max\"}}") "}");
    const struct spec_resources *r = &s->resources;

    (void)state;
    assert_int_equal(r->memory_limit, 67108864);
    assert_int_equal(r->memory_swap, -1);
    assert_true(r->has_swappiness && r->swappiness == 0);
    assert_int_equal(r->cpu_quota, 50000);
    assert_string_equal(r->cpuset_cpus, "0-1");
    assert_int_equal(r->pids_limit, 100);
    assert_int_equal(r->read_bps[0].rate, 1048576);
    assert_int_equal(r->devices[0].type, 'a');
    assert_int_equal(r->devices[0].major, -1);
    assert_string_equal(r->devices[0].access, "rwm");
    assert_int_equal(r->devices[1].minor, 3);
    assert_string_equal(r->unified[0], "memory.high=max");
}

static void seccomp_has_its_modes(void **state)
{
    static const struct {
        const char *sampan;
        enum spec_seccomp_mode mode;
        bool has_profile;
    } cases[] = {
        {"\"default\"", SPEC_SECCOMP_DEFAULT, false},
        {"\"unconfined\"", SPEC_SECCOMP_NONE, false},
        {"\"/p.bpf\"", SPEC_SECCOMP_FILE, false},
        {"null", SPEC_SECCOMP_NONE, true}, /* linux.seccomp, for the caller to compile */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        char text[512];
        struct spec *s;

        snprintf(text, sizeof(text),
                 "{" LEAST
                 "," LINUX("\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\"}") ",\"sampan\":{\"seccomp\":%s}}",
                 cases[i].sampan);
        s = load_good(text);
        assert_int_equal(s->seccomp.mode, cases[i].mode);
        assert_int_equal(s->seccomp.profile != NULL, cases[i].has_profile);
        spec_free(s);
    }
}

static void hooks_and_layers_and_devices_are_read(void **state)
{
    _cleanup_spec_ struct spec *s =
        load_good("{" PROCESS ",\"sampan\":{\"layers\":[\"/b\",\"/a\"],\"upper\":\"/u\",\"work\":\"/w\","
                  "\"devices\":{\"/dev/x\":\"/dev/null\"}},"
                  "\"hooks\":{\"poststop\":[{\"path\":\"/bin/h\",\"args\":[\"h\",\"1\"],\"timeout\":3}]}," LINUX(
                      "\"devices\":[{\"path\":\"/dev/x\",\"type\":\"u\",\"major\":1,\"minor\":3,\"fileMode\":8630},"
                      "{\"path\":\"/dev/f\",\"type\":\"p\"}]") "}");

    (void)state;
    assert_string_equal(s->root.layers[1], "/a");
    assert_string_equal(s->root.upper, "/u");
    assert_int_equal(s->devices[0].type, 'c');
    assert_int_equal(s->devices[0].mode, 0666);
    assert_string_equal(s->devices[0].host_path, "/dev/null");
    assert_null(s->devices[1].host_path);
    assert_int_equal(s->hooks[SPEC_HOOK_POSTSTOP].n, 1);
    assert_string_equal(s->hooks[SPEC_HOOK_POSTSTOP].v[0].args[1], "1");
    assert_int_equal(s->hooks[SPEC_HOOK_POSTSTOP].v[0].timeout, 3);
}

/* ---- mistakes ---- */

static void mistakes_name_the_member(void **state)
{
    static const struct {
        const char *text;
        const char *says;
    } cases[] = {
        {"[]", "must be a JSON object"},
        {"{\"ociVersion\":\"2.0\"," LEAST "," LINUX("\"x\":1") "}", "ociVersion 2.0"},
        {"{" ROOT ",\"process\":{}," LINUX("\"x\":1") "}", "process: \"args\" names no program"},
        {"{" ROOT ",\"process\":{\"args\":[\"a\"],\"cwd\":\"w\"}," LINUX("\"x\":1") "}",
         "process: \"cwd\": w is not an absolute path"},
        {"{" ROOT ",\"process\":{\"args\":[\"a\"],\"user\":{\"uid\":4294967295}}," LINUX("\"x\":1") "}",
         "process: user: \"uid\": 4294967295 is not between"},
        {"{" ROOT ",\"process\":{\"args\":[\"a\"],\"user\":{\"uid\":-1}}," LINUX("\"x\":1") "}", "\"uid\": -1"},
        {"{" ROOT ",\"process\":{\"args\":[\"a\"],\"oomScoreAdj\":2000}," LINUX("\"x\":1") "}", "\"oomScoreAdj\""},
        {"{" ROOT ",\"process\":{\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_X\"}]}," LINUX("\"x\":1") "}",
         "process: rlimits[0]: \"type\": there is no resource limit \"RLIMIT_X\""},
        {"{" ROOT ",\"process\":{\"args\":[\"a\"],\"rlimits\":[{\"type\":\"RLIMIT_AS\",\"soft\":2,\"hard\":1}]}}",
         "soft limit is above"},
        {"{" LEAST "," LINUX("\"resources\":{\"memory\":{\"limit\":\"1g\"}}") "}",
         "linux.resources: memory: \"limit\" must be a whole number, not string"},
        {"{" LEAST "," LINUX("\"resources\":{\"memory\":{\"limit\":-2}}") "}", "\"limit\": -2 is not between"},
        {"{" LEAST "," LINUX("\"resources\":{\"hugepageLimits\":[{}]}") "}", "\"hugepageLimits\" is not supported"},
        {"{" LEAST "," LINUX("\"resources\":{\"devices\":[{\"access\":\"rx\"}]}") "}", "devices[0]: \"access\""},
        {"{" LEAST "," LINUX("\"resources\":{\"unified\":{\"../x\":\"1\"}}") "}", "\"../x\" is no file"},
        {"{" LEAST "," LINUX("\"cgroupsPath\":\"/a/../b\"") "}", "must not contain \"..\""},
        {"{" LEAST "," LINUX("\"cgroupsPath\":\"a/..\"") "}", "must not contain \"..\""},
        {"{" LEAST "," LINUX("\"rootfsPropagation\":\"both\"") "}", "there is no propagation \"both\""},
        {"{" LEAST "," LINUX("\"personality\":{\"domain\":\"LINUX32\"}") "}", "\"personality\" is not supported"},
        {"{" LEAST "}", "needs a \"mount\" namespace"},
        {"{" PROCESS "," LINUX("\"x\":1") "}", "root: \"path\" is missing"},
        {"{" LEAST ",\"linux\":{\"namespaces\":[" MOUNT_NS "," MOUNT_NS "]}}", "namespaces[1]: a second \"mount\""},
        {"{" LEAST ",\"linux\":{\"namespaces\":[{\"type\":\"moon\"}]}}", "there is no namespace \"moon\""},
        {"{" LEAST ",\"linux\":{\"namespaces\":[" MOUNT_NS ",{\"type\":\"user\"}]}}",
         "a new user namespace needs both"},
        {"{" LEAST "," LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":0,\"size\":1}]") "}", "nothing to map"},
        {"{" LEAST "," LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":4294967290,\"size\":10}]") "}",
         "uidMappings[0]: the range goes beyond"},
        {"{" LEAST "," LINUX("\"uidMappings\":[{\"containerID\":0,\"hostID\":1}]") "}", "\"size\" is missing"},
        {"{" LEAST ",\"hostname\":\"h\"," LINUX("\"x\":1") "}", "the host's name"},
        {"{" LEAST "," LINUX("\"timeOffsets\":{\"boottime\":{\"secs\":1}}") "}", "offsets need a \"time\" namespace"},
        {"{" LEAST "," LINUX("\"sysctl\":{\"kernel.panic\":\"1\"}") "}", "kernel.panic belongs to no namespace"},
        {"{" LEAST "," LINUX("\"sysctl\":{\"kernel.shmmaxx\":\"1\"}") "}", "kernel.shmmaxx belongs to no namespace"},
        {"{" LEAST "," LINUX("\"sysctl\":{\"net.core.somaxconn\":\"1\"}") "}", "needs a \"network\" namespace"},
        {"{" LEAST "," LINUX("\"x\":1") ",\"mounts\":[{\"type\":\"tmpfs\"}]}", "mounts[0]: \"destination\" is missing"},
        {"{" LEAST "," LINUX("\"x\":1") ",\"mounts\":[{\"destination\":\"/a\"}]}", "/a: \"type\" is missing"},
        {"{" LEAST "," LINUX("\"x\":1") ",\"mounts\":[{\"destination\":\"/a\",\"type\":\"bind\"}]}",
         "needs a \"source\""},
        {"{" LEAST "," LINUX("\"x\":1") ",\"sampan\":{\"seccomp\":\"p\"}}", "\"seccomp\" is \"default\""},
        {"{" LEAST "," LINUX("\"x\":1") ",\"sampan\":{\"upper\":\"/u\"}}", "go together"},
        {"{" LEAST "," LINUX("\"devices\":[{\"type\":\"c\"}]") "}", "linux: devices[0]: \"path\" is missing"},
        {"{" LEAST "," LINUX("\"x\":1") ",\"hooks\":{\"prestart\":[{\"args\":[]}]}}", "hooks: prestart[0]: \"path\""},
        {"{" LEAST "," LINUX("\"x\":1") ",\"annotations\":[]}", "\"annotations\" must be an object"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_bad(cases[i].text, cases[i].says);
}

/* An unknown capability is none that could be given: it is left out, and the rest stays. */
static void an_unknown_capability_is_left_out(void **state)
{
    _cleanup_spec_ struct spec *s =
        load_good("{" ROOT "," LINUX("\"x\":1") ",\"process\":{\"args\":[\"a\"],"
                                                "\"capabilities\":{\"bounding\":[\"CAP_FLY\",\"CAP_CHOWN\"]}}}");

    (void)state;
    assert_int_equal(s->process.caps.bounding, 1u << CAP_CHOWN);
}

static void a_process_alone_is_read(void **state)
{
    static const char text[] = "{\"args\":[\"id\"],\"sampan\":{\"user\":\"u\"}}";
    _cleanup_json_ json_object *process = NULL;
    struct spec_process p;
    struct err e = ERR_INIT;

    (void)state;
    assert_int_equal(json_parse(text, strlen(text), "process.json", &process, &e), 0);
    assert_int_equal(spec_load_process(process, &p, &e), 0);
    assert_string_equal(p.user.name, "u");
    assert_string_equal(p.cwd, "/");
    spec_process_release(&p);
    assert_true(spec_load_process(NULL, &p, &e) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_config_has_defaults),
        cmocka_unit_test(the_process_is_read),
        cmocka_unit_test(mount_options_become_attributes_or_data),
        cmocka_unit_test(namespaces_are_new_joined_or_inherited),
        cmocka_unit_test(resources_are_read),
        cmocka_unit_test(seccomp_has_its_modes),
        cmocka_unit_test(hooks_and_layers_and_devices_are_read),
        cmocka_unit_test(mistakes_name_the_member),
        cmocka_unit_test(an_unknown_capability_is_left_out),
        cmocka_unit_test(a_process_alone_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
