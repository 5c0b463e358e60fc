/*
 * SQLite's static library refers to dlopen(3) for extensions, which sampan never loads. In a static program these stand in
 * for glibc's, which would bring the dynamic loader along and a linker's warning with it.
 */
#include <dlfcn.h>
#include <stddef.h>

void *dlopen(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}

void *dlsym(void *restrict handle, const char *restrict name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *dlerror(void)
{
    static char text[] = "this program loads no extensions";
    return text;
}
