/*
 * The classic BPF machine as seccomp uses it, so that a test can ask a filter anything without loading it. Whatever is
 * not a legal seccomp instruction, or leaves the program, ends the test. Source: kernel/seccomp.c,
 * seccomp_check_filter.
 */
#ifndef SAMPAN_TEST_BPF_MACHINE_H
#define SAMPAN_TEST_BPF_MACHINE_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bpf_run {
    uint32_t action;
    size_t steps;
};

static inline uint32_t bpf_alu(uint16_t op, uint32_t a, uint32_t k)
{
    switch (op) {
    case BPF_AND:
        return a & k;
    case BPF_OR:
        return a | k;
    case BPF_RSH:
        return a >> k;
    }
    fail_msg("illegal arithmetic 0x%x", op);
    return 0;
}

static inline int bpf_compare(uint16_t op, uint32_t a, uint32_t k)
{
    switch (op) {
    case BPF_JEQ:
        return a == k;
    case BPF_JGT:
        return a > k;
    case BPF_JGE:
        return a >= k;
    case BPF_JSET:
        return (a & k) != 0;
    }
    fail_msg("illegal jump 0x%x", op);
    return 0;
}

static inline struct bpf_run bpf_execute(const struct sock_filter *prog, size_t n, const struct seccomp_data *data)
{
    uint32_t a = 0;
    struct bpf_run run = {0};
    for (size_t pc = 0; pc < n; pc++, run.steps++) {
        const struct sock_filter *i = &prog[pc];
        switch (BPF_CLASS(i->code)) {
        case BPF_LD:
            assert_true(i->code == (BPF_LD | BPF_W | BPF_ABS) && i->k % 4 == 0 && i->k < sizeof(*data));
            memcpy(&a, (const char *)data + i->k, sizeof(a));
            break;
        case BPF_ALU:
            a = bpf_alu(BPF_OP(i->code), a, i->k);
            break;
        case BPF_JMP:
            pc += BPF_OP(i->code) == BPF_JA ? i->k : bpf_compare(BPF_OP(i->code), a, i->k) ? i->jt : i->jf;
            break;
        case BPF_RET:
            run.action = i->k;
            return run;
        default:
            fail_msg("illegal instruction 0x%x", i->code);
        }
    }
    fail_msg("the program has no end");
    return run;
}

#endif
