/*
 * The whole shim, in a process of its own, with the runtime replaced at link time: below, "containers" are shell
 * scripts without any namespace. What is tested is what clients, files and the lock show.
 */
#include "unit.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/json.h"
#include "base/strv.h"
#include "kernel/pidfd.h"
#include "network/plan.h"
#include "shim/client.h"
#include "shim/shim.h"
#include "shim/supervise.h"

/* ---- the runtime's place */

static char fake_cgroup[] = "/fake";

int spec_load(json_object *config, const char *id, struct spec **ret, struct err *e)
{
    (void)id;
    struct spec *s = calloc(1, sizeof(*s));
    json_object *process = json_get(config, "process");
    s->ns[NS_PID].mode = json_get(config, "hostPid") ? SPEC_NS_INHERIT : SPEC_NS_NEW;
    int r = json_get_strv(process, "args", &s->process.args, e);
    if (r == 0)
        r = json_get_bool(process, "terminal", false, &s->process.terminal, e);
    *ret = s;
    return r;
}

void spec_free(struct spec *s)
{
    strv_free(s->process.args);
    free(s);
}

static pid_t last_group; /* what runtime_release ends: the script's process group */

static void run_script(const struct spec *spec, const int fds[3], int sync_fd)
{
    char go;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (spec->process.terminal)
        ioctl(fds[0], TIOCSCTTY, 0);
    int null_fd = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(fds[i] >= 0 ? fds[i] : null_fd, i);
    if (read(sync_fd, &go, 1) != 1)
        _exit(1);
    close_range(3, ~0U, 0);
    execl("/bin/sh", "sh", "-c", spec->process.args[0], (char *)NULL);
    _exit(127);
}

int runtime_create(const struct spec *spec, struct runtime_stdio *io, struct runtime_container *ret, struct err *e)
{
    int fds[3] = {io->in, io->out, io->err}, sync_fds[2];
    if (strcmp(spec->process.args[0], "fail to create") == 0)
        return err_set(e, ERR_UNSUPPORTED, ENOSYS, "make a namespace: not today");
    if (spec->process.terminal) {
        assert_int_equal(openpty(&io->master, &fds[0], NULL, NULL, NULL), 0);
        fd_set_cloexec(io->master, 1);
        fds[1] = fds[2] = fds[0];
    }
    assert_int_equal(pipe2(sync_fds, O_CLOEXEC), 0);
    ret->pid = last_group = fork();
    if (ret->pid == 0)
        run_script(spec, fds, sync_fds[0]);
    if (spec->process.terminal)
        close(fds[0]);
    close(sync_fds[0]);
    ret->sync_fd = sync_fds[1];
    ret->pidfd = pidfd_open_pid(ret->pid, e);
    ret->cgroup.path = fake_cgroup;
    return 0;
}

static void read_program_name(pid_t pid, char ret[64])
{
    char path[64];
    snprintf(path, sizeof(path), "/proc/%d/comm", pid);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = read(fd, ret, 63);
    ret[n > 0 ? n : 0] = '\0';
}

int runtime_start(struct runtime_container *c, struct err *e)
{
    char own[64], name[64];
    if (access("fail-to-start", F_OK) == 0) /* in the run directory, which is the present one */
        return err_set(e, ERR_NO_COMMAND, ENOENT, "execute /no/such");
    read_program_name(getpid(), own);
    assert_int_equal(write(c->sync_fd, "", 1), 1);
    do /* as the real one, it returns when the child has become another program */
        read_program_name(c->pid, name);
    while (strcmp(name, own) == 0 && usleep(1000) == 0);
    return 0;
}

int runtime_release(struct runtime_container *c)
{
    /* What a test does behind the shim's back is slow clean-up. */
    if (access("slow-release", F_OK) == 0)
        usleep(500 * 1000);
    if (c->pidfd >= 0)
        kill(-last_group, SIGKILL);
    fd_close(&c->pidfd);
    fd_close(&c->sync_fd);
    return 0;
}

int cgroup_kill(const char *path, struct err *e)
{
    (void)e;
    assert_string_equal(path, fake_cgroup);
    close(open("cgroup-killed", O_CREAT | O_CLOEXEC, 0600));
    kill(-last_group, SIGKILL);
    return 0;
}

bool cgroup_oom_killed(const struct cgroup *c)
{
    (void)c;
    return access("oom", F_OK) == 0;
}

/* ---- a shim to test */

struct shimmed {
    char dir[64];
    int dir_fd;
    int sock;      /* the starter's end */
    int held_lock; /* the starter's, until GO */
    int lock;      /* another open file of the lock */
    pid_t pid;
};

static struct shim shim;

static void be_the_shim(struct shimmed *t, int sock)
{
    struct err e = ERR_INIT;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    assert_int_equal(chdir(t->dir), 0);
    int from[] = {fcntl(sock, F_DUPFD, 10), fcntl(t->dir_fd, F_DUPFD, 10)};
    for (int i = 0; i < 2; i++)
        dup2(from[i], SHIM_FD_STARTER + i);
    close_range(SHIM_FD_LOCK, ~0U, 0);
    fd_cloexec_from(SHIM_FD_STARTER, NULL, 0);
    setsid();
    int r = handover_await(&shim.handover, &e);
    if (r == 0)
        r = shim_supervise(&shim, "test", &e);
    shim_leave(&shim);
    _exit(r < 0 ? 125 : 0);
}

/* `shim_members` are those of "sampan".shim; `more` others of config.json, each with a comma behind. */
static void spawn(struct shimmed *t, const char *script, const char *shim_members, const char *more)
{
    struct err e = ERR_INIT;
    char config[2048];
    snprintf(config, sizeof(config), "{%s\"process\":{\"args\":[\"%s\"],\"terminal\":%s},\"sampan\":{\"shim\":{%s}}}",
             more, script, strstr(more, "tty") ? "true" : "false", shim_members);
    assert_works(file_write(t->dir_fd, "config.json", config, strlen(config), 0600, &e), &e);
    t->held_lock = openat(t->dir_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_int_equal(flock(t->held_lock, LOCK_EX), 0);
    t->lock = openat(t->dir_fd, "lock", O_RDWR | O_CLOEXEC);
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    t->pid = fork();
    if (t->pid == 0)
        be_the_shim(t, pair[1]);
    close(pair[1]);
    t->sock = pair[0];
}

static void start(struct shimmed *t, const char *script, const char *shim_members, const char *more)
{
    struct err e = ERR_INIT;
    spawn(t, script, shim_members, more);
    assert_works(shim_client_go(t->sock, t->held_lock, NULL, 0, NULL, 0, &e), &e);
    fd_close(&t->held_lock);
}

static int32_t await_started(const struct shimmed *t)
{
    struct shim_started started = {0};
    struct err e = ERR_INIT;
    assert_works(shim_client_wait_started(t->sock, &started, &e), &e);
    return started.pid;
}

static bool is_lock_free(const struct shimmed *t)
{
    return flock(t->lock, LOCK_EX | LOCK_NB) == 0;
}

static int set_up(void **state)
{
    static struct shimmed t;
    t = (struct shimmed){.dir = "/tmp/sampan-unit-XXXXXX", .sock = -1, .held_lock = -1, .lock = -1};
    *state = &t;
    if (!mkdtemp(t.dir))
        return -1;
    t.dir_fd = open(t.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return t.dir_fd < 0;
}

static int tear_down(void **state)
{
    struct shimmed *t = *state;
    fd_close(&t->sock);
    if (t->pid > 0) {
        kill(t->pid, SIGKILL); /* ended long since, unless the test failed */
        waitpid(t->pid, NULL, 0);
    }
    fd_close(&t->held_lock);
    fd_close(&t->lock);
    fd_close(&t->dir_fd);
    return dir_remove_all(AT_FDCWD, t->dir, NULL);
}

/* What a client sees of both streams until the end. */
struct seen {
    char out[64 * 1024], err[4096];
    size_t n_out, n_err;
    struct shim_exit exit;
};

static struct seen seen;
static struct shim_msg m;

static void receive_all(int sock)
{
    struct err e = ERR_INIT;
    memset(&seen, 0, sizeof(seen));
    do {
        int r = shim_recv(sock, &m, NULL, &e);
        assert_works(r, &e);
        assert_int_equal(r, 1);
        if (m.type == SHIM_MSG_STDOUT) {
            memcpy(seen.out + seen.n_out, m.data, m.len);
            seen.n_out += m.len;
        } else if (m.type == SHIM_MSG_STDERR) {
            memcpy(seen.err + seen.n_err, m.data, m.len);
            seen.n_err += m.len;
        }
    } while (m.type != SHIM_MSG_EXIT);
    memcpy(&seen.exit, m.data, sizeof(seen.exit));
}

/* The next message, which must be of this type. */
static void receive(int sock, enum shim_msg_type type)
{
    struct err e = ERR_INIT;
    int r = shim_recv(sock, &m, NULL, &e);
    assert_works(r, &e);
    assert_int_equal(r, 1);
    assert_int_equal(m.type, type);
}

static void send_message(int sock, enum shim_msg_type type, const void *data, size_t len)
{
    struct err e = ERR_INIT;
    assert_works(shim_send(sock, type, data, len, -1, &e), &e);
}

static json_object *read_json(const struct shimmed *t, const char *name)
{
    json_object *o = NULL;
    struct err e = ERR_INIT;
    assert_works(json_parse_file(t->dir_fd, name, &o, &e), &e);
    return o;
}

static int64_t exit_number(const struct shimmed *t, const char *key)
{
    json_object *o = read_json(t, SHIM_EXIT_NAME);
    int64_t n = json_object_get_int64(json_get(o, key));
    json_object_put(o);
    return n;
}

static int connect_to(const struct shimmed *t)
{
    struct err e = ERR_INIT;
    int sock = shim_connect(t->dir_fd, &e);
    assert_works(sock, &e);
    return sock;
}

/* ---- the tests */

static void test_run(void **state)
{
    struct shimmed *t = *state;
    start(t, "echo out; echo err >&2; exit 7", "\"attach\":6", "");
    int32_t pid = await_started(t);

    json_object *s = read_json(t, SHIM_STATE_NAME);
    assert_int_equal(json_object_get_int64(json_get(s, "pid")), pid);
    assert_int_equal(json_object_get_int64(json_get(s, "shimPid")), t->pid);
    assert_true(json_object_get_int64(json_get(s, "startTime")) > 0);
    json_object_put(s);

    receive_all(t->sock);
    assert_string_equal(seen.out, "out\n");
    assert_string_equal(seen.err, "err\n");
    assert_int_equal(seen.exit.status, 7);
    assert_int_equal(seen.exit.oom_killed, 0);
    assert_int_equal(exit_number(t, "status"), 7);
    assert_int_equal(exit_number(t, "finishedAt"), seen.exit.finished_at);
    assert_true(json_object_get_int64(json_get(s, "x")) == 0);

    shim_client_wait_gone(t->sock);
    assert_true(is_lock_free(t));
    assert_int_equal(faccessat(t->dir_fd, SHIM_SOCKET_NAME, F_OK, 0), -1);
}

static void test_exit_is_told_before_the_clean_up(void **state)
{
    struct shimmed *t = *state;
    close(openat(t->dir_fd, "slow-release", O_CREAT | O_CLOEXEC, 0600));
    close(openat(t->dir_fd, "oom", O_CREAT | O_CLOEXEC, 0600));
    start(t, "kill -KILL $$", "\"attach\":6", "");
    await_started(t);
    receive_all(t->sock);
    assert_int_equal(seen.exit.status, 137);
    assert_int_equal(seen.exit.oom_killed, 1);
    assert_int_equal(exit_number(t, "status"), 137);
    assert_false(is_lock_free(t)); /* half a second of clean-up is still to come */
    shim_client_wait_gone(t->sock);
    assert_true(is_lock_free(t));
}

static void assert_fails(struct shimmed *t, enum err_kind kind, const char *text, int status)
{
    struct shim_started started;
    struct err e = ERR_INIT;
    assert_true(shim_client_wait_started(t->sock, &started, &e) < 0);
    assert_int_equal(e.kind, kind);
    assert_says(&e, text);
    shim_client_wait_gone(t->sock);
    assert_true(is_lock_free(t));
    assert_int_equal(exit_number(t, "status"), status);
    json_object *o = read_json(t, SHIM_EXIT_NAME);
    assert_string_equal(json_object_get_string(json_get(o, "error")), e.text);
    json_object_put(o);
    assert_int_equal(faccessat(t->dir_fd, SHIM_SOCKET_NAME, F_OK, 0), -1);
}

static void test_creation_fails(void **state)
{
    struct shimmed *t = *state;
    start(t, "fail to create", "\"attach\":6", "");
    assert_fails(t, ERR_UNSUPPORTED, "not today", 125);
}

static void test_start_fails(void **state)
{
    struct shimmed *t = *state;
    close(openat(t->dir_fd, "fail-to-start", O_CREAT | O_CLOEXEC, 0600));
    start(t, "true", "\"onExit\":[\"/bin/sh\",\"-c\",\"touch removed\"]", "");
    assert_fails(t, ERR_NO_COMMAND, "/no/such", 127);
    waitpid(t->pid, NULL, 0);
    t->pid = 0;
    assert_int_equal(faccessat(t->dir_fd, "removed", F_OK, 0), -1);
}

static void test_bad_configuration(void **state)
{
    struct shimmed *t = *state;
    start(t, "true", "\"attach\":\"all\"", "");
    assert_fails(t, ERR_INVALID, "sampan.shim: ", 125);
}

static void test_log(void **state)
{
    struct shimmed *t = *state;
    char members[200];
    snprintf(members, sizeof(members), "\"log\":\"%s/log\"", t->dir);
    /* In one write, so that the first read is full and ends within the long line. */
    start(
        t,
        "(echo one; head -c 20000 /dev/zero | tr '\\\\0' x; echo; printf end) | dd bs=64k iflag=fullblock status=none",
        members, "");
    await_started(t);
    receive_all(t->sock);
    assert_int_equal(seen.n_out, 0); /* not attached */
    char *log = NULL;
    struct err e = ERR_INIT;
    assert_works(file_read(t->dir_fd, "log", 1 << 20, &log, NULL, &e), &e);
    /* "one\n", 16384 x, 3616 x with \n, "end" */
    static const size_t lengths[] = {4, 16 * 1024, 20000 - 16 * 1024 + 1, 3};
    const char *line = log;
    for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
        json_object *o = json_tokener_parse(line);
        assert_int_equal(json_object_get_string_len(json_object_object_get(o, "log")), lengths[i]);
        json_object_put(o);
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
    free(log);
}

static void test_stdin(void **state)
{
    struct shimmed *t = *state;
    start(t, "cat; echo end", "\"attach\":7,\"stdin\":true,\"stdinOnce\":true", "");
    await_started(t);
    send_message(t->sock, SHIM_MSG_STDIN, "hello\n", 6);
    send_message(t->sock, SHIM_MSG_STDIN_CLOSE, NULL, 0);
    receive_all(t->sock);
    assert_string_equal(seen.out, "hello\nend\n");
    assert_int_equal(seen.exit.status, 0);
}

/* Without stdinOnce the payload's stdin outlives the client. */
static void test_stdin_stays_open(void **state)
{
    struct shimmed *t = *state;
    start(t, "read a; read b; echo $a $b", "\"attach\":7,\"stdin\":true", "");
    await_started(t);
    int other = connect_to(t);
    struct err e = ERR_INIT;
    assert_works(shim_client_attach(other, SHIM_ATTACH_STDIN, &e), &e);
    send_message(other, SHIM_MSG_STDIN, "one\n", 4);
    receive(other, SHIM_MSG_STDIN_TAKEN);
    send_message(other, SHIM_MSG_STDIN_CLOSE, NULL, 0);
    close(other);
    send_message(t->sock, SHIM_MSG_STDIN, "two\n", 4);
    receive_all(t->sock);
    assert_string_equal(seen.out, "one two\n");
}

/* A client that leaves takes the payload's stdin with it. */
static void test_stdin_ends_with_its_client(void **state)
{
    struct shimmed *t = *state;
    start(t, "cat >/dev/null; echo end", "\"stdin\":true,\"stdinOnce\":true", "");
    await_started(t);
    int other = connect_to(t);
    struct err e = ERR_INIT;
    assert_works(shim_client_attach(other, SHIM_ATTACH_STDIN, &e), &e);
    close(other);
    receive_all(t->sock);
    assert_int_equal(seen.exit.status, 0);
}

/* The scripts run in the run directory and touch this when their traps are set. */
static void await_file(const struct shimmed *t, const char *name)
{
    for (int i = 0; i < 500 && faccessat(t->dir_fd, name, F_OK, 0) < 0; i++)
        usleep(10 * 1000);
    assert_int_equal(faccessat(t->dir_fd, name, F_OK, 0), 0);
}

static bool is_connected(int sock)
{
    struct pollfd p = {.fd = sock};
    return poll(&p, 1, 500) == 0;
}

/* Bytes that the payload does not read hold up neither a signal from the same client nor the requests of others. */
static void test_unread_stdin_holds_up_nothing(void **state)
{
    struct shimmed *t = *state;
    start(t, "trap 'exit 9' TERM; touch ready; while :; do sleep 0.05; done", "\"attach\":7,\"stdin\":true", "");
    await_started(t);
    await_file(t, "ready");
    char data[SHIM_DATA_MAX] = {0};
    for (int i = 0; i < 4; i++) { /* the pipe holds four of these */
        send_message(t->sock, SHIM_MSG_STDIN, data, sizeof(data));
        receive(t->sock, SHIM_MSG_STDIN_TAKEN);
    }
    send_message(t->sock, SHIM_MSG_STDIN, data, sizeof(data));
    int other = connect_to(t);
    struct err e = ERR_INIT;
    assert_works(shim_client_attach(other, SHIM_ATTACH_STDIN, &e), &e);
    int pidfd_client = connect_to(t);
    int pidfd = shim_client_pidfd(pidfd_client, &e);
    assert_works(pidfd, &e);
    close(pidfd);
    assert_works(shim_client_signal(t->sock, SIGTERM, &e), &e);
    receive_all(t->sock);
    assert_int_equal(seen.exit.status, 9);
    close(other);
    close(pidfd_client);
}

static void test_client_that_does_not_wait_is_dropped(void **state)
{
    struct shimmed *t = *state;
    start(t, "sleep 20", "\"attach\":0,\"stdin\":true", "");
    int32_t pid = await_started(t);
    int other = connect_to(t);
    struct err e = ERR_INIT;
    assert_works(shim_client_attach(other, SHIM_ATTACH_STDIN, &e), &e);
    char data[SHIM_DATA_MAX] = {0};
    for (int i = 0; i < 6; i++)
        shim_send(other, SHIM_MSG_STDIN, data, sizeof(data), -1, NULL);
    assert_false(is_connected(other));
    close(other);
    kill(pid, SIGKILL);
    receive_all(t->sock);
}

static void test_later_client(void **state)
{
    struct shimmed *t = *state;
    start(t, "trap 'echo trapped; exit 3' USR1; touch ready; while :; do sleep 0.05; done", "\"attach\":0", "");
    int32_t pid = await_started(t);
    await_file(t, "ready");
    int other = connect_to(t), waiter = connect_to(t);
    struct err e = ERR_INIT;
    assert_works(shim_client_attach(other, SHIM_ATTACH_STDOUT, &e), &e);
    int pidfd = shim_client_pidfd(waiter, &e);
    assert_works(pidfd, &e);
    assert_int_equal(pidfd_to_pid(pidfd), pid);
    close(pidfd);
    assert_int_equal(shim_client_signal(waiter, 1000, &e), -EINVAL);
    assert_says(&e, "1000");
    send_message(waiter, SHIM_MSG_WAIT, NULL, 0);
    assert_works(shim_client_signal(waiter, SIGUSR1, &e), &e);
    receive_all(other);
    assert_string_equal(seen.out, "trapped\n");
    receive(waiter, SHIM_MSG_EXIT);
    receive_all(t->sock);
    close(other);
    close(waiter);
}

static void test_broken_packets(void **state)
{
    struct shimmed *t = *state;
    static const struct {
        uint32_t type, len;
        size_t size;
        char data[16];
    } packets[] = {
        {SHIM_MSG_ATTACH, 3, 11, ""}, {SHIM_MSG_ATTACH, 4, 12, "\xff\xff\xff\xff"},
        {SHIM_MSG_SIGNAL, 0, 8, ""},  {SHIM_MSG_WAIT, 1, 9, ""},
        {SHIM_MSG_EXIT, 0, 8, ""},    {12345, 0, 8, ""},
        {SHIM_MSG_WAIT, 5, 8, ""},    {SHIM_MSG_RESIZE, 2, 10, ""},
        {SHIM_MSG_STDIN, 1, 9, "x"}, /* not attached to stdin */
    };
    start(t, "sleep 20", "\"attach\":0,\"stdin\":true", "");
    int32_t pid = await_started(t);
    for (size_t i = 0; i < ARRAY_SIZE(packets); i++) {
        struct {
            uint32_t type, len;
            char data[16];
        } p = {packets[i].type, packets[i].len, {0}};
        memcpy(p.data, packets[i].data, sizeof(p.data));
        int sock = connect_to(t);
        assert_int_equal(send(sock, &p, packets[i].size, 0), packets[i].size);
        assert_false(is_connected(sock));
        close(sock);
    }
    kill(pid, SIGKILL);
    receive_all(t->sock);
}

static void test_too_many_clients(void **state)
{
    struct shimmed *t = *state;
    start(t, "sleep 20", "\"attach\":0", "");
    int32_t pid = await_started(t);
    int socks[CLIENTS_MAX];
    struct err e = ERR_INIT;
    for (int i = 0; i < CLIENTS_MAX; i++)
        socks[i] = connect_to(t);
    assert_false(is_connected(socks[CLIENTS_MAX - 1])); /* the starter has the first place */
    close(socks[0]);
    int pidfd = -1;
    for (int i = 0; i < 50 && pidfd < 0; i++) { /* until the shim has seen that there is a place */
        _cleanup_close_ int late = connect_to(t);
        pidfd = shim_client_pidfd(late, &e);
        usleep(20 * 1000);
    }
    assert_true(pidfd >= 0);
    close(pidfd);
    for (int i = 1; i < CLIENTS_MAX; i++)
        close(socks[i]);
    kill(pid, SIGKILL);
    receive_all(t->sock);
}

/* Receives the output of seq(1) until the end and returns how many bytes came, every one of them right. */
static size_t receive_sequence(int sock)
{
    struct err e = ERR_INIT;
    char number[32] = "1\n", *at = number;
    long last = 1;
    size_t n = 0;
    do {
        assert_int_equal(shim_recv(sock, &m, NULL, &e), 1);
        for (uint32_t i = 0; m.type == SHIM_MSG_STDOUT && i < m.len; i++, n++) {
            assert_int_equal(m.data[i], *at);
            if (*at++ == '\n') {
                snprintf(number, sizeof(number), "%ld\n", ++last);
                at = number;
            }
        }
    } while (m.type != SHIM_MSG_EXIT);
    return n;
}

/* A client that does not read holds up the payload, and then gets every byte in order. */
static void test_backpressure(void **state)
{
    struct shimmed *t = *state;
    start(t, "seq 1 300000; echo done >&2; touch done", "\"attach\":6", "");
    await_started(t);
    usleep(500 * 1000);
    assert_int_equal(faccessat(t->dir_fd, "done", F_OK, 0), -1);
    assert_int_equal(receive_sequence(t->sock), 1988895); /* of `seq 1 300000 | wc -c` */
    assert_int_equal(faccessat(t->dir_fd, "done", F_OK, 0), 0);
}

/* How much a process has written so far. */
static size_t bytes_written(pid_t pid)
{
    char path[64], text[512] = "";
    snprintf(path, sizeof(path), "/proc/%d/io", pid);
    _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(read(fd, text, sizeof(text) - 1) > 0);
    return strtoull(strstr(text, "wchar: ") + strlen("wchar: "), NULL, 10);
}

static size_t wait_until_blocked(pid_t pid)
{
    size_t before, now = bytes_written(pid);
    do {
        before = now;
        usleep(300 * 1000);
        now = bytes_written(pid);
    } while (now != before || now == 0);
    return now;
}

/* One that never reads does not hold up the end, and finds all of it when it does, long after the shim is gone. */
static void test_stalled_client_at_the_end(void **state)
{
    struct shimmed *t = *state;
    start(t, "exec seq 1 10000000", "\"attach\":6", "");
    pid_t pid = await_started(t);
    size_t written = wait_until_blocked(pid);
    kill(pid, SIGKILL);
    time_t before = time(NULL);
    int status;
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    t->pid = 0;
    assert_true(time(NULL) - before < 5);
    assert_int_equal(status, 0);
    assert_true(receive_sequence(t->sock) >= written);
}

/* A process that outlives the init holds the pipe: it is ended where the pid namespace is shared, and nowhere waited for. */
static void test_background_process(void **state)
{
    struct shimmed *t = *state;
    start(t, "sleep 20 & echo hi", "\"attach\":6", "\"hostPid\":true,");
    await_started(t);
    time_t before = time(NULL);
    receive_all(t->sock);
    assert_string_equal(seen.out, "hi\n");
    assert_int_equal(faccessat(t->dir_fd, "cgroup-killed", F_OK, 0), 0);
    shim_client_wait_gone(t->sock);
    assert_true(time(NULL) - before < 10);
}

/* With a shared pid namespace the shim reaps what lost its parent. */
static void test_orphans_are_reaped(void **state)
{
    struct shimmed *t = *state;
    start(t, "(sh -c 'sleep 0.2; exit 3' & echo $!) ; read end", "\"attach\":7,\"stdin\":true", "\"hostPid\":true,");
    await_started(t);
    receive(t->sock, SHIM_MSG_STDOUT);
    m.data[m.len] = '\0';
    pid_t orphan = (pid_t)strtol(m.data, NULL, 10);
    assert_int_equal(kill(orphan, 0), 0);
    for (int i = 0; i < 100 && kill(orphan, 0) == 0; i++)
        usleep(50 * 1000);
    assert_int_equal(kill(orphan, 0), -1);
    send_message(t->sock, SHIM_MSG_STDIN, "\n", 1);
    receive_all(t->sock);
}

static void expect_output(int sock, const char *text)
{
    static char all[8192];
    size_t n = 0;
    do {
        receive(sock, SHIM_MSG_STDOUT);
        memcpy(all + n, m.data, m.len);
        n += m.len;
        all[n] = '\0';
    } while (!strstr(all, text));
}

static void test_terminal(void **state)
{
    struct shimmed *t = *state;
    start(t, "stty -echo; echo ready; read line; stty size; exec >&- 2>&- <&-; sleep 0.2; echo back >/dev/tty; exit 4",
          "\"attach\":6,\"stdin\":true,\"stdinOnce\":true", "\"tty\":true,");
    await_started(t);
    expect_output(t->sock, "ready");
    int other = connect_to(t);
    struct err e = ERR_INIT;
    assert_works(shim_client_attach(other, SHIM_ATTACH_STDIN, &e), &e);
    assert_works(shim_client_resize(other, (struct shim_size){.rows = 12, .cols = 34}, &e), &e);
    send_message(other, SHIM_MSG_STDIN, "x\r", 2);
    receive(other, SHIM_MSG_STDIN_TAKEN);
    close(other); /* a terminal does not end with its client */
    receive_all(t->sock);
    assert_non_null(strstr(seen.out, "12 34\r\n"));
    assert_non_null(strstr(seen.out, "back\r\n")); /* also after nobody had the terminal open for a while */
    assert_int_equal(seen.exit.status, 4);
}

/* -t without -i: what a client types goes nowhere. */
static void test_terminal_without_input(void **state)
{
    struct shimmed *t = *state;
    start(t, "stty -echo; echo ready; timeout --foreground 0.5 cat; echo end", "\"attach\":7", "\"tty\":true,");
    await_started(t);
    expect_output(t->sock, "ready");
    send_message(t->sock, SHIM_MSG_STDIN, "x\r", 2);
    receive_all(t->sock);
    assert_string_equal(seen.out, "end\r\n");
}

static void test_on_exit(void **state)
{
    struct shimmed *t = *state;
    start(t, "true", "\"onExit\":[\"/bin/sh\",\"-c\",\"flock -n lock touch removed; ls /proc/self/fd >fds\"]", "");
    await_started(t);
    close(t->sock);
    t->sock = -1;
    int status;
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    t->pid = 0;
    assert_int_equal(status, 0);
    assert_int_equal(faccessat(t->dir_fd, "removed", F_OK, 0), 0); /* the lock was free */
    char *fds = NULL;
    struct err e = ERR_INIT;
    assert_works(file_read(t->dir_fd, "fds", 4096, &fds, NULL, &e), &e);
    assert_string_equal(fds, "0\n1\n2\n3\n"); /* 3: ls reading the directory */
    free(fds);
}

/* Signals meant to end programs do not end the shim, and so do not end its container. */
static void test_signals_are_ignored(void **state)
{
    struct shimmed *t = *state;
    start(t, "read line; exit 6", "\"attach\":7,\"stdin\":true", "");
    await_started(t);
    int other = connect_to(t);
    struct err e = ERR_INIT;
    assert_works(shim_client_attach(other, SHIM_ATTACH_STDOUT, &e), &e); /* so the shim is past its set-up */
    for (int i = 0; i < 3; i++)
        kill(t->pid, (int[]){SIGTERM, SIGINT, SIGHUP}[i]);
    send_message(t->sock, SHIM_MSG_STDIN, "\n", 1);
    receive_all(t->sock);
    assert_int_equal(seen.exit.status, 6);
    close(other);
}

/* ---- before GO */

static void a_starter_that_dies_before_go_has_started_nothing(void **state)
{
    struct shimmed *t = *state;
    int status;
    spawn(t, "touch ran", "\"attach\":6", "");
    usleep(20 * 1000);
    assert_false(is_lock_free(t));
    fd_close(&t->held_lock);
    assert_true(is_lock_free(t));
    fd_close(&t->sock);
    assert_int_equal(waitpid(t->pid, &status, 0), t->pid);
    t->pid = 0;
    assert_int_equal(status, 125 << 8);
    assert_int_not_equal(faccessat(t->dir_fd, "ran", F_OK, 0), 0);
    assert_int_not_equal(faccessat(t->dir_fd, SHIM_EXIT_NAME, F_OK, 0), 0);
}

/* The script finds what was sent as its shim's fd 6. */
static void namespaces_come_before_go(void **state)
{
    struct shimmed *t = *state;
    struct err e = ERR_INIT;
    _cleanup_close_ int ns = open("/proc/self/ns/uts", O_RDONLY | O_CLOEXEC);
    struct stat st;
    char script[128];
    assert_int_equal(fstat(ns, &st), 0);
    snprintf(script, sizeof(script), "[ $(stat -Lc %%i /proc/$PPID/fd/%d) = %lu ]", SHIM_FD_FIRST_NAMESPACE,
             (unsigned long)st.st_ino);
    spawn(t, script, "\"attach\":6", "");
    assert_works(shim_client_go(t->sock, t->held_lock, &ns, 1, NULL, 0, &e), &e);
    fd_close(&t->held_lock);
    await_started(t);
    receive_all(t->sock);
    assert_int_equal(seen.exit.status, 0);
}

/* ---- its network */

static struct sockaddr_in some_port(int bound)
{
    struct sockaddr_in a;
    socklen_t len = sizeof(a);
    assert_int_equal(getsockname(bound, (struct sockaddr *)&a, &len), 0);
    return a;
}

static int bind_port(const struct sockaddr_in *a)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return bind(fd, (const struct sockaddr *)a, sizeof(*a)) < 0 ? fd_close(&fd), -1 : fd;
}

static int bind_any(void)
{
    const struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    return bind_port(&any);
}

static bool is_port_free(const struct sockaddr_in *a)
{
    _cleanup_close_ int fd = bind_port(a);
    return fd >= 0;
}

static void end_it(const struct shimmed *t)
{
    struct err e = ERR_INIT;
    assert_works(shim_client_signal(t->sock, SIGKILL, &e), &e);
    shim_client_wait_gone(t->sock);
}

static void ports_are_held_as_long_as_it_runs(void **state)
{
    struct shimmed *t = *state;
    struct err e = ERR_INIT;
    int port = bind_any();
    struct sockaddr_in a = some_port(port);
    spawn(t, "read x", "\"attach\":6,\"stdin\":true", "");
    assert_works(shim_client_go(t->sock, t->held_lock, NULL, 0, &port, 1, &e), &e);
    fd_close(&t->held_lock);
    fd_close(&port);
    await_started(t);
    assert_false(is_port_free(&a));
    end_it(t);
    assert_true(is_port_free(&a));
}

static void ports_come_and_go_while_it_runs(void **state)
{
    struct shimmed *t = *state;
    struct err e = ERR_INIT;
    int first = bind_any(), second = bind_any();
    struct sockaddr_in a = some_port(first), b = some_port(second);
    struct shim_port asked = {.protocol = IPPROTO_TCP, .host = {AF_INET, {127, 0, 0, 1}}, .port = ntohs(a.sin_port)};
    start(t, "read x", "\"attach\":6,\"stdin\":true", "");
    await_started(t);
    _cleanup_close_ int sock = connect_to(t);
    assert_works(shim_client_hold(sock, first, &e), &e);
    assert_works(shim_client_hold(sock, second, &e), &e);
    fd_close(&first);
    fd_close(&second);
    assert_false(is_port_free(&a));

    asked.protocol = IPPROTO_UDP;
    assert_int_equal(shim_client_release(sock, &asked, &e), -ENOENT);
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    asked.protocol = IPPROTO_TCP;
    assert_works(shim_client_release(sock, &asked, &e), &e);
    assert_true(is_port_free(&a));
    assert_false(is_port_free(&b));
    assert_int_equal(shim_client_hold(sock, -1, &e), -EBADMSG);
    assert_works(shim_client_signal(t->sock, SIGKILL, &e), &e);
}

/* A plan that has nothing but a file of its own. */
static void write_plan(const struct shimmed *t)
{
    _cleanup_net_plan_ struct net_plan *p = net_plan_new();
    struct err e = ERR_INIT;
    p->directory = strdup(t->dir);
    assert_int_equal(strv_add(&p->files, "endpoint", NULL), 0);
    assert_works(file_write(t->dir_fd, "endpoint", "", 0, 0600, &e), &e);
    assert_works(net_plan_save(p, t->dir_fd, &e), &e);
}

static void assert_network_is_undone(const struct shimmed *t)
{
    assert_false(file_exists(t->dir_fd, "endpoint"));
    assert_false(file_exists(t->dir_fd, NET_PLAN_NAME));
}

static void network_is_undone_at_the_end(void **state)
{
    struct shimmed *t = *state;
    start(t, "read x", "\"attach\":6,\"stdin\":true", "");
    await_started(t);
    write_plan(t); /* as if it was connected later */
    end_it(t);
    assert_network_is_undone(t);
}

static void network_is_undone_when_the_start_fails(void **state)
{
    struct shimmed *t = *state;
    struct err e = ERR_INIT;
    struct shim_started started;
    write_plan(t);
    start(t, "fail to create", "\"attach\":6", "");
    assert_true(shim_client_wait_started(t->sock, &started, &e) < 0);
    shim_client_wait_gone(t->sock);
    assert_network_is_undone(t);
}

/* What it stood for is not known to be gone: recovery shall look at it. */
static void plan_that_cannot_be_undone_stays(void **state)
{
    struct shimmed *t = *state;
    start(t, "read x", "\"attach\":6,\"stdin\":true", "");
    await_started(t);
    write_plan(t);
    assert_int_equal(unlinkat(t->dir_fd, "endpoint", 0), 0);
    assert_int_equal(mkdirat(t->dir_fd, "endpoint", 0700), 0);
    end_it(t);
    assert_true(file_exists(t->dir_fd, NET_PLAN_NAME));
}

#define shim_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    alarm(55); /* a test that hangs ends the program, and the shims with it */
    const struct CMUnitTest tests[] = {
        shim_test(a_starter_that_dies_before_go_has_started_nothing),
        shim_test(namespaces_come_before_go),
        shim_test(test_run),
        shim_test(test_exit_is_told_before_the_clean_up),
        shim_test(test_creation_fails),
        shim_test(test_start_fails),
        shim_test(test_bad_configuration),
        shim_test(test_log),
        shim_test(test_stdin),
        shim_test(test_stdin_stays_open),
        shim_test(test_stdin_ends_with_its_client),
        shim_test(test_unread_stdin_holds_up_nothing),
        shim_test(test_client_that_does_not_wait_is_dropped),
        shim_test(test_later_client),
        shim_test(test_broken_packets),
        shim_test(test_too_many_clients),
        shim_test(test_backpressure),
        shim_test(test_stalled_client_at_the_end),
        shim_test(test_background_process),
        shim_test(test_orphans_are_reaped),
        shim_test(test_terminal),
        shim_test(test_terminal_without_input),
        shim_test(test_on_exit),
        shim_test(test_signals_are_ignored),
        shim_test(ports_are_held_as_long_as_it_runs),
        shim_test(ports_come_and_go_while_it_runs),
        shim_test(network_is_undone_at_the_end),
        shim_test(network_is_undone_when_the_start_fails),
        shim_test(plan_that_cannot_be_undone_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
