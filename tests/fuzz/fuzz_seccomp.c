/*
 * A user's seccomp profile, from its bytes to the program. A program that comes out must be one that the kernel would
 * take: every jump inside it, its last instruction a return.
 */
#include <linux/bpf_common.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "runtime/security/seccomp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_program(const struct sock_filter *prog, size_t n)
{
    if (n == 0 || n > BPF_MAXINSNS || BPF_CLASS(prog[n - 1].code) != BPF_RET)
        abort();
    for (size_t i = 0; i < n; i++) {
        if (BPF_CLASS(prog[i].code) != BPF_JMP)
            continue;
        if (BPF_OP(prog[i].code) == BPF_JA ? i + 1 + prog[i].k >= n
                                           : i + 1 + prog[i].jt >= n || i + 1 + prog[i].jf >= n)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err e = ERR_INIT;
    struct sock_filter *prog = NULL;
    size_t n = 0;
    _cleanup_json_ json_object *profile = NULL;
    if (json_parse((const char *)data, size, "profile", &profile, &e) < 0)
        return 0;
    if (seccomp_compile_json(profile, UINT64_C(0xa80425fb), &prog, &n, &e) == 0)
        check_program(prog, n);
    else if (!err_is_set(&e) || !e.text[0])
        abort();
    free(prog);
    return 0;
}
