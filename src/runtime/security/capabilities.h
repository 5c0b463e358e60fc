/*
 * Capabilities as sets of bits and by name. Source: capabilities(7); Docker's default list; CVE-2022-24769 (inheritable
 * stays empty), CVE-2018-10856 (ambient and effective are empty when not root).
 */
#ifndef SAMPAN_RUNTIME_CAPABILITIES_H
#define SAMPAN_RUNTIME_CAPABILITIES_H

#include <linux/capability.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "runtime/spec.h"

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

/* Docker's default fourteen. */
extern const uint64_t caps_default;

/* "NET_ADMIN", "CAP_NET_ADMIN", any case; -EINVAL with the nearest name for a mistyped one. */
int caps_parse(const char *name, int *ret_cap, struct err *e);
const char *caps_name(int cap); /* "CAP_CHOWN"; NULL beyond the last known */
int caps_last(void);            /* the kernel's last, from /proc/sys/kernel/cap_last_cap */
uint64_t caps_all(void);

/* Drops the bounding set to what is asked. Needs CAP_SETPCAP. Before the uid changes. */
int caps_apply_bounding(const struct spec_caps *c, struct err *e);

/* Sets permitted, effective, inheritable and ambient; after the uid changed, with keepcaps. What exceeds what the
 * process has is dropped silently, as runc does. */
int caps_apply(const struct spec_caps *c, struct err *e);

#endif
