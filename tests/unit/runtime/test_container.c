/*
 * Whole containers, made by the runtime alone, with the machine's static busybox as their only program. What a user
 * sees of containers is tested in tests/integration; here is what only a caller of the runtime can get at.
 */
#include "base/unit.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/strbuf.h"
#include "kernel/namespaces.h"
#include "kernel/pidfd.h"
#include "network/net_box.h"
#include "runtime/runtime.h"

#define FIRST_ID 0x20000000
#define ALL "pid network mount ipc uts user cgroup"
#define ALL_AND_TIME "pid network mount ipc uts user cgroup time"

static char root[64];
static char cgroups[64]; /* the parent of all that are made here */

/* ---- one root for all */

static const char *find_busybox(void)
{
    static const char *const places[] = {"/bin/busybox", "/usr/bin/busybox"};

    for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
        if (access(places[i], X_OK) == 0)
            return places[i];
    }
    return NULL;
}

static void install(const char *name, const void *data, size_t len, mode_t mode)
{
    struct err e = ERR_INIT;
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", root, name);
    if (file_write(AT_FDCWD, path, data, len, mode, &e) < 0)
        fail_msg("%s", e.text);
}

static void install_busybox(const char *from)
{
    static const char *const names[] = {"sh", "cat", "ls", "id", "readlink", "sleep", "true", "grep"};
    _cleanup_free_ char *image = NULL;
    size_t len;
    char path[128];

    assert_int_equal(file_read(AT_FDCWD, from, 16 * 1024 * 1024, &image, &len, NULL), 0);
    install("bin/busybox", image, len, 0755);
    for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
        snprintf(path, sizeof(path), "%s/bin/%s", root, names[i]);
        assert_int_equal(symlink("busybox", path), 0);
    }
}

static int make_root(void **state)
{
    static const char *const dirs[] = {"bin", "etc", "proc", "dev", "tmp"};
    const char *busybox = find_busybox();
    char path[128];

    (void)state;
    if (geteuid() != 0 || !busybox) {
        fprintf(stderr, "these tests make containers and need %s\n", busybox ? "root" : "busybox");
        exit(77); /* skipped, to Meson */
    }
    snprintf(root, sizeof(root), "/tmp/sampan-unit-XXXXXX");
    if (!mkdtemp(root) || chmod(root, 0755) < 0)
        return -1;
    for (size_t i = 0; i < ARRAY_SIZE(dirs); i++) {
        snprintf(path, sizeof(path), "%s/%s", root, dirs[i]);
        if (mkdir(path, 0755) < 0)
            return -1;
    }
    snprintf(cgroups, sizeof(cgroups), "/sampan-unit-%d", (int)getpid());
    install_busybox(busybox);
    install("etc/passwd", "root:x:0:0::/root:\nu:x:1000:1000::/home/u:\n", 43, 0644);
    install("etc/group", "wheel:x:10:u\n", 13, 0644);
    install("tmp/text", "no program\n", 11, 0644);
    install("tmp/orphan", "#!/no/shell\n", 12, 0755);
    return 0;
}

static int drop_root(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    return runtime_clean_up(cgroups, &e) < 0 || dir_remove_all(AT_FDCWD, root, &e) < 0 ? -1 : 0;
}

/* ---- specs */

/* What a container is to be, as pieces of JSON; NULL where there is nothing to say. */
struct wish {
    const char *args;       /* "\"sh\",\"-c\",\"…\"" */
    const char *namespaces; /* OCI names; "user=/path" joins; NULL: ALL */
    const char *process;    /* further members, each with a comma after it */
    const char *sampan;
    const char *linux_;
    const struct net_plan *net;
};

static void add_namespaces(struct strbuf *text, const char *names)
{
    bool is_first = true;

    while (*names) {
        size_t len = strcspn(names, " ");
        size_t name_len = strcspn(names, "= ");

        strbuf_addf(text, "%s{\"type\":\"%.*s\"", is_first ? "" : ",", (int)name_len, names);
        if (name_len < len)
            strbuf_addf(text, ",\"path\":\"%.*s\"", (int)(len - name_len - 1), names + name_len + 1);
        strbuf_adds(text, "}");
        names += len + strspn(names + len, " ");
        is_first = false;
    }
}

static struct spec *make_spec(const struct wish *w)
{
    static const char caps[] = "[\"CAP_CHOWN\",\"CAP_SETUID\",\"CAP_SETGID\",\"CAP_KILL\"]";
    _cleanup_strbuf_ struct strbuf text = STRBUF_INIT(64 * 1024);
    _cleanup_json_ json_object *config = NULL;
    const char *namespaces = w->namespaces ? w->namespaces : ALL;
    static int n_made;
    struct spec *s = NULL;
    struct err e = ERR_INIT;

    strbuf_addf(&text, "{\"root\":{\"path\":\"%s\"},\"process\":{%s\"args\":[%s],\"env\":[\"PATH=/bin\"],", root,
                w->process ? w->process : "", w->args);
    strbuf_addf(&text, "\"capabilities\":{\"bounding\":%s,\"permitted\":%s,\"effective\":%s}},", caps, caps, caps);
    strbuf_adds(&text,
                "\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\"},{\"destination\":\"/dev\",\"type\":\"dev\"},"
                "{\"destination\":\"/dev/pts\",\"type\":\"devpts\",\"options\":[\"newinstance\",\"ptmxmode=0666\"]}],");
    strbuf_addf(&text, "\"sampan\":{\"seccomp\":\"default\"%s},\"linux\":{%s", w->sampan ? w->sampan : "",
                w->linux_ ? w->linux_ : "");
    if (strstr(namespaces, "user"))
        strbuf_addf(&text,
                    "\"uidMappings\":[{\"containerID\":0,\"hostID\":%d,\"size\":65536}],"
                    "\"gidMappings\":[{\"containerID\":0,\"hostID\":%d,\"size\":65536}],",
                    FIRST_ID, FIRST_ID);
    strbuf_addf(&text, "\"cgroupsPath\":\"%s/%d-%d\",\"namespaces\":[", cgroups, (int)getpid(), n_made++);
    add_namespaces(&text, namespaces);
    strbuf_adds(&text, "]}}");
    if (json_parse(strbuf_str(&text), text.len, "config.json", &config, &e) < 0 ||
        spec_load(config, "unit", &s, &e) < 0)
        fail_msg("%s", e.text);
    return s;
}

/* ---- containers */

struct boat {
    struct spec *spec;
    struct runtime_container c;
    struct err e;
    int out; /* the read end of stdout and stderr, or the terminal's master */
};

/* The result of runtime_create and of the init's own setting up; what it wrote is read from b->out. */
static int boat_create(struct boat *b, const struct wish *w)
{
    struct runtime_stdio io = {.in = -1};
    int ends[2];
    int r;

    *b = (struct boat){.spec = make_spec(w), .c = RUNTIME_CONTAINER_INIT, .out = -1};
    b->spec->net = w->net;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    io.out = io.err = ends[1];
    r = runtime_create(b->spec, &io, &b->c, &b->e);
    close(ends[1]);
    b->out = io.master >= 0 ? io.master : ends[0];
    if (b->out != ends[0])
        close(ends[0]);
    return r < 0 ? r : runtime_wait_ready(&b->c, &b->e);
}

static void boat_start(struct boat *b, const struct wish *w)
{
    if (boat_create(b, w) < 0 || runtime_start(&b->c, &b->e) < 0)
        fail_msg("%s", b->e.text);
}

static int boat_wait(struct boat *b)
{
    siginfo_t info;

    assert_int_equal(pidfd_wait(b->c.pidfd, &info, &b->e), 0);
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

/* A directory with two links has no subdirectory. */
static void assert_no_cgroup_in(const char *hierarchy)
{
    char path[128];
    struct stat st;

    snprintf(path, sizeof(path), "/sys/fs/cgroup/%s%s", hierarchy, cgroups);
    if (stat(path, &st) == 0)
        assert_int_equal(st.st_nlink, 2);
}

static void assert_nothing_left(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
    assert_no_cgroup_in("");
    assert_no_cgroup_in("unified");
    assert_no_cgroup_in("memory");
}

static void boat_release(struct boat *b)
{
    runtime_release(&b->c);
    spec_free(b->spec);
    fd_close(&b->out);
}

/* The last one. */
static void boat_drop(struct boat *b)
{
    boat_release(b);
    assert_nothing_left();
}

static void boat_stop(struct boat *b)
{
    (void)pidfd_kill(b->c.pidfd, SIGKILL, NULL);
    boat_wait(b);
    boat_drop(b);
}

struct text {
    char s[4096];
};

static struct text read_all(int fd)
{
    struct text t = {.s = ""};
    size_t len = 0;
    ssize_t n;

    /* A terminal's end is an EIO. */
    while (len < sizeof(t.s) - 1 && (n = read(fd, t.s + len, sizeof(t.s) - 1 - len)) > 0)
        len += (size_t)n;
    return t;
}

/* Runs it to its end; what it wrote. */
static struct text run(const struct wish *w, int expected_status)
{
    struct boat b;
    struct text t;

    boat_start(&b, w);
    t = read_all(b.out);
    assert_int_equal(boat_wait(&b), expected_status);
    boat_drop(&b);
    return t;
}

#define SH(script) "\"sh\",\"-c\",\"" script "\""

/* ---- what it is */

static void the_payload_is_process_1_and_root_of_its_own(void **state)
{
    struct text t = run(&(struct wish){.args = SH("echo $$ $(id -u) $HOME; cat /proc/self/uid_map")}, 0);

    (void)state;
    assert_non_null(strstr(t.s, "1 0 /root\n"));
    assert_non_null(strstr(t.s, "536870912      65536"));
}

static void each_new_namespace_is_another_and_each_other_is_the_callers(void **state)
{
    static const char *const choices[] = {ALL, "mount", "mount pid", "mount user uts", ALL_AND_TIME};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(choices); i++) {
        struct boat b;

        boat_start(&b, &(struct wish){.args = "\"sleep\",\"100\"", .namespaces = choices[i]});
        for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
            uint64_t own;
            uint64_t its;

            assert_int_equal(ns_inode(0, kind, &own, &b.e), 0);
            assert_int_equal(ns_inode(b.c.pid, kind, &its, &b.e), 0);
            if ((own != its) != spec_has_own(b.spec, kind))
                fail_msg("%s namespace with \"%s\"", ns_kinds[kind].oci_name, choices[i]);
        }
        boat_stop(&b);
    }
}

static void joined_namespaces_are_shared_and_own_the_new_ones(void **state)
{
    struct boat first;
    struct boat second;
    char joined[256];

    (void)state;
    boat_start(&first, &(struct wish){.args = "\"sleep\",\"100\""});
    snprintf(joined, sizeof(joined), "user=/proc/%d/ns/user network=/proc/%d/ns/net pid mount uts", first.c.pid,
             first.c.pid);
    if (boat_create(&second, &(struct wish){.args = "\"sleep\",\"100\"", .namespaces = joined}) < 0 ||
        runtime_start(&second.c, &second.e) < 0)
        fail_msg("%s", second.e.text);
    for (enum ns_kind kind = 0; kind < NS_COUNT; kind++) {
        uint64_t a;
        uint64_t b;

        assert_int_equal(ns_inode(first.c.pid, kind, &a, &first.e), 0);
        assert_int_equal(ns_inode(second.c.pid, kind, &b, &first.e), 0);
        if (kind == NS_USER || kind == NS_NET || kind == NS_TIME)
            assert_int_equal(a, b);
        else
            assert_int_not_equal(a, b);
    }
    {
        _cleanup_close_ int pid_ns = ns_open(second.c.pid, NS_PID, &first.e);
        _cleanup_close_ int owner = ns_owner_userns(pid_ns, &first.e);
        uint64_t owner_inode;
        uint64_t user_inode;

        assert_int_equal(ns_fd_inode(owner, &owner_inode, &first.e), 0);
        assert_int_equal(ns_inode(first.c.pid, NS_USER, &user_inode, &first.e), 0);
        assert_int_equal(owner_inode, user_inode);
    }
    (void)pidfd_kill(second.c.pidfd, SIGKILL, NULL);
    boat_wait(&second);
    boat_release(&second);
    boat_stop(&first);
}

static void the_callers_children_stay_in_its_own_pid_namespace(void **state)
{
    struct boat b;
    uint64_t own;
    uint64_t for_children;
    struct stat st;

    (void)state;
    boat_start(&b, &(struct wish){.args = "\"sleep\",\"100\""});
    {
        struct runtime_exec x = {.target_pidfd = b.c.pidfd, .spec = b.spec, .process = &b.spec->process};
        struct runtime_stdio io = {.in = -1, .out = -1, .err = -1};
        struct runtime_container joined;

        assert_int_equal(runtime_exec(&x, &io, &joined, &b.e), 0);
        assert_int_equal(pidfd_kill(joined.pidfd, SIGKILL, &b.e), 0);
        assert_int_equal(waitpid(joined.pid, NULL, 0), joined.pid);
        runtime_release(&joined);
    }
    assert_int_equal(ns_inode(0, NS_PID, &own, &b.e), 0);
    assert_int_equal(stat("/proc/self/ns/pid_for_children", &st), 0);
    for_children = st.st_ino;
    assert_int_equal(own, for_children);
    assert_int_equal(prctl(PR_GET_DUMPABLE), 1);
    boat_stop(&b);
}

static void clocks_are_offset(void **state)
{
    struct text t = run(&(struct wish){.args = SH("cat /proc/uptime"),
                                       .namespaces = ALL_AND_TIME,
                                       .linux_ = "\"timeOffsets\":{\"boottime\":{\"secs\":1000000000}},"},
                        0);

    (void)state;
    assert_true(strtod(t.s, NULL) > 1e9);
}

/* ---- what it has */

static void the_payload_gets_its_streams_and_nothing_else(void **state)
{
    int leak = open("/", O_RDONLY | O_DIRECTORY); /* not close-on-exec: somebody forgot */
    struct text t = run(&(struct wish){.args = "\"ls\",\"/proc/self/fd\""}, 0);

    (void)state;
    close(leak);
    assert_string_equal(t.s, "0\n1\n2\n3\n"); /* 3 is ls reading the directory */
}

static void streams_can_be_opened_again_by_the_user(void **state)
{
    struct text t =
        run(&(struct wish){.args = SH("id -u; id -G; echo again >/dev/stdout"), .sampan = ",\"user\":\"u\""}, 0);

    (void)state;
    assert_string_equal(t.s, "1000\n1000 10\nagain\n");
}

static void a_directory_to_work_in_is_made(void **state)
{
    struct text t = run(&(struct wish){.args = SH("readlink /proc/self/cwd"), .process = "\"cwd\":\"/tmp/a/b\","}, 0);

    (void)state;
    assert_string_equal(t.s, "/tmp/a/b\n");
}

static void limits_hold(void **state)
{
    struct text t = run(&(struct wish){.args = SH("ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj"),
                                       .process = "\"oomScoreAdj\":777,\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\","
                                                  "\"soft\":4,\"hard\":5}],"},
                        0);

    (void)state;
    assert_string_equal(t.s, "4\n5\n777\n");
}

static void sysctls_are_the_containers_own(void **state)
{
    struct text t = run(&(struct wish){.args = SH("cat /proc/sys/kernel/shmmax /proc/sys/net/ipv4/ip_default_ttl"),
                                       .linux_ = "\"sysctl\":{\"kernel.shmmax\":\"4711\","
                                                 "\"net.ipv4.ip_default_ttl\":\"42\"},"},
                        0);
    _cleanup_free_ char *host = NULL;

    (void)state;
    assert_string_equal(t.s, "4711\n42\n");
    assert_int_equal(file_read(AT_FDCWD, "/proc/sys/kernel/shmmax", 64, &host, NULL, NULL), 0);
    assert_string_not_equal(host, "4711\n");
}

static void no_privilege_is_left_beyond_what_was_asked(void **state)
{
    struct text t = run(&(struct wish){.args = SH("grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status"),
                                       .process = "\"noNewPrivileges\":true,"},
                        0);

    (void)state;
    assert_string_equal(t.s, "CapInh:\t0000000000000000\nCapPrm:\t00000000000000e1\nCapEff:\t00000000000000e1\n"
                             "CapBnd:\t00000000000000e1\nCapAmb:\t0000000000000000\nNoNewPrivs:\t1\nSeccomp:\t2\n");
}

/* CAP_SYS_ADMIN is kept to load the filter, and must not stay. */
static void the_filters_loader_leaves_no_privilege_behind(void **state)
{
    struct text t = run(&(struct wish){.args = SH("grep -E '^(CapPrm|CapEff|NoNew|Seccomp:)' /proc/self/status")}, 0);

    (void)state;
    assert_string_equal(t.s, "CapPrm:\t00000000000000e1\nCapEff:\t00000000000000e1\nNoNewPrivs:\t0\nSeccomp:\t2\n");
}

static void a_terminal_is_the_containers_own(void **state)
{
    struct boat b;
    struct text t;

    (void)state;
    boat_start(&b, &(struct wish){.args = SH("readlink /proc/self/fd/0; echo to tty >/dev/tty; ls /dev/pts"),
                                  .process = "\"terminal\":true,\"consoleSize\":{\"height\":3,\"width\":4},"});
    t = read_all(b.out);
    assert_int_equal(boat_wait(&b), 0);
    assert_non_null(strstr(t.s, "/dev/pts/0\r\nto tty\r\n"));
    boat_drop(&b);
}

/* ---- the init of ours */

static void an_init_reaps_and_passes_the_status_on(void **state)
{
    struct text t = run(&(struct wish){.args = SH("(sleep 0.1 &); echo $$; sleep 0.3; "
                                                  "cat /proc/[0-9]*/status | grep -c State:.Z; exit 9"),
                                       .sampan = ",\"init\":true"},
                        9);

    (void)state;
    assert_string_equal(t.s, "2\n0\n");
}

static void an_init_passes_signals_on(void **state)
{
    struct boat b;
    char ready;

    (void)state;
    boat_start(&b, &(struct wish){.args = SH("trap 'exit 33' TERM; echo; while :; do sleep 0.05; done"),
                                  .sampan = ",\"init\":true"});
    assert_int_equal(read(b.out, &ready, 1), 1);
    assert_int_equal(pidfd_kill(b.c.pidfd, SIGTERM, &b.e), 0);
    assert_int_equal(boat_wait(&b), 33);
    boat_drop(&b);
}

static void an_inits_failure_to_execute_is_told(void **state)
{
    struct boat b;

    (void)state;
    assert_int_equal(boat_create(&b, &(struct wish){.args = "\"nope\"", .sampan = ",\"init\":true"}), 0);
    assert_true(runtime_start(&b.c, &b.e) < 0);
    assert_int_equal(b.e.kind, ERR_NO_COMMAND);
    boat_drop(&b);
}

/* ---- what fails */

static void commands_that_cannot_be_executed_are_told_apart(void **state)
{
    static const struct {
        const char *args;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {"\"nope\"", ERR_NO_COMMAND, "exec: \"nope\": executable file not found in $PATH"},
        {"\"/nope\"", ERR_NO_COMMAND, "exec: \"/nope\": stat /nope: no such file or directory"},
        {"\"/bin/sh/nope\"", ERR_NO_COMMAND, "no such file or directory"},
        {"\"\"", ERR_NO_COMMAND, "executable file not found in $PATH"},
        {"\"/tmp/text\"", ERR_NOT_EXECUTABLE, "exec: \"/tmp/text\": permission denied"},
        {"\"/tmp\"", ERR_NOT_EXECUTABLE, "exec: \"/tmp\": is a directory"},
        {"\"/tmp/orphan\"", ERR_NO_COMMAND, "its interpreter \"/no/shell\" does not exist"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct boat b;

        assert_int_equal(boat_create(&b, &(struct wish){.args = cases[i].args}), 0);
        assert_true(runtime_start(&b.c, &b.e) < 0);
        assert_int_equal(b.e.kind, cases[i].kind);
        assert_says(&b.e, cases[i].says);
        boat_drop(&b);
    }
}

static void a_step_that_fails_is_named_and_leaves_nothing(void **state)
{
    static const struct {
        struct wish wish;
        const char *says;
    } cases[] = {
        {{.args = "\"true\"", .process = "\"cwd\":\"/bin/sh\","}, "working directory \"/bin/sh\""},
        {{.args = "\"true\"", .process = "\"cwd\":\"/proc/self/fd/4\","}, "working directory"},
        {{.args = "\"true\"", .sampan = ",\"user\":\"ghost\""}, "unable to find user ghost"},
        {{.args = "\"true\"", .sampan = ",\"user\":\"70000\""}, "become user 70000"},
        {{.args = "\"true\"", .namespaces = "mount pid=/proc/self/ns/net"}, "that is no pid namespace"},
        {{.args = "\"true\"", .namespaces = "mount network=/nowhere"}, "has its container ended?"},
        {{.args = "\"true\"", .linux_ = "\"resources\":{\"unified\":{\"no.such\":\"1\"}},"}, "no"},
        {{.args = "\"true\"",
          .namespaces = ALL_AND_TIME,
          .linux_ = "\"timeOffsets\":{\"monotonic\":{\"secs\":-999999999}},"},
         "clock"},
        {{.args = "\"true\"", .linux_ = "\"sysctl\":{\"net.ipv4.nothing\":\"1\"},"}, "set sysctl net.ipv4.nothing"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct boat b;

        if (boat_create(&b, &cases[i].wish) == 0)
            fail_msg("case %zu was made", i);
        assert_says(&b.e, cases[i].says);
        boat_drop(&b);
    }
}

/* A creator that dies between create and start: the init must not stay, waiting for a word that never comes. */
static void an_init_ends_with_its_creator(void **state)
{
    pid_t *init = mmap(NULL, sizeof(*init), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct err e = ERR_INIT;
    struct boat b;
    int status;
    pid_t creator;
    int pidfd;

    (void)state;
    /* The init becomes this process's child when its creator is gone, and can be waited for. */
    assert_int_equal(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
    creator = fork();
    if (creator == 0) {
        if (boat_create(&b, &(struct wish){.args = "\"sleep\",\"100\""}) < 0)
            _exit(1);
        *init = b.c.pid;
        raise(SIGKILL);
    }
    assert_int_equal(waitpid(creator, &status, 0), creator);
    assert_true(WIFSIGNALED(status));
    pidfd = pidfd_open_pid(*init, &e);
    if (pidfd >= 0)
        assert_true(pidfd_has_exited(pidfd, 5000));
    fd_close(&pidfd);
    assert_int_equal(waitpid(*init, &status, 0), *init);
    prctl(PR_SET_CHILD_SUBREAPER, 0);
    munmap(init, sizeof(*init));
    assert_int_equal(runtime_clean_up(cgroups, &e), 0);
    assert_nothing_left();
}

/* ---- exec */

static int exec_in(struct boat *b, const struct spec_process *p, struct text *ret)
{
    struct runtime_exec x = {.target_pidfd = b->c.pidfd, .spec = b->spec, .process = p};
    struct runtime_container joined;
    struct runtime_stdio io = {.in = -1};
    siginfo_t info;
    int ends[2];
    int r;

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    io.out = io.err = ends[1];
    r = runtime_exec(&x, &io, &joined, &b->e);
    close(ends[1]);
    if (r == 0) {
        *ret = read_all(ends[0]);
        assert_int_equal(pidfd_wait(joined.pidfd, &info, &b->e), 0);
        r = info.si_status;
        runtime_release(&joined);
    }
    close(ends[0]);
    return r;
}

static struct spec_process process_of(const struct boat *b, char **args)
{
    struct spec_process p = b->spec->process;

    p.args = args;
    return p;
}

/* ---- its network */

/* The host's namespace is the test's own, with a bridge. */
static int enter_harbour(void **state)
{
    if (enter_host(state) < 0)
        return -1;
    make_link("quay0", "bridge");
    give_address("quay0", "10.7.0.1/24");
    return 0;
}

static struct net_plan *plan_of_one(const char *bridge, unsigned n)
{
    struct net_plan *p = net_plan_new();
    struct net_interface *i = net_plan_add_interface(p);
    char address[32];

    i->network_name = strdup("harbour");
    snprintf(i->name, sizeof(i->name), "eth0");
    snprintf(i->host_name, sizeof(i->host_name), "sv%u", n);
    snprintf(i->master, sizeof(i->master), "%s", bridge);
    snprintf(address, sizeof(address), "10.7.0.%u/24", n);
    i->address4 = prefix_of(address);
    i->gateway4 = ip_of("10.7.0.1");
    return p;
}

#define SHOW_NETWORK SH("ip -o addr show dev eth0; ip route; cat /proc/sys/net/ipv6/conf/eth0/disable_ipv6")

static void assert_network(struct text t, const char *address)
{
    if (!strstr(t.s, address) || !strstr(t.s, "default via 10.7.0.1 dev eth0") || !strstr(t.s, "\n1\n"))
        fail_msg("the container's network is:\n%s", t.s);
}

static void interfaces_are_there_when_the_payload_starts(void **state)
{
    static const char *const choices[] = {ALL, "mount pid network", "mount network user"};

    (void)state;
    for (unsigned i = 0; i < ARRAY_SIZE(choices); i++) {
        _cleanup_net_plan_ struct net_plan *p = plan_of_one("quay0", 10 + i);
        char address[32];

        snprintf(address, sizeof(address), "inet 10.7.0.%u/24", 10 + i);
        assert_network(run(&(struct wish){.args = SHOW_NETWORK, .namespaces = choices[i], .net = p}, 0), address);
    }
}

static void interfaces_come_also_into_a_joined_user_namespaces_own(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_of_one("quay0", 20), *q = plan_of_one("quay0", 21);
    char joined[128];
    struct boat first, second;
    struct text t;

    (void)state;
    boat_start(&first, &(struct wish){.args = "\"sleep\",\"100\"", .net = p});
    snprintf(joined, sizeof(joined), "user=/proc/%d/ns/user network pid mount uts", first.c.pid);
    boat_start(&second, &(struct wish){.args = SHOW_NETWORK, .namespaces = joined, .net = q});
    t = read_all(second.out);
    assert_int_equal(boat_wait(&second), 0);
    assert_network(t, "inet 10.7.0.21/24");
    boat_release(&second);
    boat_stop(&first);
}

static void plan_is_not_for_the_hosts_namespace(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_of_one("quay0", 30);
    struct text t;

    (void)state;
    t = run(&(struct wish){.args = SH("ip -o link"), .namespaces = "mount pid", .net = p}, 0);
    assert_non_null(strstr(t.s, "quay0"));
    assert_null(strstr(t.s, "sv30"));
}

static void network_that_fails_is_named_and_leaves_nothing(void **state)
{
    _cleanup_net_plan_ struct net_plan *p = plan_of_one("gone0", 40);
    struct boat b;

    (void)state;
    assert_true(boat_create(&b, &(struct wish){.args = SHOW_NETWORK, .net = p}) < 0);
    assert_says(&b.e, "the bridge gone0 of network harbour does not exist");
    boat_drop(&b);
    assert_int_equal(if_nametoindex("sv40"), 0);
}

static void exec_joins_every_namespace_and_the_cgroup(void **state)
{
    char *args[] = {"sh", "-c",
                    "for ns in user pid net ipc uts cgroup mnt; do "
                    "[ $(readlink /proc/1/ns/$ns) = $(readlink /proc/self/ns/$ns) ] || echo $ns; done; "
                    "grep -v ':/$' /proc/self/cgroup; ls /proc/self/fd; exit 5",
                    NULL};
    struct boat b;
    struct spec_process p;
    struct text t;

    (void)state;
    boat_start(&b, &(struct wish){.args = "\"sleep\",\"100\""});
    p = process_of(&b, args);
    assert_int_equal(exec_in(&b, &p, &t), 5);
    assert_string_equal(t.s, "0\n1\n2\n3\n");
    boat_stop(&b);
}

static void exec_has_users_limits_and_errors_of_its_own(void **state)
{
    char *args[] = {"sh", "-c", "id -u; id -G; ulimit -n; echo $HOME", NULL};
    char *nothing[] = {"nope", NULL};
    struct spec_rlimit limit = {.resource = RLIMIT_NOFILE, .limit = {.rlim_cur = 6, .rlim_max = 7}};
    struct boat b;
    struct spec_process p;
    struct text t;

    (void)state;
    boat_start(&b, &(struct wish){.args = "\"sleep\",\"100\""});
    p = process_of(&b, args);
    p.user.name = "u";
    p.rlimits = &limit;
    p.n_rlimits = 1;
    assert_int_equal(exec_in(&b, &p, &t), 0);
    assert_string_equal(t.s, "1000\n1000 10\n6\n/home/u\n");
    p.args = nothing;
    assert_true(exec_in(&b, &p, &t) < 0);
    assert_int_equal(b.e.kind, ERR_NO_COMMAND);
    boat_stop(&b);
}

static void exec_into_one_that_ended_is_refused(void **state)
{
    char *args[] = {"true", NULL};
    struct boat b;
    struct spec_process p;
    struct text t;
    siginfo_t info;

    (void)state;
    boat_start(&b, &(struct wish){.args = "\"true\""});
    assert_int_equal(pidfd_wait(b.c.pidfd, &info, &b.e), 0);
    p = process_of(&b, args);
    assert_true(exec_in(&b, &p, &t) < 0);
    assert_int_equal(b.e.kind, ERR_CONFLICT);
    assert_says(&b.e, "not running");
    boat_drop(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_payload_is_process_1_and_root_of_its_own),
        cmocka_unit_test(each_new_namespace_is_another_and_each_other_is_the_callers),
        cmocka_unit_test(joined_namespaces_are_shared_and_own_the_new_ones),
        cmocka_unit_test(the_callers_children_stay_in_its_own_pid_namespace),
        cmocka_unit_test(clocks_are_offset),
        cmocka_unit_test(the_payload_gets_its_streams_and_nothing_else),
        cmocka_unit_test(streams_can_be_opened_again_by_the_user),
        cmocka_unit_test(a_directory_to_work_in_is_made),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(sysctls_are_the_containers_own),
        cmocka_unit_test(no_privilege_is_left_beyond_what_was_asked),
        cmocka_unit_test(the_filters_loader_leaves_no_privilege_behind),
        cmocka_unit_test(a_terminal_is_the_containers_own),
        cmocka_unit_test(an_init_reaps_and_passes_the_status_on),
        cmocka_unit_test(an_init_passes_signals_on),
        cmocka_unit_test(an_inits_failure_to_execute_is_told),
        cmocka_unit_test(commands_that_cannot_be_executed_are_told_apart),
        cmocka_unit_test(a_step_that_fails_is_named_and_leaves_nothing),
        cmocka_unit_test(an_init_ends_with_its_creator),
        cmocka_unit_test_setup(interfaces_are_there_when_the_payload_starts, enter_harbour),
        cmocka_unit_test_setup(interfaces_come_also_into_a_joined_user_namespaces_own, enter_harbour),
        cmocka_unit_test_setup(plan_is_not_for_the_hosts_namespace, enter_harbour),
        cmocka_unit_test_setup(network_that_fails_is_named_and_leaves_nothing, enter_harbour),
        cmocka_unit_test(exec_joins_every_namespace_and_the_cgroup),
        cmocka_unit_test(exec_has_users_limits_and_errors_of_its_own),
        cmocka_unit_test(exec_into_one_that_ended_is_refused),
    };

    return cmocka_run_group_tests(tests, make_root, drop_root);
}
