/* Base64 (RFC 4648, section 4): how etcd's JSON gateway writes keys and values. */
#ifndef SAMPAN_KEEPER_ETCD_BASE64_H
#define SAMPAN_KEEPER_ETCD_BASE64_H

#include <stddef.h>

#include "base/err.h"

/* A heap string; NULL only when out of memory. */
char *base64_encode(const void *data, size_t len);

/* A heap buffer with a NUL after it. ERR_INVALID for anything but whole, padded groups. ret_len may be NULL. */
int base64_decode(const char *text, char **ret, size_t *ret_len, struct err *e);

#endif
