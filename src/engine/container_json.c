/*
 * Containers in Docker's JSON. The members that Docker has no word for are in an object of their own, "Sampan", and
 * in extra members of "Mounts".
 */
#include "engine/container.h"

#include <stdio.h>
#include <string.h>

#include "base/strbuf.h"
#include "base/strv.h"
#include "base/timestamp.h"
#include "engine/fields.h"
#include "engine/network_settings.h"

#define FIELD(of, name, kind, member, ...)                                                                             \
    {                                                                                                                  \
        .key = (name), .type = (kind), .offset = offsetof(struct of, member), __VA_ARGS__                              \
    }
#define CONFIG(...) FIELD(container_config, __VA_ARGS__)
#define HOST(...) FIELD(host_config, __VA_ARGS__)
#define MOUNT(...) FIELD(mount_point, __VA_ARGS__)
#define NULL_WHEN_UNSET .null_when_unset = true

static const struct field config_fields[] = {
    CONFIG("Hostname", FIELD_STR, hostname),
    CONFIG("Domainname", FIELD_STR, domainname),
    CONFIG("User", FIELD_STR, user),
    CONFIG("AttachStdin", FIELD_BOOL, attach_stdin),
    CONFIG("AttachStdout", FIELD_BOOL, attach_stdout),
    CONFIG("AttachStderr", FIELD_BOOL, attach_stderr),
    CONFIG("ExposedPorts", FIELD_SET, exposed_ports, NULL_WHEN_UNSET),
    CONFIG("Tty", FIELD_BOOL, tty),
    CONFIG("OpenStdin", FIELD_BOOL, open_stdin),
    CONFIG("StdinOnce", FIELD_BOOL, stdin_once),
    CONFIG("Env", FIELD_STRV, env),
    CONFIG("Cmd", FIELD_STRV, cmd, NULL_WHEN_UNSET),
    CONFIG("Image", FIELD_STR, image),
    CONFIG("WorkingDir", FIELD_STR, working_dir),
    CONFIG("Entrypoint", FIELD_STRV, entrypoint, NULL_WHEN_UNSET),
    CONFIG("Labels", FIELD_MAP, labels),
    CONFIG("StopSignal", FIELD_STR, stop_signal),
    CONFIG("StopTimeout", FIELD_INT, stop_timeout, .unset = -1, NULL_WHEN_UNSET),
};

static const struct field host_fields[] = {
    HOST("ContainerIDFile", FIELD_STR, cidfile),
    HOST("NetworkMode", FIELD_STR, network_mode),
    HOST("AutoRemove", FIELD_BOOL, auto_remove),
    HOST("CapAdd", FIELD_STRV, cap_add, NULL_WHEN_UNSET),
    HOST("CapDrop", FIELD_STRV, cap_drop, NULL_WHEN_UNSET),
    HOST("CgroupnsMode", FIELD_STR, cgroupns_mode),
    HOST("Dns", FIELD_STRV, dns),
    HOST("DnsOptions", FIELD_STRV, dns_options),
    HOST("DnsSearch", FIELD_STRV, dns_search),
    HOST("ExtraHosts", FIELD_STRV, extra_hosts, NULL_WHEN_UNSET),
    HOST("GroupAdd", FIELD_STRV, group_add, NULL_WHEN_UNSET),
    HOST("IpcMode", FIELD_STR, ipc_mode),
    HOST("OomScoreAdj", FIELD_INT, oom_score_adj),
    HOST("PidMode", FIELD_STR, pid_mode),
    HOST("Privileged", FIELD_BOOL, privileged),
    HOST("PublishAllPorts", FIELD_BOOL, publish_all),
    HOST("ReadonlyRootfs", FIELD_BOOL, readonly_rootfs),
    HOST("SecurityOpt", FIELD_STRV, security_opt, NULL_WHEN_UNSET),
    HOST("UTSMode", FIELD_STR, uts_mode),
    HOST("UsernsMode", FIELD_STR, userns_mode),
    HOST("ShmSize", FIELD_INT64, shm_size),
    HOST("Sysctls", FIELD_MAP, sysctls, NULL_WHEN_UNSET),
    HOST("CpuShares", FIELD_INT64, cpu_shares),
    HOST("Memory", FIELD_INT64, memory),
    HOST("NanoCpus", FIELD_INT64, nano_cpus),
    HOST("CgroupParent", FIELD_STR, cgroup_parent),
    HOST("BlkioWeight", FIELD_U16, blkio_weight),
    HOST("BlkioDeviceReadBps", FIELD_RATES, device_read_bps),
    HOST("BlkioDeviceWriteBps", FIELD_RATES, device_write_bps),
    HOST("BlkioDeviceReadIOps", FIELD_RATES, device_read_iops),
    HOST("BlkioDeviceWriteIOps", FIELD_RATES, device_write_iops),
    HOST("CpuPeriod", FIELD_INT64, cpu_period),
    HOST("CpuQuota", FIELD_INT64, cpu_quota),
    HOST("CpusetCpus", FIELD_STR, cpuset_cpus),
    HOST("CpusetMems", FIELD_STR, cpuset_mems),
    HOST("DeviceCgroupRules", FIELD_STRV, device_cgroup_rules, NULL_WHEN_UNSET),
    HOST("MemoryReservation", FIELD_INT64, memory_reservation),
    HOST("MemorySwap", FIELD_INT64, memory_swap),
    HOST("MemorySwappiness", FIELD_INT, memory_swappiness, .unset = -1, NULL_WHEN_UNSET),
    HOST("OomKillDisable", FIELD_BOOL, oom_kill_disable),
    HOST("PidsLimit", FIELD_INT64, pids_limit, NULL_WHEN_UNSET),
    HOST("Init", FIELD_BOOL, init),
    HOST("MaskedPaths", FIELD_STRV, masked_paths),
    HOST("ReadonlyPaths", FIELD_STRV, readonly_paths),
};

static const struct field sampan_fields[] = {
    HOST("Rootfs", FIELD_STR, runtime_rootfs),
    HOST("TimeOffsets", FIELD_STRV, time_offsets),
    HOST("Egress", FIELD_STRV, egress),
    HOST("NetworkRate", FIELD_INT64, network_rate),
};

static const struct field mount_fields[] = {
    MOUNT("Type", FIELD_STR, type),
    MOUNT("Name", FIELD_STR, name),
    MOUNT("Anonymous", FIELD_BOOL, is_anonymous),
    MOUNT("Source", FIELD_STR, source),
    MOUNT("Destination", FIELD_STR, destination),
    MOUNT("RW", FIELD_BOOL, rw),
    MOUNT("NoCopy", FIELD_BOOL, no_copy),
    MOUNT("NoIdmap", FIELD_BOOL, no_idmap),
    MOUNT("NonRecursive", FIELD_BOOL, non_recursive),
    MOUNT("CreateSource", FIELD_BOOL, create_source),
    MOUNT("Propagation", FIELD_STR, propagation),
    MOUNT("TmpfsOptions", FIELD_STR, tmpfs_options),
    MOUNT("Options", FIELD_STRV, options),
};

static const struct field device_fields[] = {
    FIELD(device_mapping, "PathOnHost", FIELD_STR, path_on_host),
    FIELD(device_mapping, "PathInContainer", FIELD_STR, path_in_container),
    FIELD(device_mapping, "CgroupPermissions", FIELD_STR, permissions),
};

static const struct field ulimit_fields[] = {
    FIELD(ulimit, "Name", FIELD_STR, name),
    FIELD(ulimit, "Soft", FIELD_INT64, soft),
    FIELD(ulimit, "Hard", FIELD_INT64, hard),
};

#define TABLE(t) (t), ARRAY_SIZE(t)

/* ---- lists of structs ---- */

static void add_list(json_object *o, const char *key, const struct field *fields, size_t n_fields, const void *v,
                     size_t n, size_t size, bool compact)
{
    if (compact && n == 0)
        return;
    json_object *array = json_add_array(o, key);
    for (size_t i = 0; i < n; i++) {
        json_object *item = json_object_new_object();
        fields_to_json(fields, n_fields, (const char *)v + i * size, item, compact);
        json_object_array_add(array, item);
    }
}

/* *v is grown for all, then filled: what was filled is released with the container, also after an error. */
static int read_list(json_object *o, const char *key, const struct field *fields, size_t n_fields, void **v, size_t *n,
                     size_t size, struct err *e)
{
    json_object *array = json_get(o, key);
    if (!array)
        return 0;
    if (!json_object_is_type(array, json_type_array))
        return err_invalid(e, "%s: not an array", key);
    size_t count = json_object_array_length(array);
    *v = calloc(count ? count : 1, size);
    if (!*v)
        return err_set(e, ERR_SYS, ENOMEM, "%s", key);
    for (*n = 0; *n < count;) {
        json_object *item = json_object_array_get_idx(array, *n);
        int r = fields_from_json(fields, n_fields, item, (char *)*v + (*n)++ * size, e);
        if (r < 0)
            return err_context(e, "%s", key);
    }
    return 0;
}

/* ---- LogConfig, Tmpfs, Binds ---- */

static void add_log_config(json_object *host, const struct host_config *h)
{
    static const struct field options = FIELD(host_config, "Config", FIELD_MAP, log_opts);
    json_object *log = json_add_object(host, "LogConfig");
    json_add_str(log, "Type", h->log_driver ? h->log_driver : "json-file");
    fields_to_json(&options, 1, h, log, false);
}

static int read_log_config(json_object *host, struct host_config *h, struct err *e)
{
    static const struct field fields[] = {
        HOST("Type", FIELD_STR, log_driver),
        HOST("Config", FIELD_MAP, log_opts),
    };
    json_object *log = json_get(host, "LogConfig");
    return log ? fields_from_json(TABLE(fields), log, h, e) : 0;
}

/* Docker shows binds and tmpfs a second time, in the form of -v and --tmpfs. */
static void add_mount_flags(json_object *host, const struct container *c)
{
    json_object *binds = json_add_array(host, "Binds");
    json_object *tmpfs = json_add_object(host, "Tmpfs");
    for (size_t i = 0; i < c->n_mounts; i++) {
        const struct mount_point *m = &c->mounts[i];
        if (strcmp(m->type, "tmpfs") == 0) {
            json_add_str(tmpfs, m->destination, m->tmpfs_options ? m->tmpfs_options : "");
            continue;
        }
        _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(16 * 1024);
        _cleanup_free_ char *options = strv_join(m->options, ",");
        strbuf_addf(&sb, "%s:%s", m->name ? m->name : m->source, m->destination);
        if (options && *options)
            strbuf_addf(&sb, ":%s", options);
        json_object_array_add(binds, json_object_new_string(strbuf_str(&sb)));
    }
}

/* ---- state ---- */

static void add_state(json_object *o, const struct container_state *s)
{
    json_object *state = json_add_object(o, "State");
    json_add_str(state, "Status", container_status_name(s->status));
    json_add_bool(state, "Running", s->status == CONTAINER_RUNNING);
    json_add_bool(state, "Paused", false);
    json_add_bool(state, "Restarting", false);
    json_add_bool(state, "OOMKilled", s->oom_killed);
    json_add_bool(state, "Dead", s->status == CONTAINER_DEAD);
    json_add_int(state, "Pid", s->pid);
    json_add_int(state, "ExitCode", s->exit_code);
    json_add_str(state, "Error", s->error ? s->error : "");
    json_add_str(state, "StartedAt", timestamp_format(s->started_at).text);
    json_add_str(state, "FinishedAt", timestamp_format(s->finished_at).text);
}

static int status_by_name(const char *name, enum container_status *ret, struct err *e)
{
    for (enum container_status s = CONTAINER_CREATED; s <= CONTAINER_DEAD; s++)
        if (strcmp(name, container_status_name(s)) == 0) {
            *ret = s;
            return 0;
        }
    return err_invalid(e, "State.Status: unknown status %s", name);
}

static int read_time(json_object *o, const char *key, int64_t *ret, struct err *e)
{
    const char *text;
    int r = json_get_str(o, key, NULL, &text, e);
    return r < 0 || !text ? r : timestamp_parse(text, ret, e);
}

static int read_state(json_object *o, struct container_state *s, struct err *e)
{
    static const struct field fields[] = {
        FIELD(container_state, "Pid", FIELD_INT, pid),
        FIELD(container_state, "ExitCode", FIELD_INT, exit_code),
        FIELD(container_state, "OOMKilled", FIELD_BOOL, oom_killed),
        FIELD(container_state, "Error", FIELD_STR, error),
    };
    json_object *state = json_get(o, "State");
    const char *name;
    int r = json_get_str(state, "Status", "created", &name, e);
    if (r == 0)
        r = status_by_name(name, &s->status, e);
    if (r == 0)
        r = fields_from_json(TABLE(fields), state, s, e);
    if (r == 0)
        r = read_time(state, "StartedAt", &s->started_at, e);
    return r == 0 ? read_time(state, "FinishedAt", &s->finished_at, e) : r;
}

/* ---- the whole ---- */

static void add_command(json_object *o, const struct container_config *c)
{
    char *const *parts[] = {c->entrypoint, c->cmd};
    json_object *args = json_object_new_array();
    const char *path = NULL;
    for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
        STRV_FOREACH (word, parts[i]) {
            if (path)
                json_object_array_add(args, json_object_new_string(*word));
            else
                path = *word;
        }
    json_add_str(o, "Path", path ? path : "");
    json_object_object_add(o, "Args", args);
}

static json_object *host_to_json(const struct container *c, bool compact)
{
    const struct host_config *h = &c->host;
    json_object *host = json_object_new_object();
    fields_to_json(TABLE(host_fields), h, host, compact);
    network_settings_add_bindings(host, c, compact);
    add_log_config(host, h);
    add_list(host, "Devices", TABLE(device_fields), h->devices, h->n_devices, sizeof(*h->devices), compact);
    add_list(host, "Ulimits", TABLE(ulimit_fields), h->ulimits, h->n_ulimits, sizeof(*h->ulimits), compact);
    if (!compact)
        add_mount_flags(host, c);
    return host;
}

static json_object *to_json(const struct container *c, bool compact)
{
    json_object *o = json_object_new_object(), *config = json_object_new_object();
    json_add_str(o, "Id", c->id);
    json_add_str(o, "Created", timestamp_format(c->created).text);
    if (!compact) {
        add_command(o, &c->config);
        add_state(o, &c->state);
    }
    json_add_str(o, "Image", c->image_id ? c->image_id : "");
    _cleanup_strbuf_ struct strbuf name = STRBUF_INIT(1024);
    strbuf_addf(&name, "/%s", c->name ? c->name : "");
    json_add_str(o, "Name", strbuf_str(&name));
    json_object_object_add(o, "HostConfig", host_to_json(c, compact));
    add_list(o, "Mounts", TABLE(mount_fields), c->mounts, c->n_mounts, sizeof(*c->mounts), compact);
    fields_to_json(TABLE(config_fields), &c->config, config, compact);
    json_object_object_add(o, "Config", config);
    network_settings_add(o, c, compact);
    json_object *sampan = json_add_object(o, "Sampan");
    fields_to_json(TABLE(sampan_fields), &c->host, sampan, compact);
    json_add_strv(sampan, "Layers", c->layers);
    if (!compact)
        json_add_uint(sampan, "IdBase", c->id_base);
    return o;
}

int container_to_json(const struct container *c, json_object **ret, struct err *e)
{
    (void)e;
    *ret = to_json(c, false);
    json_add_str(*ret, "Driver", "overlay");
    json_add_str(*ret, "Platform", "linux");
    return 0;
}

int container_to_spec(const struct container *c, json_object **ret, struct err *e)
{
    (void)e;
    *ret = to_json(c, true);
    return 0;
}

static int read_identity(json_object *o, struct container *c, struct err *e)
{
    static const struct field fields[] = {
        FIELD(container, "Name", FIELD_STR, name),
        FIELD(container, "Image", FIELD_STR, image_id),
    };
    static const struct field layers = FIELD(container, "Layers", FIELD_STRV, layers);
    const char *id;
    int r = json_get_str(o, "Id", "", &id, e);
    if (r < 0)
        return r;
    if (strlen(id) > CONTAINER_ID_LEN)
        return err_invalid(e, "Id: too long");
    memcpy(c->id, id, strlen(id) + 1);
    r = fields_from_json(TABLE(fields), o, c, e);
    if (r < 0)
        return r;
    if (c->name && *c->name == '/')
        memmove(c->name, c->name + 1, strlen(c->name));
    if (c->image_id && !*c->image_id)
        free(TAKE_PTR(c->image_id));
    return fields_from_json(&layers, 1, json_get(o, "Sampan"), c, e);
}

int container_from_json(json_object *o, struct container *c, struct err *e)
{
    struct host_config *h = &c->host;
    json_object *host = json_get(o, "HostConfig");
    int r = read_identity(o, c, e);
    if (r == 0)
        r = read_time(o, "Created", &c->created, e);
    if (r == 0)
        r = fields_from_json(TABLE(config_fields), json_get(o, "Config"), &c->config, e);
    if (r == 0)
        r = fields_from_json(TABLE(host_fields), host, h, e);
    if (r == 0)
        r = fields_from_json(TABLE(sampan_fields), json_get(o, "Sampan"), h, e);
    if (r == 0)
        r = network_settings_read_bindings(host, c, e);
    if (r == 0)
        r = network_settings_read(o, c, e);
    if (r == 0)
        r = read_log_config(host, h, e);
    if (r == 0)
        r = read_list(host, "Devices", TABLE(device_fields), (void **)&h->devices, &h->n_devices, sizeof(*h->devices),
                      e);
    if (r == 0)
        r = read_list(host, "Ulimits", TABLE(ulimit_fields), (void **)&h->ulimits, &h->n_ulimits, sizeof(*h->ulimits),
                      e);
    if (r == 0)
        r = read_list(o, "Mounts", TABLE(mount_fields), (void **)&c->mounts, &c->n_mounts, sizeof(*c->mounts), e);
    return r == 0 ? read_state(o, &c->state, e) : r;
}
