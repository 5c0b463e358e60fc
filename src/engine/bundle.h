/*
 * The bundle: config.json in the run directory, with the files that it binds into the container (hosts, hostname,
 * resolv.conf). An OCI runtime configuration with two objects of our own, "sampan" (runtime/spec.h) and "sampan".shim
 * (shim/shim.h).
 *
 * One file per part: namespaces, mounts, process, security, resources. Each adds its members to b->config and the
 * objects in it.
 */
#ifndef SAMPAN_ENGINE_BUNDLE_H
#define SAMPAN_ENGINE_BUNDLE_H

#include "base/json.h"
#include "engine/attach.h"
#include "engine/container.h"
#include "engine/engine.h"
#include "engine/nsjoin.h"
#include "engine/nsmode.h"

struct bundle {
    struct engine *en;
    const struct container *c; /* with its id_base */
    const struct ns_plan *plan;
    const struct ns_join *join;          /* the namespaces of others, as the shim will have them */
    const struct attachment *attachment; /* its network */
    int run_dir_fd;
    unsigned attach;                       /* SHIM_ATTACH_* of the starter; 0: detached */
    json_object *config, *linux_, *sampan; /* while it is written */
};

int bundle_write(struct bundle *b, struct err *e);

/* OCI "process" of a container's command. The "sampan" members go to `sampan`. */
int bundle_process(const struct container *c, char *const *args, json_object *process, json_object *sampan,
                   struct err *e);

/* Members of a "process", also for another one in the container. set_env replaces one of the same name. */
void bundle_set_caps(json_object *process, uint64_t caps);
void bundle_set_console(json_object *process, struct shim_size size);
int bundle_set_env(char ***env, const char *item, struct err *e);

/* The parts. */
int bundle_add_namespaces(struct bundle *b, struct err *e);
int bundle_add_mounts(struct bundle *b, struct err *e);
int bundle_add_security(struct bundle *b, struct err *e);
int bundle_add_devices(struct bundle *b, struct err *e);
int bundle_add_resources(struct bundle *b, struct err *e);
int bundle_add_files(struct bundle *b, json_object *mounts, struct err *e);

/* One entry of "mounts". options: NULL-terminated words, may be NULL; more may be added to the returned array. */
json_object *bundle_add_mount(json_object *mounts, const char *destination, const char *type, const char *source,
                              const char *const *options);

/* A user namespace other than the host's: binds are idmapped to it. */
static inline bool bundle_has_userns(const struct bundle *b)
{
    return b->plan->ns[NS_USER].how != NS_HOST;
}

/* The container's cgroup below each hierarchy's root. */
int bundle_cgroup_path(const struct container *c, char **ret, struct err *e);

#endif
