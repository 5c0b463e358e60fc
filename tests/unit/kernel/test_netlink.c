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
#include "kernel/namespaces.h"
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

/* ---- asking ---- */

struct found {
    unsigned n;
    bool has_lo, has_boat;
    uint32_t mtu; /* of the last one */
    bool refuse;
};

static int take_link(const struct nlmsghdr *h, void *arg, struct err *e)
{
    struct found *f = arg;
    const char *name = netlink_get_str(netlink_find(h, sizeof(struct ifinfomsg), IFLA_IFNAME));

    f->n++;
    f->has_lo = f->has_lo || strcmp(name, "lo") == 0;
    f->has_boat = f->has_boat || strcmp(name, "boat7") == 0;
    f->mtu = netlink_get_u32(netlink_find(h, sizeof(struct ifinfomsg), IFLA_MTU));
    return f->refuse ? err_invalid(e, "enough") : 0;
}

static int ask(int sock, uint16_t flags, const char *name, struct found *f, struct err *e)
{
    static const struct ifinfomsg any;
    struct netlink_batch b;

    netlink_batch_init(&b);
    netlink_request(&b, "ask for links", RTM_GETLINK, flags, &any, sizeof(any));
    if (name)
        netlink_attr_str(&b, IFLA_IFNAME, name);
    return netlink_query(sock, &b, take_link, f, e);
}

static void one_and_all_are_found(void **state)
{
    struct err e = ERR_INIT;
    struct netlink_batch b;
    struct found all = {.n = 0}, one = {.n = 0};
    _cleanup_close_ int sock = netlink_open(&e);

    (void)state;
    netlink_batch_init(&b);
    request_veth(&b, "boat7");
    assert_int_equal(netlink_run(sock, &b, &e), 0);
    assert_int_equal(ask(sock, NLM_F_DUMP, NULL, &all, &e), 0);
    assert_true(all.n >= 3 && all.has_lo && all.has_boat);
    assert_int_equal(ask(sock, 0, "boat7", &one, &e), 0);
    assert_int_equal(one.n, 1);
    assert_int_equal(one.mtu, 1280);
    assert_false(err_is_set(&e));
}

static void what_is_not_there_is_an_error(void **state)
{
    struct err e = ERR_INIT;
    struct found f = {.n = 0};
    _cleanup_close_ int sock = netlink_open(&e);

    (void)state;
    assert_int_equal(ask(sock, 0, "boat99", &f, &e), -ENODEV);
    assert_says(&e, "ask for links: ");
    assert_int_equal(f.n, 0);
}

static void refused_answer_is_read_to_its_end(void **state)
{
    struct err e = ERR_INIT;
    struct found f = {.refuse = true}, again = {.n = 0};
    _cleanup_close_ int sock = netlink_open(&e);

    (void)state;
    assert_int_equal(ask(sock, NLM_F_DUMP, NULL, &f, &e), -EINVAL);
    assert_says(&e, "enough");
    assert_int_equal(f.n, 1);
    assert_int_equal(ask(sock, 0, "lo", &again, &e), 0);
    assert_int_equal(again.n, 1);
}

static void attributes_are_bounded(void **state)
{
    struct {
        struct nlmsghdr h;
        struct nlattr a;
        uint32_t value;
    } m = {.h = {.nlmsg_len = sizeof(m)}, .a = {.nla_len = NLA_HDRLEN + 4, .nla_type = 7}, .value = 42};

    (void)state;
    assert_int_equal(netlink_get_u32(netlink_find(&m.h, 0, 7)), 42);
    assert_null(netlink_find(&m.h, 0, 8));
    assert_string_equal(netlink_get_str(netlink_find(&m.h, 0, 8)), "");
    m.a.nla_len = NLA_HDRLEN + 5; /* longer than the message */
    assert_null(netlink_find(&m.h, 0, 7));
    m.a.nla_len = NLA_HDRLEN - 1;
    assert_null(netlink_find(&m.h, 0, 7));
    m.a.nla_len = NLA_HDRLEN + 4;
    m.value = 0x64636261; /* without a NUL */
    assert_string_equal(netlink_get_str(netlink_find(&m.h, 0, 7)), "");
    assert_null(netlink_find(&m.h, 100, 7)); /* a header longer than the message */
}

/* A socket keeps the namespace that it was made in. */
static void socket_tells_its_namespace(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int host = ns_open(0, NS_NET, &e), sock = netlink_open(&e), ns = -1;
    uint64_t own, of_socket;

    (void)state;
    assert_int_equal(unshare(CLONE_NEWNET), 0);
    ns = netlink_namespace(sock, &e);
    assert_int_equal(ns_fd_inode(ns, &of_socket, &e) | ns_fd_inode(host, &own, &e), 0);
    assert_int_equal(of_socket, own);
    assert_true(netlink_link_index(sock, "boat7", &e) > 0);
    assert_int_equal(if_nametoindex("boat7"), 0);
    assert_int_equal(netlink_link_index(sock, "a-name-that-is-too-long", &e), -ENODEV);
    assert_int_equal(setns(host, CLONE_NEWNET), 0);
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
        cmocka_unit_test(one_and_all_are_found),
        cmocka_unit_test(what_is_not_there_is_an_error),
        cmocka_unit_test(refused_answer_is_read_to_its_end),
        cmocka_unit_test(attributes_are_bounded),
        cmocka_unit_test(socket_tells_its_namespace),
    };

    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
