#include "cli/system_info.h"

#include <fcntl.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/file.h"
#include "base/strbuf.h"
#include "base/timestamp.h"
#include "cli/human.h"
#include "engine/images.h"
#include "engine/networks.h"
#include "engine/query.h"
#include "kernel/features.h"
#include "network/config.h"
#include "runtime/cgroup/cgroup.h"
#include "runtime/security/lsm.h"

enum { OS_RELEASE_MAX = 64 * 1024, WARNING_MAX = 1000 };

/* ---- the machine ---- */

/* The value of PRETTY_NAME="…" in /etc/os-release, see os-release(5). */
static void add_operating_system(json_object *o)
{
    static const char key[] = "PRETTY_NAME=";
    _cleanup_free_ char *text = NULL;
    char *value = NULL;

    if (file_read(AT_FDCWD, "/etc/os-release", OS_RELEASE_MAX, &text, NULL, NULL) == 0)
        value = strstr(text, key);
    if (value) {
        value += strlen(key);
        value += strspn(value, "\"'");
        value[strcspn(value, "\"'\n")] = '\0';
    }
    json_add_str(o, "OperatingSystem", value ? value : "Linux");
}

void system_info_machine(json_object *o)
{
    struct utsname name = {0};
    struct sysinfo info = {0};

    uname(&name);
    sysinfo(&info);
    json_add_str(o, "KernelVersion", name.release);
    add_operating_system(o);
    json_add_str(o, "OSType", "linux");
    json_add_str(o, "Architecture", name.machine);
    json_add_int(o, "NCPU", sysconf(_SC_NPROCESSORS_ONLN));
    json_add_int(o, "MemTotal", (int64_t)info.totalram * info.mem_unit);
    json_add_str(o, "Name", name.nodename);
}

json_object *system_info_features(void)
{
    json_object *o = json_object_new_object();

    for (enum kernel_feature f = 0; f < FEATURE_COUNT; f++)
        json_add_bool(o, kernel_feature_name(f), kernel_has(f));
    return o;
}

/* ---- cgroups ---- */

static const struct {
    enum cgroup_controller controller;
    const char *name, *key, *flags; /* key: Docker's member that says whether it is there */
} controllers[] = {
    {CGROUP_MEMORY, "memory", "MemoryLimit", "--memory"},
    {CGROUP_CPU, "cpu", "CpuCfsQuota", "--cpus and --cpu-shares"},
    {CGROUP_CPUSET, "cpuset", "CPUSet", "--cpuset-cpus"},
    {CGROUP_PIDS, "pids", "PidsLimit", "--pids-limit"},
    {CGROUP_IO, "io", NULL, "--blkio-weight and --device-read-bps"},
    {CGROUP_DEVICES, "devices", NULL, "--device-cgroup-rule"},
};

static bool in_v1(const struct cgroup_layout *layout, enum cgroup_controller c)
{
    return layout->v1_fd[c] >= 0;
}

static bool in_v2(const struct cgroup_layout *layout, enum cgroup_controller c)
{
    return layout->v2_fd >= 0 && (c == CGROUP_DEVICES || layout->v2_controllers & 1U << c); /* devices: a BPF program */
}

static const char *layout_name(const struct cgroup_layout *layout)
{
    bool has_v1 = false;

    for (enum cgroup_controller c = 0; c < CGROUP_CONTROLLER_COUNT; c++)
        has_v1 |= in_v1(layout, c);
    if (layout->v2_fd < 0)
        return has_v1 ? "v1" : "none";
    return has_v1 ? "hybrid" : "v2";
}

static void warn(json_object *warnings, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void warn(json_object *warnings, const char *fmt, ...)
{
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(WARNING_MAX);
    va_list ap;

    va_start(ap, fmt);
    strbuf_vaddf(&text, fmt, ap);
    va_end(ap);
    json_object_array_add(warnings, json_object_new_string(strbuf_str(&text)));
}

static void add_cgroups(json_object *o, json_object *sampan, json_object *warnings)
{
    const struct cgroup_layout *layout = cgroup_layout();
    const char *name = layout_name(layout);
    json_object *v1 = json_add_array(sampan, "CgroupControllersV1");
    json_object *v2 = json_add_array(sampan, "CgroupControllersV2");

    json_add_str(o, "CgroupDriver", strcmp(name, "none") == 0 ? "none" : "cgroupfs");
    json_add_str(o, "CgroupVersion", strcmp(name, "v2") == 0 ? "2" : "1");
    json_add_str(sampan, "CgroupLayout", name);
    for (size_t i = 0; i < ARRAY_SIZE(controllers); i++) {
        bool is_in_v1 = in_v1(layout, controllers[i].controller), is_in_v2 = in_v2(layout, controllers[i].controller);

        if (controllers[i].key)
            json_add_bool(o, controllers[i].key, is_in_v1 || is_in_v2);
        if (is_in_v1 || is_in_v2)
            json_object_array_add(is_in_v1 ? v1 : v2, json_object_new_string(controllers[i].name));
        else
            warn(warnings,
                 "No cgroup controller %s: %s fail; boot with it enabled, or give it to this machine's cgroup",
                 controllers[i].name, controllers[i].flags);
    }
}

/* ---- the kernel ---- */

static const struct {
    enum kernel_feature feature;
    const char *effect; /* when it is missing */
} needs[] = {
    {FEATURE_USER_NS, "containers need --userns host; enable CONFIG_USER_NS, or sysctl user.max_user_namespaces"},
    {FEATURE_MOUNT_SETATTR, "containers need --userns host; idmapped mounts came with Linux 5.12"},
    {FEATURE_OVERLAY_LOWERDIR_ADD, "images of many layers may fail; overlay takes layers by fd since Linux 6.5"},
    {FEATURE_TIME_NS, "--time-offset fails; time namespaces came with Linux 5.6"},
    {FEATURE_SECCOMP_FILTER, "containers need --security-opt seccomp=unconfined; enable CONFIG_SECCOMP_FILTER"},
};

static void add_kernel(json_object *sampan, json_object *warnings)
{
    json_object_object_add(sampan, "KernelFeatures", system_info_features());
    for (size_t i = 0; i < ARRAY_SIZE(needs); i++)
        if (!kernel_has(needs[i].feature))
            warn(warnings, "No %s: %s", kernel_feature_name(needs[i].feature), needs[i].effect);
}

static void add_security(const struct engine *en, json_object *o)
{
    json_object *options = json_add_array(o, "SecurityOptions");
    const struct {
        const char *text;
        bool is_there;
    } all[] = {
        {"name=apparmor", lsm_has_apparmor()},
        {"name=selinux", lsm_has_selinux()},
        {"name=seccomp,profile=builtin", kernel_has(FEATURE_SECCOMP_FILTER)},
        {"name=userns", kernel_has(FEATURE_USER_NS) && kernel_has(FEATURE_MOUNT_SETATTR)},
        {"name=cgroupns", access("/proc/self/ns/cgroup", F_OK) == 0},
        {"name=rootless", en->is_rootless},
    };

    for (size_t i = 0; i < ARRAY_SIZE(all); i++)
        if (all[i].is_there)
            json_object_array_add(options, json_object_new_string(all[i].text));
}

/* ---- networks ---- */

static int count_networks(struct engine *en, json_object *sampan, struct err *e)
{
    struct network **networks = NULL;
    size_t n = 0;
    int r = engine_networks_list(en, &networks, e);

    if (r < 0)
        return r;
    while (networks[n])
        n++;
    json_add_uint(sampan, "Networks", n);
    engine_networks_free(networks);
    return 0;
}

static void add_pools(json_object *o, const struct net_config *config)
{
    json_object *pools = json_add_array(o, "DefaultAddressPools");

    for (size_t i = 0; i < config->n_pools; i++) {
        json_object *pool = json_object_new_object();
        char base[PREFIX_TEXT_MAX];

        json_add_str(pool, "Base", prefix_format(&config->pools[i].base, base));
        json_add_uint(pool, "Size", config->pools[i].size);
        json_object_array_add(pools, pool);
    }
}

/* Docker's members, and what the administrator's settings make of published ports. */
static int add_networks(struct engine *en, json_object *o, json_object *sampan, struct err *e)
{
    _cleanup_(net_config_release) struct net_config config = {0};
    json_object *drivers;
    char ip[IP_TEXT_MAX];
    int r = net_config_load(&config, e);

    if (r < 0)
        return r;
    drivers = json_add_array(json_add_object(o, "Plugins"), "Network");
    for (enum network_driver d = NETWORK_BRIDGE; d <= NETWORK_OVERLAY; d++)
        json_object_array_add(drivers, json_object_new_string(network_driver_name(d)));
    json_add_str(json_add_object(o, "FirewallBackend"), "Driver", "nftables");
    add_pools(o, &config);
    json_add_str(sampan, "DefaultNetwork", config.default_network);
    json_add_str(sampan, "PublishedPorts", config.ports_open ? "open" : "host-input");
    json_add_bool(sampan, "PublishToAll", config.publish_to_all);
    json_add_str(sampan, "PublishAddress", ip_is_set(&config.publish_ip) ? ip_format(&config.publish_ip, ip) : "all");
    json_add_strv(sampan, "Etcd", config.overlay.etcd);
    return count_networks(en, sampan, e);
}

/* ---- the engine ---- */

static int add_counts(struct engine *en, json_object *o, struct err *e)
{
    _cleanup_(container_list_release) struct container_list containers = {0};
    _cleanup_(image_list_release) struct image_list images = {0};
    size_t n_running = 0;
    int r = engine_list(en, true, NULL, &containers, e);

    if (r == 0)
        r = engine_images(en, &images, e);
    if (r < 0)
        return r;
    for (size_t i = 0; i < containers.n; i++)
        n_running += containers.v[i]->state.status == CONTAINER_RUNNING;
    json_add_uint(o, "Containers", containers.n);
    json_add_uint(o, "ContainersRunning", n_running);
    json_add_int(o, "ContainersPaused", 0);
    json_add_uint(o, "ContainersStopped", containers.n - n_running);
    json_add_uint(o, "Images", images.n);
    return 0;
}

int system_info(struct engine *en, json_object **ret, struct err *e)
{
    _cleanup_json_ json_object *o = json_object_new_object(), *warnings = json_object_new_array();
    json_object *sampan;
    int r = add_counts(en, o, e);

    if (r < 0)
        return r;
    json_add_str(o, "Driver", "overlay");
    json_add_str(o, "LoggingDriver", "json-file");
    system_info_machine(o);
    json_add_str(o, "DockerRootDir", en->root);
    json_add_str(o, "ServerVersion", SAMPAN_VERSION);
    json_add_str(o, "SystemTime", timestamp_format(timestamp_now()).text);
    add_security(en, o);
    sampan = json_add_object(o, "Sampan");
    json_add_str(sampan, "RunRootDir", en->run_root);
    json_add_str(sampan, "Memory", human_size_binary(json_object_get_int64(json_get(o, "MemTotal"))).text);
    r = add_networks(en, o, sampan, e);
    if (r < 0)
        return r;
    add_cgroups(o, sampan, warnings);
    add_kernel(sampan, warnings);
    json_object_object_add(o, "Warnings", TAKE_PTR(warnings));
    *ret = TAKE_PTR(o);
    return 0;
}
