/* Points in time: nanoseconds since the epoch, and RFC 3339 with nanoseconds as Docker writes them. 0 is "never". */
#ifndef SAMPAN_BASE_TIMESTAMP_H
#define SAMPAN_BASE_TIMESTAMP_H

#include <stdint.h>

#include "base/err.h"

#define NS_PER_SEC INT64_C(1000000000)

int64_t timestamp_now(void);

struct timestamp_text {
    char text[40];
};
/* "2026-01-02T03:04:05.123456789Z"; 0 is "0001-01-01T00:00:00Z". */
struct timestamp_text timestamp_format(int64_t ns);

/* RFC 3339 with any number of decimals and "Z" or "+hh:mm"; the year 1 is 0. */
int timestamp_parse(const char *s, int64_t *ret, struct err *e);

#endif
