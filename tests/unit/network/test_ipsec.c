/* What leaves and what comes in, to one UDP port: never in clear. Needs a kernel with ESP: tests/vm/kernel-modules has
 * one. */
#include "network/underlay.h"

#include "network/ipsec.h"

enum { PORT = 4790 };

static const struct ipsec_key key_ab = {.spi = 0x1001, .key = "the key for what goes from A to B  "};
static const struct ipsec_key key_ba = {.spi = 0x1002, .key = "another one, from B to A; 36 bytes "};

/* A host, its own XFRM socket. */
struct host {
    int netns, xfrm;
    struct ip ip;
    const char *address;
};
static struct host a = {.address = "10.9.0.1/24"}, b = {.address = "10.9.0.2/24"}, c = {.address = "10.9.0.3/24"};

static void plug(struct host *h)
{
    int home;

    h->netns = underlay_host(h->address);
    h->ip = prefix_of(h->address).ip;
    home = box_enter(h->netns);
    h->xfrm = netlink_open_protocol(NETLINK_XFRM, NULL);
    box_leave(home);
}

static void skip_without_esp(void)
{
    _cleanup_close_ int sock = netlink_open_protocol(NETLINK_XFRM, NULL);
    struct err e = ERR_INIT;

    if (ipsec_check(sock, &e) == 0)
        return;
    assert_says(&e, "this kernel cannot encrypt");
    assert_says(&e, "esp4");
    fprintf(stderr, "%s\n", e.text);
    exit(77); /* skipped, to Meson */
}

static int set_up(void **state)
{
    if (enter_host(state) < 0)
        return -1;
    skip_without_esp();
    underlay_make();
    plug(&a);
    plug(&b);
    plug(&c);
    return 0;
}

static int udp_socket(const struct host *h)
{
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    int home = box_enter(h->netns);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
    box_leave(home);
    return fd;
}

/* Whether a datagram gets there, within a fifth of a second. */
static bool arrives(const struct host *from, const struct host *to)
{
    _cleanup_close_ int out = udp_socket(from), in = udp_socket(to);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    const struct timeval patience = {.tv_usec = 200000};
    char got[16];

    memcpy(&address.sin_addr, to->ip.bytes, sizeof(address.sin_addr));
    assert_int_equal(setsockopt(in, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    if (sendto(out, "hello", 5, 0, (struct sockaddr *)&address, sizeof(address)) < 0)
        return false;
    return recv(in, got, sizeof(got), 0) == 5;
}

static void guard(const struct host *h)
{
    struct err e = ERR_INIT;

    assert_works(ipsec_guard(h->xfrm, PORT, &e), &e);
}

static void release(const struct host *h)
{
    struct err e = ERR_INIT;

    assert_works(ipsec_unguard(h->xfrm, PORT, &e), &e);
    assert_works(ipsec_remove_all_keys(h->xfrm, &e), &e);
}

static void connect_hosts(const struct host *own, const struct host *other)
{
    struct err e = ERR_INIT;

    assert_works(ipsec_add_key(own->xfrm, &a.ip, &b.ip, &key_ab, &e), &e);
    assert_works(ipsec_add_key(own->xfrm, &b.ip, &a.ip, &key_ba, &e), &e);
    assert_works(ipsec_add_peer(own->xfrm, &own->ip, &other->ip, PORT, &e), &e);
}

static void disconnect_hosts(const struct host *own, const struct host *other)
{
    struct err e = ERR_INIT;

    assert_works(ipsec_remove_peer(own->xfrm, &own->ip, &other->ip, PORT, &e), &e);
    assert_works(ipsec_remove_peer(own->xfrm, &own->ip, &other->ip, PORT, &e), &e); /* gone already: success */
}

static void a_guard_blocks_both_ways(void **state)
{
    (void)state;
    assert_true(arrives(&a, &b));
    guard(&b);
    assert_false(arrives(&a, &b));
    assert_false(arrives(&b, &a));
    release(&b);
    assert_true(arrives(&a, &b));
}

static void peers_talk_inside_esp_only(void **state)
{
    _cleanup_close_ int wire = underlay_listen(b.netns);
    struct heard heard;

    (void)state;
    guard(&a);
    guard(&b);
    connect_hosts(&a, &b);
    connect_hosts(&b, &a);
    (void)underlay_heard(wire, PORT);
    assert_true(arrives(&a, &b));
    assert_true(arrives(&b, &a));
    heard = underlay_heard(wire, PORT);
    assert_true(heard.esp > 0);
    assert_int_equal(heard.udp, 0);
    /* Who has no key is not heard, in clear. */
    assert_false(arrives(&c, &b));
    assert_int_equal(underlay_heard(wire, PORT).udp, 1);
    disconnect_hosts(&a, &b);
    disconnect_hosts(&b, &a);
    assert_false(arrives(&a, &b));
    release(&a);
    release(&b);
}

static void a_policy_without_a_key_sends_nothing(void **state)
{
    _cleanup_close_ int wire = underlay_listen(b.netns);
    struct err e = ERR_INIT;

    (void)state;
    guard(&a);
    assert_works(ipsec_add_peer(a.xfrm, &a.ip, &b.ip, PORT, &e), &e);
    assert_false(arrives(&a, &b));
    assert_int_equal(underlay_heard(wire, PORT).udp, 0);
    disconnect_hosts(&a, &b);
    release(&a);
}

static void a_wrong_key_is_not_heard(void **state)
{
    struct ipsec_key wrong = key_ab;
    struct err e = ERR_INIT;

    (void)state;
    guard(&a);
    guard(&b);
    connect_hosts(&a, &b);
    connect_hosts(&b, &a);
    assert_works(ipsec_remove_key(a.xfrm, &b.ip, key_ab.spi, &e), &e);
    wrong.key[0] ^= 1;
    assert_works(ipsec_add_key(a.xfrm, &a.ip, &b.ip, &wrong, &e), &e);
    assert_false(arrives(&a, &b));
    assert_true(arrives(&b, &a));
    disconnect_hosts(&a, &b);
    disconnect_hosts(&b, &a);
    release(&a);
    release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_guard_blocks_both_ways),
        cmocka_unit_test(peers_talk_inside_esp_only),
        cmocka_unit_test(a_policy_without_a_key_sends_nothing),
        cmocka_unit_test(a_wrong_key_is_not_heard),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
