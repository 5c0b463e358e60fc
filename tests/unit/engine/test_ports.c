/* Ports are held by real sockets, on the loopback addresses of whatever network namespace the test runs in. */
#include "storage/unit.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include "base/strv.h"
#include "engine/ports.h"

static struct net_config config = {.publish_to_all = true};

static void ranges_are_parsed(void **state)
{
    (void)state;
    const struct {
        const char *text;
        uint16_t first, last;
        uint8_t protocol;
    } cases[] = {
        {"80", 80, 80, IPPROTO_TCP},
        {"53/udp", 53, 53, IPPROTO_UDP},
        {"8000-8010/TCP", 8000, 8010, IPPROTO_TCP},
        {"65535/sctp", 65535, 65535, IPPROTO_SCTP},
    };
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        struct port_range p;
        assert_ok(port_range_parse(cases[i].text, &p, e));
        assert_int_equal(p.first, cases[i].first);
        assert_int_equal(p.last, cases[i].last);
        assert_int_equal(p.protocol, cases[i].protocol);
    }
    const char *const bad[] = {"",    "0",       "65536", "-1",  "80-",   "90-80",
                               "80/", "80/icmp", "80x",   "8 0", "1-2-3", "99999999999"};
    for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
        struct port_range p;
        assert_err(port_range_parse(bad[i], &p, e), ERR_INVALID, "");
    }
}

static void exposed_ranges_become_single_ports(void **state)
{
    (void)state;
    _cleanup_strv_ char **exposed = NULL;
    assert_ok(ports_expose(&exposed, "80", e));
    assert_ok(ports_expose(&exposed, "79-81/tcp", e));
    assert_ok(ports_expose(&exposed, "80/udp", e));
    _cleanup_free_ char *all = strv_join(exposed, " ");
    assert_string_equal(all, "80/tcp 79/tcp 81/tcp 80/udp");
    _cleanup_strv_ char **last = NULL;
    assert_ok(ports_expose(&last, "65534-65535", e)); /* the counter does not wrap */
    assert_int_equal(strv_len(last), 2);
}

/* ---- holding ---- */

struct holder {
    struct net_plan *plan;
    struct ports ports;
};

static struct holder holder(bool has6)
{
    struct holder h = {.plan = net_plan_new()};
    h.ports = (struct ports){.config = &config, .plan = h.plan};
    assert_ok(ip_parse("10.0.0.2", "test", &h.ports.to4, e));
    if (has6)
        assert_ok(ip_parse("fd00::2", "test", &h.ports.to6, e));
    return h;
}

static void release(struct holder *h)
{
    ports_release(&h->ports);
    net_plan_free(h->plan);
}

static struct port_binding binding(const char *ip, uint16_t host_port)
{
    return (struct port_binding){.host_ip = (char *)ip, .host_port = host_port, .port = 80, .protocol = IPPROTO_TCP};
}

static void any_port_is_a_free_one_and_is_held(void **state)
{
    (void)state;
    struct holder a = holder(false), b = holder(false);
    struct port_binding p = binding("127.0.0.1", 0);
    assert_ok(ports_hold(&a.ports, &p, e));
    assert_int_equal(a.plan->n_ports, 1);
    uint16_t port = a.plan->ports[0].host_port;
    assert_true(port > 0);
    assert_int_equal(a.plan->ports[0].port, 80);
    assert_true(ip_equal(&a.plan->ports[0].to, &a.ports.to4));

    struct port_binding same = binding("127.0.0.1", port);
    assert_err(ports_hold(&b.ports, &same, e), ERR_CONFLICT, "port is already allocated");
    assert_int_equal(ports_hold(&b.ports, &same, NULL), -EADDRINUSE);
    assert_int_equal(b.plan->n_ports, 0);
    assert_int_equal(b.ports.n_fds, 0);
    same.protocol = IPPROTO_UDP; /* another matter */
    assert_ok(ports_hold(&b.ports, &same, e));

    ports_release(&a.ports);
    same.protocol = IPPROTO_TCP;
    assert_ok(ports_hold(&b.ports, &same, e));
    release(&a);
    release(&b);
}

static void of_a_range_the_first_free_port_is_taken(void **state)
{
    (void)state;
    struct holder a = holder(false), b = holder(false);
    struct port_binding p = binding("127.0.0.1", 0);
    uint16_t port = 0;
    while (port == 0 || port > 60000) { /* room for the range */
        assert_ok(ports_hold(&a.ports, &p, e));
        port = a.plan->ports[a.plan->n_ports - 1].host_port;
    }
    struct port_binding range = binding("127.0.0.1", port);
    range.host_end = (uint16_t)(port + 20);
    assert_ok(ports_hold(&b.ports, &range, e));
    assert_true(b.plan->ports[0].host_port > port);
    assert_true(b.plan->ports[0].host_port <= range.host_end);
    release(&a);
    release(&b);
}

static void without_an_address_it_is_all_of_the_container_s_families(void **state)
{
    (void)state;
    struct holder only4 = holder(false), both = holder(true);
    struct port_binding p = binding(NULL, 0);
    assert_ok(ports_hold(&only4.ports, &p, e));
    assert_int_equal(only4.plan->n_ports, 1);
    assert_int_equal(only4.plan->ports[0].host.family, AF_INET);
    assert_true(ip_is_any(&only4.plan->ports[0].host));

    assert_ok(ports_hold(&both.ports, &p, e));
    assert_int_equal(both.plan->n_ports, 2);
    assert_int_equal(both.plan->ports[1].host.family, AF_INET6);
    assert_int_equal(both.plan->ports[0].host_port, both.plan->ports[1].host_port);
    assert_true(ip_equal(&both.plan->ports[1].to, &both.ports.to6));
    release(&only4);
    release(&both);
}

static void one_family_taken_leaves_none(void **state)
{
    (void)state;
    struct holder a = holder(true), b = holder(true);
    struct port_binding p = binding("::", 0);
    assert_ok(ports_hold(&a.ports, &p, e));
    struct port_binding both = binding(NULL, a.plan->ports[0].host_port);
    assert_err(ports_hold(&b.ports, &both, e), ERR_CONFLICT, "bind for [::]:");
    assert_int_equal(b.ports.n_fds, 0);
    assert_int_equal(b.plan->n_ports, 0);
    release(&a);
    release(&b);
}

static void a_held_port_answers_nobody(void **state)
{
    (void)state;
    struct holder a = holder(false);
    struct port_binding p = binding("127.0.0.1", 0);
    assert_ok(ports_hold(&a.ports, &p, e));
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(a.plan->ports[0].host_port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), -1);
    assert_int_equal(errno, ECONNREFUSED);
    close(fd);
    release(&a);
}

static void addresses_that_lead_nowhere_are_refused(void **state)
{
    (void)state;
    struct holder h = holder(false);
    struct port_binding v6 = binding("::1", 0), foreign = binding("192.0.2.1", 0), none = binding("localhost", 0);
    assert_err(ports_hold(&h.ports, &v6, e), ERR_UNSUPPORTED, "the container has no IPv6 address");
    assert_err(ports_hold(&h.ports, &foreign, e), ERR_INVALID, "the host does not have this address");
    assert_err(ports_hold(&h.ports, &none, e), ERR_INVALID, "localhost");
    release(&h);
}

static void the_configuration_may_choose_or_forbid(void **state)
{
    (void)state;
    struct net_config local = {.publish_to_all = true}, strict = {.publish_to_all = false};
    assert_ok(ip_parse("127.0.0.1", "test", &local.publish_ip, e));
    struct holder h = holder(false);
    struct port_binding p = binding(NULL, 0), all = binding("0.0.0.0", 0), named = binding("127.0.0.1", 0);
    h.ports.config = &local;
    assert_ok(ports_hold(&h.ports, &p, e));
    assert_true(ip_is_loopback(&h.plan->ports[0].host));

    h.ports.config = &strict;
    assert_err(ports_hold(&h.ports, &p, e), ERR_DENIED, "publish-to-all");
    assert_err(port_check(&strict, &all, e), ERR_DENIED, "-p 127.0.0.1:80:80");
    assert_ok(ports_hold(&h.ports, &named, e));
    assert_ok(ip_parse("127.0.0.1", "test", &h.ports.publish_ip, e)); /* the network's own */
    assert_ok(ports_hold(&h.ports, &p, e));
    release(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_parsed),
        cmocka_unit_test(exposed_ranges_become_single_ports),
        cmocka_unit_test(any_port_is_a_free_one_and_is_held),
        cmocka_unit_test(of_a_range_the_first_free_port_is_taken),
        cmocka_unit_test(without_an_address_it_is_all_of_the_container_s_families),
        cmocka_unit_test(one_family_taken_leaves_none),
        cmocka_unit_test(a_held_port_answers_nobody),
        cmocka_unit_test(addresses_that_lead_nowhere_are_refused),
        cmocka_unit_test(the_configuration_may_choose_or_forbid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
