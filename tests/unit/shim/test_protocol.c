#include "unit.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/file.h"
#include "shim/protocol.h"

static struct shim_msg m; /* 16 KiB */
static int pair[2];

static int set_up(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int tear_down(void **state)
{
    (void)state;
    fd_close(&pair[0]);
    fd_close(&pair[1]);
    return 0;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char data[SHIM_DATA_MAX];
    memset(data, 'x', sizeof(data));
    static const size_t sizes[] = {0, 1, 1000, SHIM_DATA_MAX};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        assert_works(shim_send(pair[0], SHIM_MSG_STDOUT, data, sizes[i], -1, &e), &e);
        assert_int_equal(shim_recv(pair[1], &m, NULL, &e), 1);
        assert_int_equal(m.type, SHIM_MSG_STDOUT);
        assert_int_equal(m.len, sizes[i]);
        assert_memory_equal(m.data, data, sizes[i]);
    }
    assert_int_equal(shim_send(pair[0], SHIM_MSG_STDOUT, data, SHIM_DATA_MAX + 1, -1, &e), -EMSGSIZE);
}

static bool is_same_file(int a, int b)
{
    struct stat x, y;
    return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_ino == y.st_ino && x.st_dev == y.st_dev;
}

static void test_passes_fd(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    int pipe_fds[2];
    assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
    assert_works(shim_send(pair[0], SHIM_MSG_PIDFD, NULL, 0, pipe_fds[0], &e), &e);
    int fd = -1;
    assert_int_equal(shim_recv(pair[1], &m, &fd, &e), 1);
    assert_true(fd >= 0 && is_same_file(fd, pipe_fds[0]));
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);

    /* Where none is expected, one that comes does not stay open. */
    assert_works(shim_send(pair[0], SHIM_MSG_PIDFD, NULL, 0, pipe_fds[1], &e), &e);
    assert_int_equal(shim_recv(pair[1], &m, NULL, &e), 1);
    close(pipe_fds[1]);
    char c;
    assert_int_equal(read(pipe_fds[0], &c, 1), 0); /* end of file: no other writer */
    close(pipe_fds[0]);

    assert_works(shim_send(pair[0], SHIM_MSG_DONE, NULL, 0, -1, &e), &e);
    assert_int_equal(shim_recv(pair[1], &m, &fd, &e), 1);
    assert_int_equal(fd, -1);
}

static void test_refuses_what_is_no_message(void **state)
{
    (void)state;
    struct {
        uint32_t type, len;
        char data[SHIM_DATA_MAX + 1];
    } packet = {SHIM_MSG_STDIN, 100, {0}};
    static const size_t sizes[] = {1, 7, 8, 8 + 99, 8 + 101, sizeof(packet)};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        struct err e = ERR_INIT;
        assert_int_equal(send(pair[0], &packet, sizes[i], 0), sizes[i]);
        assert_int_equal(shim_recv(pair[1], &m, NULL, &e), -EBADMSG);
    }
}

static void test_never_blocks(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char data[SHIM_DATA_MAX] = {0};
    assert_int_equal(shim_recv_now(pair[1], &m, NULL, &e), -EAGAIN);
    int n = 0, r;
    while ((r = shim_send_now(pair[0], SHIM_MSG_STDOUT, data, sizeof(data), -1, &e)) == 0)
        n++;
    assert_int_equal(r, -EAGAIN);
    assert_false(err_is_set(&e));
    for (int i = 0; i < n; i++)
        assert_int_equal(shim_recv_now(pair[1], &m, NULL, &e), 1);
}

static void test_peer_gone(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    fd_close(&pair[1]);
    assert_int_equal(shim_recv(pair[0], &m, NULL, &e), 0);
    assert_int_equal(shim_send(pair[0], SHIM_MSG_WAIT, NULL, 0, -1, &e), -EPIPE);
    assert_false(err_is_set(&e));
}

/* The kernel reports ECONNRESET in front of what the peer had said, when it closed with bytes unread. */
static void test_last_words_survive_a_reset(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_works(shim_send(pair[0], SHIM_MSG_STDIN, "unread", 6, -1, &e), &e);
    assert_works(shim_send(pair[1], SHIM_MSG_EXIT, "last", 4, -1, &e), &e);
    fd_close(&pair[1]);
    assert_int_equal(shim_recv(pair[0], &m, NULL, &e), 1);
    assert_memory_equal(m.data, "last", 4);
    assert_int_equal(shim_recv(pair[0], &m, NULL, &e), 0);
}

static void test_listens_below_a_long_path(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    char top[] = "/tmp/sampan-unit-XXXXXX";
    assert_non_null(mkdtemp(top));
    char path[512];
    snprintf(path, sizeof(path), "%s/%0120d/%0120d", top, 1, 2);
    int dir = -1;
    assert_works(dir_make_all(AT_FDCWD, path, 0700, &dir, &e), &e);

    assert_int_equal(shim_connect(dir, &e), -ENOENT);
    int listener = shim_listen(dir, &e);
    assert_works(listener, &e);
    int sock = shim_connect(dir, &e);
    assert_works(sock, &e);
    close(sock);
    close(listener);
    assert_int_equal(shim_connect(dir, &e), -ECONNREFUSED);
    assert_false(err_is_set(&e));

    listener = shim_listen(dir, &e); /* over the stale socket */
    assert_works(listener, &e);
    sock = shim_connect(dir, &e);
    assert_works(sock, &e);
    close(sock);
    close(listener);
    close(dir);
    assert_works(dir_remove_all(AT_FDCWD, top, &e), &e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_round_trip, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_passes_fd, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_refuses_what_is_no_message, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_never_blocks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_peer_gone, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_last_words_survive_a_reset, set_up, tear_down),
        cmocka_unit_test(test_listens_below_a_long_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
