/* Seccomp, masked and read-only paths of a bundle. */
#include "engine/bundle.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "engine/paths.h"
#include "engine/security.h"
#include "runtime/security/seccomp.h"

#define SECCOMP_NAME "seccomp.bpf" /* in the run directory: a user's profile, compiled */

/* A profile is compiled here, where libseccomp is linked; the shim reads the program only. */
static int add_profile(struct bundle *b, const char *profile_path, struct err *e)
{
    _cleanup_json_ json_object *profile = NULL;
    _cleanup_free_ struct sock_filter *program = NULL;
    _cleanup_free_ char *path = NULL;
    uint64_t caps;
    size_t n;
    int r = json_parse_file(AT_FDCWD, profile_path, &profile, e);
    if (r == 0)
        r = security_caps(&b->c->host, &caps, e);
    if (r == 0)
        r = seccomp_compile_json(profile, caps, &program, &n, e);
    if (r < 0)
        return err_context(e, "--security-opt seccomp=%s", profile_path);
    r = file_write(b->run_dir_fd, SECCOMP_NAME, program, n * sizeof(*program), 0600, e);
    if (r == 0)
        r = container_file(b->en->run_root, b->c->id, SECCOMP_NAME, &path, e);
    if (r == 0)
        json_add_str(b->sampan, "seccomp", path);
    return r;
}

int bundle_add_security(struct bundle *b, struct err *e)
{
    struct security_options o;
    int r = security_parse(&b->c->host, &o, e);
    if (r < 0)
        return r;
    json_add_strv(b->linux_, "maskedPaths", b->c->host.masked_paths);
    json_add_strv(b->linux_, "readonlyPaths", b->c->host.readonly_paths);
    if (strcmp(o.seccomp, "default") != 0 && strcmp(o.seccomp, "unconfined") != 0)
        return add_profile(b, o.seccomp, e);
    json_add_str(b->sampan, "seccomp", o.seccomp);
    return 0;
}
