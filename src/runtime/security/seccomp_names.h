/*
 * System call names to numbers, by libseccomp and, for calls younger than it, by a table. Linked into the build's
 * generator and into programs that take users' profiles (the library seccomp_profile), never into the shim.
 */
#ifndef SAMPAN_RUNTIME_SECCOMP_NAMES_H
#define SAMPAN_RUNTIME_SECCOMP_NAMES_H

#include <stdint.h>

/* The architectures that profiles can name and this engine can compile for. */
struct seccomp_arch_info {
    const char *name;   /* "SCMP_ARCH_X86_64" */
    const char *docker; /* "amd64": as `includes.arches` has it */
    uint32_t scmp;      /* SCMP_ARCH_* */
    uint32_t audit;     /* AUDIT_ARCH_* */
    uint32_t nr_base;
};

enum seccomp_arch_index {
    SECCOMP_X86_64,
    SECCOMP_X32, /* directly behind x86_64: seccomp_compile wants it so */
    SECCOMP_I386,
    SECCOMP_AARCH64,
    SECCOMP_ARM,
    SECCOMP_ARCH_COUNT,
};

extern const struct seccomp_arch_info seccomp_archs[SECCOMP_ARCH_COUNT];

/* The number without nr_base, or -1 where the architecture has no such call (or the name is nonsense). */
int64_t seccomp_number(enum seccomp_arch_index arch, const char *name);

#endif
