#include <string.h>

#include "base/strv.h"
#include "runtime/rootfs/parts.h"

static int add(struct fs_params *p, struct mount_param param, struct err *e)
{
    if (p->n == FS_PARAMS_MAX)
        return err_invalid(e, "more than %d options for one mount", FS_PARAMS_MAX);
    p->v[p->n++] = param;
    return 0;
}

int fs_params_add(struct fs_params *p, const char *key, const char *value, struct err *e)
{
    return add(p, (struct mount_param){.key = key, .value = value, .fd = -1}, e);
}

int fs_params_add_fd(struct fs_params *p, const char *key, int fd, struct err *e)
{
    return add(p, (struct mount_param){.key = key, .fd = fd}, e);
}

int fs_params_add_data(struct fs_params *p, char *const *data, struct err *e)
{
    int r = strv_copy(data, &p->text, e);

    for (char **item = p->text; r == 0 && item && *item; item++) {
        char *value = strchr(*item, '=');

        if (value)
            *value++ = '\0';
        r = fs_params_add(p, *item, value, e);
    }
    return r;
}

bool fs_params_has(const struct fs_params *p, const char *key)
{
    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->v[i].key, key) == 0)
            return true;
    return false;
}

bool fs_params_drop(struct fs_params *p, const char *key)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n; i++)
        if (strcmp(p->v[i].key, key) != 0)
            p->v[kept++] = p->v[i];

    bool found = kept < p->n;

    p->n = kept;
    return found;
}

void fs_params_release(struct fs_params *p)
{
    strv_free(p->text);
    *p = FS_PARAMS_INIT;
}
