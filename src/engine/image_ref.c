#include "engine/image_ref.h"

#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"

static const char *skip(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(s, prefix, n) == 0 && s[n] ? s + n : s;
}

int image_ref_normalize(const char *ref, char **ret, struct err *e)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-/:@";
    const char *name = skip(skip(skip(ref, "docker.io/"), "index.docker.io/"), "library/");
    if (!*name || strspn(name, allowed) != strlen(name) || strchr("_.-/:@", *name))
        return err_invalid(e, "invalid reference format: %.200s", ref);
    const char *last = strrchr(name, '/');
    bool has_tag = strpbrk(last ? last : name, ":@") != NULL;
    if (asprintf(ret, "%s%s", name, has_tag ? "" : ":latest") < 0)
        return err_set(e, ERR_SYS, ENOMEM, "image name");
    return 0;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), m = strlen(end);
    return n > m && strcmp(s + n - m, end) == 0;
}

bool image_ref_is_path(const char *ref)
{
    static const char *const ends[] = {".tar", ".tar.gz", ".tgz", ".tar.zst"};
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++)
        if (ends_with(ref, ends[i]))
            return true;
    return *ref == '/' || strncmp(ref, "./", 2) == 0 || strncmp(ref, "../", 3) == 0;
}
