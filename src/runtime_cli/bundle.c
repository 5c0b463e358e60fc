#include "runtime_cli/bundle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "runtime/security/seccomp.h"

#define CONFIG "config.json"

static int compile_seccomp(struct spec *spec, struct err *e)
{
    struct spec_seccomp *s = &spec->seccomp;
    struct sock_filter *program = NULL;
    int r;

    if (!s->profile)
        return 0;
    r = seccomp_parse_flags(s->profile, &s->flags, e);
    if (r == 0)
        r = seccomp_compile_json(s->profile, spec->process.caps.bounding, &program, &s->n_program, e);
    if (r < 0)
        return err_context(e, "linux.seccomp");
    s->program = program;
    s->mode = SPEC_SECCOMP_PROGRAM;
    return 0;
}

/*
 * The devices that every container has may be used whatever the list says, and may be made anew; where there is no list,
 * nothing else may. Source: runtime-spec config-linux.md, "Default Devices"; runc's behaviour.
 */
static const struct spec_device_rule nothing = {false, 'a', -1, -1, "rwm"};

static const struct spec_device_rule default_devices[] = {
    {true, 'c', -1, -1, "m"},    {true, 'b', -1, -1, "m"}, {true, 'c', 1, 3, "rwm"}, /* null */
    {true, 'c', 1, 5, "rwm"},                                                        /* zero */
    {true, 'c', 1, 7, "rwm"},                                                        /* full */
    {true, 'c', 1, 8, "rwm"},                                                        /* random */
    {true, 'c', 1, 9, "rwm"},                                                        /* urandom */
    {true, 'c', 5, 0, "rwm"},                                                        /* tty */
    {true, 'c', 5, 1, "rwm"},                                                        /* console */
    {true, 'c', 5, 2, "rwm"},                                                        /* ptmx */
    {true, 'c', 136, -1, "rwm"},                                                     /* pts */
};

static int allow_default_devices(struct spec_resources *r, struct err *e)
{
    size_t n = r->n_devices + 1 + ARRAY_SIZE(default_devices);
    struct spec_device_rule *rules = reallocarray(r->devices, n, sizeof(*rules));

    if (!rules)
        return err_set(e, ERR_SYS, ENOMEM, "allow the default devices");
    r->devices = rules;
    if (r->n_devices == 0)
        rules[r->n_devices++] = nothing;
    memcpy(rules + r->n_devices, default_devices, sizeof(default_devices));
    r->n_devices += ARRAY_SIZE(default_devices);
    return 0;
}

int bundle_make_spec(json_object *config, const char *id, const char *path, struct spec **ret, struct err *e)
{
    _cleanup_spec_ struct spec *spec = NULL;
    int r = spec_load(config, id, &spec, e);

    if (r == 0)
        r = compile_seccomp(spec, e);
    if (r == 0)
        r = allow_default_devices(&spec->resources, e);
    if (r < 0)
        return err_context(e, CONFIG);
    spec->root.keeps_ids = true;
    spec->bundle = strdup(path);
    if (!spec->bundle)
        return err_set(e, ERR_SYS, ENOMEM, "keep the bundle's path");
    *ret = TAKE_PTR(spec);
    return 0;
}

static int enter(const char *dir, char **ret_path, struct err *e)
{
    if (dir && chdir(dir) < 0)
        return err_sys(e, "enter the bundle %s", dir);
    *ret_path = realpath(".", NULL);
    return *ret_path ? 0 : err_sys(e, "find the path of the bundle");
}

int bundle_load(const char *dir, const char *id, struct bundle *ret, struct err *e)
{
    _cleanup_bundle_ struct bundle b = {0};
    int r;

    r = enter(dir, &b.path, e);
    if (r == 0)
        r = json_parse_file(AT_FDCWD, CONFIG, &b.config, e);
    if (r == 0)
        r = bundle_make_spec(b.config, id, b.path, &b.spec, e);
    if (r == 0 && !b.spec->has_process)
        r = err_invalid(e, CONFIG ": \"process\" is missing");
    if (r < 0)
        return b.path ? err_context(e, "bundle %s", b.path) : r;
    *ret = b;
    b = (struct bundle){0};
    return 0;
}

void bundle_release(struct bundle *b)
{
    free(b->path);
    json_object_put(b->config);
    spec_free(b->spec);
    *b = (struct bundle){0};
}

int bundle_save_config(const struct bundle *b, int dir_fd, struct err *e)
{
    const char *text = json_object_to_json_string_ext(b->config, JSON_C_TO_STRING_PLAIN);

    return file_write_atomic(dir_fd, CONFIG, text, strlen(text), 0600, e);
}

int bundle_load_config(const struct instance *i, json_object **ret, struct err *e)
{
    int r = json_parse_file(i->dir_fd, CONFIG, ret, e);

    return r < 0 ? err_context(e, "container %s", i->id) : 0;
}
