/*
 * The device rules as a BPF program (BPF_PROG_TYPE_CGROUP_DEVICE). It walks the rules from the last to the first and
 * ticks off the access bits that one allows; a rule that refuses a bit which is still open ends it.
 * Source: cgroup-v2.rst "Device controller", include/uapi/linux/bpf.h (struct bpf_cgroup_dev_ctx).
 */
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "kernel/syscalls.h"
#include "runtime/cgroup/driver.h"

enum { REG_RESULT = BPF_REG_0, REG_CTX = BPF_REG_1, REG_TYPE, REG_OPEN, REG_MAJOR, REG_MINOR, REG_SCRATCH };

enum { RULES_MAX = 1024, INSNS_PER_RULE = 8, INSNS_FIXED = 16 };

struct program {
    struct bpf_insn *insns;
    size_t n;
};

static void put(struct program *p, uint8_t code, uint8_t dst, uint8_t src, int16_t off, int32_t imm)
{
    p->insns[p->n++] =
        (struct bpf_insn){.code = code, .dst_reg = dst & 0xf, .src_reg = src & 0xf, .off = off, .imm = imm};
}

static void put_load(struct program *p, uint8_t reg, size_t offset)
{
    put(p, BPF_LDX | BPF_MEM | BPF_W, reg, REG_CTX, (int16_t)offset, 0);
}

static void put_alu(struct program *p, uint8_t op, uint8_t reg, int32_t imm)
{
    put(p, BPF_ALU | BPF_K | op, reg, 0, 0, imm);
}

static void put_return(struct program *p, int32_t value)
{
    put(p, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, 0, value);
    put(p, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

/* access_type is the access in its high half, the type in its low half. */
static void put_prologue(struct program *p)
{
    put_load(p, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
    put(p, BPF_ALU | BPF_MOV | BPF_X, REG_OPEN, REG_TYPE, 0, 0);
    put_alu(p, BPF_AND, REG_TYPE, 0xffff);
    put_alu(p, BPF_RSH, REG_OPEN, 16);
    put_load(p, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
    put_load(p, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
}

static int32_t access_bits(const char *access)
{
    int32_t bits = 0;
    for (; *access; access++)
        bits |= *access == 'r' ? BPF_DEVCG_ACC_READ : *access == 'w' ? BPF_DEVCG_ACC_WRITE : BPF_DEVCG_ACC_MKNOD;
    return bits;
}

static void put_action(struct program *p, const struct spec_device_rule *rule)
{
    int32_t bits = access_bits(rule->access);
    if (rule->allow) {
        put_alu(p, BPF_AND, REG_OPEN, ~bits);
        put(p, BPF_JMP | BPF_JNE | BPF_K, REG_OPEN, 0, 2, 0);
        put_return(p, 1);
        return;
    }
    put(p, BPF_ALU | BPF_MOV | BPF_X, REG_SCRATCH, REG_OPEN, 0, 0);
    put_alu(p, BPF_AND, REG_SCRATCH, bits);
    put(p, BPF_JMP | BPF_JEQ | BPF_K, REG_SCRATCH, 0, 2, 0);
    put_return(p, 0);
}

/* Comparisons that lead past the rule's action when the device is another one. */
static void put_rule(struct program *p, const struct spec_device_rule *rule)
{
    const struct {
        bool is_given;
        uint8_t reg;
        int64_t value;
    } tests[] = {
        {rule->type != 'a', REG_TYPE, rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR},
        {rule->major >= 0, REG_MAJOR, rule->major},
        {rule->minor >= 0, REG_MINOR, rule->minor},
    };
    size_t jumps[ARRAY_SIZE(tests)], n_jumps = 0;
    for (size_t i = 0; i < ARRAY_SIZE(tests); i++) {
        if (!tests[i].is_given)
            continue;
        jumps[n_jumps++] = p->n;
        put(p, BPF_JMP | BPF_JNE | BPF_K, tests[i].reg, 0, 0, (int32_t)tests[i].value);
    }
    put_action(p, rule);
    for (size_t i = 0; i < n_jumps; i++)
        p->insns[jumps[i]].off = (int16_t)(p->n - jumps[i] - 1);
}

static int load(const struct program *p, struct err *e)
{
    union bpf_attr attr = {
        .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
        .insns = (uintptr_t)p->insns,
        .insn_cnt = (uint32_t)p->n,
        .license = (uintptr_t) "Apache-2.0",
    };
    int fd = sys_bpf(BPF_PROG_LOAD, &attr, sizeof(attr));
    return fd >= 0 ? fd : err_sys(e, "--device: load the BPF program that guards devices");
}

static int build(const struct spec_device_rule *rules, size_t n, struct err *e)
{
    if (n > RULES_MAX)
        return err_invalid(e, "--device: more than %d rules", RULES_MAX);
    _cleanup_free_ struct bpf_insn *insns = calloc(n * INSNS_PER_RULE + INSNS_FIXED, sizeof(*insns));
    if (!insns)
        return err_set(e, ERR_SYS, ENOMEM, "--device");
    struct program p = {.insns = insns};
    put_prologue(&p);
    for (size_t i = n; i-- > 0;)
        put_rule(&p, &rules[i]);
    put_return(&p, 0);
    return load(&p, e);
}

/* The programs that are attached now: normally none, or the one that an update replaces. */
static int query(int dir_fd, uint32_t *ids, uint32_t max, struct err *e)
{
    union bpf_attr attr = {.query = {
                               .target_fd = (uint32_t)dir_fd,
                               .attach_type = BPF_CGROUP_DEVICE,
                               .prog_ids = (uintptr_t)ids,
                               .prog_cnt = max,
                           }};
    if (sys_bpf(BPF_PROG_QUERY, &attr, sizeof(attr)) < 0)
        return err_sys(e, "--device: look for BPF programs");
    return (int)attr.query.prog_cnt;
}

static int detach(int dir_fd, uint32_t id, struct err *e)
{
    union bpf_attr by_id = {.prog_id = id};
    _cleanup_close_ int fd = sys_bpf(BPF_PROG_GET_FD_BY_ID, &by_id, sizeof(by_id));
    if (fd < 0)
        return err_sys(e, "--device: open the previous BPF program");
    union bpf_attr attr = {
        .target_fd = (uint32_t)dir_fd,
        .attach_bpf_fd = (uint32_t)fd,
        .attach_type = BPF_CGROUP_DEVICE,
    };
    return sys_bpf(BPF_PROG_DETACH, &attr, sizeof(attr)) < 0 ? err_sys(e, "--device: detach the previous BPF program")
                                                             : 0;
}

/* All attached programs must agree, so the new one is there before the old one goes: never a moment without. */
int cgroup_devices_attach(int dir_fd, const struct spec_device_rule *rules, size_t n, struct err *e)
{
    uint32_t previous[8] = {0};
    int n_previous = query(dir_fd, previous, ARRAY_SIZE(previous), e);
    if (n_previous < 0)
        return n_previous;
    _cleanup_close_ int fd = build(rules, n, e);
    if (fd < 0)
        return fd;
    union bpf_attr attr = {
        .target_fd = (uint32_t)dir_fd,
        .attach_bpf_fd = (uint32_t)fd,
        .attach_type = BPF_CGROUP_DEVICE,
        .attach_flags = BPF_F_ALLOW_MULTI,
    };
    if (sys_bpf(BPF_PROG_ATTACH, &attr, sizeof(attr)) < 0)
        return err_sys(e, "--device: attach the BPF program that guards devices");
    for (int i = 0; i < n_previous; i++) {
        int r = detach(dir_fd, previous[i], e);
        if (r < 0)
            return r;
    }
    return 0;
}
