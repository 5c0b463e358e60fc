/* The command's side of the protocol, in a process of its own; the test plays the shim, and the user. */
#include "unit.h"

#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>

#include "shim/client.h"

static struct shim_msg m;

struct fixture {
    int sock; /* the shim's end */
    int client_sock;
    pid_t pid;   /* the command */
    int in, out; /* the test's ends of the user's stdin and stdout (pipes), or both the terminal's master */
    int slave;
    struct termios cooked;
};

static int set_up(void **state)
{
    static struct fixture f;
    f = (struct fixture){.in = -1, .out = -1, .slave = -1};
    int pair[2];
    *state = &f;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
        return -1;
    f.sock = pair[0];
    f.client_sock = pair[1];
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    if (f->pid > 0) {
        kill(f->pid, SIGKILL);
        waitpid(f->pid, NULL, 0);
    }
    if (f->in != f->out)
        fd_close(&f->in);
    fd_close(&f->out);
    fd_close(&f->slave);
    fd_close(&f->sock);
    fd_close(&f->client_sock);
    return 0;
}

/* The command: exits with the payload's status, 200 + outcome, or 199 with the error on stderr. */
static void run_client(const struct fixture *f, const struct user_io *io)
{
    struct shim_result result;
    struct err e = ERR_INIT;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(f->sock);
    if (f->in != f->out) {
        close(f->in);
        close(f->out);
    }
    if (shim_client_relay(f->client_sock, io, &result, &e) < 0) {
        fprintf(stderr, "# %s\n", e.text);
        _exit(199);
    }
    _exit(result.outcome == USER_EXITED ? result.exit.status : 200 + (int)result.outcome);
}

static void start_on_pipes(struct fixture *f)
{
    int in[2], out[2];
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    f->in = in[1];
    f->out = out[0];
    struct user_io io = {.in = in[0], .out = out[1], .err = out[1], .forwards_signals = true};
    f->pid = fork();
    if (f->pid == 0)
        run_client(f, &io);
    close(in[0]);
    close(out[1]);
    fd_close(&f->client_sock);
}

static void start_on_terminal(struct fixture *f)
{
    struct winsize size = {.ws_row = 33, .ws_col = 77};
    assert_int_equal(openpty(&f->in, &f->slave, NULL, NULL, &size), 0);
    f->out = f->in;
    tcgetattr(f->slave, &f->cooked);
    struct user_io io = {
        .in = f->slave, .out = f->slave, .err = f->slave, .has_terminal = true, .forwards_signals = true};
    f->pid = fork();
    if (f->pid == 0)
        run_client(f, &io);
    fd_close(&f->client_sock);
}

static int status_of(struct fixture *f)
{
    int status;
    assert_int_equal(waitpid(f->pid, &status, 0), f->pid);
    f->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void receive(const struct fixture *f, enum shim_msg_type type)
{
    struct err e = ERR_INIT;
    int r = shim_recv(f->sock, &m, NULL, &e);
    assert_works(r, &e);
    assert_int_equal(r, 1);
    assert_int_equal(m.type, type);
}

static void tell(const struct fixture *f, enum shim_msg_type type, const void *data, size_t len)
{
    struct err e = ERR_INIT;
    assert_works(shim_send(f->sock, type, data, len, -1, &e), &e);
}

static void tell_exit(const struct fixture *f, int status)
{
    struct shim_exit exit = {.status = status};
    tell(f, SHIM_MSG_EXIT, &exit, sizeof(exit));
}

static void expect_output(const struct fixture *f, const char *text)
{
    char seen[256] = "";
    size_t len = 0;
    while (len < strlen(text)) {
        struct pollfd p = {.fd = f->out, .events = POLLIN};
        assert_int_equal(poll(&p, 1, 5000), 1);
        ssize_t n = read(f->out, seen + len, sizeof(seen) - 1 - len);
        assert_true(n > 0);
        len += (size_t)n;
    }
    assert_string_equal(seen, text);
}

static void type_text(const struct fixture *f, const char *text)
{
    assert_int_equal(write(f->in, text, strlen(text)), strlen(text));
}

static bool is_silent(const struct fixture *f)
{
    struct pollfd p = {.fd = f->sock, .events = POLLIN};
    return poll(&p, 1, 200) == 0;
}

static void assert_cooked(const struct fixture *f)
{
    struct termios now;
    tcgetattr(f->slave, &now);
    assert_int_equal(now.c_lflag, f->cooked.c_lflag);
    assert_int_equal(now.c_iflag, f->cooked.c_iflag);
    assert_int_equal(now.c_oflag, f->cooked.c_oflag);
}

/* The first message on a terminal: its size. The terminal is raw by then. */
static void expect_size(const struct fixture *f, int rows, int cols)
{
    struct shim_size size;
    receive(f, SHIM_MSG_RESIZE);
    memcpy(&size, m.data, sizeof(size));
    assert_int_equal(size.rows, rows);
    assert_int_equal(size.cols, cols);
}

static void test_output_and_status(void **state)
{
    struct fixture *f = *state;
    start_on_pipes(f);
    tell(f, SHIM_MSG_STDOUT, "out\n", 4);
    tell(f, SHIM_MSG_STDERR, "err\n", 4);
    tell(f, SHIM_MSG_DONE, NULL, 0); /* an answer that nobody waits for */
    tell_exit(f, 42);
    assert_int_equal(status_of(f), 42);
    expect_output(f, "out\nerr\n");
}

static void test_input_waits_its_turn(void **state)
{
    struct fixture *f = *state;
    start_on_pipes(f);
    type_text(f, "one");
    receive(f, SHIM_MSG_STDIN);
    assert_memory_equal(m.data, "one", 3);
    type_text(f, "two");
    assert_true(is_silent(f));
    tell(f, SHIM_MSG_STDIN_TAKEN, NULL, 0);
    receive(f, SHIM_MSG_STDIN);
    assert_memory_equal(m.data, "two", 3);
    tell(f, SHIM_MSG_STDIN_TAKEN, NULL, 0);
    fd_close(&f->in);
    receive(f, SHIM_MSG_STDIN_CLOSE);
    tell_exit(f, 0);
    assert_int_equal(status_of(f), 0);
}

static void test_signals_are_forwarded(void **state)
{
    struct fixture *f = *state;
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
        signal(signals[i], SIG_DFL); /* whatever started the tests may ignore some */
    start_on_pipes(f);
    type_text(f, "x");
    receive(f, SHIM_MSG_STDIN); /* it listens by now */
    for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
        int32_t signo;
        kill(f->pid, signals[i]);
        receive(f, SHIM_MSG_SIGNAL);
        memcpy(&signo, m.data, sizeof(signo));
        assert_int_equal(signo, signals[i]);
    }
    tell_exit(f, 130);
    assert_int_equal(status_of(f), 130);
}

/* nohup: what the command's parent ignores is not forwarded. */
static void test_ignored_signal_is_not_forwarded(void **state)
{
    struct fixture *f = *state;
    signal(SIGHUP, SIG_IGN);
    start_on_pipes(f);
    signal(SIGHUP, SIG_DFL);
    type_text(f, "x");
    receive(f, SHIM_MSG_STDIN);
    kill(f->pid, SIGHUP);
    assert_true(is_silent(f));
    tell_exit(f, 0);
    assert_int_equal(status_of(f), 0);
}

static void test_nobody_reads(void **state)
{
    struct fixture *f = *state;
    start_on_pipes(f);
    fd_close(&f->out);
    tell(f, SHIM_MSG_STDOUT, "lost\n", 5);
    assert_int_equal(status_of(f), 200 + USER_HUNG_UP);
}

/* The user takes nothing for a while: the shim's messages stay in the socket until it is full. */
static void test_slow_user(void **state)
{
    struct fixture *f = *state;
    char data[SHIM_DATA_MAX];
    struct err e = ERR_INIT;
    size_t sent = 0, received = 0;
    memset(data, 'x', sizeof(data));
    start_on_pipes(f);
    for (int idle = 0; idle < 20;) {
        int r = shim_send_now(f->sock, SHIM_MSG_STDOUT, data, sizeof(data), -1, &e);
        assert_true(r == 0 || r == -EAGAIN);
        sent += r == 0 ? sizeof(data) : 0;
        idle = r == 0 ? 0 : idle + 1;
        usleep(10 * 1000);
    }
    assert_true(sent < 2 * 1024 * 1024);
    while (received < sent) {
        ssize_t n = read(f->out, data, sizeof(data));
        assert_true(n > 0);
        received += (size_t)n;
    }
    tell_exit(f, 0);
    assert_int_equal(status_of(f), 0);
}

static void test_shim_dies(void **state)
{
    struct fixture *f = *state;
    start_on_pipes(f);
    fd_close(&f->sock);
    assert_int_equal(status_of(f), 199);
}

/* Its last words count even when a message to it is on the way. */
static void test_exit_before_the_last_input(void **state)
{
    struct fixture *f = *state;
    start_on_pipes(f);
    kill(f->pid, SIGSTOP);
    tell(f, SHIM_MSG_STDOUT, "end\n", 4);
    tell_exit(f, 3);
    fd_close(&f->sock);
    type_text(f, "too late");
    kill(f->pid, SIGCONT);
    assert_int_equal(status_of(f), 3);
    expect_output(f, "end\n");
}

static void test_terminal(void **state)
{
    struct fixture *f = *state;
    start_on_terminal(f);
    expect_size(f, 33, 77);
    type_text(f, "\x03");
    receive(f, SHIM_MSG_STDIN); /* raw: a byte, no signal */
    assert_memory_equal(m.data, "\x03", 1);
    tell(f, SHIM_MSG_STDIN_TAKEN, NULL, 0);
    struct winsize size = {.ws_row = 10, .ws_col = 20};
    ioctl(f->in, TIOCSWINSZ, &size);
    kill(f->pid, SIGWINCH); /* not in this terminal's foreground, so the kernel does not tell it */
    expect_size(f, 10, 20);
    tell(f, SHIM_MSG_STDOUT, "a\n", 2);
    expect_output(f, "a\n"); /* raw: no carriage return added */
    tell_exit(f, 5);
    assert_int_equal(status_of(f), 5);
    assert_cooked(f);
}

static void test_detach(void **state)
{
    struct fixture *f = *state;
    start_on_terminal(f);
    expect_size(f, 33, 77);
    type_text(f, "a\x10");
    receive(f, SHIM_MSG_STDIN);
    assert_int_equal(m.len, 1);
    tell(f, SHIM_MSG_STDIN_TAKEN, NULL, 0);
    type_text(f, "\x11");
    assert_int_equal(status_of(f), 200 + USER_DETACHED);
    assert_cooked(f);
}

static void test_fatal_signal_restores_the_terminal(void **state)
{
    struct fixture *f = *state;
    start_on_terminal(f);
    expect_size(f, 33, 77);
    kill(f->pid, SIGTERM);
    assert_int_equal(status_of(f), 1000 + SIGTERM);
    assert_cooked(f);
}

static void test_shim_dies_at_a_terminal(void **state)
{
    struct fixture *f = *state;
    start_on_terminal(f);
    expect_size(f, 33, 77);
    fd_close(&f->sock);
    assert_int_equal(status_of(f), 199);
    assert_cooked(f);
}

static void test_bad_detach_keys(void **state)
{
    struct fixture *f = *state;
    struct user_io io = {.in = -1, .out = -1, .err = -1, .detach_keys = "nonsense"};
    struct shim_result result;
    struct err e = ERR_INIT;
    assert_int_equal(shim_client_relay(f->client_sock, &io, &result, &e), -EINVAL);
    assert_says(&e, "nonsense");
}

/* What a shim says is checked: an error without end or kind. */
static void test_errors_from_the_shim(void **state)
{
    struct fixture *f = *state;
    struct err theirs = {.kind = ERR_NO_COMMAND, .code = ENOENT, .text = "execute /x"}, e = ERR_INIT;
    struct shim_started started;
    tell(f, SHIM_MSG_ERROR, &theirs, sizeof(theirs));
    assert_int_equal(shim_client_wait_started(f->client_sock, &started, &e), -ENOENT);
    assert_int_equal(e.kind, ERR_NO_COMMAND);
    assert_string_equal(e.text, "execute /x");

    memset(&theirs, 'x', sizeof(theirs));
    tell(f, SHIM_MSG_ERROR, &theirs, sizeof(theirs));
    assert_true(shim_client_wait_started(f->client_sock, &started, &e) < 0);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_int_equal(strlen(e.text), ERR_TEXT_MAX - 1);

    tell(f, SHIM_MSG_ERROR, &theirs, 10);
    assert_int_equal(shim_client_wait_started(f->client_sock, &started, &e), -EBADMSG);
    tell(f, SHIM_MSG_STARTED, &theirs, 3);
    assert_int_equal(shim_client_wait_started(f->client_sock, &started, &e), -EBADMSG);
    fd_close(&f->sock);
    assert_int_equal(shim_client_wait_started(f->client_sock, &started, &e), -ECONNRESET);
    assert_says(&e, "shim is gone");
}

#define client_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    alarm(50);
    const struct CMUnitTest tests[] = {
        client_test(test_output_and_status),
        client_test(test_input_waits_its_turn),
        client_test(test_signals_are_forwarded),
        client_test(test_ignored_signal_is_not_forwarded),
        client_test(test_nobody_reads),
        client_test(test_slow_user),
        client_test(test_shim_dies),
        client_test(test_exit_before_the_last_input),
        client_test(test_terminal),
        client_test(test_detach),
        client_test(test_fatal_signal_restores_the_terminal),
        client_test(test_shim_dies_at_a_terminal),
        client_test(test_bad_detach_keys),
        client_test(test_errors_from_the_shim),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
