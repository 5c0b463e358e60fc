#include "storage/unit.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/strv.h"
#include "network/leases.h"
#include "network/names.h"

#define NETWORK "f000000000000000000000000000000000000000000000000000000000000000"
#define WEB "a000000000000000000000000000000000000000000000000000000000000000"
#define DB "b000000000000000000000000000000000000000000000000000000000000000"

static char *dir;
static struct net_instance in;
static int network_dir;

static int setup(void **state)
{
    (void)state;
    dir = scratch_make();
    in = NET_INSTANCE_INIT;
    if (net_instance_open(dir, &in, NULL) < 0)
        return -1;
    network_dir = network_dir_open(&in, NETWORK, NULL);
    return network_dir < 0 ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    fd_close(&network_dir);
    net_instance_close(&in);
    scratch_remove(dir);
    return 0;
}

static char *read_endpoint(const char *id)
{
    char path[128], *text = NULL;
    snprintf(path, sizeof(path), "endpoints/%s", id);
    assert_ok(file_read(network_dir, path, 4096, &text, NULL, e));
    return text;
}

static void a_line_for_each_address(void **state)
{
    (void)state;
    char *names[] = {"web", "web-alias", "a00000000000", NULL};
    struct net_interface i = {.names = names};
    assert_ok(prefix_parse("172.18.0.5/24", "a", &i.address4, e));
    assert_ok(endpoint_write(network_dir, WEB, &i, e));
    _cleanup_free_ char *one = read_endpoint(WEB);
    assert_string_equal(one, "172.18.0.5 web web-alias a00000000000\n");
    assert_ok(prefix_parse("fd00::5/64", "a", &i.address6, e));
    assert_ok(endpoint_write(network_dir, WEB, &i, e));
    _cleanup_free_ char *both = read_endpoint(WEB);
    assert_string_equal(both, "172.18.0.5 web web-alias a00000000000\nfd00::5 web web-alias a00000000000\n");
}

/* dnsmasq is not root, and leaves alone what begins with a dot. */
static void written_whole_and_readable_whatever_the_umask(void **state)
{
    (void)state;
    char *names[] = {"web", NULL};
    struct net_interface i = {.names = names};
    struct stat before, after, st;
    _cleanup_strv_ char **entries = NULL;
    assert_ok(prefix_parse("172.18.0.5/24", "a", &i.address4, e));
    umask(077);
    assert_ok(endpoint_write(network_dir, WEB, &i, e));
    assert_int_equal(fstatat(network_dir, "endpoints/" WEB, &before, 0), 0);
    assert_int_equal(before.st_mode & 07777, 0644);
    assert_ok(endpoint_write(network_dir, WEB, &i, e));
    assert_int_equal(fstatat(network_dir, "endpoints/" WEB, &after, 0), 0);
    assert_int_not_equal(before.st_ino, after.st_ino); /* another file, not the same one rewritten */
    assert_ok(dir_list(network_dir, "endpoints", &entries, e));
    assert_int_equal(strv_len(entries), 1);
    assert_int_equal(fstatat(network_dir, "endpoints", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0755);
    assert_int_equal(fstatat(network_dir, "leases", &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0700);
    assert_int_equal(fstat(network_dir, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0711);
}

static void no_name_can_be_another_line(void **state)
{
    (void)state;
    const char *bad[] = {"web\n10.0.0.1 bank", "web bank", "", "#", "-x", "a\tb"};
    struct net_interface i = {.isolated = false};
    assert_ok(prefix_parse("172.18.0.5/24", "a", &i.address4, e));
    for (size_t k = 0; k < ARRAY_SIZE(bad); k++) {
        char *names[] = {"web", (char *)bad[k], NULL};
        i.names = names;
        assert_err(endpoint_write(network_dir, WEB, &i, e), ERR_INVALID, "can be no name");
        assert_false(file_exists(network_dir, "endpoints/" WEB));
    }
}

static void listed_sorted(void **state)
{
    (void)state;
    struct net_interface i = {.isolated = false};
    _cleanup_strv_ char **ids = NULL;
    assert_ok(endpoint_write(network_dir, DB, &i, e));
    assert_ok(endpoint_write(network_dir, WEB, &i, e));
    assert_ok(file_write(network_dir, "endpoints/." WEB, "", 0, 0600, e)); /* of a write that was killed */
    assert_ok(endpoints_list(network_dir, &ids, e));
    assert_int_equal(strv_len(ids), 2);
    assert_string_equal(ids[0], WEB);
    assert_string_equal(ids[1], DB);
}

static void removed_once_or_twice(void **state)
{
    (void)state;
    struct net_interface i = {.isolated = false};
    _cleanup_strv_ char **none = NULL, **missing = NULL;
    assert_ok(endpoint_write(network_dir, WEB, &i, e));
    assert_ok(endpoint_remove(network_dir, WEB, e));
    assert_ok(endpoint_remove(network_dir, WEB, e));
    assert_ok(endpoints_list(network_dir, &none, e));
    assert_null(none);
    assert_ok(dir_remove_all(network_dir, "endpoints", e));
    assert_ok(endpoints_list(network_dir, &missing, e));
    assert_null(missing);
}

static void the_path_is_where_it_is_written(void **state)
{
    (void)state;
    struct net_interface i = {.isolated = false};
    _cleanup_free_ char *path = NULL;
    assert_ok(endpoint_path(NETWORK, WEB, &path, e));
    assert_false(file_exists(in.dir_fd, path));
    assert_ok(endpoint_write(network_dir, WEB, &i, e));
    assert_true(file_exists(in.dir_fd, path));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_for_each_address),     TEST(written_whole_and_readable_whatever_the_umask),
        TEST(no_name_can_be_another_line), TEST(listed_sorted),
        TEST(removed_once_or_twice),       TEST(the_path_is_where_it_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
