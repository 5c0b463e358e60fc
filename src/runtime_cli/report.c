#include "runtime_cli/report.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/strbuf.h"

struct rfc3339 rfc3339_now(void)
{
    struct rfc3339 ret;
    struct timespec now;
    struct tm tm;
    char seconds[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(seconds, sizeof(seconds), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret.text, sizeof(ret.text), "%s.%09ldZ", seconds, now.tv_nsec);
    return ret;
}

int report_open(struct report *r, const char *path, const char *format, struct err *e)
{
    if (format && strcmp(format, "text") != 0 && strcmp(format, "json") != 0)
        return err_invalid(e, "--log-format: \"%s\" is not text or json", format);
    r->is_json = format && strcmp(format, "json") == 0;
    if (!path)
        return 0;
    r->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    return r->fd < 0 ? err_sys(e, "--log: open %s", path) : 0;
}

static void add_json(struct strbuf *line, const char *text, const char *time)
{
    _cleanup_json_ json_object *o = json_object_new_object();

    json_add_str(o, "level", "error");
    json_add_str(o, "msg", text);
    json_add_str(o, "time", time);
    strbuf_adds(line, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void add_text(struct strbuf *line, const char *text, const char *time)
{
    strbuf_addf(line, "time=\"%s\" level=error msg=\"", time);
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            strbuf_addc(line, '\\');
        strbuf_addc(line, *text == '\n' ? ' ' : *text);
    }
    strbuf_addc(line, '"');
}

void report_error(const struct report *r, const struct err *error)
{
    _cleanup_strbuf_ struct strbuf line = STRBUF_INIT(16 * ERR_TEXT_MAX);
    struct rfc3339 now = rfc3339_now();

    dprintf(STDERR_FILENO, "sampan-runtime: %s\n", error->text);
    if (r->fd < 0)
        return;
    (r->is_json ? add_json : add_text)(&line, error->text, now.text);
    strbuf_addc(&line, '\n');
    fd_write_all(r->fd, strbuf_str(&line), line.len);
}

void report_close(struct report *r)
{
    fd_close(&r->fd);
}
