/* What dnsmasq is told for a network. What it then does is tested in tests/integration/names.bats. */
#include "shim/unit.h"

#include <stdlib.h>

#include "base/strv.h"
#include "keeper/dnsmasq.h"

static struct network *new_network(const char *name)
{
    struct network *n = network_new();
    struct err e = ERR_INIT;
    n->name = strdup(name);
    snprintf(n->link, sizeof(n->link), "br-test");
    assert_works(prefix_parse("172.18.0.0/20", "subnet", &n->v4.subnet, &e), &e);
    return n;
}

static char **scope_arguments(const struct scope *s, const struct net_config *config)
{
    char **v = NULL;
    bool fills_sets;
    struct err e = ERR_INIT;
    assert_works(dnsmasq_arguments(s, config, "sampan", 1, &v, &fills_sets, &e), &e);
    assert_int_equal(fills_sets, s->owner[0] != '\0');
    return v;
}

static char **arguments(const struct network *n, const struct net_config *config)
{
    const struct scope s = {.networks = {(struct network *)n}, .n_networks = 1, .port = 53};
    return scope_arguments(&s, config);
}

static void test_asks_upstream_as_host(void **state)
{
    (void)state;
    const struct net_config config = {0};
    _cleanup_network_ struct network *n = new_network("backend");
    _cleanup_strv_ char **v = arguments(n, &config);
    assert_true(strv_contains(v, "--interface=br-test"));
    assert_true(strv_contains(v, "--rev-server=172.18.0.0/20"));
    assert_true(strv_contains(v, "--resolv-file=/etc/resolv.conf"));
    assert_true(strv_contains(v, "--local=//"));
    assert_false(strv_contains(v, "--no-resolv"));
}

static void test_asks_configured_servers_only(void **state)
{
    (void)state;
    char *dns[] = {(char *)"10.0.0.53", (char *)"fd00::53", NULL};
    const struct net_config config = {.dns = dns};
    _cleanup_network_ struct network *n = new_network("backend");
    _cleanup_strv_ char **v = arguments(n, &config);
    assert_true(strv_contains(v, "--no-resolv"));
    assert_true(strv_contains(v, "--server=10.0.0.53"));
    assert_true(strv_contains(v, "--server=fd00::53"));
    assert_false(strv_contains(v, "--resolv-file=/etc/resolv.conf"));
}

/* CVE-2024-29018: whatever the configuration says. */
static void test_internal_asks_nobody(void **state)
{
    (void)state;
    char *dns[] = {(char *)"10.0.0.53", NULL};
    const struct net_config config = {.dns = dns};
    _cleanup_network_ struct network *n = new_network("backend");
    n->internal = true;
    _cleanup_strv_ char **v = arguments(n, &config);
    assert_true(strv_contains(v, "--no-resolv"));
    assert_true(strv_contains(v, "--local=/#/"));
    STRV_FOREACH (argument, v) {
        assert_null(strstr(*argument, "--server="));
        assert_null(strstr(*argument, "--resolv-file"));
    }
}

/* Who is on an internal network and on another may ask what the other may. */
static void test_several_networks(void **state)
{
    (void)state;
    const struct net_config config = {0};
    struct err e = ERR_INIT;
    _cleanup_scope_ struct scope *s = scope_new();
    struct network *n = new_network("backend");
    n->internal = true;
    assert_works(scope_add(s, n, &e), &e);
    assert_works(scope_add(s, new_network("frontend"), &e), &e);
    s->port = 15300;
    _cleanup_strv_ char **v = scope_arguments(s, &config);
    assert_true(strv_contains(v, "--port=15300"));
    assert_true(strv_contains(v, "--domain=backend,172.18.0.0/20"));
    assert_true(strv_contains(v, "--domain=frontend,172.18.0.0/20"));
    assert_true(strv_contains(v, "--resolv-file=/etc/resolv.conf"));
    s->networks[1]->internal = true;
    _cleanup_strv_ char **w = scope_arguments(s, &config);
    assert_false(strv_contains(w, "--resolv-file=/etc/resolv.conf"));
    while (s->n_networks < SCOPE_NETWORKS_MAX)
        assert_works(scope_add(s, new_network("x"), &e), &e);
    assert_int_equal(scope_add(s, new_network("x"), &e), -E2BIG);
}

static void test_egress_names_fill_sets(void **state)
{
    (void)state;
    const struct net_config config = {0};
    struct err e = ERR_INIT;
    _cleanup_scope_ struct scope *s = scope_new();
    struct egress egress = {.deny = true};
    assert_works(strv_add(&egress.allow, "deb.example.org:443", &e), &e);
    assert_works(scope_add(s, new_network("backend"), &e), &e);
    assert_true(scope_key_is_network(s->key));
    scope_set_owner(s, "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", &egress);
    assert_false(scope_key_is_network(s->key));
    assert_null(egress.allow);
    _cleanup_strv_ char **v = scope_arguments(s, &config);
    bool has_set = false;
    STRV_FOREACH (argument, v)
        has_set = has_set || strncmp(*argument, "--nftset=/deb.example.org/4#inet#sampan#", 40) == 0;
    assert_true(has_set);
}

/* A network "dev" must not cut its containers off from the world's names in .dev. */
static void test_only_impossible_domains_are_kept_local(void **state)
{
    (void)state;
    static const struct {
        const char *name, *option;
        bool is_local;
    } cases[] = {
        {"dev", "--local=/dev/", false},           {"proj_default", "--local=/proj_default/", true},
        {"net1", "--local=/net1/", true},          {"example.com", "--local=/example.com/", false},
        {"xn--p1ai", "--local=/xn--p1ai/", false},
    };
    const struct net_config config = {0};
    for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
        _cleanup_network_ struct network *n = new_network(cases[i].name);
        _cleanup_strv_ char **v = arguments(n, &config);
        if (strv_contains(v, cases[i].option) != cases[i].is_local)
            fail_msg("%s", cases[i].name);
    }
}

static void test_missing_program_is_told(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    const char *path;
    setenv("SAMPAN_DNSMASQ", "/nonexistent/dnsmasq", 1);
    assert_true(dnsmasq_find(&path, &e) < 0);
    unsetenv("SAMPAN_DNSMASQ");
    assert_int_equal(e.kind, ERR_NOT_FOUND);
    assert_says(&e, "dnsmasq-base");
    assert_says(&e, "--disable-dns");
}

static void test_last_line_becomes_the_error(void **state)
{
    (void)state;
    struct err e = ERR_INIT;
    assert_true(
        dnsmasq_explain("dnsmasq: failed to create listening socket for 172.18.0.1: Address already in use", &e) < 0);
    assert_says(&e, "172.18.0.1: Address already in use");
    assert_says(&e, "bind-interfaces");
    assert_true(dnsmasq_explain("dnsmasq: something new", &e) < 0);
    assert_string_equal(e.text, "dnsmasq: something new");
    assert_true(dnsmasq_explain("", &e) < 0);
    assert_says(&e, "without a word");
    assert_true(dnsmasq_line_is_ready("dnsmasq[7]: started, version 2.90 cachesize 1000"));
    assert_false(dnsmasq_line_is_ready("dnsmasq: failed to create listening socket"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_asks_upstream_as_host),   cmocka_unit_test(test_asks_configured_servers_only),
        cmocka_unit_test(test_internal_asks_nobody),    cmocka_unit_test(test_several_networks),
        cmocka_unit_test(test_egress_names_fill_sets),  cmocka_unit_test(test_only_impossible_domains_are_kept_local),
        cmocka_unit_test(test_missing_program_is_told), cmocka_unit_test(test_last_line_becomes_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
