/*
 * Where the hierarchies are. The mount table is read from its beginning only as far as needed: cgroups are mounted at
 * boot, and a busy host's table has thousands of lines after them.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "runtime/cgroup/driver.h"

enum {
    MOUNTINFO_LINES_MAX = 100000,
    MOUNTINFO_LINE_MAX = 8192, /* a line that is longer (an overlay with many layers) is no cgroup's */
};

/* The parts of a line that matter. Source: proc_pid_mountinfo(5). */
struct mount_line {
    char *mount_point;
    char *type;
    char *super_options;
};

static char *next_field(char **rest)
{
    return strsep(rest, " \n");
}

static bool parse_mount_line(char *line, struct mount_line *ret)
{
    enum { MOUNT_POINT = 4 };
    char *rest = line, *field = NULL;
    for (int i = 0; i <= MOUNT_POINT && rest; i++)
        field = next_field(&rest);
    ret->mount_point = field;
    while (rest && (field = next_field(&rest)) && strcmp(field, "-") != 0)
        ;
    ret->type = rest ? next_field(&rest) : NULL;
    if (rest)
        next_field(&rest); /* the source */
    ret->super_options = rest ? next_field(&rest) : NULL;
    return ret->mount_point && ret->type && ret->super_options;
}

/* The kernel writes blanks and backslashes as "\040". In place: the result is shorter. */
static void unescape(char *s)
{
    char *out = s;
    for (; *s; s++) {
        unsigned c;
        if (*s == '\\' && sscanf(s + 1, "%3o", &c) == 1 && c <= UINT8_MAX) {
            *out++ = (char)c;
            s += 3;
        } else {
            *out++ = *s;
        }
    }
    *out = '\0';
}

/* The hierarchy's root, unless something else has been mounted over it since. */
static int open_hierarchy(const char *path, long magic)
{
    _cleanup_close_ int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct statfs st;
    return fd >= 0 && fstatfs(fd, &st) == 0 && st.f_type == magic ? TAKE_FD(fd) : -1;
}

static bool is_word_of(const char *list, const char *word, const char *separators)
{
    size_t len = strlen(word);
    for (const char *s = list; *s; s += strcspn(s, separators), s += strspn(s, separators))
        if (strcspn(s, separators) == len && memcmp(s, word, len) == 0)
            return true;
    return false;
}

static void find_v2_controllers(struct cgroup_layout *l)
{
    _cleanup_free_ char *text = NULL;
    if (file_read(l->v2_fd, "cgroup.controllers", 4096, &text, NULL, NULL) < 0)
        return;
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (cgroup_drivers[i]->v2_name && is_word_of(text, cgroup_drivers[i]->v2_name, " \n"))
            l->v2_controllers |= 1u << i;
}

/* What of the options names controllers: the hierarchy's name. "rw,cpu,cpuacct" -> "cpu,cpuacct". */
static void hierarchy_name(const char *options, char name[128])
{
    static const char no_controllers[] = "rw,ro,xattr,noprefix,clone_children,cpuset_v2_mode,nsroot,favordynmods";
    size_t n = 0;
    name[0] = '\0';
    for (const char *s = options; *s; s += strcspn(s, ","), s += strspn(s, ",")) {
        char word[64];
        int len = snprintf(word, sizeof(word), "%.*s", (int)strcspn(s, ","), s);
        if (len < (int)sizeof(word) && !strchr(word, '=') && !is_word_of(no_controllers, word, ",") && n + 1 < 128)
            n += (size_t)snprintf(name + n, 128 - n, "%s%s", n ? "," : "", word);
    }
}

static void add_v1(struct cgroup_layout *l, const struct mount_line *m)
{
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++) {
        if (l->v1_fd[i] >= 0 || !is_word_of(m->super_options, cgroup_drivers[i]->v1_name, ","))
            continue;
        l->v1_fd[i] = open_hierarchy(m->mount_point, CGROUP_SUPER_MAGIC);
        if (l->v1_fd[i] >= 0)
            hierarchy_name(m->super_options, l->v1_name[i]);
    }
}

static void add_v2(struct cgroup_layout *l, const char *mount_point)
{
    if (l->v2_fd >= 0)
        return;
    l->v2_fd = open_hierarchy(mount_point, CGROUP2_SUPER_MAGIC);
    if (l->v2_fd >= 0)
        find_v2_controllers(l);
}

static void add_mount(struct cgroup_layout *l, struct mount_line *m)
{
    unescape(m->mount_point);
    if (strcmp(m->type, "cgroup2") == 0)
        add_v2(l, m->mount_point);
    else if (strcmp(m->type, "cgroup") == 0)
        add_v1(l, m);
}

static bool is_complete(const struct cgroup_layout *l)
{
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        if (l->v1_fd[i] < 0 && !(l->v2_controllers & 1u << i))
            return false;
    return l->v2_fd >= 0;
}

static void read_mountinfo(struct cgroup_layout *l)
{
    char line[MOUNTINFO_LINE_MAX];
    FILE *f = fopen("/proc/self/mountinfo", "re");
    if (!f)
        return;
    for (int i = 0; i < MOUNTINFO_LINES_MAX && !is_complete(l) && fgets(line, sizeof(line), f); i++) {
        struct mount_line m;
        if (parse_mount_line(line, &m))
            add_mount(l, &m);
    }
    fclose(f);
}

static void detect(struct cgroup_layout *l)
{
    l->v2_fd = -1;
    for (int i = 0; i < CGROUP_CONTROLLER_COUNT; i++)
        l->v1_fd[i] = -1;
    add_v2(l, "/sys/fs/cgroup"); /* version 2 alone: the usual case, without a look at the table */
    if (l->v2_fd < 0)
        read_mountinfo(l);
}

const struct cgroup_layout *cgroup_layout(void)
{
    static struct cgroup_layout layout;
    static bool is_detected;
    if (!is_detected)
        detect(&layout);
    is_detected = true;
    return &layout;
}

int cgroup_v1_leader(const struct cgroup_layout *l, int controller)
{
    for (int i = 0; i < controller; i++)
        if (l->v1_fd[i] >= 0 && strcmp(l->v1_name[i], l->v1_name[controller]) == 0)
            return i;
    return controller;
}
