#include "storage/unit.h"

#include <fcntl.h>
#include <netinet/in.h>

#include "base/strv.h"
#include "engine/ports_claim.h"

static char *dir;
static struct net_instance in;
static struct net_plan *one, *other;

static struct net_plan *plan_of(char digit)
{
    struct net_plan *p = net_plan_new();
    memset(p->container, digit, NETWORK_ID_LEN);
    return p;
}

static int setup(void **state)
{
    (void)state;
    dir = scratch_make();
    in = NET_INSTANCE_INIT;
    in.dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    one = plan_of('a');
    other = plan_of('b');
    return in.dir_fd < 0;
}

static int teardown(void **state)
{
    (void)state;
    net_plan_free(one);
    net_plan_free(other);
    close(in.dir_fd);
    scratch_remove(dir);
    return 0;
}

static struct net_port port(const char *address, uint16_t number)
{
    struct net_port p = {.protocol = IPPROTO_TCP, .host_port = number, .port = 80};
    assert_ok(ip_parse(address, "test", &p.host, e));
    return p;
}

static void a_claim_is_one_container_s_until_it_is_taken_back(void **state)
{
    (void)state;
    struct net_port p = port("0.0.0.0", 8080);
    assert_ok(port_claim(&in, one, &p, e));
    assert_err(port_claim(&in, other, &p, e), ERR_CONFLICT,
               "bind for 0.0.0.0:8080/tcp failed: port is already allocated");
    assert_null(other->files);
    port_unclaim(&in, other, &p); /* not its own */
    assert_err(port_claim(&in, other, &p, e), ERR_CONFLICT, "already allocated");
    port_unclaim(&in, one, &p);
    assert_int_equal(strv_len(one->files), 0);
    assert_ok(port_claim(&in, other, &p, e));
}

static void addresses_and_protocols_are_ports_of_their_own(void **state)
{
    (void)state;
    struct net_port a = port("127.0.0.1", 8080), b = port("::1", 8080), c = port("127.0.0.1", 8080);
    c.protocol = IPPROTO_UDP;
    assert_ok(port_claim(&in, one, &a, e));
    assert_ok(port_claim(&in, other, &b, e));
    assert_ok(port_claim(&in, other, &c, e));
}

/* What the plan lists is what net_plan_down() removes. */
static void the_plan_says_where_the_claim_is(void **state)
{
    (void)state;
    struct net_port p = port("fd00::1", 53);
    char holder[NETWORK_ID_LEN + 1] = "";
    assert_ok(port_claim(&in, one, &p, e));
    assert_int_equal(strv_len(one->files), 1);
    assert_int_equal(readlinkat(in.dir_fd, one->files[0], holder, sizeof(holder) - 1), NETWORK_ID_LEN);
    assert_string_equal(holder, one->container);
}

static void a_sweep_takes_one_container_s_alone(void **state)
{
    (void)state;
    struct net_port a = port("0.0.0.0", 1), b = port("0.0.0.0", 2);
    assert_ok(ports_sweep(&in, one->container, e)); /* before there is any */
    assert_ok(port_claim(&in, one, &a, e));
    assert_ok(port_claim(&in, other, &b, e));
    assert_ok(ports_sweep(&in, one->container, e));
    assert_ok(port_claim(&in, other, &a, e));
    assert_err(port_claim(&in, one, &b, e), ERR_CONFLICT, "already allocated");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_claim_is_one_container_s_until_it_is_taken_back),
        TEST(addresses_and_protocols_are_ports_of_their_own),
        TEST(the_plan_says_where_the_claim_is),
        TEST(a_sweep_takes_one_container_s_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
