#include <string.h>

#include "base/strv.h"
#include "runtime/process/process.h"

const char *env_get(char *const *env, const char *name)
{
    size_t len = strlen(name);

    STRV_FOREACH (entry, env) {
        if (strncmp(*entry, name, len) == 0 && (*entry)[len] == '=')
            return *entry + len + 1;
    }
    return NULL;
}

int env_with_home(char *const *env, const char *home, char ***ret, struct err *e)
{
    _cleanup_strv_ char **copy = NULL;
    int r = strv_copy(env, &copy, e);

    if (r == 0 && !env_get(env, "HOME"))
        r = strv_addf(&copy, e, "HOME=%s", home);
    if (r == 0)
        *ret = TAKE_PTR(copy);
    return r;
}
