#include "shim/unit.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "keeper/client.h"
#include "keeper/protocol.h"

static int pair[2];
static struct net_instance in;
static char dir[] = "/tmp/sampan-unit-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    in = NET_INSTANCE_INIT;
    if (!mkdtemp(dir) || net_instance_open(dir, &in, NULL) < 0)
        return -1;
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair);
}

static int tear_down(void **state)
{
    (void)state;
    char networks[64];
    snprintf(networks, sizeof(networks), "%s/networks", dir);
    fd_close(&pair[0]);
    fd_close(&pair[1]);
    net_instance_close(&in);
    int r = rmdir(networks) < 0 || rmdir(dir) < 0;
    memcpy(dir + strlen(dir) - 6, "XXXXXX", 6);
    return r;
}

static json_object *message(size_t filling)
{
    json_object *o = json_object_new_object();
    _cleanup_free_ char *text = calloc(filling + 1, 1);
    memset(text, 'x', filling);
    json_add_str(o, "Op", text);
    return o;
}

static void test_round_trip(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    static const size_t sizes[] = {0, 1000, KEEPER_PACKET_MAX - 16};
    for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
        _cleanup_json_ json_object *sent = message(sizes[i]), *got = NULL;
        const char *text;
        assert_works(keeper_send(pair[0], sent, &e), &e);
        assert_int_equal(keeper_receive(pair[1], &got, &e), 1);
        assert_works(json_get_str(got, "Op", NULL, &text, &e), &e);
        assert_int_equal(strlen(text), sizes[i]);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    static char bytes[KEEPER_PACKET_MAX + 1];
    _cleanup_json_ json_object *large = message(KEEPER_PACKET_MAX), *got = NULL;
    assert_int_equal(keeper_send(pair[0], large, &e), -EMSGSIZE);
    assert_int_equal(send(pair[0], bytes, sizeof(bytes), 0), sizeof(bytes));
    assert_int_equal(keeper_receive(pair[1], &got, &e), -EMSGSIZE);
    assert_int_equal(send(pair[0], "{]", 2, 0), 2);
    assert_true(keeper_receive(pair[1], &got, &e) < 0);
    assert_null(got);
}

static void test_end_of_connection(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    _cleanup_json_ json_object *m = message(1), *got = NULL;
    fd_close(&pair[0]);
    assert_int_equal(keeper_receive(pair[1], &got, &e), 0);
    assert_int_equal(keeper_send(pair[1], m, &e), -EPIPE);
    assert_false(err_is_set(&e));
}

static void test_errors_keep_their_kind(void **state)
{
    (void)state;
    struct err e = ERR_INIT, sent = ERR_INIT;
    _cleanup_json_ json_object *answer = json_object_new_object();
    assert_int_equal(keeper_take_error(answer, &e), 0);
    err_set(&sent, ERR_SYS, EADDRINUSE, "bind \"x\"");
    keeper_put_error(answer, &sent);
    assert_int_equal(keeper_take_error(answer, &e), -EADDRINUSE);
    assert_int_equal(e.kind, ERR_SYS);
    assert_string_equal(e.text, sent.text);
}

/* A keeper of another version, or no keeper. */
static void test_nonsense_is_an_error_of_ours(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "{\"Error\": {\"Kind\": 99, \"Text\": \"x\"}}",
        "{\"Error\": {\"Kind\": 0, \"Text\": \"x\"}}",
        "{\"Error\": {\"Kind\": 6, \"Code\": -5, \"Text\": \"x\"}}",
        "{\"Error\": {\"Kind\": \"x\"}}",
    };
    for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
        struct err e = ERR_INIT;
        _cleanup_json_ json_object *answer = NULL;
        assert_works(json_parse(texts[i], strlen(texts[i]), "answer", &answer, &e), &e);
        assert_true(keeper_take_error(answer, &e) < 0);
        assert_true(e.kind > ERR_NONE && e.kind < ERR_KIND_COUNT);
    }
}

/* A socket that a dead keeper left is no keeper, and is taken over by the next. */
static void test_connects_to_a_living_one_only(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    struct stat st;
    assert_int_equal(keeper_connect(&in, &e), -ENOENT);
    int dead = keeper_listen(&in, &e);
    assert_true(dead >= 0);
    fd_close(&dead);
    assert_int_equal(keeper_connect(&in, &e), -ECONNREFUSED);
    assert_int_equal(keeper_forget(&in, "0123", &e), 0);
    assert_false(err_is_set(&e));

    _cleanup_close_ int listener = keeper_listen(&in, &e);
    assert_works(listener, &e);
    assert_int_equal(fstatat(in.dir_fd, KEEPER_SOCKET_NAME, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    _cleanup_close_ int sock = keeper_connect(&in, &e);
    assert_works(sock, &e);
    assert_int_equal(unlinkat(in.dir_fd, KEEPER_SOCKET_NAME, 0), 0);
}

/* The program's end without a word, and a program that is not there. */
static void test_a_start_that_fails_is_told(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_true(keeper_ensure(&in, "/bin/true", &e) < 0);
    assert_says(&e, "ends as soon as it is started");
    e = ERR_INIT;
    assert_true(keeper_ensure(&in, "/nonexistent/sampan-network", &e) < 0);
    assert_says(&e, "/nonexistent/sampan-network");
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_round_trip),
        in_directory(test_limits),
        in_directory(test_end_of_connection),
        in_directory(test_errors_keep_their_kind),
        in_directory(test_nonsense_is_an_error_of_ours),
        in_directory(test_connects_to_a_living_one_only),
        in_directory(test_a_start_that_fails_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
