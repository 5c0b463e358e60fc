#include "runtime/security/seccomp_names.h"

#include <linux/audit.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "runtime/security/seccomp_compile.h"

const struct seccomp_arch_info seccomp_archs[SECCOMP_ARCH_COUNT] = {
    [SECCOMP_X86_64] = {"SCMP_ARCH_X86_64", "amd64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0},
    [SECCOMP_X32] = {"SCMP_ARCH_X32", "x32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, SECCOMP_X32_BIT},
    [SECCOMP_I386] = {"SCMP_ARCH_X86", "x86", SCMP_ARCH_X86, AUDIT_ARCH_I386, 0},
    [SECCOMP_AARCH64] = {"SCMP_ARCH_AARCH64", "arm64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0},
    [SECCOMP_ARM] = {"SCMP_ARCH_ARM", "arm", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0},
};

/* Calls that the distribution's libseccomp may not know. Since Linux 5.1 a new call has one number everywhere.
 * Source: scripts/syscall.tbl and arch/x86/entry/syscalls/ in the kernel. */
static const struct {
    const char *name;
    int number;
    bool only_x86_64;
} young_calls[] = {
    {"uretprobe", 335, true},          {"uprobe", 336, true},
    {"cachestat", 451, false},         {"fchmodat2", 452, false},
    {"map_shadow_stack", 453, false},  {"futex_wake", 454, false},
    {"futex_wait", 455, false},        {"futex_requeue", 456, false},
    {"statmount", 457, false},         {"listmount", 458, false},
    {"lsm_get_self_attr", 459, false}, {"lsm_set_self_attr", 460, false},
    {"lsm_list_modules", 461, false},  {"mseal", 462, false},
    {"setxattrat", 463, false},        {"getxattrat", 464, false},
    {"listxattrat", 465, false},       {"removexattrat", 466, false},
    {"open_tree_attr", 467, false},    {"file_getattr", 468, false},
    {"file_setattr", 469, false},
};

static int64_t young_number(enum seccomp_arch_index arch, const char *name)
{
    for (size_t i = 0; i < ARRAY_SIZE(young_calls); i++)
        if (strcmp(young_calls[i].name, name) == 0)
            return young_calls[i].only_x86_64 && arch != SECCOMP_X86_64 ? -1 : young_calls[i].number;
    return -1;
}

/* On i386 libseccomp answers a pseudo number for calls that also go through socketcall and ipc. Their own numbers
 * (most since Linux 4.3 and 5.1) it tells only the other way round. */
static int64_t demultiplexed_number(const char *name)
{
    enum { FIRST = 337 /* recvmmsg */, LAST = 402 /* msgctl */ };
    for (int nr = FIRST; nr <= LAST; nr++) {
        _cleanup_free_ char *candidate = seccomp_syscall_resolve_num_arch(SCMP_ARCH_X86, nr);
        if (candidate && strcmp(candidate, name) == 0)
            return nr;
    }
    return -1;
}

int64_t seccomp_number(enum seccomp_arch_index arch, const char *name)
{
    int nr = seccomp_syscall_resolve_name_arch(seccomp_archs[arch].scmp, name);
    if (nr >= 0)
        return (int64_t)nr - seccomp_archs[arch].nr_base;
    if (nr == __NR_SCMP_ERROR)
        return young_number(arch, name);
    return arch == SECCOMP_I386 ? demultiplexed_number(name) : -1;
}
