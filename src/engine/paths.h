/* Where things of one container are, and where the sibling programs are. Names of files in the run directory that are
 * not the shim's (shim/shim.h). */
#ifndef SAMPAN_ENGINE_PATHS_H
#define SAMPAN_ENGINE_PATHS_H

#include "base/err.h"
#include "engine/container.h"

struct engine;

#define CONTAINERS_DIR "containers"
#define LOCKS_DIR "locks"
#define NAMES_DIR "names"
#define NETWORKS_DIR "networks"
#define CGROUP_PARENT_DEFAULT "/sampan"
#define CONFIG_NAME "config.json"
#define UPPER_NAME "upper"
#define WORK_NAME "work"
#define HOSTS_NAME "hosts" /* these two on disk, bound to /etc */
#define RESOLV_CONF_NAME "resolv.conf"
#define NETWORK_LOCK_NAME "network.lock" /* flock'ed by who changes a running container's network (connect.c) */

/* "containers/ID", the same below the root and below the run root. */
struct container_path {
    char path[sizeof(CONTAINERS_DIR) + 1 + CONTAINER_ID_LEN];
};
struct container_path container_path(const char *id);

/* BASE/containers/ID/NAME, base being en->root or en->run_root. */
int container_file(const char *base, const char *id, const char *name, char **ret, struct err *e);

/* The json-file log: ROOT/containers/ID/ID-json.log. */
int container_log_path(const struct engine *en, const char *id, char **ret, struct err *e);

/* An O_PATH fd of the run directory; -ENOENT without touching e when the container has none. */
int run_dir_open(const struct engine *en, const char *id, struct err *e);

/* The path of a sibling program. */
int program_find(struct engine *en, const char *name, char **ret, struct err *e);

#endif
