/* What packets do: published ports, from everywhere. */
#include "network/firewall_lab.h"

#define HOST4 "192.0.2.1"
#define HOST6 "2001:db8::1"
#define A4 "172.30.0.2"
#define A6 "fd00:30:0::2"

enum { PUBLISHED = 8080 };

/* A on all addresses of both families, with both protocols. */
static void publish_a(void)
{
    struct err e = ERR_INIT;

    add_port(lab.plan, TCP, "0.0.0.0", PUBLISHED, A4);
    add_port(lab.plan, UDP, "0.0.0.0", PUBLISHED, A4);
    add_port(lab.plan, TCP, "::", PUBLISHED, A6);
    add_port(lab.plan, UDP, "::", PUBLISHED, A6);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
}

/* seen: whom A sees; "" when the port must not be reached. */
static void check_visit(int from, const char *address, const char *seen)
{
    static const int protocols[] = {TCP, UDP};

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        int server = serve(A, protocols[i], strchr(address, ':') ? "::" : "0.0.0.0", SERVER_PORT);
        const char *seen_by_a = visit(from, protocols[i], address, PUBLISHED, server);

        close(server); /* a failing test leaves it to no other */
        if (strcmp(seen_by_a, seen) != 0)
            fail_msg("%s to %s: A sees \"%s\", not \"%s\"", protocols[i] == TCP ? "tcp" : "udp", address, seen_by_a,
                     seen);
    }
}

static void the_clients_address_is_kept(void **state)
{
    (void)state;
    publish_a();
    check_visit(CLIENT, HOST4, "192.0.2.9");
    check_visit(CLIENT, HOST6, "2001:db8::9");
}

static void the_host_reaches_its_own_published_ports(void **state)
{
    (void)state;
    publish_a();
    check_visit(HOST, HOST4, HOST4);
    check_visit(HOST, HOST6, HOST6);
    check_visit(HOST, "172.30.1.1", "172.30.1.1");
    check_visit(HOST, "127.0.0.1", "172.30.0.1");
    check_visit(HOST, "::1", "fd00:30::1");
}

static void neighbours_and_the_container_itself_go_by_hairpin(void **state)
{
    (void)state;
    publish_a();
    check_visit(B, HOST4, "172.30.0.1");
    check_visit(B, HOST6, "fd00:30::1");
    check_visit(A, HOST4, "172.30.0.1");
    check_visit(B, "172.30.0.1", "172.30.0.1");
}

/* On a network with names the gateway's port 53 is its name server's, whoever publishes that port to the world. */
static void a_published_name_server_does_not_hide_the_networks_own(void **state)
{
    int own = serve(HOST, UDP, "172.30.0.1", 53), published = serve(A, UDP, A4, SERVER_PORT);
    const char *by_neighbour, *by_host_address;
    struct err e = ERR_INIT;

    (void)state;
    add_port(lab.plan, UDP, "0.0.0.0", 53, A4);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    by_neighbour = strdup(visit(B, UDP, "172.30.0.1", 53, own));
    by_host_address = visit(B, UDP, HOST4, 53, published);
    close(own);
    close(published);
    assert_string_equal(by_neighbour, "172.30.0.3");
    assert_string_equal(by_host_address, "172.30.0.1");
    free((char *)by_neighbour);
}

static void other_networks_reach_published_ports_as_themselves(void **state)
{
    (void)state;
    publish_a();
    check_visit(C, HOST4, "172.30.1.2");
    check_visit(C, HOST6, "fd00:30:1::2");
    check_visit(D, HOST4, ""); /* but not internal ones */
    check_visit(D, HOST6, "");
}

static void the_hosts_own_input_rules_decide(void **state)
{
    (void)state;
    publish_a();
    assert_shell("nft -f - <<'X'\n"
                 "table inet hostfw {\n"
                 "    chain input {\n"
                 "        type filter hook input priority 0; policy drop;\n"
                 "        ct state established,related accept\n"
                 "        iifname lo accept\n"
                 "        icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept\n"
                 "    }\n"
                 "}\n"
                 "X");
    check_visit(CLIENT, HOST4, "");
    check_visit(CLIENT, HOST6, "");
    check_visit(HOST, HOST4, HOST4);
    check_visit(C, HOST4, "172.30.1.2");
    assert_shell("nft 'add rule inet hostfw input meta l4proto { tcp, udp } th dport 8080 accept'");
    check_visit(CLIENT, HOST4, "192.0.2.9");
    check_visit(CLIENT, HOST6, "2001:db8::9");
}

/* With another run root, in the same network namespace. */
static void two_engines_have_a_gate_each(void **state)
{
    struct net_instance other = NET_INSTANCE_INIT;
    char run_root[96];
    struct err e = ERR_INIT;
    bool made = false;

    (void)state;
    publish_a();
    snprintf(run_root, sizeof(run_root), "%s/other", lab.run_root);
    assert_works(net_instance_open(run_root, &other, &e), &e);
    assert_works(firewall_ensure(&other, &lab.config, &made, &e), &e);
    assert_true(made);
    check_visit(CLIENT, HOST4, "192.0.2.9");
    check_visit(CLIENT, HOST6, "2001:db8::9");
    assert_works(firewall_remove(&other, &e), &e);
    check_visit(CLIENT, HOST4, "192.0.2.9");
    net_instance_close(&other);
}

static void open_ports_are_translated_in_front_of_them(void **state)
{
    (void)state;
    lab.config.ports_open = true;
    firewall_down(state);
    lab.config.ports_open = true;
    firewall_up(state);
    publish_a();
    assert_shell(
        "nft 'add table inet hostfw; add chain inet hostfw input { type filter hook input priority 0 ; policy drop ; };"
        " add rule inet hostfw input icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept'");
    check_visit(CLIENT, HOST4, "192.0.2.9");
    check_visit(CLIENT, HOST6, "2001:db8::9");
}

static void the_gate_passes_a_strict_reverse_path_filter(void **state)
{
    (void)state;
    assert_shell("echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter");
    publish_a();
    check_visit(CLIENT, HOST4, "192.0.2.9");
    assert_shell("echo 0 >/proc/sys/net/ipv4/conf/all/rp_filter");
}

static bool large_datagram_arrives(const char *address, int discover_mtu)
{
    static const char large[4000];
    struct sockaddr_storage a;
    socklen_t len = socket_address(address, PUBLISHED, &a);
    _cleanup_close_ int server = serve(A, UDP, strchr(address, ':') ? A6 : A4, SERVER_PORT);
    _cleanup_close_ int fd = box_socket(CLIENT, a.ss_family, UDP);

    if (a.ss_family == AF_INET)
        assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &discover_mtu, sizeof(discover_mtu)), 0);
    assert_int_equal(sendto(fd, large, sizeof(large), 0, (struct sockaddr *)&a, len), sizeof(large));
    return *take_visitor(server, UDP, IMPATIENCE_MS) != '\0';
}

/* The first one of a connection, which comes through the gate. */
static void large_datagrams_arrive(void **state)
{
    bool arrives, arrives6, arrives_whole;

    (void)state;
    publish_a();
    arrives = large_datagram_arrives(HOST4, IP_PMTUDISC_WANT);
    arrives6 = large_datagram_arrives(HOST6, 0);
    /* Not in fragments, but to be fragmented in front of the container. */
    assert_shell("ip link set eth0 mtu 9000");
    box_shell(CLIENT, "ip link set eth0 mtu 9000");
    arrives_whole = large_datagram_arrives(HOST4, IP_PMTUDISC_DONT);
    box_shell(CLIENT, "ip link set eth0 mtu 1500");
    assert_shell("ip link set eth0 mtu 1500");
    assert_true(arrives);
    assert_true(arrives6);
    assert_true(arrives_whole);
}

/* What stays on a bridge passes the firewall too where br_netfilter is loaded, as Docker does. */
static void bridges_may_call_the_firewall_themselves(void **state)
{
    int a6;

    (void)state;
    if (shell("echo 1 2>&- >/proc/sys/net/bridge/bridge-nf-call-iptables") != 0)
        skip();
    assert_shell("echo 1 >/proc/sys/net/bridge/bridge-nf-call-ip6tables");
    assert_shell("bridge link set dev sv1 hairpin on");
    firewall_down(state);
    firewall_up(state);
    publish_a();
    check_visit(CLIENT, HOST4, "192.0.2.9");
    check_visit(CLIENT, HOST6, "2001:db8::9");
    check_visit(B, HOST4, "172.30.0.1");
    check_visit(A, HOST4, "172.30.0.1"); /* with the port's hairpin mode, which bridge ports of ours have then */
    check_visit(C, HOST4, "172.30.1.2");
    check_visit(HOST, "127.0.0.1", "172.30.0.1");
    a6 = serve(A, TCP, "::", SERVER_PORT);
    assert_string_equal(visit(HOST, TCP, "::1", PUBLISHED, a6), ""); /* see firewall_has_localhost6() */
    close(a6);
    assert_shell("echo 0 >/proc/sys/net/bridge/bridge-nf-call-iptables");
    assert_shell("echo 0 >/proc/sys/net/bridge/bridge-nf-call-ip6tables");
}

static void a_port_of_one_address_is_there_only(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    add_port(lab.plan, TCP, HOST4, PUBLISHED, A4);
    add_port(lab.plan, UDP, HOST4, PUBLISHED, A4);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    check_visit(CLIENT, HOST4, "192.0.2.9");
    check_visit(HOST, HOST4, HOST4);
    check_visit(CLIENT, "172.30.1.1", "");
    check_visit(HOST, "127.0.0.1", "");
    check_visit(C, HOST4, "172.30.1.2");
}

static void a_port_of_localhost_is_the_hosts_only(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    add_port(lab.plan, TCP, "127.0.0.1", PUBLISHED, A4);
    add_port(lab.plan, UDP, "127.0.0.1", PUBLISHED, A4);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    check_visit(HOST, "127.0.0.1", "172.30.0.1");
    check_visit(CLIENT, HOST4, "");
    check_visit(C, HOST4, "");
}

/* CVE-2020-8558: route_localnet must not open the host's localhost. */
static void nobody_reaches_the_hosts_localhost(void **state)
{
    _cleanup_close_ int server = serve(HOST, UDP, "127.0.0.1", 53);

    (void)state;
    box_shell(A, "ip addr flush dev lo && ip route add 127.0.0.1 via 172.30.0.1 &&"
                 " echo 1 >/proc/sys/net/ipv4/conf/eth0/route_localnet");
    assert_string_equal(visit(HOST, UDP, "127.0.0.1", 53, server), "127.0.0.1");
    assert_string_equal(visit(A, UDP, "127.0.0.1", 53, server), "");
    box_shell(A, "ip route del 127.0.0.1 && ip addr add 127.0.0.1/8 dev lo");
}

/* Nor ::1, to which the bridge has a route for the same reason: the kernel takes it from no wire. */
static void nobody_reaches_the_hosts_localhost_by_ipv6(void **state)
{
    _cleanup_close_ int server = serve(HOST, UDP, "::1", 53);

    (void)state;
    box_shell(A, "ip addr flush dev lo && ip -6 route add ::1 via fd00:30::1");
    assert_string_equal(visit(HOST, UDP, "::1", 53, server), "::1");
    assert_string_equal(visit(A, UDP, "::1", 53, server), "");
    box_shell(A, "ip -6 route del ::1 via fd00:30::1 && ip addr add 127.0.0.1/8 dev lo && ip addr add ::1/128 dev lo");
}

static void removed_ports_are_gone_and_again_is_no_error(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    publish_a();
    check_visit(CLIENT, HOST4, "192.0.2.9");
    assert_works(firewall_remove_container(lab.in.table, lab.plan, &e), &e);
    check_visit(CLIENT, HOST4, "");
    check_visit(HOST, "127.0.0.1", "");
    assert_works(firewall_remove_container(lab.in.table, lab.plan, &e), &e);
    assert_works(firewall_remove(&lab.in, &e), &e);
    assert_works(firewall_remove_container(lab.in.table, lab.plan, &e), &e);
}

static bool asks(int client, int server)
{
    return send(client, "q", 1, 0) == 1 && *take_visitor(server, UDP, IMPATIENCE_MS) != '\0';
}

/* One client that goes on sending while the port is not published yet, is A's, is B's. */
static void udp_clients_follow_the_port(void **state)
{
    _cleanup_close_ int a = serve(A, UDP, A4, SERVER_PORT), b = serve(B, UDP, "172.30.0.3", SERVER_PORT);
    _cleanup_close_ int client = box_socket(CLIENT, AF_INET, UDP);
    struct sockaddr_storage to;
    socklen_t len = socket_address(HOST4, PUBLISHED, &to);
    struct err e = ERR_INIT;
    char answer;

    (void)state;
    assert_int_equal(connect(client, (struct sockaddr *)&to, len), 0);
    assert_false(asks(client, a));
    assert_true(read(client, &answer, 1) < 0); /* refused */
    publish_a();
    assert_works(firewall_forget_early_flows(lab.plan, &e), &e);
    assert_true(asks(client, a));
    assert_works(firewall_remove_container(lab.in.table, lab.plan, &e), &e);
    assert_false(asks(client, a));
    for (size_t i = 0; i < lab.plan->n_ports; i++)
        lab.plan->ports[i].to = ip_of(lab.plan->ports[i].to.family == AF_INET ? "172.30.0.3" : "fd00:30::3");
    assert_true(read(client, &answer, 1) < 0); /* refused again; and A's answer to the question in between */
    assert_true(read(client, &answer, 1) == 1);
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    assert_works(firewall_forget_early_flows(lab.plan, &e), &e);
    assert_true(asks(client, b));
}

static struct net_plan *plan_of_b(void)
{
    struct net_plan *p = net_plan_new();

    memset(p->container, 'b', NETWORK_ID_LEN);
    return p;
}

static void a_port_is_one_containers(void **state)
{
    _cleanup_net_plan_ struct net_plan *other = plan_of_b();
    struct err e = ERR_INIT;

    (void)state;
    publish_a();
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e); /* its own again */
    add_port(other, TCP, "0.0.0.0", 9090, "172.30.0.3");
    add_port(other, UDP, "0.0.0.0", PUBLISHED, "172.30.0.3");
    assert_true(firewall_add_container(lab.in.table, other, &e) < 0);
    assert_int_equal(e.kind, ERR_CONFLICT);
    assert_says(&e, "port is already allocated: 0.0.0.0:8080/udp");
    /* All or nothing. */
    assert_shell("nft list ruleset | grep -q 9090 && exit 1 || exit 0");

    /* And taking away what was never its own takes nothing from A, but what else is its own. */
    other->ports[1].protocol = TCP;
    e = ERR_INIT;
    assert_works(firewall_remove_container(lab.in.table, other, &e), &e);
    check_visit(CLIENT, HOST4, "192.0.2.9");
    other->n_ports = 1;
    assert_works(firewall_add_container(lab.in.table, other, &e), &e);
    other->n_ports = 2;
    assert_works(firewall_remove_container(lab.in.table, other, &e), &e);
    check_visit(CLIENT, HOST4, "192.0.2.9");
    assert_shell("nft list ruleset | grep -q 9090 && exit 1 || exit 0");
}

static void many_conflicts_are_one(void **state)
{
    _cleanup_net_plan_ struct net_plan *other = plan_of_b();
    struct err e = ERR_INIT;

    (void)state;
    for (uint16_t i = 0; i < 2000; i++) {
        add_port(lab.plan, TCP, "0.0.0.0", (uint16_t)(10000 + i), A4);
        add_port(other, TCP, "0.0.0.0", (uint16_t)(10000 + i), "172.30.0.3");
    }
    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    assert_true(firewall_add_container(lab.in.table, other, &e) < 0);
    assert_int_equal(e.kind, ERR_CONFLICT);
    assert_says(&e, "port is already allocated: 0.0.0.0:10000/tcp");
}

static void both_ends_of_a_port_are_of_one_family(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    add_port(lab.plan, TCP, "::", PUBLISHED, A4);
    assert_true(firewall_add_container(lab.in.table, lab.plan, &e) < 0);
    assert_int_equal(e.kind, ERR_INVALID);
    assert_says(&e, "publish [::]:8080/tcp: the container's address 172.30.0.2 is of another family");
}

#define in_lab(test) cmocka_unit_test_setup_teardown(test, firewall_up, firewall_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_lab(the_clients_address_is_kept),
        in_lab(the_host_reaches_its_own_published_ports),
        in_lab(neighbours_and_the_container_itself_go_by_hairpin),
        in_lab(a_published_name_server_does_not_hide_the_networks_own),
        in_lab(other_networks_reach_published_ports_as_themselves),
        in_lab(the_hosts_own_input_rules_decide),
        in_lab(two_engines_have_a_gate_each),
        in_lab(open_ports_are_translated_in_front_of_them),
        in_lab(the_gate_passes_a_strict_reverse_path_filter),
        in_lab(large_datagrams_arrive),
        in_lab(a_port_of_one_address_is_there_only),
        in_lab(a_port_of_localhost_is_the_hosts_only),
        in_lab(nobody_reaches_the_hosts_localhost),
        in_lab(nobody_reaches_the_hosts_localhost_by_ipv6),
        in_lab(bridges_may_call_the_firewall_themselves),
        in_lab(removed_ports_are_gone_and_again_is_no_error),
        in_lab(udp_clients_follow_the_port),
        in_lab(a_port_is_one_containers),
        in_lab(many_conflicts_are_one),
        in_lab(both_ends_of_a_port_are_of_one_family),
    };

    return cmocka_run_group_tests(tests, lab_make, lab_remove);
}
