/* Sessions with real children: shells and small programs on pipes and ptys, with the user's side played by the test. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>

#include "kernel/pidfd.h"
#include "shim/pipes.h"
#include "shim/session.h"

/* A child that runs a shell script on the given stdio. */
static pid_t start_script(const char *script, const int fds[3], bool is_terminal)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (is_terminal) {
        setsid();
        ioctl(fds[0], TIOCSCTTY, 0);
    }
    int null_fd = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++)
        dup2(fds[i] >= 0 ? fds[i] : null_fd, i);
    fd_cloexec_from(3, NULL, 0);
    execl("/bin/sh", "sh", "-c", script, (char *)NULL);
    _exit(127);
}

static struct session start_on_pipes(const char *script, bool has_input)
{
    struct stdio_pipes pipes;
    struct err e = ERR_INIT;
    assert_works(stdio_pipes_open(&pipes, has_input, &e), &e);
    pid_t pid = start_script(script, pipes.payload, false);
    stdio_pipes_close_payload(&pipes);
    return (struct session){pipes.ours[0], pipes.ours[1], pipes.ours[2], -1, pidfd_open_pid(pid, &e)};
}

static struct session start_on_terminal(const char *script)
{
    struct session s = SESSION_INIT;
    int slave;
    struct err e = ERR_INIT;
    assert_int_equal(openpty(&s.master, &slave, NULL, NULL, NULL), 0);
    pid_t pid = start_script(script, (int[]){slave, slave, slave}, true);
    close(slave);
    fd_set_cloexec(s.master, 1);
    s.pidfd = pidfd_open_pid(pid, &e);
    return s;
}

/* The user's side as files that the test reads afterwards. */
struct user_files {
    int in, out, err;
};

static int memory_file(const char *content)
{
    int fd = memfd_create("user", MFD_CLOEXEC);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    lseek(fd, 0, SEEK_SET);
    return fd;
}

static void assert_content(int fd, const char *expected)
{
    char text[4096] = "";
    lseek(fd, 0, SEEK_SET);
    ssize_t n = read(fd, text, sizeof(text) - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, expected);
}

static struct shim_result run(struct session *s, const struct user_io *io)
{
    struct shim_result result = {.outcome = USER_HUNG_UP};
    struct err e = ERR_INIT;
    assert_works(session_run(s, io, &result, &e), &e);
    session_release(s);
    return result;
}

static void test_streams_and_status(void **state)
{
    (void)state;
    struct session s = start_on_pipes("echo out; echo err >&2; cat; exit 7", true);
    struct user_io io = {.in = memory_file("typed\n"), .out = memory_file(""), .err = memory_file("")};
    struct shim_result result = run(&s, &io);
    assert_int_equal(result.outcome, USER_EXITED);
    assert_int_equal(result.exit.status, 7);
    assert_content(io.out, "out\ntyped\n");
    assert_content(io.err, "err\n");
}

static void test_status_of_a_signal(void **state)
{
    (void)state;
    struct session s = start_on_pipes("kill -KILL $$", false);
    struct user_io io = {.in = -1, .out = -1, .err = -1};
    assert_int_equal(run(&s, &io).exit.status, 128 + SIGKILL);
}

/* More than all buffers on the way, both directions at once. */
static void test_large_streams(void **state)
{
    (void)state;
    enum { BYTES = 3 * 1000 * 1000 };
    struct session s = start_on_pipes("cat", true);
    int in = memfd_create("in", MFD_CLOEXEC), out = memfd_create("out", MFD_CLOEXEC);
    char *data = malloc(BYTES), *back = malloc(BYTES);
    for (int i = 0; i < BYTES; i++)
        data[i] = (char)(i * 7 + i / 251);
    assert_int_equal(write(in, data, BYTES), BYTES);
    lseek(in, 0, SEEK_SET);
    struct user_io io = {.in = in, .out = out, .err = -1};
    assert_int_equal(run(&s, &io).exit.status, 0);
    assert_int_equal(pread(out, back, BYTES, 0), BYTES);
    assert_int_equal(lseek(out, 0, SEEK_END), BYTES);
    assert_memory_equal(data, back, BYTES);
    free(data);
    free(back);
}

/* A user's pipe that is read late and slowly gets every byte, and keeps its flags. */
static void test_slow_user(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    pid_t reader = fork();
    if (reader == 0) {
        close(ends[1]);
        char data[3000];
        long total = 0;
        usleep(300 * 1000);
        for (ssize_t n; (n = read(ends[0], data, sizeof(data))) > 0; total += n)
            usleep(500);
        _exit(total == 500 * 1000 ? 0 : 1);
    }
    struct session s = start_on_pipes("head -c 500000 /dev/zero", false);
    struct user_io io = {.in = -1, .out = ends[1], .err = -1};
    assert_int_equal(run(&s, &io).outcome, USER_EXITED);
    assert_int_equal(fcntl(ends[1], F_GETFL) & O_NONBLOCK, 0);
    close(ends[0]);
    close(ends[1]);
    int status;
    waitpid(reader, &status, 0);
    assert_int_equal(status, 0);
}

/* What the payload leaves running holds the pipe and does not hold up the end. */
static void test_background_process(void **state)
{
    (void)state;
    struct session s = start_on_pipes("sleep 20 & echo $!", false);
    struct user_io io = {.in = -1, .out = memory_file(""), .err = -1};
    time_t before = time(NULL);
    assert_int_equal(run(&s, &io).exit.status, 0);
    assert_true(time(NULL) - before < 10);
    char text[32] = "";
    assert_true(pread(io.out, text, sizeof(text) - 1, 0) > 0);
    kill((pid_t)strtol(text, NULL, 10), SIGKILL);
}

static void test_nobody_reads(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    close(ends[0]);
    struct session s = start_on_pipes("while echo y; do :; done", false);
    struct user_io io = {.in = -1, .out = ends[1], .err = -1};
    struct shim_result result;
    struct err e = ERR_INIT;
    assert_works(session_run(&s, &io, &result, &e), &e);
    assert_int_equal(result.outcome, USER_HUNG_UP);
    assert_works(pidfd_kill(s.pidfd, SIGKILL, &e), &e); /* it goes on */
    siginfo_t info;
    pidfd_wait(s.pidfd, &info, NULL);
    session_release(&s);
    close(ends[1]);
}

/* The payload closes its stdin: no SIGPIPE, and an endless input is not read on. */
static void test_payload_closes_stdin(void **state)
{
    (void)state;
    struct session s = start_on_pipes("exec <&-; sleep 0.3; exit 3", true);
    struct user_io io = {.in = open("/dev/zero", O_RDONLY | O_CLOEXEC), .out = -1, .err = -1};
    assert_int_equal(run(&s, &io).exit.status, 3);
    close(io.in);
}

static void test_signal_is_forwarded(void **state)
{
    (void)state;
    struct session s =
        start_on_pipes("trap 'exit 42' TERM; read go; kill -TERM $PPID; while :; do sleep 0.05; done", true);
    struct user_io io = {.in = memory_file("go\n"), .out = -1, .err = -1, .forwards_signals = true};
    assert_int_equal(run(&s, &io).exit.status, 42);
    sigset_t mask;
    sigprocmask(SIG_BLOCK, NULL, &mask);
    assert_false(sigismember(&mask, SIGTERM));
}

/* Whoever does not read the output can still interrupt: the reader of this pipe starts when the signal has arrived. */
static void test_signal_passes_blocked_output(void **state)
{
    (void)state;
    int out[2], arrived[2];
    char data[8192];
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    assert_int_equal(pipe2(arrived, O_CLOEXEC), 0);
    assert_int_equal(fcntl(out[1], F_SETPIPE_SZ, 4096), 4096); /* a write of more than that would block */
    pid_t reader = fork();
    if (reader == 0) {
        close(out[1]);
        ssize_t n = read(arrived[0], data, 1);
        while (n > 0 && read(out[0], data, sizeof(data)) > 0)
            ;
        _exit(n != 1);
    }
    struct session s = start_on_pipes("trap 'echo >&2; exit 42' TERM; head -c 500000 /dev/zero & "
                                      "read go; sleep 0.3; kill -TERM $PPID; while :; do sleep 0.05; done",
                                      true);
    struct user_io io = {.in = memory_file("go\n"), .out = out[1], .err = arrived[1], .forwards_signals = true};
    assert_int_equal(run(&s, &io).exit.status, 42);
    close(out[1]);
    int status;
    waitpid(reader, &status, 0);
    assert_int_equal(status, 0);
    close(out[0]);
    close(arrived[0]);
    close(arrived[1]);
}

/* ---- with terminals on both sides: the test holds the master of the user's */

struct user_terminal {
    int master, slave;
    struct termios before;
};

static struct user_terminal open_user_terminal(void)
{
    struct user_terminal t;
    struct winsize size = {.ws_row = 33, .ws_col = 77};
    assert_int_equal(openpty(&t.master, &t.slave, NULL, NULL, &size), 0);
    fd_set_cloexec(t.master, 1);
    fd_set_cloexec(t.slave, 1);
    tcgetattr(t.slave, &t.before);
    return t;
}

static void assert_not_raw(const struct user_terminal *t)
{
    struct termios now;
    tcgetattr(t->slave, &now);
    assert_int_equal(now.c_lflag, t->before.c_lflag);
    assert_int_equal(now.c_iflag, t->before.c_iflag);
    assert_int_equal(now.c_oflag, t->before.c_oflag);
}

/* Everything on the master until `text` came. */
static void expect(int master, const char *text)
{
    char seen[8192] = "";
    size_t len = 0;
    while (!strstr(seen, text)) {
        struct pollfd p = {.fd = master, .events = POLLIN};
        if (poll(&p, 1, 5000) <= 0 || len == sizeof(seen) - 1)
            fail_msg("\"%s\" did not come: \"%s\"", text, seen);
        ssize_t n = read(master, seen + len, sizeof(seen) - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
        seen[len] = '\0';
    }
}

/* A session in a process of its own on the terminal: exits with the status, or 200 + outcome. */
static pid_t start_session(const struct user_terminal *t, const char *script)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    struct session s = start_on_terminal(script);
    struct user_io io = {.in = t->slave, .out = t->slave, .err = t->slave, .has_terminal = true};
    struct shim_result result;
    struct err e = ERR_INIT;
    int r = session_run(&s, &io, &result, &e);
    _exit(r < 0 ? 199 : result.outcome == USER_EXITED ? result.exit.status : 200 + (int)result.outcome);
}

static int status_of(pid_t pid)
{
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void test_terminal(void **state)
{
    (void)state;
    struct user_terminal t = open_user_terminal();
    pid_t pid = start_session(&t, "stty size; read line; echo \"got $line\"; trap 'stty size' WINCH; echo ready; "
                                  "read line; read line; exit 5");
    expect(t.master, "33 77\r\n");
    assert_int_equal(write(t.master, "hello\r", 6), 6);
    expect(t.master, "got hello\r\nready");
    struct winsize size = {.ws_row = 10, .ws_col = 20};
    ioctl(t.master, TIOCSWINSZ, &size);
    kill(pid, SIGWINCH); /* it is not the foreground of this terminal, so the kernel does not tell it */
    assert_int_equal(write(t.master, "\r", 1), 1);
    expect(t.master, "10 20\r\n");
    assert_int_equal(write(t.master, "\r\r", 2), 2);
    assert_int_equal(status_of(pid), 5);
    assert_not_raw(&t);
    close(t.master);
    close(t.slave);
}

static void test_interrupt_key_reaches_the_payload(void **state)
{
    (void)state;
    struct user_terminal t = open_user_terminal();
    pid_t pid = start_session(&t, "trap 'echo interrupted; exit 9' INT; echo ready; while :; do sleep 0.05; done");
    expect(t.master, "ready");
    assert_int_equal(write(t.master, "\x03", 1), 1);
    expect(t.master, "interrupted");
    assert_int_equal(status_of(pid), 9);
    close(t.master);
    close(t.slave);
}

static void test_detach(void **state)
{
    (void)state;
    struct user_terminal t = open_user_terminal();
    pid_t pid = start_session(&t, "echo ready; sleep 20");
    expect(t.master, "ready");
    assert_int_equal(write(t.master, "\x10\x11", 2), 2);
    assert_int_equal(status_of(pid), 200 + USER_DETACHED);
    assert_not_raw(&t);
    close(t.master);
    close(t.slave);
}

static void test_fatal_signal_restores_the_terminal(void **state)
{
    (void)state;
    struct user_terminal t = open_user_terminal();
    pid_t pid = start_session(&t, "echo ready; sleep 20");
    expect(t.master, "ready");
    struct termios now;
    tcgetattr(t.slave, &now);
    assert_int_equal(now.c_lflag & (tcflag_t)ECHO, 0); /* it was raw */
    kill(pid, SIGTERM);
    assert_int_equal(status_of(pid), 1000 + SIGTERM);
    assert_not_raw(&t);
    close(t.master);
    close(t.slave);
}

int main(void)
{
    alarm(50);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_streams_and_status),
        cmocka_unit_test(test_status_of_a_signal),
        cmocka_unit_test(test_large_streams),
        cmocka_unit_test(test_slow_user),
        cmocka_unit_test(test_background_process),
        cmocka_unit_test(test_nobody_reads),
        cmocka_unit_test(test_payload_closes_stdin),
        cmocka_unit_test(test_signal_is_forwarded),
        cmocka_unit_test(test_signal_passes_blocked_output),
        cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_interrupt_key_reaches_the_payload),
        cmocka_unit_test(test_detach),
        cmocka_unit_test(test_fatal_signal_restores_the_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
