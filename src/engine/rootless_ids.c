/* An unprivileged user's ids: /etc/subuid, /etc/subgid, newuidmap, newgidmap. */
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "engine/rootless.h"

enum { SUBID_FILE_MAX = 1024 * 1024, NUMBER_MAX = 12, MESSAGE_MAX = 400, USER_NAME_MAX = 256, PASSWD_LINE_MAX = 4096 };

/* One line: "NAME:FIRST:COUNT" or "UID:FIRST:COUNT". */
static bool parse_line(const char *line, const char *name, uid_t uid, struct rootless_range *ret)
{
    const char *colon = strchr(line, ':');
    size_t n = colon ? (size_t)(colon - line) : 0;
    char number[NUMBER_MAX];

    snprintf(number, sizeof(number), "%u", uid);
    if (n == 0 ||
        !((strlen(name) == n && strncmp(line, name, n) == 0) || (strlen(number) == n && strncmp(line, number, n) == 0)))
        return false;
    return sscanf(colon, ":%" SCNu32 ":%" SCNu32, &ret->first, &ret->count) == 2 && ret->count > 0;
}

size_t rootless_ranges(const char *text, const char *name, uid_t uid, struct rootless_range ret[ROOTLESS_RANGES_MAX])
{
    size_t n = 0;

    for (const char *line = text; line && *line && n < ROOTLESS_RANGES_MAX;) {
        if (parse_line(line, name, uid, &ret[n]))
            n++;
        line = strchr(line, '\n');
        line += line != NULL;
    }
    return n;
}

/* ---- newuidmap PID 0 UID 1 1 FIRST COUNT … */

struct arguments {
    const char *v[3 + 3 * (ROOTLESS_RANGES_MAX + 1)];
    char numbers[1 + 3 * (ROOTLESS_RANGES_MAX + 1)][NUMBER_MAX];
    size_t n, n_numbers;
};

static void add_number(struct arguments *a, uint32_t n)
{
    char *number = a->numbers[a->n_numbers++];

    snprintf(number, NUMBER_MAX, "%" PRIu32, n);
    a->v[a->n++] = number;
}

static void add_map(struct arguments *a, uint32_t inside, uint32_t outside, uint32_t count)
{
    add_number(a, inside);
    add_number(a, outside);
    add_number(a, count);
}

static int not_installed(const char *program, struct err *e)
{
    err_set(e, ERR_UNSUPPORTED, ENOENT, "running without root needs %s, which is not installed", program);
    return err_advice(e, "install the package uidmap (shadow-utils on some distributions), or run it as root");
}

/* Its own message goes into the error: it knows which range it refused. */
static int run_program(const char *path, const char *const *argv, struct err *e)
{
    char message[MESSAGE_MAX] = "";
    int pipe_fds[2], status = 0;

    if (pipe2(pipe_fds, O_CLOEXEC) < 0)
        return err_sys(e, "make a pipe");
    _cleanup_close_ int ours = pipe_fds[0];
    struct process p = {.path = path, .argv = argv, .fds = {-1, -1, pipe_fds[1]}, .n_fds = 3, .pidfd = -1};
    int r = process_start(&p, e);
    fd_close(&pipe_fds[1]);
    if (r < 0)
        return r;
    ssize_t n = read(ours, message, sizeof(message) - 1);
    message[n > 0 ? strcspn(message, "\n") : 0] = '\0';
    r = process_wait(&p, &status, e);
    fd_close(&p.pidfd);
    if (r < 0 || status == 0)
        return r;
    return err_set(e, ERR_DENIED, EPERM, "%s failed: %s", argv[0], *message ? message : "without a message");
}

static int find_program(const char *name, char ret[64], struct err *e)
{
    static const char *const dirs[] = {"/usr/bin", "/bin", "/usr/local/bin"};

    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        snprintf(ret, 64, "%s/%s", dirs[i], name);
        if (access(ret, X_OK) == 0)
            return 0;
    }
    return not_installed(name, e);
}

static int no_ranges(const char *file, const char *name, struct err *e)
{
    err_set(e, ERR_DENIED, EPERM, "%s gives user %s no ids for containers", file, name);
    return err_advice(e, "as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 %s", name);
}

/* What one kind of ids needs: the program that maps them, and the user's ranges. */
struct ids {
    const char *program, *file;
    char path[64];
    struct rootless_range ranges[ROOTLESS_RANGES_MAX];
    size_t n;
};
#define UIDS ((struct ids){.program = "newuidmap", .file = "/etc/subuid"})
#define GIDS ((struct ids){.program = "newgidmap", .file = "/etc/subgid"})

static int find_ids(struct ids *ids, const char *name, struct err *e)
{
    _cleanup_free_ char *text = NULL;
    int r = find_program(ids->program, ids->path, e);

    if (r < 0)
        return r;
    if (file_read(AT_FDCWD, ids->file, SUBID_FILE_MAX, &text, NULL, NULL) == 0)
        ids->n = rootless_ranges(text, name, getuid(), ids->ranges);
    return ids->n > 0 ? 0 : no_ranges(ids->file, name, e);
}

static int map(pid_t pid, struct ids *ids, const char *name, uint32_t own, struct err *e)
{
    struct arguments a = {.v = {ids->program}, .n = 1};
    uint32_t inside = 1;
    int r = find_ids(ids, name, e);

    if (r < 0)
        return r;
    add_number(&a, (uint32_t)pid);
    add_map(&a, 0, own, 1);
    for (size_t i = 0; i < ids->n; i++) {
        add_map(&a, inside, ids->ranges[i].first, ids->ranges[i].count);
        inside += ids->ranges[i].count;
    }
    return run_program(ids->path, a.v, e);
}

/* The user's name by the password file alone: a static program can't ask other services. */
static const char *own_name(char name[USER_NAME_MAX])
{
    char text[PASSWD_LINE_MAX];
    struct passwd entry = {0}, *p = NULL;
    FILE *f = fopen("/etc/passwd", "re");

    snprintf(name, USER_NAME_MAX, "%u", getuid());
    while (f && fgetpwent_r(f, &entry, text, sizeof(text), &p) == 0 && entry.pw_uid != getuid())
        p = NULL;
    if (p)
        snprintf(name, USER_NAME_MAX, "%s", p->pw_name);
    if (f)
        fclose(f);
    return name;
}

int rootless_check_ids(struct err *e)
{
    char name[USER_NAME_MAX];
    int r = find_ids(&UIDS, own_name(name), e);

    return r == 0 ? find_ids(&GIDS, name, e) : r;
}

int rootless_map_ids(pid_t pid, struct err *e)
{
    char name[USER_NAME_MAX];
    int r = map(pid, &UIDS, own_name(name), getuid(), e);

    return r == 0 ? map(pid, &GIDS, name, getgid(), e) : r;
}
