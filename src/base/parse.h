/*
 * Text to values, strict: the whole string must be used, overflow is an error, messages name `what` and the text.
 * Every failure is ERR_INVALID; the return value is -ERANGE for what is too large and -EINVAL for what is malformed.
 */
#ifndef SAMPAN_BASE_PARSE_H
#define SAMPAN_BASE_PARSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* Decimal digits, with a minus sign for parse_int64; no plus sign, no white space. */
int parse_int64(const char *s, const char *what, int64_t *ret, struct err *e);
int parse_uint64(const char *s, const char *what, uint64_t *ret, struct err *e);

/* "512", "64k", "1.5g", "10MiB", "10 MB": bytes, powers of 1024, rounded down. The syntax is that of Docker's go-units
 * (RAMInBytes): k m g t p with an optional b or ib, any case, at most one space in front. No sign. */
int parse_bytes(const char *s, const char *what, int64_t *ret, struct err *e);

/* "1.5" cpus -> 1500000000 (billionths); more than nine decimals are refused. */
int parse_nano(const char *s, const char *what, int64_t *ret, struct err *e);

/* "10s", "1m30s", "1.5h", "500ms", plain seconds too: nanoseconds. Go's units: ns us ms s m h. No sign. */
int parse_duration(const char *s, const char *what, int64_t *ret, struct err *e);

/* As Go's strconv.ParseBool: 1 t T true TRUE True, and the same for false. */
int parse_bool(const char *s, const char *what, bool *ret, struct err *e);

/* "TERM", "sigterm", "15", "RTMIN+3", "RTMAX-2": a signal number, 1…64; real-time signals start at 34, as in Docker. */
int parse_signal(const char *s, int *ret, struct err *e);

/* And back: "SIGTERM", a constant; "unknown signal" for a number that is none. */
const char *signal_name(int signo);

#endif
