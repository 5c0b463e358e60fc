#include "shim/unit.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/strv.h"
#include "keeper/endpoints.h"
#include "network/network.h"

#define ID_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define ID_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define CONTAINER "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

static struct net_instance in;
static struct loop loop;
static struct endpoints ep;
static char dir[] = "/tmp/sampan-unit-XXXXXX";
static char seen[NETWORK_ID_LEN + 1]; /* the network that changed last; "-": all may have */
static int n_seen;

static void on_change(void *owner, const char *network_id, const char *container)
{
    assert_ptr_equal(owner, &ep);
    if (network_id)
        assert_string_equal(container, CONTAINER);
    snprintf(seen, sizeof(seen), "%s", network_id ? network_id : "-");
    n_seen++;
}

static int set_up(void **state)
{
    (void)state;
    in = NET_INSTANCE_INIT;
    loop = (struct loop){0};
    ep = (struct endpoints){.changed = on_change, .owner = &ep};
    seen[0] = '\0';
    n_seen = 0;
    if (!mkdtemp(dir) || net_instance_open(dir, &in, NULL) < 0)
        return -1;
    return endpoints_open(&ep, &loop, &in, NULL);
}

static int tear_down(void **state)
{
    (void)state;
    endpoints_close(&ep);
    net_instance_close(&in);
    int r = dir_remove_all(AT_FDCWD, dir, NULL);
    memset(dir + strlen(dir) - 6, 'X', 6); /* for the next mkdtemp */
    return r;
}

static void make_network(const char *id)
{
    struct err e = ERR_INIT;
    char path[128];
    snprintf(path, sizeof(path), "%s/endpoints", id);
    assert_works(dir_make_all(in.dir_fd, path, 0755, NULL, &e), &e);
}

static void make_file(const char *path)
{
    struct err e = ERR_INIT;
    assert_works(file_write(in.dir_fd, path, "172.18.0.5 web\n", 15, 0644, &e), &e);
}

static void turn(void)
{
    struct err e = ERR_INIT;
    while (loop_turn(&loop, 0, &e) > 0)
        ;
    assert_false(err_is_set(&e));
}

static void test_lists_networks_only(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    _cleanup_strv_ char **ids = NULL;
    make_network(ID_B);
    make_network(ID_A);
    make_network("no-network");
    make_file("keeper.log");
    assert_works(endpoints_networks(&in, &ids, &e), &e);
    assert_int_equal(strv_len(ids), 2);
    assert_string_equal(ids[0], ID_A);
    assert_string_equal(ids[1], ID_B);
}

static void test_counts_whole_endpoints(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_int_equal(endpoints_count(&ep, ID_A, &e), 0);
    make_network(ID_A);
    assert_int_equal(endpoints_count(&ep, ID_A, &e), 0);
    make_file(ID_A "/endpoints/." CONTAINER);
    assert_int_equal(endpoints_count(&ep, ID_A, &e), 0);
    make_file(ID_A "/endpoints/" CONTAINER);
    assert_int_equal(endpoints_count(&ep, ID_A, &e), 1);
    assert_false(err_is_set(&e));
}

static void test_tells_which_network_changed(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    make_network(ID_A);
    make_network(ID_B);
    turn();
    assert_string_equal(seen, "-"); /* they came */
    assert_int_equal(endpoints_count(&ep, ID_A, &e), 0);
    assert_int_equal(endpoints_count(&ep, ID_B, &e), 0);

    make_file(ID_B "/endpoints/." CONTAINER); /* not whole yet */
    n_seen = 0;
    turn();
    assert_int_equal(n_seen, 0);
    assert_int_equal(renameat(in.dir_fd, ID_B "/endpoints/." CONTAINER, in.dir_fd, ID_B "/endpoints/" CONTAINER), 0);
    turn();
    assert_string_equal(seen, ID_B);
    assert_int_equal(n_seen, 1);
    make_file(ID_A "/endpoints/" CONTAINER);
    turn();
    assert_string_equal(seen, ID_A);
    assert_int_equal(unlinkat(in.dir_fd, ID_B "/endpoints/" CONTAINER, 0), 0);
    turn();
    assert_string_equal(seen, ID_B);
}

/* A network that is removed and made again, as after `network rm` and `create` in a row. */
static void test_network_comes_back(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    for (int i = 0; i < 3; i++) {
        make_network(ID_A);
        assert_int_equal(endpoints_count(&ep, ID_A, &e), 0);
        turn();
        make_file(ID_A "/endpoints/" CONTAINER);
        turn();
        assert_string_equal(seen, ID_A);
        assert_int_equal(ep.n_watched, 1);
        assert_works(dir_remove_all(in.dir_fd, ID_A, &e), &e);
        turn();
        assert_int_equal(ep.n_watched, 0);
    }
}

#define in_directory(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_directory(test_lists_networks_only),
        in_directory(test_counts_whole_endpoints),
        in_directory(test_tells_which_network_changed),
        in_directory(test_network_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
