#include "runtime_cli/paths.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int path_absolute(const char *path, char *ret, struct err *e)
{
    char cwd[PATH_MAX] = "";
    int n;

    if (*path != '/' && !getcwd(cwd, sizeof(cwd)))
        return err_sys(e, "find the working directory for %s", path);
    n = snprintf(ret, PATH_MAX, "%s%s%s", cwd, *path == '/' ? "" : "/", path);
    return n >= PATH_MAX ? err_set(e, ERR_INVALID, ENAMETOOLONG, "%s: the path is too long", path) : 0;
}

int path_absolute_in(char **path, struct err *e)
{
    char absolute[PATH_MAX];
    char *copy;
    int r;

    if (!*path)
        return 0;
    r = path_absolute(*path, absolute, e);
    if (r < 0)
        return r;
    copy = strdup(absolute);
    if (!copy)
        return err_set(e, ERR_SYS, ENOMEM, "keep %s", absolute);
    free(*path);
    *path = copy;
    return 0;
}
