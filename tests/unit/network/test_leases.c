#include "storage/unit.h"

#include <fcntl.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/strv.h"
#include "network/leases.h"

#define NETWORK "f000000000000000000000000000000000000000000000000000000000000000"
#define OTHER "e000000000000000000000000000000000000000000000000000000000000000"
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

static struct network_subnet subnet_of(const char *subnet, const char *range, const char *gateway)
{
    struct network_subnet s = {.n_aux = 0};
    assert_ok(prefix_parse(subnet, "subnet", &s.subnet, e));
    assert_ok(prefix_parse(range ? range : subnet, "range", &s.range, e));
    if (gateway)
        assert_ok(ip_parse(gateway, "gateway", &s.gateway, e));
    return s;
}

static void assert_next(const struct network_subnet *s, const char *expected)
{
    struct ip ip;
    char text[IP_TEXT_MAX];
    assert_ok(lease_take(network_dir, s, WEB, &ip, e));
    assert_string_equal(ip_format(&ip, text), expected);
}

static void assert_full(const struct network_subnet *s)
{
    struct ip ip;
    assert_err(lease_take(network_dir, s, WEB, &ip, e), ERR_UNSUPPORTED, "are taken (end containers");
}

static void give_back(const char *address)
{
    struct ip ip;
    _cleanup_free_ char *path = NULL;
    assert_ok(ip_parse(address, "address", &ip, e));
    assert_ok(lease_path(NETWORK, &ip, &path, e));
    assert_int_equal(unlinkat(in.dir_fd, path, 0), 0);
}

static void what_is_reserved_is_never_given(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/29", NULL, "10.0.0.1");
    struct ip aux;
    char *names[] = {"router", NULL};
    assert_ok(ip_parse("10.0.0.4", "aux", &aux, e));
    s.aux = &aux;
    s.aux_names = names;
    s.n_aux = 1;
    const char *expected[] = {"10.0.0.2", "10.0.0.3", "10.0.0.5", "10.0.0.6"};
    for (size_t i = 0; i < ARRAY_SIZE(expected); i++)
        assert_next(&s, expected[i]);
    assert_full(&s);
}

/* The one that was given back last is the last to be given again: its veth may still answer. */
static void the_next_one_is_not_the_one_just_given_back(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/29", NULL, "10.0.0.1");
    assert_next(&s, "10.0.0.2");
    give_back("10.0.0.2");
    assert_next(&s, "10.0.0.3");
    assert_next(&s, "10.0.0.4");
    assert_next(&s, "10.0.0.5");
    assert_next(&s, "10.0.0.6");
    assert_next(&s, "10.0.0.2"); /* around */
    give_back("10.0.0.4");
    assert_next(&s, "10.0.0.4");
    assert_full(&s);
}

static void both_families_have_cursors_of_their_own(void **state)
{
    (void)state;
    struct network_subnet v4 = subnet_of("10.0.0.0/24", NULL, "10.0.0.1"), v6 = subnet_of("fd00::/64", NULL, "fd00::1");
    assert_next(&v4, "10.0.0.2");
    assert_next(&v6, "fd00::2"); /* the first is all routers' (RFC 4291), the second the gateway's */
    assert_next(&v6, "fd00::3");
    assert_next(&v4, "10.0.0.3");
}

static void small_subnets_lose_none(void **state)
{
    (void)state;
    struct network_subnet p2p = subnet_of("10.0.0.0/31", NULL, "10.0.0.0"),
                          quad = subnet_of("10.0.1.0/30", NULL, "10.0.1.1"),
                          alone = subnet_of("10.0.2.0/31", NULL, NULL), v6 = subnet_of("fd00::/127", NULL, "fd00::");
    assert_next(&p2p, "10.0.0.1");
    assert_full(&p2p);
    assert_next(&quad, "10.0.1.2");
    assert_full(&quad);
    assert_next(&alone, "10.0.2.0");
    assert_next(&alone, "10.0.2.1");
    assert_full(&alone);
    assert_next(&v6, "fd00::1");
    assert_full(&v6);
}

/* Its first and last addresses are hosts' unless they are the subnet's. */
static void a_range_is_kept_to(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/24", "10.0.0.8/30", "10.0.0.1"),
                          end = subnet_of("10.0.0.0/24", "10.0.0.254/31", "10.0.0.1");
    assert_next(&s, "10.0.0.8");
    assert_next(&s, "10.0.0.9");
    assert_next(&s, "10.0.0.10");
    assert_next(&s, "10.0.0.11");
    assert_full(&s);
    assert_next(&end, "10.0.0.254");
    assert_full(&end);
}

static void a_broken_cursor_costs_nothing(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/24", NULL, "10.0.0.1");
    const char *broken[] = {"nonsense", "10.9.9.9", "fd00::1", ""};
    for (size_t i = 0; i < ARRAY_SIZE(broken); i++) {
        char expected[16];
        unlinkat(network_dir, "cursor4", 0);
        if (*broken[i])
            assert_int_equal(symlinkat(broken[i], network_dir, "cursor4"), 0);
        snprintf(expected, sizeof(expected), "10.0.0.%zu", i + 2);
        assert_next(&s, expected);
    }
    /* what somebody left who was killed while moving it */
    assert_int_equal(symlinkat("10.0.0.6", network_dir, ".cursor4.10.0.0.6"), 0);
    assert_next(&s, "10.0.0.6");
    assert_next(&s, "10.0.0.7");
}

static int take_address(const struct network_subnet *s, const char *address, const char *holder, struct err *e)
{
    struct ip ip;
    assert_int_equal(ip_parse(address, "--ip", &ip, NULL), 0);
    return lease_take_address(network_dir, s, &ip, holder, e);
}

static void this_very_address(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/24", "10.0.0.128/25", "10.0.0.1");
    assert_ok(take_address(&s, "10.0.0.9", WEB, e)); /* out of the range, but in the subnet */
    assert_ok(take_address(&s, "10.0.0.9", WEB, e)); /* again */
    assert_err(take_address(&s, "10.0.0.9", DB, e), ERR_CONFLICT, "10.0.0.9 is already in use by a00000000000");
    assert_ok(take_address(&s, "10.0.0.128", DB, e));
    assert_next(&s, "10.0.0.129"); /* what was taken is passed over */
}

static void not_any_address(void **state)
{
    (void)state;
    const struct {
        const char *address;
        enum err_kind kind;
        const char *says;
    } cases[] = {
        {"10.0.1.9", ERR_INVALID, "not in the network's subnet 10.0.0.0/24"},
        {"fd00::9", ERR_INVALID, "not in the network's subnet"},
        {"10.0.0.0", ERR_CONFLICT, "reserved for the network itself"},
        {"10.0.0.255", ERR_CONFLICT, "reserved for broadcasts"},
        {"10.0.0.1", ERR_CONFLICT, "reserved for the gateway"},
        {"10.0.0.4", ERR_CONFLICT, "reserved for router"},
    };
    struct network_subnet s = subnet_of("10.0.0.0/24", NULL, "10.0.0.1");
    struct ip aux;
    char *names[] = {"router", NULL};
    assert_ok(ip_parse("10.0.0.4", "aux", &aux, e));
    s.aux = &aux;
    s.aux_names = names;
    s.n_aux = 1;
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
        assert_err(take_address(&s, cases[i].address, WEB, e), cases[i].kind, cases[i].says);
}

enum { TAKERS = 8, EACH = 25 };

/* In a process of its own: 25 addresses for itself; exits with 1 when one of them cannot be had. */
static void take_many(char holder_digit)
{
    struct network_subnet s = subnet_of("10.0.0.0/24", NULL, "10.0.0.1");
    char holder[NETWORK_ID_LEN + 1] = "";
    struct ip ip;
    memset(holder, holder_digit, NETWORK_ID_LEN);
    for (int i = 0; i < EACH; i++)
        if (lease_take(network_dir, &s, holder, &ip, NULL) < 0)
            _exit(1);
    _exit(0);
}

static void several_processes_at_once_never_share_one(void **state)
{
    (void)state;
    unsigned counts[TAKERS] = {0};
    _cleanup_strv_ char **leases = NULL;
    for (int i = 0; i < TAKERS; i++) {
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            take_many((char)('0' + i));
    }
    for (int i = 0, status; i < TAKERS; i++) {
        assert_true(wait(&status) > 0);
        assert_int_equal(status, 0);
    }
    assert_ok(dir_list(network_dir, "leases", &leases, e));
    STRV_FOREACH (address, leases) {
        char path[64], holder[8] = "";
        snprintf(path, sizeof(path), "leases/%s", *address);
        assert_true(readlinkat(network_dir, path, holder, 1) == 1);
        counts[holder[0] - '0']++;
    }
    assert_int_equal(strv_len(leases), TAKERS * EACH);
    for (int i = 0; i < TAKERS; i++)
        assert_int_equal(counts[i], EACH);
}

static void a_sweep_takes_all_leases_of_one_holder(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/24", NULL, "10.0.0.1");
    _cleanup_strv_ char **left = NULL;
    assert_ok(take_address(&s, "10.0.0.2", WEB, e));
    assert_ok(take_address(&s, "10.0.0.3", DB, e));
    assert_ok(take_address(&s, "10.0.0.4", WEB, e));
    assert_ok(leases_sweep(&in, WEB, e));
    assert_ok(leases_sweep(&in, WEB, e));
    assert_ok(dir_list(network_dir, "leases", &left, e));
    assert_int_equal(strv_len(left), 1);
    assert_string_equal(left[0], "10.0.0.3");
}

static void a_sweep_looks_at_all_networks(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/24", NULL, "10.0.0.1");
    int other = network_dir_open(&in, OTHER, NULL);
    struct ip ip;
    assert_ok(lease_take(other, &s, WEB, &ip, e));
    assert_ok(file_write(other, "endpoints/" WEB, "x", 1, 0644, e));
    assert_ok(file_write(other, "endpoints/" DB, "x", 1, 0644, e));
    assert_ok(file_write(other, "endpoints/." WEB, "x", 1, 0644, e)); /* half written */
    assert_ok(file_write(in.dir_fd, "keeper.lock", "", 0, 0600, e));  /* is no network */
    assert_ok(leases_sweep(&in, WEB, e));
    assert_int_equal(faccessat(other, "leases/10.0.0.2", F_OK, AT_SYMLINK_NOFOLLOW), -1);
    assert_false(file_exists(other, "endpoints/" WEB));
    assert_false(file_exists(other, "endpoints/." WEB));
    assert_true(file_exists(other, "endpoints/" DB));
    close(other);
}

static void the_directory_comes_back_and_goes(void **state)
{
    (void)state;
    struct network_subnet s = subnet_of("10.0.0.0/24", NULL, "10.0.0.1");
    struct ip ip;
    /* killed after the first mkdir */
    assert_ok(dir_remove_all(network_dir, "leases", e));
    assert_ok(dir_remove_all(network_dir, "endpoints", e));
    int again = network_dir_open(&in, NETWORK, NULL);
    assert_true(again >= 0);
    assert_ok(lease_take(again, &s, WEB, &ip, e));
    assert_true(file_exists(again, "endpoints"));
    close(again);
    assert_ok(network_dir_remove(&in, NETWORK, e));
    assert_ok(network_dir_remove(&in, NETWORK, e));
    assert_false(file_exists(in.dir_fd, NETWORK));
    assert_err(lease_take(network_dir, &s, WEB, &ip, e), ERR_SYS, "lease 10.0.0.2");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_reserved_is_never_given),
        TEST(the_next_one_is_not_the_one_just_given_back),
        TEST(both_families_have_cursors_of_their_own),
        TEST(small_subnets_lose_none),
        TEST(a_range_is_kept_to),
        TEST(a_broken_cursor_costs_nothing),
        TEST(this_very_address),
        TEST(not_any_address),
        TEST(several_processes_at_once_never_share_one),
        TEST(a_sweep_takes_all_leases_of_one_holder),
        TEST(a_sweep_looks_at_all_networks),
        TEST(the_directory_comes_back_and_goes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
