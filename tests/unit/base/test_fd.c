#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "base/fd.h"

static volatile sig_atomic_t n_alarms;

static void count_alarm(int signo)
{
    (void)signo;
    n_alarms++;
}

/* An alarm every 2 ms that interrupts system calls: no SA_RESTART. */
static void start_alarms(void)
{
    const struct sigaction action = {.sa_handler = count_alarm};
    const struct itimerval every = {.it_interval.tv_usec = 2000, .it_value.tv_usec = 2000};

    n_alarms = 0;
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
}

static void stop_alarms(void)
{
    const struct itimerval never = {.it_value.tv_usec = 0};

    setitimer(ITIMER_REAL, &never, NULL);
    signal(SIGALRM, SIG_DFL);
}

enum { STREAM_BYTES = 300 * 1000, PIPE_BYTES = 64 * 1024 };

static unsigned char stream_byte(size_t i)
{
    return (unsigned char)(i * 7 + i / 251);
}

/* Reads late and slowly, so that the writer is interrupted before its first byte and between others; exits 0 when every
 * byte was right. */
static void check_stream_and_exit(int fd)
{
    unsigned char chunk[10000];
    size_t done = 0;
    ssize_t n;

    usleep(20000);
    while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
        usleep(1000);
        for (ssize_t i = 0; i < n; i++) {
            if (chunk[i] != stream_byte(done + (size_t)i))
                _exit(1);
        }
        done += (size_t)n;
    }
    _exit(done == STREAM_BYTES ? 0 : 2);
}

static void write_all_survives_signals_and_short_writes(void **state)
{
    _cleanup_free_ unsigned char *data = malloc(STREAM_BYTES);
    int pipe_fds[2];
    int status;
    pid_t reader;

    (void)state;
    for (size_t i = 0; i < STREAM_BYTES; i++)
        data[i] = stream_byte(i);
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    reader = fork();
    if (reader == 0) {
        close(pipe_fds[1]);
        check_stream_and_exit(pipe_fds[0]);
    }
    close(pipe_fds[0]);

    start_alarms();
    assert_int_equal(fd_write_all(pipe_fds[1], data, PIPE_BYTES), 0); /* fills the pipe */
    assert_int_equal(fd_write_all(pipe_fds[1], data + PIPE_BYTES, STREAM_BYTES - PIPE_BYTES), 0);
    stop_alarms();
    assert_true(n_alarms > 0);

    close(pipe_fds[1]);
    assert_int_equal(waitpid(reader, &status, 0), reader);
    assert_int_equal(status, 0);
}

static void write_all_returns_the_errno(void **state)
{
    _cleanup_close_ int full = open("/dev/full", O_WRONLY | O_CLOEXEC);

    (void)state;
    assert_int_equal(fd_write_all(full, "x", 1), -ENOSPC);
    assert_int_equal(fd_write_all(full, "", 0), 0);
    assert_int_equal(fd_write_all(-1, "x", 1), -EBADF);
}

static void write_in_pieces_and_exit(int fd)
{
    for (int i = 0; i < 10; i++) {
        usleep(5000);
        if (write(fd, "0123456789", 10) != 10)
            _exit(1);
    }
    _exit(0);
}

static void read_full_collects_pieces_until_the_end(void **state)
{
    char text[200];
    int pipe_fds[2];
    pid_t writer;

    (void)state;
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    writer = fork();
    if (writer == 0)
        write_in_pieces_and_exit(pipe_fds[1]);
    close(pipe_fds[1]);

    start_alarms();
    assert_int_equal(fd_read_full(pipe_fds[0], text, 35), 35);       /* what was asked for, no more */
    assert_int_equal(fd_read_full(pipe_fds[0], text + 35, 165), 65); /* up to EOF */
    stop_alarms();
    assert_true(n_alarms > 0);
    assert_memory_equal(text + 90, "0123456789", 10);

    close(pipe_fds[0]);
    waitpid(writer, NULL, 0);
}

static void read_full_returns_the_errno(void **state)
{
    char c;

    (void)state;
    assert_int_equal(fd_read_full(-1, &c, 1), -EBADF);
}

static void close_keeps_errno_and_marks_the_variable(void **state)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int copy = fd;
    int bad = 1 << 20;

    (void)state;
    errno = EXDEV;
    fd_close(&fd);
    assert_int_equal(fd, -1);
    assert_int_equal(fcntl(copy, F_GETFD), -1);
    errno = EXDEV;
    fd_close(&bad); /* EBADF inside */
    assert_int_equal(errno, EXDEV);
    fd_close(&fd);
    assert_int_equal(errno, EXDEV);
}

static void taken_fd_is_not_closed(void **state)
{
    int taken;

    (void)state;
    {
        _cleanup_close_ int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

        taken = TAKE_FD(fd);
        assert_int_equal(fd, -1);
    }
    assert_int_equal(fcntl(taken, F_GETFD), FD_CLOEXEC);
    close(taken);
}

static void flags_are_set_and_cleared_alone(void **state)
{
    _cleanup_close_ int fd = open("/dev/null", O_WRONLY | O_APPEND | O_CLOEXEC);

    (void)state;
    assert_int_equal(fd_set_nonblock(fd, 1), 0);
    assert_int_equal(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND | O_ACCMODE), O_NONBLOCK | O_APPEND | O_WRONLY);
    assert_int_equal(fd_set_nonblock(fd, 0), 0);
    assert_int_equal(fcntl(fd, F_GETFL) & (O_NONBLOCK | O_APPEND), O_APPEND);
    assert_int_equal(fd_set_cloexec(fd, 0), 0);
    assert_int_equal(fcntl(fd, F_GETFD), 0);
    assert_int_equal(fd_set_cloexec(fd, 1), 0);
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fd_set_cloexec(-1, 1), -EBADF);
}

static void fd_path_leads_to_the_file(void **state)
{
    char target[64] = "";
    _cleanup_close_ int fd = open("/dev/null", O_PATH | O_CLOEXEC);

    (void)state;
    assert_true(readlink(fd_path(fd).path, target, sizeof(target) - 1) > 0);
    assert_string_equal(target, "/dev/null");
    assert_string_equal(fd_path(0).path, "/proc/self/fd/0");
    assert_string_equal(fd_path(INT32_MAX).path, "/proc/self/fd/2147483647");
}

enum { FIRST = 200, LAST = 209 };

static void open_range(void)
{
    for (int fd = FIRST; fd <= LAST; fd++)
        assert_int_equal(dup2(STDERR_FILENO, fd), fd); /* without close-on-exec */
}

static void close_range_again(void)
{
    for (int fd = FIRST; fd <= LAST; fd++)
        close(fd);
}

static void cloexec_from_marks_all_but_those_kept(void **state)
{
    const int keep[] = {FIRST, FIRST + 3, FIRST + 4, LAST};

    (void)state;
    open_range();
    fd_set_cloexec(FIRST + 3, 1); /* a kept fd loses the flag */
    assert_int_equal(fd_cloexec_from(FIRST, keep, ARRAY_SIZE(keep)), 0);
    for (int fd = FIRST; fd <= LAST; fd++) {
        int is_kept = fd == FIRST || fd == FIRST + 3 || fd == FIRST + 4 || fd == LAST;

        assert_int_equal(fcntl(fd, F_GETFD), is_kept ? 0 : FD_CLOEXEC);
    }
    close_range_again();
}

static void cloexec_from_leaves_lower_fds_alone(void **state)
{
    const int keep[] = {FIRST + 1};

    (void)state;
    open_range();
    fd_set_cloexec(FIRST + 1, 1);
    assert_int_equal(fd_cloexec_from(FIRST + 5, keep, ARRAY_SIZE(keep)), 0);
    assert_int_equal(fcntl(FIRST, F_GETFD), 0);
    assert_int_equal(fcntl(FIRST + 1, F_GETFD), 0); /* below, but to be kept */
    assert_int_equal(fcntl(FIRST + 4, F_GETFD), 0);
    assert_int_equal(fcntl(FIRST + 5, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fcntl(LAST, F_GETFD), FD_CLOEXEC);
    close_range_again();
}

static void cloexec_from_tells_of_a_kept_fd_that_is_not_open(void **state)
{
    const int keep[] = {FIRST};

    (void)state;
    assert_int_equal(fd_cloexec_from(FIRST, keep, ARRAY_SIZE(keep)), -EBADF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write_all_survives_signals_and_short_writes),
        cmocka_unit_test(write_all_returns_the_errno),
        cmocka_unit_test(read_full_collects_pieces_until_the_end),
        cmocka_unit_test(read_full_returns_the_errno),
        cmocka_unit_test(close_keeps_errno_and_marks_the_variable),
        cmocka_unit_test(taken_fd_is_not_closed),
        cmocka_unit_test(flags_are_set_and_cleared_alone),
        cmocka_unit_test(fd_path_leads_to_the_file),
        cmocka_unit_test(cloexec_from_marks_all_but_those_kept),
        cmocka_unit_test(cloexec_from_leaves_lower_fds_alone),
        cmocka_unit_test(cloexec_from_tells_of_a_kept_fd_that_is_not_open),
    };

    return cmocka_run_group_tests_name("base/fd", tests, NULL, NULL);
}
