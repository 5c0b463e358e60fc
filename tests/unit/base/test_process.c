#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/process.h"

/* A program that a test starts: /bin/sh -c script, with pipe[1] for the test to place where it likes. */
struct shell {
    struct process process;
    const char *argv[4];
    int pipe[2];
};

static void shell_init(struct shell *sh, const char *script)
{
    *sh = (struct shell){.argv = {"sh", "-c", script, NULL}};
    sh->process = (struct process){.path = "/bin/sh", .fds = {-1, -1, STDERR_FILENO}, .n_fds = 3, .pidfd = -1};
    assert_int_equal(pipe2(sh->pipe, O_CLOEXEC), 0);
    sh->process.fds[1] = sh->pipe[1];
}

static void shell_release(struct shell *sh)
{
    fd_close(&sh->pipe[0]);
    fd_close(&sh->pipe[1]);
    fd_close(&sh->process.pidfd);
}

#define _cleanup_shell_ _cleanup_(shell_release)

/* Starts it, compares what it writes into the pipe and then its status. */
static void assert_runs(struct shell *sh, const char *output, int status)
{
    struct err e = ERR_INIT;
    char text[4096];
    ssize_t n;
    int got;

    sh->process.argv = sh->argv;
    if (process_start(&sh->process, &e) < 0)
        fail_msg("%s", e.text);
    assert_false(err_is_set(&e));
    fd_close(&sh->pipe[1]);
    n = fd_read_full(sh->pipe[0], text, sizeof(text) - 1);
    assert_true(n >= 0);
    text[n] = '\0';
    assert_string_equal(text, output);
    assert_int_equal(process_wait(&sh->process, &got, &e), 0);
    assert_int_equal(got, status);
}

static void program_runs_with_arguments_and_status(void **state)
{
    _cleanup_shell_ struct shell sh;

    (void)state;
    shell_init(&sh, "echo out; exit 7");
    assert_runs(&sh, "out\n", 7);
    assert_true(sh.process.pid > 0);
    assert_int_equal(fcntl(sh.process.pidfd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(waitpid(sh.process.pid, NULL, 0), -1); /* reaped */
}

static void signal_ends_it_with_128_and_more(void **state)
{
    _cleanup_shell_ struct shell sh;

    (void)state;
    shell_init(&sh, "kill -KILL $$");
    assert_runs(&sh, "", 128 + SIGKILL);
}

static void environment_is_the_given_one_or_the_callers(void **state)
{
    _cleanup_shell_ struct shell given;
    _cleanup_shell_ struct shell callers;
    char *env[] = {(char[]){"ONE=1"}, NULL};

    (void)state;
    setenv("SAMPAN_UNIT_TEST", "callers", 1);
    shell_init(&given, "echo $ONE$SAMPAN_UNIT_TEST");
    given.process.env = env;
    assert_runs(&given, "1\n", 0);
    shell_init(&callers, "echo $ONE$SAMPAN_UNIT_TEST");
    assert_runs(&callers, "callers\n", 0);
    unsetenv("SAMPAN_UNIT_TEST");
}

/* Moves an fd out of the way of the numbers that the test uses. */
static void move_up(int *fd)
{
    int high = fcntl(*fd, F_DUPFD_CLOEXEC, 400);

    assert_true(high >= 400);
    close(*fd);
    *fd = high;
}

/* The fds of the shell itself, without the one that it lists them by. */
static const char list_fds[] = "cd /proc/self/fd && for f in *; do [ -e /proc/$$/fd/$f ] && printf '%s ' $f; done; :";

static void absent_standard_fds_are_dev_null(void **state)
{
    _cleanup_shell_ struct shell sh;

    (void)state;
    shell_init(&sh, "readlink /proc/$$/fd/0 /proc/$$/fd/2; cat; echo lost >&2");
    sh.process.fds[2] = -1;
    assert_runs(&sh, "/dev/null\n/dev/null\n", 0);
}

static void three_fds_are_set_up_although_fewer_are_given(void **state)
{
    _cleanup_shell_ struct shell sh;

    (void)state;
    shell_init(&sh, "readlink /proc/$$/fd/2");
    sh.process.fds[2] = sh.pipe[1]; /* not to be looked at */
    sh.process.n_fds = 2;
    assert_runs(&sh, "/dev/null\n", 0);
}

static void no_other_fd_is_passed_on(void **state)
{
    static const int leaks[] = {4, 300}; /* one among the fds of the program, one above */
    _cleanup_shell_ struct shell sh;

    (void)state;
    shell_init(&sh, list_fds);
    move_up(&sh.pipe[0]);
    move_up(&sh.pipe[1]);
    for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
        assert_int_equal(dup2(STDERR_FILENO, leaks[i]), leaks[i]); /* without close-on-exec */
    sh.process.fds[1] = sh.pipe[1];
    sh.process.fds[5] = STDERR_FILENO;
    sh.process.fds[3] = sh.process.fds[4] = -1;
    sh.process.n_fds = 6;
    assert_runs(&sh, "0 1 2 5 ", 0);
    for (size_t i = 0; i < ARRAY_SIZE(leaks); i++)
        close(leaks[i]);
}

/* Files "0" … "9", each at the fd where `at` says. */
static void open_numbered_files(const int *at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        int pair[2];
        char digit = (char)('0' + i);

        assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
        assert_int_equal(write(pair[1], &digit, 1), 1);
        close(pair[1]);
        move_up(&pair[0]); /* it may be at[i] by chance */
        assert_int_equal(dup3(pair[0], at[i], O_CLOEXEC), at[i]);
        close(pair[0]);
    }
}

/*
 * The sources are among the targets in every way there is: swapped (3 and 4), rotated (5, 6, 7), in place (8), used
 * twice (9 and 10), and a source whose number another one takes (11 from 300).
 */
static void colliding_fds_all_arrive(void **state)
{
    static const int sources[] = {3, 4, 5, 6, 7, 8, 9, 11, 300};
    static const int wanted[][2] = {{3, 4}, {4, 3}, {5, 6}, {6, 7}, {7, 5}, {8, 8}, {9, 11}, {10, 9}, {11, 300}};
    _cleanup_shell_ struct shell sh;

    (void)state;
    shell_init(&sh, "for i in 3 4 5 6 7 8 9 10 11; do head -c1 /proc/self/fd/$i; done");
    move_up(&sh.pipe[0]);
    move_up(&sh.pipe[1]);
    sh.process.fds[1] = sh.pipe[1];
    open_numbered_files(sources, ARRAY_SIZE(sources));
    for (size_t i = 0; i < ARRAY_SIZE(wanted); i++)
        sh.process.fds[wanted[i][0]] = wanted[i][1];
    sh.process.n_fds = 12;
    /* File i is at sources[i]: 4->1, 3->0, 6->3, 7->4, 5->2, 8->5, 11->7, 9->6, 300->8. */
    assert_runs(&sh, "103425768", 0);
    for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
        assert_int_equal(fcntl(sources[i], F_GETFD), FD_CLOEXEC); /* the caller's are as they were */
        close(sources[i]);
    }
}

static void standard_fds_may_be_swapped(void **state)
{
    _cleanup_shell_ struct shell sh;

    (void)state;
    shell_init(&sh, "echo to-stderr >&2");
    sh.process.fds[2] = sh.pipe[1];
    sh.process.fds[1] = STDERR_FILENO;
    assert_runs(&sh, "to-stderr\n", 0);
}

static void ignore_signal(int signo)
{
    (void)signo;
}

static void signals_are_reset_in_the_child_only(void **state)
{
    const struct sigaction handled = {.sa_handler = ignore_signal};
    _cleanup_shell_ struct shell sh;
    struct sigaction now;
    sigset_t blocked;
    sigset_t mask;

    (void)state;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    signal(SIGHUP, SIG_IGN);
    sigaction(SIGUSR1, &handled, NULL);

    /* Signals 1 to 31: the two above are the C library's own, whose actions it lets nobody change. */
    shell_init(&sh, "for set in SigBlk SigIgn; do"
                    "    echo $((0x$(sed -n \"s/^$set:.//p\" /proc/self/status) & 0x7fffffff)); done");
    assert_runs(&sh, "0\n0\n", 0);

    sigprocmask(SIG_BLOCK, NULL, &mask);
    assert_true(sigismember(&mask, SIGTERM) && !sigismember(&mask, SIGUSR2));
    sigaction(SIGUSR1, NULL, &now);
    assert_ptr_equal(now.sa_handler, ignore_signal);
    sigaction(SIGHUP, NULL, &now);
    assert_ptr_equal(now.sa_handler, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &blocked, NULL);
    signal(SIGHUP, SIG_DFL);
    signal(SIGUSR1, SIG_DFL);
}

static void session_is_new_when_asked_for(void **state)
{
    static const char is_leader[] = "read -r _ _ _ _ _ session _ < /proc/$$/stat; [ $session = $$ ] && echo leader; :";
    _cleanup_shell_ struct shell asked;
    _cleanup_shell_ struct shell not_asked;

    (void)state;
    shell_init(&asked, is_leader);
    asked.process.new_session = 1;
    assert_runs(&asked, "leader\n", 0);
    shell_init(&not_asked, is_leader);
    assert_runs(&not_asked, "", 0);
}

static void assert_no_children(void)
{
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
    assert_int_equal(errno, ECHILD);
}

/* The number that the next open gets: it shows an fd that was left open. */
static int next_free_fd(void)
{
    _cleanup_close_ int fd = dup(STDERR_FILENO);

    return fd;
}

static void failing_step_is_named_and_nothing_is_left(void **state)
{
    const char *const argv[] = {"x", NULL};
    struct process missing = {.path = "/nonexistent/program", .argv = argv, .fds = {-1, -1, -1}, .n_fds = 3};
    struct process directory = {.path = "/", .argv = argv, .fds = {-1, -1, -1}, .n_fds = 3};
    struct process bad_fd = {.path = "/bin/true", .argv = argv, .fds = {-1, -1, 999}, .n_fds = 3};
    struct process many = {.path = "/bin/true", .argv = argv, .n_fds = PROCESS_FDS_MAX + 1};
    struct err e = ERR_INIT;
    int free_before = next_free_fd();

    (void)state;
    assert_int_equal(process_start(&missing, &e), -ENOENT);
    assert_string_equal(e.text, "execute /nonexistent/program: No such file or directory");
    assert_int_equal(process_start(&directory, &e), -EACCES);
    assert_int_equal(process_start(&bad_fd, &e), -EBADF);
    assert_string_equal(e.text, "start /bin/true: make fd 999 the program's fd 2: Bad file descriptor");
    assert_true(process_start(&many, &e) < 0);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_no_children();
    assert_int_equal(next_free_fd(), free_before);
}

static volatile sig_atomic_t n_signals;

static int enter_dir(void *path, struct err *e)
{
    return chdir(path) < 0 ? err_sys(e, "enter %s", (const char *)path) : 0;
}

static void child_prepares_itself_only(void **state)
{
    _cleanup_shell_ struct shell sh;
    char before[4096], after[4096];

    (void)state;
    assert_non_null(getcwd(before, sizeof(before)));
    shell_init(&sh, "pwd -P");
    sh.process.prepare = enter_dir;
    sh.process.prepare_arg = (void *)"/proc";
    assert_runs(&sh, "/proc\n", 0);
    assert_non_null(getcwd(after, sizeof(after)));
    assert_string_equal(after, before);
}

static void failed_preparation_is_told_and_nothing_is_left(void **state)
{
    _cleanup_shell_ struct shell sh;
    struct err e = ERR_INIT;

    (void)state;
    shell_init(&sh, "exit 0");
    sh.process.argv = sh.argv;
    sh.process.prepare = enter_dir;
    sh.process.prepare_arg = (void *)"/nonexistent";
    assert_int_equal(process_start(&sh.process, &e), -ENOENT);
    assert_says(&e, "start /bin/sh: enter /nonexistent");
    assert_no_children();
}

static void count_signal(int signo)
{
    (void)signo;
    n_signals++;
}

static void waiting_survives_signals(void **state)
{
    const struct sigaction counted = {.sa_handler = count_signal}; /* without SA_RESTART */
    _cleanup_shell_ struct shell sh;

    (void)state;
    sigaction(SIGUSR1, &counted, NULL);
    shell_init(&sh, "exec >&-; sleep 0.1; kill -USR1 $PPID; sleep 0.1; exit 3");
    assert_runs(&sh, "", 3);
    assert_int_equal(n_signals, 1);
    signal(SIGUSR1, SIG_DFL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(program_runs_with_arguments_and_status),
        cmocka_unit_test(signal_ends_it_with_128_and_more),
        cmocka_unit_test(environment_is_the_given_one_or_the_callers),
        cmocka_unit_test(absent_standard_fds_are_dev_null),
        cmocka_unit_test(three_fds_are_set_up_although_fewer_are_given),
        cmocka_unit_test(no_other_fd_is_passed_on),
        cmocka_unit_test(colliding_fds_all_arrive),
        cmocka_unit_test(standard_fds_may_be_swapped),
        cmocka_unit_test(signals_are_reset_in_the_child_only),
        cmocka_unit_test(session_is_new_when_asked_for),
        cmocka_unit_test(failing_step_is_named_and_nothing_is_left),
        cmocka_unit_test(child_prepares_itself_only),
        cmocka_unit_test(failed_preparation_is_told_and_nothing_is_left),
        cmocka_unit_test(waiting_survives_signals),
    };

    return cmocka_run_group_tests_name("base/process", tests, NULL, NULL);
}
