/* The process that `exec` runs without a process.json: the container's own, changed by the options. */
#ifndef SAMPAN_RUNTIME_CLI_EXEC_PROCESS_H
#define SAMPAN_RUNTIME_CLI_EXEC_PROCESS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

struct exec_changes {
    char *cwd, *user, *selinux_label, *apparmor; /* NULL: as the container's */
    char **env, **gids, **caps;                  /* added */
    bool tty, no_new_privs;
};

/* A process.json as a new object; `base` is "process" of the container's config.json. */
int exec_process_make(json_object *base, const struct exec_changes *c, char *const *args, json_object **ret,
                      struct err *e);

void exec_changes_release(struct exec_changes *c);

#endif
