/*
 * SQLite's static library refers to dlopen(3) for extensions, which sampan never loads, and the linker warns of that in a
 * static program. The link says --wrap=dlopen and so on (meson.build): the references lead here instead.
 * Source: ld(1), --wrap.
 */
#include <stddef.h>

void *__wrap_dlopen(const char *file, int mode);
void *__wrap_dlsym(void *handle, const char *name);
int __wrap_dlclose(void *handle);
char *__wrap_dlerror(void);

void *__wrap_dlopen(const char *file, int mode)
{
    (void)file;
    (void)mode;
    return NULL;
}

void *__wrap_dlsym(void *handle, const char *name)
{
    (void)handle;
    (void)name;
    return NULL;
}

int __wrap_dlclose(void *handle)
{
    (void)handle;
    return -1;
}

char *__wrap_dlerror(void)
{
    static char text[] = "this program loads no extensions";
    return text;
}
