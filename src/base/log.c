#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"

enum { LINE_MAX_BYTES = 2048 };

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error",
    [LOG_LEVEL_WARNING] = "warning",
    [LOG_LEVEL_INFO] = "info",
    [LOG_LEVEL_DEBUG] = "debug",
};

/* The one piece of mutable state in base: a program has one stderr, and threading a logger through every call would
 * cost more clarity than it buys. Written once, before anything logs. */
static struct {
    const char *program;
    enum log_level threshold;
} logger = {.program = "sampan", .threshold = LOG_LEVEL_WARNING};

void log_init(const char *program, enum log_level threshold)
{
    const char *debug = secure_getenv("SAMPAN_DEBUG");

    logger.program = program;
    logger.threshold = debug && strcmp(debug, "1") == 0 ? LOG_LEVEL_DEBUG : threshold;
}

/* One write(2) for each line: several processes share a terminal, and their lines must not mix. */
void log_print(enum log_level level, const char *fmt, ...)
{
    char line[LINE_MAX_BYTES];
    int saved = errno;
    size_t len;
    va_list ap;

    if (level > logger.threshold)
        return;

    /* snprintf returns what it wanted to write; what was written is the string's length. The last byte is for '\n'. */
    snprintf(line, sizeof(line) - 1, "%s: %s: ", logger.program, level_names[level]);
    len = strlen(line);
    va_start(ap, fmt);
    vsnprintf(line + len, sizeof(line) - 1 - len, fmt, ap);
    va_end(ap);
    len = strlen(line);
    line[len++] = '\n';
    (void)fd_write_all(STDERR_FILENO, line, len);
    errno = saved;
}
