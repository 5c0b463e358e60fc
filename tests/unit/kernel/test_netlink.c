/* In a network namespace of the test's own, which ends with the program. */
#include "base/unit.h"

#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <linux/if_link.h>

#include "base/fd.h"
#include "kernel/netlink.h"

static int enter_namespace(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        fprintf(stderr, "these tests make a network namespace and need root\n");
        exit(77); /* skipped, to Meson */
    }
    return unshare(CLONE_NEWNET);
}

static bool is_up(const char *name)
{
    _cleanup_close_ int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq req;

    memset(&req, 0, sizeof(req));
    snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", name);
    assert_int_equal(ioctl(fd, SIOCGIFFLAGS, &req), 0);
    return (req.ifr_flags & IFF_UP) != 0;
}

static void request_up(struct netlink_batch *b, const char *what, int index, bool up)
{
    const struct ifinfomsg link = {.ifi_index = index, .ifi_flags = up ? IFF_UP : 0, .ifi_change = IFF_UP};

    netlink_request(b, what, RTM_NEWLINK, 0, &link, sizeof(link));
}

/* ip link add NAME type veth */
static void request_veth(struct netlink_batch *b, const char *name)
{
    const struct ifinfomsg link = {.ifi_family = AF_UNSPEC};
    struct nlattr *info;

    netlink_request(b, "make a veth", RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, &link, sizeof(link));
    netlink_attr_str(b, IFLA_IFNAME, name);
    info = netlink_nest(b, IFLA_LINKINFO);
    netlink_attr(b, IFLA_INFO_KIND, "veth", strlen("veth"));
    netlink_nest_end(b, info);
    netlink_attr_u32(b, IFLA_MTU, 1280);
}

static void loopback_comes_up(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_false(is_up("lo"));
    assert_int_equal(netlink_loopback_up(&e), 0);
    assert_true(is_up("lo"));
}

static void first_failure_is_told_and_the_rest_is_done(void **state)
{
    struct err e = ERR_INIT;
    struct netlink_batch b;
    _cleanup_close_ int sock = netlink_open(&e);

    (void)state;
    netlink_batch_init(&b);
    request_up(&b, "the first", 1, true);
    request_up(&b, "the missing", 4711, true);
    request_up(&b, "the other missing", 4712, true);
    request_up(&b, "the last", 1, false);
    assert_int_equal(netlink_run(sock, &b, &e), -ENODEV);
    assert_says(&e, "the missing: No such device");
    assert_false(is_up("lo"));

    /* No acknowledgement is left behind in the socket. */
    netlink_batch_init(&b);
    request_up(&b, "again", 1, true);
    assert_int_equal(netlink_run(sock, &b, &e), 0);
    assert_true(is_up("lo"));
}

static void kernels_own_words_are_kept(void **state)
{
    struct err e = ERR_INIT;
    struct netlink_batch b;
    _cleanup_close_ int sock = netlink_open(&e);
    const struct ifinfomsg lo = {.ifi_index = 1};

    (void)state;
    netlink_batch_init(&b);
    netlink_request(&b, "shrink lo", RTM_NEWLINK, 0, &lo, sizeof(lo));
    netlink_attr(&b, IFLA_MTU, "x", 1); /* four bytes are due */
    assert_true(netlink_run(sock, &b, &e) < 0);
    assert_says(&e, "shrink lo: ");
    assert_says(&e, "the kernel says: ");
}

static void nested_attributes_arrive(void **state)
{
    struct err e = ERR_INIT;
    struct netlink_batch b;
    _cleanup_close_ int sock = netlink_open(&e);
    int r;

    (void)state;
    netlink_batch_init(&b);
    request_veth(&b, "boat0");
    r = netlink_run(sock, &b, &e);
    if (r == -EOPNOTSUPP)
        skip(); /* a kernel without veth */
    assert_int_equal(r, 0);
    assert_int_not_equal(if_nametoindex("boat0"), 0);
    netlink_batch_init(&b);
    request_veth(&b, "boat0");
    assert_int_equal(netlink_run(sock, &b, &e), -EEXIST);
}

static void too_many_requests_are_refused(void **state)
{
    struct err e = ERR_INIT;
    struct netlink_batch b;

    (void)state;
    netlink_batch_init(&b);
    for (int i = 0; i < NETLINK_REQUESTS_MAX + 1; i++)
        request_up(&b, "one of many", 1, true);
    assert_int_equal(b.n_requests, NETLINK_REQUESTS_MAX);
    assert_int_equal(netlink_run(-1, &b, &e), -EMSGSIZE);
}

static void too_many_bytes_are_refused(void **state)
{
    static const char kilobyte[1024];
    struct err e = ERR_INIT;
    struct netlink_batch b;

    (void)state;
    netlink_batch_init(&b);
    request_up(&b, "a long one", 1, true);
    for (int i = 0; i < 20; i++)
        netlink_attr(&b, IFLA_IFALIAS, kilobyte, sizeof(kilobyte));
    assert_in_range(b.len, 0, b.size);
    assert_int_equal(netlink_run(-1, &b, &e), -EMSGSIZE);
}

static void an_attribute_needs_a_request(void **state)
{
    struct err e = ERR_INIT;
    struct netlink_batch b;

    (void)state;
    netlink_batch_init(&b);
    netlink_attr_u32(&b, IFLA_MTU, 1500);
    assert_int_equal(netlink_run(-1, &b, &e), -EMSGSIZE);
}

static void an_empty_batch_is_done_at_once(void **state)
{
    struct err e = ERR_INIT;
    struct netlink_batch b;

    (void)state;
    netlink_batch_init(&b);
    assert_int_equal(netlink_run(-1, &b, &e), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loopback_comes_up),
        cmocka_unit_test(first_failure_is_told_and_the_rest_is_done),
        cmocka_unit_test(kernels_own_words_are_kept),
        cmocka_unit_test(nested_attributes_arrive),
        cmocka_unit_test(too_many_requests_are_refused),
        cmocka_unit_test(too_many_bytes_are_refused),
        cmocka_unit_test(an_attribute_needs_a_request),
        cmocka_unit_test(an_empty_batch_is_done_at_once),
    };

    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
