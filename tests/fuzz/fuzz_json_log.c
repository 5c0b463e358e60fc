/* Whatever bytes a container writes, each line of its log is JSON in UTF-8, and there is one for each line written. */
#include <json-c/json.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "shim/json_log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { INPUT_MAX = 16 * 1024 };

static size_t count_entries(const uint8_t *data, size_t size)
{
    size_t n = size > 0 && data[size - 1] != '\n';
    for (size_t i = 0; i < size; i++)
        n += data[i] == '\n';
    return n;
}

static void check_line(const char *line, size_t len)
{
    json_tokener *tokener = json_tokener_new();
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
    json_object *o = json_tokener_parse_ex(tokener, line, (int)len);
    json_object *text;
    if (!o || json_tokener_get_parse_end(tokener) != len || !json_object_object_get_ex(o, "log", &text))
        abort();
    json_object_put(o);
    json_tokener_free(tokener);
}

static void check_log(int fd, size_t n_expected)
{
    size_t size = (size_t)lseek(fd, 0, SEEK_END), n = 0;
    char *log = malloc(size + 1);
    if (!log || pread(fd, log, size, 0) != (ssize_t)size)
        abort();
    log[size] = '\0';
    for (char *line = log, *end; (end = strchr(line, '\n')); line = end + 1, n++)
        check_line(line, (size_t)(end - line));
    if (n != n_expected)
        abort();
    free(log);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX)
        return 0;
    static struct json_log log;
    log = (struct json_log){.fd = memfd_create("log", MFD_CLOEXEC)};
    size_t done = json_log_lines(&log, "stdout", (const char *)data, size, false);
    json_log_lines(&log, "stdout", (const char *)data + done, size - done, true);
    check_log(log.fd, count_entries(data, size));
    json_log_close(&log);
    return 0;
}
