/*
 * How a failure is told: one sentence on stderr, and one line in the file of --log, in the form that engines parse
 * ("level", "msg" and "time" are the members of logrus, which runc writes).
 */
#ifndef SAMPAN_RUNTIME_CLI_REPORT_H
#define SAMPAN_RUNTIME_CLI_REPORT_H

#include <stdbool.h>

#include "base/err.h"

struct report {
    int fd; /* owned; -1: no --log */
    bool is_json;
};

#define REPORT_INIT ((struct report){.fd = -1})

/* path NULL: no log. format: "text", "json" or NULL. The file is made, or appended to. */
int report_open(struct report *r, const char *path, const char *format, struct err *e);
void report_error(const struct report *r, const struct err *error);
void report_close(struct report *r);

/* The time, as RFC 3339 with nanoseconds, in UTC: "2024-05-06T07:08:09.123456789Z". */
struct rfc3339 {
    char text[64];
};
struct rfc3339 rfc3339_now(void);

#endif
