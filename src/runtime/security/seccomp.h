/*
 * System call filters. The compiler turns a table of rules into a BPF program that finds the answer by a binary tree of
 * ranges (ten comparisons for 460 system calls) in place of libseccomp's linear list, which takes 17 ms to load.
 * The default profile is compiled by the build (tools in seccomp_gen.c) and linked as a constant.
 * Source: seccomp(2), Documentation/userspace-api/seccomp_filter.rst, Docker's default profile as documentation.
 */
#ifndef SAMPAN_RUNTIME_SECCOMP_H
#define SAMPAN_RUNTIME_SECCOMP_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/json.h"
#include "runtime/spec.h"

/* The program for a container with exactly these capabilities: the default profile allows some calls only with the
 * capability that guards them (CAP_SYS_ADMIN: mount …). Compiled ahead for the default fourteen and for all; others are
 * compiled on first use (seccomp_tables.c) and kept for the process. Borrowed, static. */
int seccomp_default_program(uint64_t caps, const struct sock_filter **ret, size_t *ret_n, struct err *e);

/* Compiles a profile in Docker's or OCI's JSON form (defaultAction, archMap/architectures, syscalls with names, action,
 * args, includes, excludes). Of several rules for one call the first that matches wins. A program of at most
 * BPF_MAXINSNS, owned by the caller. In the library seccomp_profile, which is not linked into the shim. */
int seccomp_compile_json(json_object *profile, uint64_t caps, struct sock_filter **ret, size_t *ret_n, struct err *e);

/* The profile's "flags" as SECCOMP_FILTER_FLAG_*; part of the same library. */
int seccomp_parse_flags(json_object *profile, unsigned *ret, struct err *e);

/* Loads it on the calling thread. With no_new_privs unset needs CAP_SYS_ADMIN in its user namespace. (libseccomp has
 * taken the name seccomp_load.) */
int seccomp_install(const struct sock_filter *prog, size_t n, unsigned flags, struct err *e);

/* What the spec asks for: default, file (read before the rootfs is entered), program, none. */
int seccomp_resolve(const struct spec *spec, const struct sock_filter **ret, size_t *ret_n, void **ret_owned,
                    struct err *e);

#endif
