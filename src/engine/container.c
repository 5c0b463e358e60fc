#include "engine/container.h"

#include "base/id.h"
#include "base/strv.h"
#include "network/plan.h"

struct container *container_new(void)
{
    struct container *c = calloc(1, sizeof(*c));
    if (!c)
        abort();
    c->config.stop_timeout = -1;
    c->host.memory_swappiness = -1;
    c->host.shm_size = CONTAINER_SHM_SIZE_DEFAULT;
    return c;
}

static void config_release(struct container_config *c)
{
    char *strings[] = {c->hostname, c->domainname, c->user, c->image, c->working_dir, c->stop_signal};
    char **vectors[] = {c->env, c->cmd, c->entrypoint, c->labels, c->exposed_ports};
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        free(strings[i]);
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
        strv_free(vectors[i]);
}

static void host_release(struct host_config *h)
{
    char *strings[] = {h->network_mode,  h->pid_mode,       h->ipc_mode,    h->uts_mode,
                       h->cgroupns_mode, h->userns_mode,    h->cpuset_cpus, h->cpuset_mems,
                       h->cgroup_parent, h->runtime_rootfs, h->log_driver,  h->cidfile};
    char **vectors[] = {h->device_read_bps,
                        h->device_write_bps,
                        h->device_read_iops,
                        h->device_write_iops,
                        h->cap_add,
                        h->cap_drop,
                        h->device_cgroup_rules,
                        h->security_opt,
                        h->masked_paths,
                        h->readonly_paths,
                        h->sysctls,
                        h->group_add,
                        h->dns,
                        h->dns_search,
                        h->dns_options,
                        h->extra_hosts,
                        h->time_offsets,
                        h->log_opts,
                        h->egress};
    for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
        free(strings[i]);
    for (size_t i = 0; i < ARRAY_SIZE(vectors); i++)
        strv_free(vectors[i]);
    for (size_t i = 0; i < h->n_devices; i++) {
        free(h->devices[i].path_on_host);
        free(h->devices[i].path_in_container);
        free(h->devices[i].permissions);
    }
    for (size_t i = 0; i < h->n_ulimits; i++)
        free(h->ulimits[i].name);
    for (size_t i = 0; i < h->n_ports; i++)
        free(h->ports[i].host_ip);
    free(h->devices);
    free(h->ulimits);
    free(h->ports);
}

static void mount_point_release(struct mount_point *m)
{
    free(m->type);
    free(m->name);
    free(m->source);
    free(m->destination);
    free(m->propagation);
    free(m->tmpfs_options);
    strv_free(m->options);
}

void endpoint_config_release(struct endpoint_config *n)
{
    free(n->network);
    free(n->ip);
    free(n->ip6);
    free(n->mac);
    strv_free(n->aliases);
    strv_free(n->driver_opts);
    *n = (struct endpoint_config){0};
}

void container_free(struct container *c)
{
    if (!c)
        return;
    config_release(&c->config);
    host_release(&c->host);
    for (size_t i = 0; i < c->n_mounts; i++)
        mount_point_release(&c->mounts[i]);
    free(c->mounts);
    for (size_t i = 0; i < c->n_endpoints; i++)
        endpoint_config_release(&c->endpoints[i]);
    free(c->endpoints);
    net_plan_free(c->net);
    free(c->name);
    free(c->image_id);
    strv_free(c->layers);
    free(c->state.error);
    free(c);
}

struct mount_point *container_add_mount(struct container *c)
{
    struct mount_point *grown = reallocarray(c->mounts, c->n_mounts + 1, sizeof(*grown));
    if (!grown)
        abort();
    c->mounts = grown;
    grown[c->n_mounts] = (struct mount_point){.rw = true};
    return &grown[c->n_mounts++];
}

struct endpoint_config *container_add_endpoint(struct container *c)
{
    struct endpoint_config *grown = reallocarray(c->endpoints, c->n_endpoints + 1, sizeof(*grown));
    if (!grown)
        abort();
    c->endpoints = grown;
    grown[c->n_endpoints] = (struct endpoint_config){0};
    return &grown[c->n_endpoints++];
}

struct port_binding *container_add_port(struct container *c)
{
    struct host_config *h = &c->host;
    struct port_binding *grown = reallocarray(h->ports, h->n_ports + 1, sizeof(*grown));
    if (!grown)
        abort();
    h->ports = grown;
    grown[h->n_ports] = (struct port_binding){0};
    return &grown[h->n_ports++];
}

void container_drop_endpoint(struct container *c, size_t i)
{
    endpoint_config_release(&c->endpoints[i]);
    memmove(&c->endpoints[i], &c->endpoints[i + 1], (--c->n_endpoints - i) * sizeof(*c->endpoints));
}

void container_drop_port(struct container *c, size_t i)
{
    struct host_config *h = &c->host;
    free(h->ports[i].host_ip);
    memmove(&h->ports[i], &h->ports[i + 1], (--h->n_ports - i) * sizeof(*h->ports));
}

const char *container_status_name(enum container_status s)
{
    static const char *const names[] = {
        [CONTAINER_CREATED] = "created",
        [CONTAINER_RUNNING] = "running",
        [CONTAINER_EXITED] = "exited",
        [CONTAINER_DEAD] = "dead",
    };
    return names[s];
}

int container_new_id(char ret[CONTAINER_ID_LEN + 1], struct err *e)
{
    return id_new(ret, e);
}

int container_check_name(const char *name, struct err *e)
{
    if (name_is_valid(name, 2))
        return 0;
    return err_invalid(e, "invalid container name (%.300s), only [a-zA-Z0-9][a-zA-Z0-9_.-]+ are allowed", name);
}
