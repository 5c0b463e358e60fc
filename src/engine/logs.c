/*
 * Reading a container's log: Docker's json-file format, one object a line, the file rotated to PATH.1, PATH.2 … (the
 * highest is the oldest).
 *
 * Following: inotify on the directory tells when there is more or when the file was rotated; the connection to the
 * shim tells when the container has ended, after which what is in the file is all there will be.
 */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "base/timestamp.h"
#include "engine/paths.h"
#include "engine/query.h"
#include "engine/remote.h"
#include "shim/protocol.h"

enum { ROTATED_MAX = 1000, ENTRY_MAX = 1024 * 1024, OUTPUT_MAX = 2 * ENTRY_MAX };

struct reader {
    const struct log_options *o;
    char *path;
    int out_fd, err_fd;
    int64_t skip; /* entries still to be passed over, for --tail */
    bool is_over; /* --until was passed */
    FILE *file;   /* the present file, or one of the rotated ones */
    char *line;   /* getline's buffer */
    size_t room;
};

static void reader_release(struct reader *r)
{
    if (r->file)
        fclose(r->file);
    free(r->path);
    free(r->line);
}

/* ---- entries ---- */

static int print(struct reader *rd, const char *stream, const char *time, const char *text, size_t len, struct err *e)
{
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(OUTPUT_MAX);
    if (rd->o->timestamps)
        strbuf_addf(&sb, "%s ", time);
    strbuf_add(&sb, text, len);
    int r = strbuf_check(&sb, "a log entry", e);
    if (r < 0)
        return r;
    r = fd_write_all(strcmp(stream, "stderr") == 0 ? rd->err_fd : rd->out_fd, strbuf_str(&sb), sb.len);
    return r < 0 ? err_set(e, ERR_SYS, -r, "write the log") : 0;
}

/* A line that is no entry (a full disk tore it) is passed over, as Docker does. */
static int take_entry(struct reader *rd, const char *line, size_t len, struct err *e)
{
    _cleanup_json_ json_object *entry = NULL;
    const char *stream, *time;
    int64_t when = 0;
    if (rd->skip > 0) {
        rd->skip--;
        return 0;
    }
    if (json_parse(line, len, "log", &entry, NULL) < 0 || json_get_str(entry, "stream", "", &stream, NULL) < 0 ||
        json_get_str(entry, "time", "", &time, NULL) < 0 || timestamp_parse(time, &when, NULL) < 0)
        return 0;
    if (rd->o->since && when < rd->o->since)
        return 0;
    rd->is_over = rd->o->until && when > rd->o->until;
    json_object *text = json_get(entry, "log");
    if (rd->is_over || !json_object_is_type(text, json_type_string))
        return 0;
    return print(rd, stream, time, json_object_get_string(text), (size_t)json_object_get_string_len(text), e);
}

/* Every whole line from the present place on; an unfinished one stays for the next time. */
static int read_lines(struct reader *rd, int (*take)(struct reader *, const char *, size_t, struct err *),
                      struct err *e)
{
    int r = 0;
    while (r == 0 && rd->file && !rd->is_over) {
        off_t start = ftello(rd->file);
        ssize_t n = getline(&rd->line, &rd->room, rd->file);
        if (n <= 0 || rd->line[n - 1] != '\n') {
            clearerr(rd->file);
            fseeko(rd->file, start, SEEK_SET);
            return 0;
        }
        r = take(rd, rd->line, (size_t)n - 1, e);
    }
    return r;
}

static int count_entry(struct reader *rd, const char *line, size_t len, struct err *e)
{
    (void)line;
    (void)len;
    (void)e;
    rd->skip++;
    return 0;
}

/* ---- files ---- */

/* n 0: the present one. A missing file is NULL. */
static void open_file(struct reader *rd, unsigned n)
{
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s", rd->path);
    if (n > 0)
        snprintf(path, sizeof(path), "%s.%u", rd->path, n);
    if (rd->file)
        fclose(rd->file);
    rd->file = fopen(path, "re");
}

/* Oldest first; the present file stays open at its end. */
static int read_files(struct reader *rd, int (*take)(struct reader *, const char *, size_t, struct err *),
                      struct err *e)
{
    unsigned oldest = 0;
    char path[PATH_MAX];
    while (oldest < ROTATED_MAX) {
        snprintf(path, sizeof(path), "%s.%u", rd->path, oldest + 1);
        if (access(path, F_OK) < 0)
            break;
        oldest++;
    }
    int r = 0;
    for (unsigned n = oldest + 1; r == 0 && n-- > 0;) {
        open_file(rd, n);
        r = read_lines(rd, take, e);
    }
    return r;
}

/* The last `tail` entries: the others are counted first, then passed over. */
static int skip_to_tail(struct reader *rd, struct err *e)
{
    if (rd->o->tail < 0)
        return 0;
    int r = read_files(rd, count_entry, e);
    rd->skip = rd->skip > rd->o->tail ? rd->skip - rd->o->tail : 0;
    return r;
}

/* ---- following ---- */

static bool was_replaced(const struct reader *rd)
{
    struct stat open_st, path_st;
    if (stat(rd->path, &path_st) < 0)
        return false;
    return !rd->file || fstat(fileno(rd->file), &open_st) < 0 || open_st.st_ino != path_st.st_ino ||
           ftello(rd->file) > path_st.st_size;
}

static int read_more(struct reader *rd, struct err *e)
{
    int r = read_lines(rd, take_entry, e);
    if (r < 0 || !was_replaced(rd))
        return r;
    open_file(rd, 0);
    return read_lines(rd, take_entry, e);
}

static void drain(int fd)
{
    char buf[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
    while (read(fd, buf, sizeof(buf)) > 0)
        ;
}

/* sock: the shim's connection, which ends with the container; -1 when it has ended. */
static int follow(struct reader *rd, int sock, struct err *e)
{
    _cleanup_close_ int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    _cleanup_free_ char *dir = strndup(rd->path, (size_t)(strrchr(rd->path, '/') - rd->path));
    if (watch < 0 || !dir || inotify_add_watch(watch, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM) < 0)
        return err_sys(e, "watch the log");
    int r = read_more(rd, e); /* what came between the first reading and the watch */
    while (r == 0 && !rd->is_over) {
        struct pollfd p[] = {{.fd = watch, .events = POLLIN}, {.fd = sock, .events = POLLIN}};
        if (poll(p, ARRAY_SIZE(p), -1) < 0 && errno != EINTR)
            return err_sys(e, "wait for the log");
        drain(watch);
        r = read_more(rd, e);
        if (p[1].revents)
            return r == 0 ? read_more(rd, e) : r;
    }
    return r;
}

static int connect_for_end(struct engine *en, const char *id, struct err *e)
{
    _cleanup_close_ int sock = remote_try_connect(en, id, e);
    if (sock >= 0 && shim_send(sock, SHIM_MSG_WAIT, NULL, 0, -1, NULL) < 0)
        fd_close(&sock);
    return TAKE_FD(sock);
}

static int read_log(struct engine *en, const struct container *c, struct reader *rd, struct err *e)
{
    _cleanup_close_ int sock = -1;
    if (rd->o->follow && c->state.status == CONTAINER_RUNNING)
        sock = connect_for_end(en, c->id, e);
    int r = skip_to_tail(rd, e);
    if (r == 0)
        r = read_files(rd, take_entry, e);
    return r == 0 && sock >= 0 ? follow(rd, sock, e) : r;
}

int engine_logs(struct engine *en, const char *ref, const struct log_options *o, int out_fd, int err_fd, struct err *e)
{
    _cleanup_container_ struct container *c = NULL;
    _cleanup_(reader_release) struct reader rd = {.o = o, .out_fd = out_fd, .err_fd = err_fd};
    int r = engine_find(en, ref, &c, e);
    if (r < 0)
        return r;
    if (c->host.log_driver && strcmp(c->host.log_driver, "none") == 0)
        return err_set(e, ERR_UNSUPPORTED, 0, "configured logging driver does not support reading");
    r = container_log_path(en, c->id, &rd.path, e);
    return r == 0 ? read_log(en, c, &rd, e) : r;
}
