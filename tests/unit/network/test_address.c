#include "base/unit.h"

#include <sys/socket.h>

#include "network/address.h"

static struct ip ip_of(const char *text)
{
    struct ip ip;

    assert_int_equal(ip_parse(text, "test", &ip, NULL), 0);
    return ip;
}

static struct prefix prefix_of(const char *text)
{
    struct prefix p;

    assert_int_equal(prefix_parse(text, "test", &p, NULL), 0);
    return p;
}

static void assert_ip(struct ip ip, const char *text)
{
    char buf[IP_TEXT_MAX];

    assert_string_equal(ip_format(&ip, buf), text);
}

static void assert_prefix(struct prefix p, const char *text)
{
    char buf[PREFIX_TEXT_MAX];

    assert_string_equal(prefix_format(&p, buf), text);
}

/* ---- addresses ---- */

static void text_goes_in_and_comes_out(void **state)
{
    static const char *const same[] = {"0.0.0.0", "10.0.0.1", "255.255.255.255",
                                       "::",      "fd00::1",  "2001:db8::ff00:42:8329"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(same); i++)
        assert_ip(ip_of(same[i]), same[i]);
    assert_ip(ip_of("[fd00::1]"), "fd00::1");
    assert_ip(ip_of("FD00:0:0::1"), "fd00::1");
    assert_ip((struct ip){.family = 0}, "");
    assert_int_equal(ip_of("10.0.0.1").family, AF_INET);
    assert_int_equal(ip_of("::ffff:10.0.0.1").family, AF_INET6);
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const wrong[] = {
        "",          "10.0.0",     "10.0.0.256",   "10.0.0.1 ",
        " 10.0.0.1", "010.0.0.1.", "10.0.0.1/24",  "[10.0.0.1]",
        "[fd00::1",  "fd00::1]",   "fd00:::1",     "[]",
        "[",         "host",       "fe80::1%eth0", "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc:dddd",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err e = ERR_INIT;
        struct ip ip = {.family = 99};

        if (ip_parse(wrong[i], "--ip", &ip, &e) == 0)
            fail_msg("\"%s\" was taken for an address", wrong[i]);
        assert_int_equal(e.kind, ERR_INVALID);
        assert_says(&e, "--ip: ");
        assert_int_equal(ip.family, 99);
    }
}

static void order_is_by_family_then_value(void **state)
{
    static const char *const ascending[] = {"0.0.0.0", "9.255.255.255", "10.0.0.1", "10.0.0.2", "::", "::1", "fd00::1"};

    (void)state;
    for (size_t i = 0; i + 1 < ARRAY_SIZE(ascending); i++) {
        struct ip a = ip_of(ascending[i]), b = ip_of(ascending[i + 1]);

        assert_true(ip_compare(&a, &b) < 0);
        assert_true(ip_compare(&b, &a) > 0);
        assert_true(ip_equal(&a, &a));
        assert_false(ip_equal(&a, &b));
    }
}

static void special_addresses_are_known(void **state)
{
    static const struct {
        const char *text;
        bool is_any, is_loopback, is_multicast;
    } known[] = {
        {"0.0.0.0", true, false, false},   {"::", true, false, false},          {"127.0.0.1", false, true, false},
        {"127.8.8.8", false, true, false}, {"::1", false, true, false},         {"128.0.0.1", false, false, false},
        {"224.0.0.1", false, false, true}, {"239.255.0.1", false, false, true}, {"240.0.0.1", false, false, false},
        {"ff02::1", false, false, true},   {"fe80::1", false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        struct ip ip = ip_of(known[i].text);

        assert_int_equal(ip_is_any(&ip), known[i].is_any);
        assert_int_equal(ip_is_loopback(&ip), known[i].is_loopback);
        assert_int_equal(ip_is_multicast(&ip), known[i].is_multicast);
    }
    assert_false(ip_is_any(&(struct ip){.family = 0}));
}

/* ---- prefixes ---- */

static void prefix_keeps_its_host_bits(void **state)
{
    struct prefix p = prefix_of("172.17.0.5/20");

    (void)state;
    assert_prefix(p, "172.17.0.5/20");
    assert_prefix(prefix_network(&p), "172.17.0.0/20");
    assert_ip(prefix_last(&p), "172.17.15.255");
    assert_prefix(prefix_of("10.0.0.1"), "10.0.0.1/32");
    assert_prefix(prefix_of("fd00::1"), "fd00::1/128");
    assert_prefix(prefix_of("0.0.0.0/0"), "0.0.0.0/0");
    assert_prefix((struct prefix){.len = 0}, "");
}

static void odd_lengths_cut_in_the_middle_of_a_byte(void **state)
{
    static const struct {
        const char *text, *network, *last;
    } cuts[] = {
        {"10.255.255.255/9", "10.128.0.0/9", "10.255.255.255"},
        {"10.0.0.77/31", "10.0.0.76/31", "10.0.0.77"},
        {"10.0.0.77/32", "10.0.0.77/32", "10.0.0.77"},
        {"1.2.3.4/0", "0.0.0.0/0", "255.255.255.255"},
        {"fd00:0:0:ffff::1/61", "fd00:0:0:fff8::/61", "fd00::ffff:ffff:ffff:ffff:ffff"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(cuts); i++) {
        struct prefix p = prefix_of(cuts[i].text);

        assert_prefix(prefix_network(&p), cuts[i].network);
        assert_ip(prefix_last(&p), cuts[i].last);
    }
}

static void what_is_no_prefix_is_refused(void **state)
{
    static const char *const wrong[] = {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "fd00::/129",
                                        "/8",          "10.0.0/8",  "10.0.0.0/ 8", "10.0.0.0/8x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err e = ERR_INIT;
        struct prefix p;

        if (prefix_parse(wrong[i], "--subnet", &p, &e) == 0)
            fail_msg("\"%s\" was taken for a prefix", wrong[i]);
        assert_says(&e, "--subnet: ");
    }
}

static void contains_goes_by_the_prefix(void **state)
{
    struct prefix p = prefix_of("10.0.16.0/20"), all = prefix_of("0.0.0.0/0");
    struct ip first = ip_of("10.0.16.0"), last = ip_of("10.0.31.255"), next = ip_of("10.0.32.0"), v6 = ip_of("::");

    (void)state;
    assert_true(prefix_contains(&p, &first));
    assert_true(prefix_contains(&p, &last));
    assert_false(prefix_contains(&p, &next));
    assert_true(prefix_contains(&all, &next));
    assert_false(prefix_contains(&all, &v6));
    assert_false(prefix_contains(&p, &(struct ip){.family = 0}));
}

static void overlap_is_of_the_shorter_one(void **state)
{
    struct prefix wide = prefix_of("10.0.0.0/8"), narrow = prefix_of("10.200.0.0/16"), other = prefix_of("11.0.0.0/8");

    (void)state;
    assert_true(prefix_overlaps(&wide, &narrow));
    assert_true(prefix_overlaps(&narrow, &wide));
    assert_true(prefix_overlaps(&narrow, &narrow));
    assert_false(prefix_overlaps(&other, &narrow));
}

static void nth_and_index_are_inverse(void **state)
{
    struct prefix v4 = prefix_of("10.0.255.7/15"), v6 = prefix_of("fd00::7/64");
    struct ip ip;

    (void)state;
    assert_int_equal(prefix_size(&v4), 1 << 17);
    assert_ip(prefix_nth(&v4, 0), "10.0.0.0");
    assert_ip(prefix_nth(&v4, 65536 + 258), "10.1.1.2");
    ip = ip_of("10.1.1.2");
    assert_int_equal(prefix_index(&v4, &ip), 65536 + 258);

    assert_true(prefix_size(&v6) == UINT64_MAX);
    ip = prefix_nth(&v6, UINT64_C(0x0123456789abcdef));
    assert_ip(ip, "fd00::123:4567:89ab:cdef");
    assert_true(prefix_index(&v6, &ip) == UINT64_C(0x0123456789abcdef));
}

/* ---- hardware addresses ---- */

static void mac_goes_in_and_comes_out(void **state)
{
    uint8_t mac[NET_MAC_LEN];
    char text[MAC_TEXT_MAX];

    (void)state;
    assert_int_equal(mac_parse("02:42:AC:11:00:05", "test", mac, NULL), 0);
    assert_string_equal(mac_format(mac, text), "02:42:ac:11:00:05");
}

static void what_is_no_mac_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "02:42:ac:11:00",
                                        "02:42:ac:11:00:05:06",
                                        "2:42:ac:11:0:5",
                                        "02:42:ac:11:00:0g",
                                        "02-42-ac-11-00-05",
                                        " 2:42:ac:11:00:05",
                                        "+2:42:ac:11:00:05",
                                        "0x:42:ac:11:00:05",
                                        "01:00:5e:00:00:01",
                                        "ff:ff:ff:ff:ff:ff",
                                        "00:00:00:00:00:00"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
        struct err e = ERR_INIT;
        uint8_t mac[NET_MAC_LEN];

        if (mac_parse(wrong[i], "--mac-address", mac, &e) == 0)
            fail_msg("\"%s\" was taken for a hardware address", wrong[i]);
        assert_says(&e, "--mac-address: ");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_goes_in_and_comes_out),    cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(order_is_by_family_then_value), cmocka_unit_test(special_addresses_are_known),
        cmocka_unit_test(prefix_keeps_its_host_bits),    cmocka_unit_test(odd_lengths_cut_in_the_middle_of_a_byte),
        cmocka_unit_test(what_is_no_prefix_is_refused),  cmocka_unit_test(contains_goes_by_the_prefix),
        cmocka_unit_test(overlap_is_of_the_shorter_one), cmocka_unit_test(nth_and_index_are_inverse),
        cmocka_unit_test(mac_goes_in_and_comes_out),     cmocka_unit_test(what_is_no_mac_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
