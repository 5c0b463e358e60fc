#include "base/unit.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "runtime/sync.h"

struct pair {
    int a, b;
};

static int make_pair(void **state)
{
    static struct pair p;
    struct err e = ERR_INIT;

    *state = &p;
    return sync_pair(&p.a, &p.b, &e);
}

static int drop_pair(void **state)
{
    struct pair *p = *state;

    fd_close(&p->a);
    fd_close(&p->b);
    return 0;
}

static void a_step_arrives(void **state)
{
    struct pair *p = *state;
    struct err e = ERR_INIT;
    size_t n = 99;

    assert_int_equal(sync_send(p->a, SYNC_MAPPED, NULL, 0, &e), 0);
    assert_int_equal(sync_wait(p->b, SYNC_MAPPED, NULL, 0, &n, &e), 0);
    assert_int_equal(n, 0);
}

static void another_step_is_an_error_that_names_both(void **state)
{
    struct pair *p = *state;
    struct err e = ERR_INIT;

    sync_send(p->a, SYNC_READY, NULL, 0, &e);
    assert_int_equal(sync_wait(p->b, SYNC_EXEC, NULL, 0, NULL, &e), -EPROTO);
    assert_int_equal(e.kind, ERR_INTERNAL);
    assert_says(&e, "step 4 came where \"the word to execute\" was expected");
}

static void a_message_of_another_size_is_refused(void **state)
{
    struct pair *p = *state;
    struct err e = ERR_INIT;

    assert_int_equal(send(p->a, "x", 1, 0), 1);
    assert_int_equal(sync_wait(p->b, SYNC_EXEC, NULL, 0, NULL, &e), -EPROTO);
    assert_says(&e, "1 bytes");
}

static void the_end_of_the_other_side_is_told(void **state)
{
    struct pair *p = *state;
    struct err e = ERR_INIT;

    fd_close(&p->a);
    assert_int_equal(sync_wait(p->b, SYNC_MOUNTS, NULL, 0, NULL, &e), -ECONNRESET);
    assert_says(&e, "ended before the mounts were handed over");
}

static void an_error_crosses_as_it_is(void **state)
{
    struct pair *p = *state;
    struct err sent = ERR_INIT;
    struct err e = ERR_INIT;

    err_set(&sent, ERR_NO_COMMAND, ENOENT, "exec: \"x\": executable file not found in $PATH");
    assert_int_equal(sync_send_error(p->a, &sent), 0);
    assert_int_equal(sync_wait(p->b, SYNC_READY, NULL, 0, NULL, &e), -ENOENT);
    assert_int_equal(e.kind, ERR_NO_COMMAND);
    assert_string_equal(e.text, sent.text);
}

/* What a hostile sender could do to whoever prints the error. */
static void a_garbled_error_is_an_error_all_the_same(void **state)
{
    struct pair *p = *state;
    struct err sent = {.kind = ERR_KIND_COUNT + 5, .code = -3};
    struct err e = ERR_INIT;

    memset(sent.text, 'A', sizeof(sent.text));
    sync_send_error(p->a, &sent);
    assert_int_equal(sync_wait(p->b, SYNC_READY, NULL, 0, NULL, &e), -EPROTO);
    assert_says(&e, "garbled");

    sent.kind = ERR_SYS;
    sent.code = EIO;
    sync_send_error(p->a, &sent);
    assert_int_equal(sync_wait(p->b, SYNC_READY, NULL, 0, NULL, &e), -EIO);
    assert_int_equal(strlen(e.text), sizeof(e.text) - 1);
}

static void assert_same_file(int a, int b)
{
    struct stat x;
    struct stat y;

    assert_int_equal(fstat(a, &x), 0);
    assert_int_equal(fstat(b, &y), 0);
    assert_int_equal(x.st_ino, y.st_ino);
    assert_int_equal(x.st_dev, y.st_dev);
}

/* More than one packet can hold. */
static void many_fds_keep_their_order(void **state)
{
    enum { MANY = SYNC_FDS_MAX * 2 + 1 };
    struct pair *p = *state;
    struct err e = ERR_INIT;
    int files[2] = {open("/", O_PATH | O_CLOEXEC), open("/proc", O_PATH | O_CLOEXEC)};
    int sent[MANY];
    int got[MANY];
    size_t n = 0;

    for (int i = 0; i < MANY; i++)
        sent[i] = files[(i * 7 / 3) % 2];
    assert_int_equal(sync_send(p->a, SYNC_MOUNTS, sent, MANY, &e), 0);
    assert_int_equal(sync_wait(p->b, SYNC_MOUNTS, got, MANY, &n, &e), 0);
    assert_int_equal(n, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(fcntl(got[i], F_GETFD), FD_CLOEXEC);
        assert_same_file(sent[i], got[i]);
        fd_close(&got[i]);
    }
    fd_close(&files[0]);
    fd_close(&files[1]);
}

static int lowest_free_fd(void)
{
    int fd = open("/", O_PATH | O_CLOEXEC);

    close(fd);
    return fd;
}

static void fds_that_nobody_wants_are_closed(void **state)
{
    struct pair *p = *state;
    struct err e = ERR_INIT;
    const int fds[] = {0, 1, 2};
    int got[2];
    int before = lowest_free_fd();

    sync_send(p->a, SYNC_MOUNTS, fds, 3, &e);
    assert_int_equal(sync_wait(p->b, SYNC_MOUNTS, got, 2, NULL, &e), -EPROTO);
    sync_send(p->a, SYNC_READY, fds, 3, &e);
    assert_int_equal(sync_wait(p->b, SYNC_EXEC, got, 2, NULL, &e), -EPROTO);
    assert_int_equal(lowest_free_fd(), before);
}

static void silence_means_that_it_runs(void **state)
{
    struct pair *p = *state;
    struct err e = ERR_INIT;

    fd_close(&p->a);
    assert_int_equal(sync_wait_eof(p->b, &e), 0);
}

static void a_word_in_place_of_silence_is_passed_on(void **state)
{
    struct pair *p = *state;
    struct err sent = ERR_INIT;
    struct err e = ERR_INIT;

    err_set(&sent, ERR_NOT_EXECUTABLE, EACCES, "exec: \"x\": permission denied");
    sync_send_error(p->a, &sent);
    fd_close(&p->a);
    assert_int_equal(sync_wait_eof(p->b, &e), -EACCES);
    assert_int_equal(e.kind, ERR_NOT_EXECUTABLE);
}

static void an_earlier_error_is_found_behind_other_steps(void **state)
{
    struct pair *p = *state;
    struct err sent = ERR_INIT;
    struct err e = ERR_INIT;

    assert_false(sync_take_error(p->b, &e));
    assert_false(err_is_set(&e));
    err_set(&sent, ERR_DENIED, 0, "no");
    sync_send(p->a, SYNC_READY, NULL, 0, &e);
    sync_send_error(p->a, &sent);
    assert_true(sync_take_error(p->b, &e));
    assert_int_equal(e.kind, ERR_DENIED);
}

static void sending_to_a_dead_peer_raises_no_signal(void **state)
{
    struct pair *p = *state;
    struct err e = ERR_INIT;

    fd_close(&p->b);
    assert_int_equal(sync_send(p->a, SYNC_EXEC, NULL, 0, &e), -EPIPE);
}

/* stdin closed, say by a service manager: the socket must not come to lie there. */
static void the_socket_is_never_a_standard_stream(void **state)
{
    struct err e = ERR_INIT;
    int saved = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
    int a;
    int b;

    (void)state;
    close(STDIN_FILENO);
    assert_int_equal(sync_pair(&a, &b, &e), 0);
    assert_true(a > STDERR_FILENO && b > STDERR_FILENO);
    dup2(saved, STDIN_FILENO);
    fd_close(&saved);
    fd_close(&a);
    fd_close(&b);
}

#define with_pair(test) cmocka_unit_test_setup_teardown(test, make_pair, drop_pair)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_pair(a_step_arrives),
        with_pair(another_step_is_an_error_that_names_both),
        with_pair(a_message_of_another_size_is_refused),
        with_pair(the_end_of_the_other_side_is_told),
        with_pair(an_error_crosses_as_it_is),
        with_pair(a_garbled_error_is_an_error_all_the_same),
        with_pair(many_fds_keep_their_order),
        with_pair(fds_that_nobody_wants_are_closed),
        with_pair(silence_means_that_it_runs),
        with_pair(a_word_in_place_of_silence_is_passed_on),
        with_pair(an_earlier_error_is_found_behind_other_steps),
        with_pair(sending_to_a_dead_peer_raises_no_signal),
        cmocka_unit_test(the_socket_is_never_a_standard_stream),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
