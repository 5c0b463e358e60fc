/* What packets do: between networks, to the host, to the world; and whether the tables are as they should be. */
#include "network/firewall_lab.h"

/* seen: whom the server sees; "" when it must not be reached. Both protocols. */
static void check(int from, int to, const char *address, const char *seen)
{
    static const int protocols[] = {TCP, UDP};

    for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
        int server = serve(to, protocols[i], address, SERVER_PORT);
        const char *seen_by_it = visit(from, protocols[i], address, SERVER_PORT, server);

        close(server); /* a failing test leaves it to no other */
        if (strcmp(seen_by_it, seen) != 0)
            fail_msg("%s to %s: it sees \"%s\", not \"%s\"", protocols[i] == TCP ? "tcp" : "udp", address, seen_by_it,
                     seen);
    }
}

static void neighbours_reach_each_other(void **state)
{
    (void)state;
    check(A, B, "172.30.0.3", "172.30.0.2");
    check(A, B, "fd00:30::3", "fd00:30::2");
}

static void networks_are_kept_apart(void **state)
{
    (void)state;
    check(A, C, "172.30.1.2", "");
    check(C, A, "172.30.0.2", "");
    check(A, C, "fd00:30:1::2", "");
    check(A, D, "172.30.2.2", "");
    check(D, A, "172.30.0.2", "");
    check(D, A, "fd00:30::2", "");
}

static void the_world_is_seen_through_the_hosts_address(void **state)
{
    (void)state;
    check(A, CLIENT, "192.0.2.9", "192.0.2.1");
    check(A, CLIENT, "2001:db8::9", "2001:db8::1");
    check(D, CLIENT, "192.0.2.9", "");
    check(D, CLIENT, "2001:db8::9", "");
}

/* The client has routes to the networks by the host. */
static void the_world_does_not_reach_containers_directly(void **state)
{
    (void)state;
    check(CLIENT, A, "172.30.0.2", "");
    check(CLIENT, A, "fd00:30::2", "");
    check(CLIENT, D, "172.30.2.2", "");
}

static void the_host_and_its_containers_reach_each_other(void **state)
{
    (void)state;
    check(HOST, A, "172.30.0.2", "172.30.0.1");
    check(HOST, D, "172.30.2.2", "172.30.2.1");
    check(A, HOST, "172.30.0.1", "172.30.0.2");
    check(A, HOST, "192.0.2.1", "172.30.0.2");
    check(A, HOST, "fd00:30::1", "fd00:30::2");
}

static void internal_networks_reach_the_hosts_names_only(void **state)
{
    _cleanup_close_ int names = serve(HOST, UDP, "0.0.0.0", 53), names_tcp = serve(HOST, TCP, "::", 53);

    (void)state;
    check(D, HOST, "172.30.2.1", "");
    check(D, HOST, "192.0.2.1", "");
    check(D, HOST, "fd00:30:2::1", "");
    assert_string_equal(visit(D, UDP, "172.30.2.1", 53, names), "172.30.2.2");
    assert_string_equal(visit(D, TCP, "fd00:30:2::1", 53, names_tcp), "fd00:30:2::2");
    assert_string_equal(visit(D, UDP, "192.0.2.1", 53, names), "");
    assert_string_equal(visit(D, UDP, "172.30.0.1", 53, names), "");
}

static void an_isolated_networks_containers_do_not_go_by_the_host(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    /* By the gateway, as its bridge's ports would be isolated. */
    box_shell(A, "ip route add 172.30.0.3 via 172.30.0.1");
    check(A, B, "172.30.0.3", "172.30.0.2");
    assert_works(firewall_remove_network(&lab.in, lab.networks[0], &e), &e);
    lab.networks[0]->isolated = true;
    assert_works(firewall_add_network(&lab.in, lab.networks[0], &e), &e);
    check(A, B, "172.30.0.3", "");
    check(A, CLIENT, "192.0.2.9", "192.0.2.1");
    lab.networks[0]->isolated = false;
    box_shell(A, "ip route del 172.30.0.3 via 172.30.0.1");
}

static void without_masquerade_containers_are_seen_themselves(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    assert_works(firewall_remove_network(&lab.in, lab.networks[0], &e), &e);
    lab.networks[0]->no_masquerade = true;
    assert_works(firewall_add_network(&lab.in, lab.networks[0], &e), &e);
    check(A, CLIENT, "192.0.2.9", "172.30.0.2");
    lab.networks[0]->no_masquerade = false;
}

static void a_removed_network_leaves_nothing(void **state)
{
    struct err e = ERR_INIT;

    (void)state;
    for (unsigned i = 0; i < N_BRIDGES; i++)
        assert_works(firewall_remove_network(&lab.in, lab.networks[i], &e), &e);
    assert_works(firewall_remove_network(&lab.in, lab.networks[0], &e), &e);
    assert_shell("nft list ruleset | grep -q elements && exit 1 || exit 0");
}

/* With the two marks that bridge.h speaks of. */
static void a_host_that_was_no_router_becomes_none(void **state)
{
    _cleanup_close_ int other = new_netns();
    struct err e = ERR_INIT;
    bool made = false;

    (void)state;
    assert_shell(
        "ip link add eth1 type veth peer name eth0 netns /proc/%d/fd/%d && ip addr add 198.51.100.1/24 dev eth1 &&"
        " ip link set eth1 up",
        (int)getpid(), other);
    int host = box_enter(other);
    assert_shell(
        "ip addr add 198.51.100.9/24 dev eth0 && ip link set eth0 up && ip route add default via 198.51.100.1");
    box_leave(host);
    int netns = lab.netns[C];
    lab.netns[C] = other;
    check(C, CLIENT, "192.0.2.9", "198.51.100.9");

    assert_works(file_write(lab.in.dir_fd, "forwarding", "", 0, 0600, &e), &e);
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_true(made);
    assert_works(firewall_add_network(&lab.in, lab.networks[0], &e), &e);
    check(C, CLIENT, "192.0.2.9", "");
    check(A, CLIENT, "192.0.2.9", "192.0.2.1");
    assert_int_equal(unlinkat(lab.in.dir_fd, "forwarding", 0), 0);
    lab.netns[C] = netns;
    assert_shell("ip link del eth1");
}

/* ---- the tables themselves ---- */

static void tables_are_made_once(void **state)
{
    struct err e = ERR_INIT;
    bool made = true;

    (void)state;
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_false(made);
    assert_shell("nft delete table ip6 %s", lab.in.table);
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_true(made);
    assert_shell("ip link del %s", lab.in.gate_in);
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_true(made);
    lab.config.ports_open = true;
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_true(made);
}

/* As by `nft list ruleset >/etc/nftables.conf`, at the next boot, without our links. */
static void a_saved_ruleset_can_be_loaded_and_is_not_taken_for_ours(void **state)
{
    struct err e = ERR_INIT;
    bool made = false;

    (void)state;
    assert_shell("nft list ruleset >%s/saved && ip link del %s && nft flush ruleset && nft -f %s/saved", lab.run_root,
                 lab.in.gate_in, lab.run_root);
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_true(made);
}

static void other_tables_are_not_touched(void **state)
{
    struct err e = ERR_INIT;
    bool made = false;

    (void)state;
    assert_shell("nft 'add table inet other; add chain inet other x'");
    assert_shell("nft delete table inet %s", lab.in.table);
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_works(firewall_remove(&lab.in, &e), &e);
    assert_works(firewall_remove(&lab.in, &e), &e);
    assert_shell("test \"$(nft list tables)\" = 'table inet other'");
    assert_shell("test -z \"$(ip -o link 2>&- | grep -e %s -e %s)\"", lab.in.gate_in, lab.in.gate_out);
}

static bool is_gone(int watch)
{
    struct err e = ERR_INIT;
    bool gone = false;

    assert_works(firewall_watch_read(watch, lab.in.table, &gone, &e), &e);
    return gone;
}

static void a_flush_is_noticed(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int watch = firewall_watch_open(&e);

    (void)state;
    assert_true(watch >= 0);
    assert_false(is_gone(watch));
    assert_shell("nft 'add table inet other; delete table inet other'");
    assert_works(firewall_remove_network(&lab.in, lab.networks[0], &e), &e);
    assert_false(is_gone(watch));
    assert_shell("nft flush ruleset");
    assert_true(is_gone(watch));
    assert_false(is_gone(watch));
}

/* What is written down comes back: networks that are up, and containers' plans. */
static void restoring_brings_back_what_is_written_down(void **state)
{
    struct err e = ERR_INIT;
    _cleanup_close_ int run_dir = -1;
    bool made = false;

    (void)state;
    add_port(lab.plan, TCP, "0.0.0.0", 8080, "172.30.0.2");
    lab.plan->directory = strdup(lab.run_root);
    snprintf(lab.plan->table, sizeof(lab.plan->table), "%s", lab.in.table);
    assert_works(dir_make_all(lab.in.dir_fd, "../containers/c1", 0700, &run_dir, &e), &e);
    assert_works(net_plan_save(lab.plan, run_dir, &e), &e);
    for (unsigned i = 0; i < N_BRIDGES; i++) {
        _cleanup_json_ json_object *o = NULL;
        char path[128];

        assert_works(network_to_json(lab.networks[i], &o, &e), &e);
        assert_works(dir_make_all(lab.in.dir_fd, lab.networks[i]->id, 0700, NULL, &e), &e);
        snprintf(path, sizeof(path), "%s/" NETWORK_DEFINITION_NAME, lab.networks[i]->id);
        assert_works(file_write(lab.in.dir_fd, path, json_object_to_json_string(o),
                                strlen(json_object_to_json_string(o)), 0600, &e),
                     &e);
    }

    assert_works(firewall_add_container(lab.in.table, lab.plan, &e), &e);
    assert_shell("nft list ruleset >%s/before && nft flush ruleset", lab.run_root);
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_true(made);
    assert_works(firewall_restore(&lab.in, &e), &e);
    assert_shell("nft list ruleset >%s/after && diff %s/before %s/after", lab.run_root, lab.run_root, lab.run_root);
    check(A, C, "172.30.1.2", "");
    check(A, CLIENT, "192.0.2.9", "192.0.2.1");

    /* But a container that has ended does not come back. */
    assert_works(file_write(run_dir, "exit.json", "{}", 2, 0600, &e), &e);
    assert_shell("nft flush ruleset");
    assert_works(firewall_ensure(&lab.in, &lab.config, &made, &e), &e);
    assert_works(firewall_restore(&lab.in, &e), &e);
    assert_shell("nft list ruleset | grep -q 8080 && exit 1 || exit 0");
}

/* ---- what the keeper fills ---- */

static void a_container_of_several_networks_has_its_own_name_server(void **state)
{
    const struct net_names names[] = {{.client = ip_of("172.30.0.2"), .port = 5301},
                                      {.client = ip_of("fd00:30::2"), .port = 5301}};
    _cleanup_close_ int shared = serve(HOST, UDP, "172.30.0.1", 53), own = serve(HOST, UDP, "172.30.0.1", 5301);
    _cleanup_close_ int own6 = serve(HOST, TCP, "fd00:30::1", 5301);
    struct err e = ERR_INIT;

    (void)state;
    assert_works(firewall_set_names(&lab.in, names, ARRAY_SIZE(names), &e), &e);
    assert_string_equal(visit(A, UDP, "172.30.0.1", 53, own), "172.30.0.2");
    assert_string_equal(visit(A, TCP, "fd00:30::1", 53, own6), "fd00:30::2");
    assert_string_equal(visit(B, UDP, "172.30.0.1", 53, shared), "172.30.0.3");
    assert_string_equal(visit(B, UDP, "172.30.0.1", 5301, own), "");
    assert_works(firewall_set_names(&lab.in, NULL, 0, &e), &e);
    assert_string_equal(visit(A, UDP, "172.30.0.1", 53, shared), "172.30.0.2");
}

/* A VXLAN header with the network's number, from the client. */
static bool arrives(int server, uint32_t vni)
{
    const uint8_t packet[12] = {0x08, 0, 0, 0, (uint8_t)(vni >> 16), (uint8_t)(vni >> 8), (uint8_t)vni};
    struct sockaddr_storage a;
    socklen_t len = socket_address("192.0.2.1", 4789, &a);
    _cleanup_close_ int fd = box_socket(CLIENT, AF_INET, UDP);

    assert_int_equal(sendto(fd, packet, sizeof(packet), 0, (struct sockaddr *)&a, len), sizeof(packet));
    return *take_visitor(server, UDP, IMPATIENCE_MS) != '\0';
}

static void overlay_packets_are_taken_from_peers_only(void **state)
{
    _cleanup_close_ int server = serve(HOST, UDP, "192.0.2.1", 4789);
    const uint32_t vnis[] = {0x123456, 7};
    const struct ip stranger = ip_of("192.0.2.77"), client = ip_of("192.0.2.9");
    struct err e = ERR_INIT;

    (void)state;
    assert_true(arrives(server, 7));
    assert_works(firewall_overlay_peers(&lab.in, vnis, ARRAY_SIZE(vnis), &stranger, 1, &e), &e);
    assert_false(arrives(server, 7));
    assert_false(arrives(server, 0x123456));
    assert_true(arrives(server, 8)); /* somebody else's VXLAN */
    assert_works(firewall_overlay_peers(&lab.in, vnis, ARRAY_SIZE(vnis), &client, 1, &e), &e);
    assert_true(arrives(server, 7));
}

#define in_lab(test) cmocka_unit_test_setup_teardown(test, firewall_up, firewall_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        in_lab(neighbours_reach_each_other),
        in_lab(networks_are_kept_apart),
        in_lab(the_world_is_seen_through_the_hosts_address),
        in_lab(the_world_does_not_reach_containers_directly),
        in_lab(the_host_and_its_containers_reach_each_other),
        in_lab(internal_networks_reach_the_hosts_names_only),
        in_lab(an_isolated_networks_containers_do_not_go_by_the_host),
        in_lab(without_masquerade_containers_are_seen_themselves),
        in_lab(a_removed_network_leaves_nothing),
        in_lab(a_host_that_was_no_router_becomes_none),
        in_lab(tables_are_made_once),
        in_lab(a_saved_ruleset_can_be_loaded_and_is_not_taken_for_ours),
        in_lab(other_tables_are_not_touched),
        in_lab(a_flush_is_noticed),
        in_lab(restoring_brings_back_what_is_written_down),
        in_lab(a_container_of_several_networks_has_its_own_name_server),
        in_lab(overlay_packets_are_taken_from_peers_only),
    };

    return cmocka_run_group_tests(tests, lab_make, lab_remove);
}
