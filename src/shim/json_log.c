#include "shim/json_log.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "shim/utf8.h"

static int open_file(struct json_log *l, int flags)
{
    l->fd = open(l->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | flags, 0640);
    return l->fd;
}

int json_log_open(struct json_log *l, const char *path, int64_t max_size, int max_files, struct err *e)
{
    l->fd = -1;
    l->path = path;
    l->max_size = max_size;
    l->max_files = max_files > 0 ? max_files : 1;
    l->used = 0;
    if (!path)
        return 0;
    struct stat st;
    if (open_file(l, 0) < 0 || fstat(l->fd, &st) < 0)
        return err_sys(e, "open the log %s", path);
    l->size = st.st_size;
    return 0;
}

void json_log_close(struct json_log *l)
{
    fd_close(&l->fd);
}

/* ---- what is gathered goes out */

static void flush(struct json_log *l)
{
    if (l->used == 0)
        return;
    int r = fd_write_all(l->fd, l->buf, l->used);
    if (r == 0)
        l->size += (int64_t)l->used;
    l->is_torn = r < 0;
    l->used = 0;
}

static void put(struct json_log *l, const char *s, size_t len)
{
    while (len > 0) {
        if (l->used == sizeof(l->buf))
            flush(l);
        size_t room = sizeof(l->buf) - l->used;
        size_t n = len < room ? len : room;
        memcpy(l->buf + l->used, s, n);
        l->used += n;
        s += n;
        len -= n;
    }
}

static void puts_str(struct json_log *l, const char *s)
{
    put(l, s, strlen(s));
}

/* PATH for the present file, PATH.n for the nth before it. */
static void file_name(const struct json_log *l, int n, char ret[PATH_MAX])
{
    snprintf(ret, PATH_MAX, "%s", l->path);
    if (n > 0)
        snprintf(ret, PATH_MAX, "%s.%d", l->path, n);
}

/* Each file takes the name of the one before it and PATH is new. With a single file it is emptied. */
static void rotate(struct json_log *l)
{
    char from[PATH_MAX], to[PATH_MAX];
    for (int i = l->max_files - 1; i > 0; i--) {
        file_name(l, i - 1, from);
        file_name(l, i, to);
        rename(from, to); /* one that is not there yet has nothing to keep */
    }
    fd_close(&l->fd);
    open_file(l, O_TRUNC);
    l->size = 0;
}

/* ---- one entry */

/* What a byte is written as when it cannot stand for itself: two characters after the backslash at most, else \u00XX. */
static void put_escaped(struct json_log *l, unsigned char c)
{
    switch (c) {
    case '\n':
        put(l, "\\n", 2);
        break;
    case '\r':
        put(l, "\\r", 2);
        break;
    case '"':
        put(l, "\\\"", 2);
        break;
    case '\\':
        put(l, "\\\\", 2);
        break;
    default: {
        const char *hex = "0123456789abcdef";
        char text[] = {'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]};
        put(l, text, sizeof(text));
    }
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static void put_text(struct json_log *l, const char *s, size_t len)
{
    size_t i = 0;
    while (i < len) {
        size_t plain = 0;
        while (i + plain < len && is_plain((unsigned char)s[i + plain]))
            plain++;
        put(l, s + i, plain);
        i += plain;
        if (i == len)
            return;
        size_t n = 1;
        if ((unsigned char)s[i] < 0x80) {
            put_escaped(l, (unsigned char)s[i]);
        } else if ((n = utf8_length(s + i, len - i)) > 0) {
            put(l, s + i, n);
        } else {
            puts_str(l, "\\ufffd");
            n = 1;
        }
        i += n;
    }
}

static void put_entry(struct json_log *l, const char *stream, const char *s, size_t len)
{
    if (l->max_size > 0 && l->size + (int64_t)l->used >= l->max_size) {
        flush(l);
        rotate(l);
    }
    puts_str(l, l->is_torn ? "\n{\"log\":\"" : "{\"log\":\"");
    l->is_torn = false;
    put_text(l, s, len);
    puts_str(l, "\",\"stream\":\"");
    puts_str(l, stream);
    puts_str(l, "\",\"time\":\"");
    puts_str(l, l->time);
    puts_str(l, "\"}\n");
}

/* RFC 3339 in UTC. Not gmtime_r: it reads the time zone's files. The calendar is counted from a 1 March, in eras of
 * 400 years, so that leap days come last (Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
static void set_time(struct json_log *l)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t days = now.tv_sec / 86400 + 719468;
    int secs = (int)(now.tv_sec % 86400);
    int era = (int)(days / 146097);
    int day_of_era = (int)(days % 146097);
    int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int month_from_march = (5 * day_of_year + 2) / 153;
    int day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    int month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    int year = era * 400 + year_of_era + (month <= 2);
    snprintf(l->time, sizeof(l->time), "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", year, month, day, secs / 3600,
             secs / 60 % 60, secs % 60, now.tv_nsec);
}

size_t json_log_lines(struct json_log *l, const char *stream, const char *text, size_t len, bool all)
{
    if (l->fd < 0)
        return len;
    if (!all && !memchr(text, '\n', len))
        return 0;
    set_time(l);
    size_t done = 0;
    const char *newline;
    while ((newline = memchr(text + done, '\n', len - done))) {
        size_t n = (size_t)(newline - (text + done)) + 1;
        put_entry(l, stream, text + done, n);
        done += n;
    }
    if (all && done < len) {
        put_entry(l, stream, text + done, len - done);
        done = len;
    }
    flush(l);
    return done;
}
