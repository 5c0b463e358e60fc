/* Commands of a shell, for tests that look at what they did from outside or set their stage. */
#ifndef SAMPAN_TESTS_UNIT_BASE_SHELL_H
#define SAMPAN_TESTS_UNIT_BASE_SHELL_H

#include "base/unit.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "base/fd.h"
#include "base/process.h"

/* The exit status, and what it printed, as a string in `out` where that is not NULL. */
static inline int shell_capture(const char *command, char *out, size_t size)
{
    const char *const argv[] = {"sh", "-c", command, NULL};
    struct err e = ERR_INIT;
    _cleanup_close_ int printed = memfd_create("printed", MFD_CLOEXEC);
    struct process p = {.path = "/bin/sh", .argv = argv, .fds = {-1, out ? printed : 1, 2}, .n_fds = 3, .pidfd = -1};
    int status = -1;

    if (process_start(&p, &e) < 0 || process_wait(&p, &status, &e) < 0)
        fail_msg("%s", e.text);
    fd_close(&p.pidfd);
    if (out) {
        ssize_t n;

        assert_int_equal(lseek(printed, 0, SEEK_SET), 0);
        n = fd_read_full(printed, out, size - 1);
        assert_in_range(n, 0, size - 2); /* all of it */
        out[n] = '\0';
    }
    return status;
}

static inline int shell(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static inline int shell(const char *fmt, ...)
{
    char command[2048];
    va_list ap;
    int n;

    va_start(ap, fmt);
    n = vsnprintf(command, sizeof(command), fmt, ap);
    va_end(ap);
    assert_in_range(n, 0, sizeof(command) - 1);
    return shell_capture(command, NULL, 0);
}
#define assert_shell(...) assert_int_equal(shell(__VA_ARGS__), 0)

#endif
