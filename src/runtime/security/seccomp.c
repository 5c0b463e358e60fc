#include "runtime/security/seccomp.h"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdlib.h>

#include "base/file.h"
#include "kernel/syscalls.h"
#include "runtime/security/capabilities.h"
#include "runtime/security/seccomp_tables.h"

/* The capabilities that any group of the policy asks for: others make no difference. */
static uint64_t guarding_caps(void)
{
    uint64_t caps = 0;
    for (size_t i = 0; i < seccomp_tables.n_guards; i++)
        caps |= seccomp_tables.guards[i].caps;
    return caps;
}

/* Compiled once per process, for one set of capabilities: a process makes one container, or joins one. */
static int compiled_program(uint64_t caps, const struct sock_filter **ret, size_t *ret_n, struct err *e)
{
    static struct sock_filter *program;
    static uint64_t program_caps;
    static int n;
    if (!program || program_caps != caps) {
        struct sock_filter *p = program ? program : calloc(BPF_MAXINSNS, sizeof(*p));
        if (!p)
            return err_set(e, ERR_SYS, ENOMEM, "compile seccomp filter");
        program = p;
        n = seccomp_tables_compile(&seccomp_tables, caps, p, BPF_MAXINSNS, e);
        if (n < 0)
            return n;
        program_caps = caps;
    }
    *ret = program;
    *ret_n = (size_t)n;
    return 0;
}

int seccomp_default_program(uint64_t caps, const struct sock_filter **ret, size_t *ret_n, struct err *e)
{
    uint64_t guarding = guarding_caps();
    if ((caps & guarding) == (caps_default & guarding)) {
        *ret = seccomp_program_default;
        *ret_n = seccomp_program_default_len;
        return 0;
    }
    if ((caps & guarding) == guarding) {
        *ret = seccomp_program_all;
        *ret_n = seccomp_program_all_len;
        return 0;
    }
    return compiled_program(caps & guarding, ret, ret_n, e);
}

int seccomp_install(const struct sock_filter *prog, size_t n, unsigned flags, struct err *e)
{
    if (n == 0 || n > BPF_MAXINSNS)
        return err_invalid(e, "seccomp filter: %zu instructions (1 to %d can be loaded)", n, BPF_MAXINSNS);
    struct sock_fprog fprog = {.len = (unsigned short)n, .filter = (struct sock_filter *)prog};
    if (sys_seccomp(SECCOMP_SET_MODE_FILTER, flags, &fprog) == 0)
        return 0;
    int code = errno;
    err_set(e, ERR_SYS, code, "load seccomp filter");
    if (code == ENOSYS || (code == EINVAL && flags == 0))
        return err_advice(e, "this kernel has no seccomp filters; --security-opt seccomp=unconfined does without");
    if (code == EACCES)
        return err_advice(e, "set no_new_privs, or keep CAP_SYS_ADMIN until the filter is loaded");
    return -code;
}

/* A program as sampan compiled it and wrote it down: struct sock_filter, one after the other. */
static int read_program(const char *path, const struct sock_filter **ret, size_t *ret_n, void **ret_owned,
                        struct err *e)
{
    _cleanup_free_ char *text = NULL;
    size_t len;
    int r = file_read(AT_FDCWD, path, BPF_MAXINSNS * sizeof(struct sock_filter), &text, &len, e);
    if (r < 0)
        return err_context(e, "seccomp filter");
    if (len == 0 || len % sizeof(struct sock_filter) != 0)
        return err_invalid(e, "seccomp filter %s: %zu bytes are no compiled program", path, len);
    *ret_n = len / sizeof(struct sock_filter);
    *ret_owned = TAKE_PTR(text);
    *ret = *ret_owned;
    return 0;
}

int seccomp_resolve(const struct spec *spec, const struct sock_filter **ret, size_t *ret_n, void **ret_owned,
                    struct err *e)
{
    *ret = NULL;
    *ret_n = 0;
    *ret_owned = NULL;
    switch (spec->seccomp.mode) {
    case SPEC_SECCOMP_NONE:
        return 0;
    case SPEC_SECCOMP_DEFAULT:
        return seccomp_default_program(spec->process.caps.bounding, ret, ret_n, e);
    case SPEC_SECCOMP_FILE:
        return read_program(spec->seccomp.path, ret, ret_n, ret_owned, e);
    case SPEC_SECCOMP_PROGRAM:
        *ret = spec->seccomp.program;
        *ret_n = spec->seccomp.n_program;
        return 0;
    }
    return err_set(e, ERR_INTERNAL, 0, "unknown seccomp mode %d", (int)spec->seccomp.mode);
}
