/* In a network namespace of the test's own, looked at with nft(8). */
#include "base/shell.h"

#include <arpa/inet.h>
#include <sched.h>
#include <stdlib.h>

#include "base/fd.h"
#include "kernel/nft.h"

#define TABLE "boat"

static int enter_namespace(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        fprintf(stderr, "these tests make a network namespace and need root\n");
        exit(77); /* skipped, to Meson */
    }
    return unshare(CLONE_NEWNET);
}

static int flush(void **state)
{
    (void)state;
    return shell("nft flush ruleset");
}

/* What nft lists has this text in it, after white space is made one blank. */
static bool lists(const char *text)
{
    static char all[1024 * 1024];

    assert_int_equal(shell_capture("nft list ruleset | tr -s ' \\t\\n' ' '", all, sizeof(all)), 0);
    return strstr(all, text) != NULL;
}

static void assert_lists(const char *text)
{
    if (!lists(text)) {
        (void)shell("nft list ruleset >&2");
        fail_msg("nft does not list \"%s\"", text);
    }
}

static void assert_runs(struct nft_batch *b)
{
    struct err e = ERR_INIT;

    if (nft_commit(b, &e) < 0)
        fail_msg("%s", e.text);
}

static const struct nft_set words = {.name = "words", .key = {NFT_TYPE_IPV4, NFT_TYPE_L4PROTO, NFT_TYPE_PORT}};
static const struct nft_set links = {.name = "links", .key = {NFT_TYPE_IFNAME}};
static const struct nft_set ports = {
    .name = "ports", .key = {NFT_TYPE_L4PROTO, NFT_TYPE_PORT}, .data = {NFT_TYPE_IPV4, NFT_TYPE_PORT}};
static const struct nft_set single = {.name = "single", .key = {NFT_TYPE_IPV6}, .data = {NFT_TYPE_PORT}};
static const struct nft_set where = {.name = "where", .key = {NFT_TYPE_IFNAME}, .data = {NFT_TYPE_VERDICT}};
static const struct nft_set homes = {.name = "homes", .key = {NFT_TYPE_IPV4, NFT_TYPE_IFNAME}, .is_interval = true};
static const struct nft_set fleeting = {.name = "fleeting", .key = {NFT_TYPE_IPV4}, .timeout = 3600, .size = 100};

static const struct nft_chain base_chain = {
    .name = "input", .type = "filter", .hook = NF_INET_LOCAL_IN, .priority = -5};
static const struct nft_chain other_chain = {.name = "other"};

static struct nft_batch *batch(void)
{
    struct nft_batch *b = nft_batch_new();

    nft_use(b, NFPROTO_INET, TABLE);
    nft_add_table(b);
    return b;
}

static struct nft_element port(uint16_t number, uint16_t to)
{
    const uint8_t tcp = IPPROTO_TCP, address[4] = {10, 0, 0, 1};
    struct nft_element el = {.key.len = 0};

    nft_value_add(&el.key, &tcp, 1);
    nft_value_add_port(&el.key, number);
    nft_value_add(&el.data, address, 4);
    nft_value_add_port(&el.data, to);
    return el;
}

static void objects_are_as_they_were_said(void **state)
{
    _cleanup_nft_batch_ struct nft_batch *b = batch();
    const struct nft_set *sets[] = {&words, &links, &ports, &single, &where, &fleeting, &homes};
    struct nft_element el = {.jump = "other"}, link = {.key.len = 0}, p = port(80, 8080), one = {.key.len = 0},
                       home = {.key.len = 0};
    const uint8_t first[4] = {10, 1, 0, 0}, last[4] = {10, 1, 0, 255};

    (void)state;
    nft_add_chain(b, &base_chain);
    nft_add_chain(b, &other_chain);
    for (size_t i = 0; i < ARRAY_SIZE(sets); i++)
        nft_add_set(b, sets[i]);
    nft_value_add_ifname(&el.key, "eth7");
    nft_add_element(b, "where", &el);
    nft_value_add_ifname(&link.key, "eth8");
    nft_add_element(b, "links", &link);
    nft_add_element(b, "ports", &p);
    nft_value_add(&one.key, &in6addr_loopback, 16);
    nft_value_add_port(&one.data, 53);
    nft_add_element(b, "single", &one);
    nft_value_add(&home.key, first, 4);
    nft_value_add_ifname(&home.key, "eth9");
    nft_value_add(&home.key_end, last, 4);
    nft_value_add_ifname(&home.key_end, "eth9");
    nft_add_element(b, "homes", &home);
    assert_runs(b);

    assert_lists("set homes { type ipv4_addr . ifname flags interval elements = { 10.1.0.0/24 . \"eth9\" } }");
    assert_lists("chain input { type filter hook input priority filter - 5; policy accept; }");
    assert_lists("set words { type ipv4_addr . inet_proto . inet_service }");
    assert_lists("set links { type ifname elements = { \"eth8\" } }");
    assert_lists(
        "map ports { type inet_proto . inet_service : ipv4_addr . inet_service elements = { tcp . 80 : 10.0.0.1 "
        ". 8080 } }");
    assert_lists("map single { type ipv6_addr : inet_service elements = { ::1 : 53 } }");
    assert_lists("map where { type ifname : verdict elements = { \"eth7\" : jump other } }");
    assert_lists("set fleeting { type ipv4_addr size 100 timeout 1h }");
}

static void rules_read_as_they_are_written(void **state)
{
    static const char lo[IFNAMSIZ] = "lo";
    static const uint8_t ten[4] = {10}, mask[4] = {255, 255}, zero[4];
    const struct nft_expr by_link[] = {NFT_IIFNAME_IS(lo), NFT_CT_STATE_HAS(NFT_CT_ESTABLISHED | NFT_CT_NEW),
                                       NFT_COUNTER, NFT_ACCEPT, NFT_END};
    const struct nft_expr by_port[] = {NFT_L4PROTO_IS(IPPROTO_TCP), NFT_TH_DPORT_IS(0x1234), NFT_JUMP_TO("other"),
                                       NFT_END};
    const struct nft_expr by_net[] = {NFT_NFPROTO_IS(NFPROTO_IPV4), NFT_CT_ORIGINAL(NFT_CT_DST_IP, NFT_REG_A),
                                      NFT_MASK(mask, zero, 4),      NFT_EQ(ten, 4),
                                      NFT_REJECT_AS_PROHIBITED,     NFT_END};
    const struct nft_expr by_set[] = {NFT_IIFNAME_NOT_IN("links"), NFT_DROP, NFT_END};
    _cleanup_nft_batch_ struct nft_batch *b = batch();

    (void)state;
    nft_add_chain(b, &base_chain);
    nft_add_chain(b, &other_chain);
    nft_add_set(b, &links);
    nft_add_rule(b, "input", "1", by_link);
    nft_add_rule(b, "input", "2", by_port);
    nft_add_rule(b, "input", "3", by_net);
    nft_add_rule(b, "input", "4", by_set);
    assert_runs(b);
    assert_lists("iifname \"lo\" ct state established,new counter packets 0 bytes 0 accept"
                 " tcp dport 4660 jump other");
    assert_lists("ct original ip daddr 10.0.0.0/16 reject with icmpx admin-prohibited"
                 " iifname != @links drop");
}

static void a_transaction_is_done_wholly_or_not_at_all(void **state)
{
    _cleanup_nft_batch_ struct nft_batch *b = batch();
    static const struct nft_expr nowhere[] = {NFT_JUMP_TO("nowhere"), NFT_END};
    struct err e = ERR_INIT;

    (void)state;
    nft_add_chain(b, &base_chain);
    assert_int_equal(nft_count(b), 2);
    nft_add_rule(b, "input", "jump nowhere", nowhere);
    nft_add_set(b, &links);
    assert_int_equal(nft_commit(b, &e), -ENOENT);
    assert_int_equal(nft_failed(b), 2);
    assert_says(&e, "nftables: jump nowhere: No such file or directory");
    assert_false(lists("table"));
}

static void an_element_may_come_again_but_not_change(void **state)
{
    const struct nft_element first = port(80, 8080), other = port(80, 8081), missing = port(81, 1);
    struct err e = ERR_INIT;

    (void)state;
    for (int i = 0; i < 2; i++) {
        _cleanup_nft_batch_ struct nft_batch *b = batch();

        nft_add_set(b, &ports);
        nft_add_element(b, "ports", &first);
        assert_runs(b);
    }
    {
        _cleanup_nft_batch_ struct nft_batch *b = batch();

        nft_add_element(b, "ports", &other);
        assert_int_equal(nft_commit(b, &e), -EEXIST);
        assert_int_equal(nft_failed(b), 1);
    }
    {
        _cleanup_nft_batch_ struct nft_batch *b = batch();

        nft_delete_element(b, "ports", &first);
        nft_add_element(b, "ports", &other);
        assert_runs(b);
        assert_lists("tcp . 80 : 10.0.0.1 . 8081");
    }
    {
        _cleanup_nft_batch_ struct nft_batch *b = batch();

        nft_delete_element(b, "ports", &missing);
        assert_int_equal(nft_commit(b, &(struct err){.kind = ERR_NONE}), -ENOENT);
    }
}

static bool has_table(uint32_t mark)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int sock = nft_open(&e);
    bool has = false;

    assert_int_equal(nft_has_table(sock, NFPROTO_INET, TABLE, mark, &has, &e), 0);
    return has;
}

static void marks_are_not_saved_by_nft(void **state)
{
    _cleanup_nft_batch_ struct nft_batch *b = nft_batch_new();

    (void)state;
    assert_false(has_table(7));
    nft_use(b, NFPROTO_INET, TABLE);
    nft_add_marked_table(b, 7);
    assert_runs(b);
    assert_true(has_table(7));
    assert_false(has_table(8));
    assert_shell("saved=$(nft list ruleset) && nft flush ruleset && echo \"$saved\" | nft -f -");
    assert_lists("table inet " TABLE);
    assert_false(has_table(7));
}

static void thousands_of_elements_are_one_transaction(void **state)
{
    _cleanup_nft_batch_ struct nft_batch *b = batch();

    (void)state;
    nft_add_set(b, &ports);
    for (uint16_t i = 1; i <= 20000; i++) {
        const struct nft_element el = port(i, i);

        nft_add_element(b, "ports", &el);
    }
    assert_runs(b);
    assert_shell("test $(nft list ruleset | grep -o 'tcp \\. ' | wc -l) = 20000");
}

static void too_much_is_refused_whole(void **state)
{
    _cleanup_nft_batch_ struct nft_batch *b = batch();
    struct err e = ERR_INIT;

    (void)state;
    nft_add_set(b, &ports);
    for (int i = 0; i < 100000; i++) {
        const struct nft_element el = port((uint16_t)i, 1);

        nft_add_element(b, "ports", &el);
    }
    assert_int_equal(nft_commit(b, &e), -EMSGSIZE);
    assert_false(lists("table"));
}

static void deletions_of_a_table_are_heard(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int watch = nft_watch_open(&e);
    _cleanup_nft_batch_ struct nft_batch *b = batch();
    bool deleted = true;

    (void)state;
    assert_true(watch >= 0);
    nft_add_set(b, &ports);
    assert_runs(b);
    assert_int_equal(nft_watch_read(watch, TABLE, &deleted, &e), 0);
    assert_false(deleted);
    assert_shell("%s", "nft delete table inet " TABLE);
    assert_int_equal(nft_watch_read(watch, TABLE, &deleted, &e), 0);
    assert_true(deleted);
}

/* Rather look once too often: what was lost may have been it. */
static void a_flood_of_changes_counts_as_deletion(void **state)
{
    const int tiny = 1;
    struct err e = ERR_INIT;
    _cleanup_close_ int watch = nft_watch_open(&e);
    bool deleted = false;

    (void)state;
    assert_int_equal(setsockopt(watch, SOL_SOCKET, SO_RCVBUF, &tiny, sizeof(tiny)), 0);
    thousands_of_elements_are_one_transaction(state);
    assert_int_equal(nft_watch_read(watch, TABLE, &deleted, &e), 0);
    assert_true(deleted);
}

#define with_flush(test) cmocka_unit_test_teardown(test, flush)

int main(void)
{
    const struct CMUnitTest tests[] = {
        with_flush(objects_are_as_they_were_said),
        with_flush(rules_read_as_they_are_written),
        with_flush(a_transaction_is_done_wholly_or_not_at_all),
        with_flush(an_element_may_come_again_but_not_change),
        with_flush(marks_are_not_saved_by_nft),
        with_flush(thousands_of_elements_are_one_transaction),
        with_flush(too_much_is_refused_whole),
        with_flush(deletions_of_a_table_are_heard),
        with_flush(a_flood_of_changes_counts_as_deletion),
    };

    return cmocka_run_group_tests(tests, enter_namespace, NULL);
}
