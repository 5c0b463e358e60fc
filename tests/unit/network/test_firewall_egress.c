/* What packets do under egress rules; and whether source addresses can be borrowed to get around them. */
#include "network/firewall_lab.h"

#include "base/strbuf.h"
#include "base/strv.h"

enum { ALLOWED = 443, OTHER = 444 };

static const char *ask(int from, int protocol, const char *address, uint16_t port, int to)
{
    int server = serve(to, protocol, address, port);
    const char *seen = visit(from, protocol, address, port, server);

    close(server); /* a failing test leaves it to no other */
    return seen;
}

static bool reaches(int from, int protocol, const char *address, uint16_t port)
{
    const char *seen = ask(from, protocol, address, port, CLIENT);

    assert_string_not_equal(seen, UNANSWERED);
    return *seen != '\0';
}

static void deny(struct egress *g, const char *allow)
{
    g->deny = true;
    if (allow)
        assert_int_equal(strv_add(&g->allow, allow, NULL), 0);
}

static void forgive(struct egress *g)
{
    strv_free(g->allow);
    *g = (struct egress){.deny = false};
}

static void put_network(void)
{
    struct err e = ERR_INIT;

    assert_works(firewall_add_network(&lab.in, lab.networks[0], &e), &e);
}

static int networks_down(void **state)
{
    for (unsigned i = 0; i < N_BRIDGES; i++)
        forgive(&lab.networks[i]->egress);
    return firewall_down(state);
}

static void denied_networks_reach_nobody_outside(void **state)
{
    (void)state;
    deny(&lab.networks[0]->egress, NULL);
    put_network();
    assert_false(reaches(A, TCP, "192.0.2.9", ALLOWED));
    assert_false(reaches(A, UDP, "2001:db8::9", ALLOWED));
    assert_string_equal(ask(A, TCP, "172.30.0.1", ALLOWED, HOST), "");
    assert_true(reaches(C, TCP, "192.0.2.9", ALLOWED));
    /* Neighbours, names, and answers are not meant. */
    assert_string_equal(ask(A, TCP, "172.30.0.3", ALLOWED, B), "172.30.0.2");
    assert_string_equal(ask(A, UDP, "172.30.0.1", 53, HOST), "172.30.0.2");
    assert_string_equal(ask(HOST, TCP, "172.30.0.2", ALLOWED, A), "172.30.0.1");
}

static void what_is_allowed_is_reached(void **state)
{
    struct egress *g = &lab.networks[0]->egress;

    (void)state;
    deny(g, "192.0.2.8/29:443");
    deny(g, "[2001:db8::9]:443/udp");
    put_network();
    assert_true(reaches(A, TCP, "192.0.2.9", ALLOWED));
    assert_true(reaches(A, UDP, "192.0.2.9", ALLOWED));
    assert_false(reaches(A, TCP, "192.0.2.9", OTHER));
    assert_true(reaches(A, UDP, "2001:db8::9", ALLOWED));
    assert_false(reaches(A, TCP, "2001:db8::9", ALLOWED));
    assert_false(reaches(A, UDP, "2001:db8::9", OTHER));
    assert_string_equal(ask(A, TCP, "192.0.2.1", ALLOWED, HOST), ""); /* 192.0.2.8/29 does not begin at .1 */
}

static void all_of_one_family_may_be_allowed(void **state)
{
    (void)state;
    deny(&lab.networks[0]->egress, "0.0.0.0/0");
    put_network();
    assert_true(reaches(A, TCP, "192.0.2.9", OTHER));
    assert_false(reaches(A, TCP, "2001:db8::9", OTHER));
}

/* The container asks for the host's address, and that is what its rules speak of. */
static void a_published_port_is_allowed_as_it_is_addressed(void **state)
{
    struct err e = ERR_INIT;
    int server;

    (void)state;
    deny(&lab.networks[1]->egress, "192.0.2.1:8080");
    assert_works(firewall_add_network(&lab.in, lab.networks[1], &e), &e);
    add_port(lab.plan, TCP, "0.0.0.0", 8080, "172.30.0.2");
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    server = serve(A, TCP, "172.30.0.2", SERVER_PORT);
    assert_string_equal(visit(C, TCP, "192.0.2.1", 8080, server), "172.30.1.2");
    assert_string_equal(visit(C, TCP, "172.30.0.1", 8080, server), "");
    close(server);
}

/* A name's addresses are what dnsmasq puts into its sets. */
static void names_are_allowed_as_they_are_answered(void **state)
{
    struct strbuf lines = STRBUF_INIT(4096);
    struct err e = ERR_INIT;
    struct network *n = lab.networks[0];

    (void)state;
    deny(&n->egress, "deb.example.org:443/tcp");
    deny(&n->egress, "deb.example.org:80");
    put_network();
    assert_false(reaches(A, TCP, "192.0.2.9", ALLOWED));
    assert_works(firewall_dnsmasq_lines(lab.in.table, n->id, &n->egress, &lines, &e), &e);
    assert_non_null(strstr(strbuf_str(&lines), "nftset=/deb.example.org/4#inet#sampan-"));
    /* What dnsmasq does with such a line. */
    assert_shell(
        "echo '%s' | sed -n 's|^nftset=/[^/]*/4#\\([^#]*\\)#\\([^#]*\\)#\\([^,]*\\),6#.*|add element \\1 \\2 \\3"
        " { 192.0.2.9 }|p' | nft -f -",
        strbuf_str(&lines));
    strbuf_release(&lines);
    assert_true(reaches(A, TCP, "192.0.2.9", ALLOWED));
    assert_true(reaches(A, UDP, "192.0.2.9", 80));
    assert_false(reaches(A, UDP, "192.0.2.9", ALLOWED));
    /* It forgets. */
    assert_shell("nft list set inet %s names4-aaaaaaaaaaaa-deb.example.org | grep -q expires", lab.in.table);
    assert_works(firewall_remove_network(&lab.in, n, &e), &e);
    assert_shell("nft list table inet %s | grep -q -e names4 -e egress-a && exit 1 || exit 0", lab.in.table);
}

/* A's interface, by which its rules find it. */
static void plan_for_a(const char *allow)
{
    struct net_interface *i = net_plan_add_interface(lab.plan);

    i->kind = NET_VETH;
    snprintf(i->host_name, sizeof(i->host_name), "sv%d", A);
    i->address4 = prefix_of("172.30.0.2/24");
    i->address6 = prefix_of("fd00:30::2/64");
    deny(&lab.plan->egress, allow);
}

static void a_containers_rules_are_its_own(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    plan_for_a("192.0.2.9:443/tcp");
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    assert_true(reaches(A, TCP, "192.0.2.9", ALLOWED));
    assert_false(reaches(A, TCP, "192.0.2.9", OTHER));
    assert_false(reaches(A, TCP, "2001:db8::9", ALLOWED));
    assert_true(reaches(B, TCP, "192.0.2.9", OTHER));
    assert_string_equal(ask(A, TCP, "172.30.0.3", OTHER, B), "172.30.0.2");
    assert_string_equal(ask(A, TCP, "fd00:30::3", OTHER, B), "fd00:30::2");

    assert_works(firewall_remove_container(lab.in.table, lab.plan, &e), &e);
    assert_works(firewall_remove_container(lab.in.table, lab.plan, &e), &e);
    assert_true(reaches(A, TCP, "2001:db8::9", OTHER));
    assert_shell("nft list ruleset | grep -q -e egress-c -e sv1 && exit 1 || exit 0");
}

static void both_the_networks_and_the_containers_rules_hold(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    plan_for_a("192.0.2.9");
    deny(&lab.networks[0]->egress, "0.0.0.0/0:443");
    put_network();
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    assert_true(reaches(A, TCP, "192.0.2.9", ALLOWED));
    assert_false(reaches(A, TCP, "192.0.2.9", OTHER));
}

/* Its root has CAP_NET_RAW, and may give itself any address. */
static void a_neighbours_address_helps_nobody(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    plan_for_a(NULL);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    box_shell(A, "ip addr add 172.30.0.77/24 dev eth0 && ip route replace default via 172.30.0.1 src 172.30.0.77 &&"
                 " ip -6 addr add fd00:30::77/64 dev eth0 nodad preferred_lft forever &&"
                 " ip -6 route replace default via fd00:30::1 src fd00:30::77");
    assert_false(reaches(A, TCP, "192.0.2.9", ALLOWED));
    assert_false(reaches(A, TCP, "2001:db8::9", ALLOWED));
    assert_string_equal(ask(HOST, UDP, "172.30.0.77", SERVER_PORT, A), ""); /* ARP does not answer for it either */
    assert_string_equal(ask(HOST, UDP, "fd00:30::77", SERVER_PORT, A), "");
    assert_string_equal(ask(HOST, UDP, "172.30.0.2", SERVER_PORT, A), "172.30.0.1");
    assert_string_equal(ask(HOST, UDP, "fd00:30::2", SERVER_PORT, A), "fd00:30::1");

    assert_works(firewall_remove_container(lab.in.table, lab.plan, &e), &e);
    assert_shell("ip neigh flush dev br0"); /* the host gave up asking for it */
    assert_true(reaches(A, TCP, "192.0.2.9", ALLOWED));
    box_shell(A, "ip addr del 172.30.0.77/24 dev eth0 && ip route replace default via 172.30.0.1 &&"
                 " ip -6 addr del fd00:30::77/64 dev eth0 && ip -6 route replace default via fd00:30::1");
}

static void removing_one_interface_leaves_the_others_rules(void **state)
{
    struct err e = ERR_INIT;
    struct net_plan part = {.interfaces = NULL};
    struct net_interface other = {.kind = NET_VETH, .host_name = "sv9"};

    (void)state;
    plan_for_a(NULL);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    other.address4 = prefix_of("172.30.1.9/24");
    memcpy(part.container, lab.plan->container, sizeof(part.container));
    part.egress.deny = true;
    part.interfaces = &other;
    part.n_interfaces = 1;
    assert_works(firewall_add_container(lab.in.table, &part, &e), &e);
    assert_works(firewall_remove_container(lab.in.table, &part, &e), &e);
    assert_false(reaches(A, TCP, "192.0.2.9", ALLOWED));
}

static void a_bad_rule_is_told(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    plan_for_a("not a name");
    assert_true(firewall_add_container(lab.in.table, lab.plan, &e) < 0);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_says(&e, "\"not a name\" is no egress rule");
}

#define in_lab(test) cmocka_unit_test_setup_teardown(test, firewall_up, networks_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_lab(denied_networks_reach_nobody_outside),
        in_lab(what_is_allowed_is_reached),
        in_lab(all_of_one_family_may_be_allowed),
        in_lab(a_published_port_is_allowed_as_it_is_addressed),
        in_lab(names_are_allowed_as_they_are_answered),
        in_lab(a_containers_rules_are_its_own),
        in_lab(both_the_networks_and_the_containers_rules_hold),
        in_lab(a_neighbours_address_helps_nobody),
        in_lab(removing_one_interface_leaves_the_others_rules),
        in_lab(a_bad_rule_is_told),
    };

    return cmocka_run_group_tests(tests, lab_make, lab_remove);
}
