/*
 * The container's log in Docker's json-file format: one line of JSON for each line of output,
 *     {"log":"text\n","stream":"stdout","time":"2024-01-02T03:04:05.123456789Z"}
 * A line longer than the caller's buffer comes as several entries, of which only the last ends in \n. Bytes that are not
 * UTF-8 become U+FFFD; <, >, & are escaped too, as Docker's encoder does. Times are UTC.
 *
 * No heap. Entries are gathered and written with one write(2) a batch. A disk that is full costs entries, never the
 * container: what could not be written is dropped.
 * Source: Docker's documentation of the json-file logging driver.
 */
#ifndef SAMPAN_SHIM_JSON_LOG_H
#define SAMPAN_SHIM_JSON_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct json_log {
    int fd;           /* -1: nothing is logged */
    const char *path; /* borrowed */
    int64_t size;     /* bytes in the present file */
    int64_t max_size; /* 0: no rotation */
    int max_files;    /* PATH, PATH.1 … PATH.(max_files-1) */
    bool is_torn;     /* a write failed in the middle of an entry */
    char time[64];    /* of the present batch */
    size_t used;
    char buf[16 * 1024];
};

/* Opens PATH for appending, made if needed (mode 0640). A NULL path logs nothing. */
int json_log_open(struct json_log *l, const char *path, int64_t max_size, int max_files, struct err *e);
void json_log_close(struct json_log *l);

/* Logs the whole lines at the start of text and returns how many bytes that were; with `all` an unfinished last line
 * too. */
size_t json_log_lines(struct json_log *l, const char *stream, const char *text, size_t len, bool all);

#endif
