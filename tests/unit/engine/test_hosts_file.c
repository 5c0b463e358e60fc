#include "storage/unit.h"

#include <fcntl.h>

#include "base/strv.h"
#include "engine/hosts_file.h"

/* A container on up to three networks: what each test needs of it is put in by hand. */
struct world {
    struct container *c;
    struct net_plan *plan;
    struct network *networks[3];
    struct net_config config;
    char *dir;
    char resolv[80], resolved[80];
};

static struct world w;

static int setup(void **state)
{
    (void)state;
    w = (struct world){.c = container_new(), .plan = net_plan_new(), .dir = scratch_make()};
    w.c->config.hostname = strdup("web");
    snprintf(w.resolv, sizeof(w.resolv), "%s/resolv.conf", w.dir);
    snprintf(w.resolved, sizeof(w.resolved), "%s/resolved.conf", w.dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < w.plan->n_interfaces; i++)
        network_free(w.networks[i]);
    net_plan_free(w.plan);
    container_free(w.c);
    scratch_remove(w.dir);
    return 0;
}

static struct network *join(const char *name, const char *address, const char *gateway, bool has_names)
{
    struct net_interface *i = net_plan_add_interface(w.plan);
    struct network *n = w.networks[w.plan->n_interfaces - 1] = network_new();
    n->name = strdup(name);
    n->no_dns = !has_names;
    assert_ok(prefix_parse(address, "test", &i->address4, e));
    assert_ok(ip_parse(gateway, "test", &n->v4.gateway, e));
    n->v4.subnet = prefix_network(&i->address4);
    return n;
}

static void join6(struct network *n, const char *address, const char *gateway)
{
    struct net_interface *i = &w.plan->interfaces[w.plan->n_interfaces - 1];
    assert_ok(prefix_parse(address, "test", &i->address6, e));
    assert_ok(ip_parse(gateway, "test", &n->v6.gateway, e));
    n->v6.subnet = prefix_network(&i->address6);
}

static void host_has(const char *path, const char *text)
{
    assert_ok(file_write(AT_FDCWD, path, text, strlen(text), 0644, e));
}

static struct hosts_source source(void)
{
    return (struct hosts_source){.c = w.c,
                                 .plan = w.plan,
                                 .networks = w.networks,
                                 .config = &w.config,
                                 .host_resolv_conf = w.resolv,
                                 .resolved_conf = w.resolved};
}

static void assert_resolv(const char *expected)
{
    struct hosts_source s = source();
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(4096);
    assert_ok(resolv_conf_write(&s, &sb, e));
    assert_string_equal(strbuf_str(&sb), expected);
}

/* What follows the lines of localhost. */
static void assert_hosts(const char *expected)
{
    struct hosts_source s = source();
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(4096);
    assert_ok(hosts_file_write(&s, &sb, e));
    const char *own = strstr(strbuf_str(&sb), "ip6-allrouters\n");
    assert_non_null(own);
    assert_string_equal(own + strlen("ip6-allrouters\n"), expected);
}

/* ---- resolv.conf ---- */

static void the_default_network_has_the_host_s_servers_but_no_loopback(void **state)
{
    (void)state;
    join("bridge", "172.17.0.2/24", "172.17.0.1", false);
    host_has(w.resolv, "# written by hand\nnameserver 127.0.0.1\nnameserver 10.0.0.53\nnameserver fd00::53\n"
                       "nameserver fe80::1%eth0\ndomain old\nsearch a.example  b.example\noptions edns0\n");
    assert_resolv("nameserver 10.0.0.53\nsearch a.example b.example\noptions edns0\n");
    join6(w.networks[0], "fd01::2/64", "fd01::1");
    assert_resolv("nameserver 10.0.0.53\nnameserver fd00::53\nsearch a.example b.example\noptions edns0\n");
}

static void behind_resolved_s_stub_are_its_servers(void **state)
{
    (void)state;
    join("bridge", "172.17.0.2/24", "172.17.0.1", false);
    host_has(w.resolv, "nameserver 127.0.0.53\nsearch lan\n");
    assert_resolv("search lan\n");
    host_has(w.resolved, "nameserver 192.168.1.1\n");
    assert_resolv("nameserver 192.168.1.1\nsearch lan\n");
    host_has(w.resolv, "nameserver 127.0.0.53\nnameserver 10.0.0.1\n"); /* not only the stub: the list is meant */
    assert_resolv("nameserver 10.0.0.1\n");
}

static void a_user_s_network_answers_for_names(void **state)
{
    (void)state;
    host_has(w.resolv, "nameserver 10.0.0.53\nsearch lan\n");
    join6(join("shop", "172.18.0.2/24", "172.18.0.1", true), "fd01::2/64", "fd01::1");
    assert_resolv("nameserver 172.18.0.1\nnameserver fd01::1\nsearch lan\noptions ndots:0\n");
    assert_ok(strv_add(&w.c->host.dns, "9.9.9.9", e)); /* asked after those that know the containers */
    assert_resolv("nameserver 172.18.0.1\nnameserver fd01::1\nnameserver 9.9.9.9\nsearch lan\noptions ndots:0\n");
}

static void an_internal_network_is_asked_last_and_alone_leads_nowhere(void **state)
{
    (void)state;
    host_has(w.resolv, "nameserver 10.0.0.53\n");
    join("inside", "172.19.0.2/24", "172.19.0.1", true)->internal = true;
    assert_resolv("nameserver 172.19.0.1\noptions ndots:0\n");
    join("bridge", "172.17.0.2/24", "172.17.0.1", false);
    assert_resolv("nameserver 172.19.0.1\nnameserver 10.0.0.53\noptions ndots:0\n");
    join("shop", "172.18.0.2/24", "172.18.0.1", true);
    assert_resolv("nameserver 172.18.0.1\nnameserver 172.19.0.1\noptions ndots:0\n");
}

static void options_come_before_the_configuration_s_and_those_before_the_host_s(void **state)
{
    (void)state;
    join("bridge", "172.17.0.2/24", "172.17.0.1", false);
    host_has(w.resolv, "nameserver 10.0.0.53\nsearch lan\noptions edns0\n");
    assert_ok(strv_add(&w.config.dns, "10.9.9.9", e));
    assert_ok(strv_add(&w.config.dns_search, "corp", e));
    assert_resolv("nameserver 10.9.9.9\nsearch corp\noptions edns0\n");
    assert_ok(strv_add(&w.c->host.dns, "1.1.1.1", e));
    assert_ok(strv_add(&w.c->host.dns_search, ".", e));
    assert_ok(strv_add(&w.c->host.dns_options, "ndots:3", e));
    assert_resolv("nameserver 1.1.1.1\noptions ndots:3\n");
    strv_free(w.config.dns);
    strv_free(w.config.dns_search);
}

static void no_more_servers_than_a_resolver_asks(void **state)
{
    (void)state;
    host_has(w.resolv, "nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\nnameserver 10.0.0.4\n");
    join("bridge", "172.17.0.2/24", "172.17.0.1", false);
    assert_resolv("nameserver 10.0.0.1\nnameserver 10.0.0.2\nnameserver 10.0.0.3\n");
}

/* ---- hosts ---- */

static void its_own_name_is_at_each_of_its_addresses(void **state)
{
    (void)state;
    join6(join("shop", "172.18.0.2/24", "172.18.0.1", true), "fd01::2/64", "fd01::1");
    join("bridge", "172.17.0.9/24", "172.17.0.1", false);
    assert_hosts("172.18.0.2\tweb\nfd01::2\tweb\n172.17.0.9\tweb\n");
    w.c->config.domainname = strdup("example.org");
    assert_hosts("172.18.0.2\tweb.example.org web\nfd01::2\tweb.example.org web\n172.17.0.9\tweb.example.org web\n");
}

static void a_dotted_hostname_has_its_first_part_too(void **state)
{
    (void)state;
    join("bridge", "172.17.0.9/24", "172.17.0.1", false);
    free(w.c->config.hostname);
    w.c->config.hostname = strdup("web.example.org");
    assert_hosts("172.17.0.9\tweb.example.org web\n");
}

static void added_hosts_may_name_the_host(void **state)
{
    (void)state;
    assert_ok(strv_add(&w.c->host.extra_hosts, "db:10.5.0.1", e));
    assert_ok(strv_add(&w.c->host.extra_hosts, "db=fd05::1", e));
    assert_ok(strv_add(&w.c->host.extra_hosts, "host.docker.internal:host-gateway", e));
    struct hosts_source s = source();
    _cleanup_strbuf_ struct strbuf sb = STRBUF_INIT(4096);
    assert_err(hosts_file_write(&s, &sb, e), ERR_UNSUPPORTED, "reaches the host");
    join("vlan", "192.168.1.7/24", "192.168.1.1", false)->driver = NETWORK_MACVLAN; /* whose gateway is not this host */
    join("shop", "172.18.0.2/24", "172.18.0.1", true);
    assert_hosts("10.5.0.1\tdb\nfd05::1\tdb\n172.18.0.1\thost.docker.internal\n192.168.1.7\tweb\n172.18.0.2\tweb\n");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_default_network_has_the_host_s_servers_but_no_loopback),
        TEST(behind_resolved_s_stub_are_its_servers),
        TEST(a_user_s_network_answers_for_names),
        TEST(an_internal_network_is_asked_last_and_alone_leads_nowhere),
        TEST(options_come_before_the_configuration_s_and_those_before_the_host_s),
        TEST(no_more_servers_than_a_resolver_asks),
        TEST(its_own_name_is_at_each_of_its_addresses),
        TEST(a_dotted_hostname_has_its_first_part_too),
        TEST(added_hosts_may_name_the_host),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
